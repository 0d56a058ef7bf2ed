"""Put lines into blocks and blocks into reading order by recursive cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.document import Box


@dataclass(frozen=True, slots=True)
class OrderParams:
    """Settings of `reading_order`; lengths in x-heights."""

    column_gap: float = 0.8  # white between columns
    paragraph_gap: float = 6.0  # white above which a block ends
    same_row: float = 0.8  # middles of boxes in one row differ by no more
    gutter: float = 0.35  # pages face each other at least this share of the width from either side
    across: float = 0.6  # share of a page's lines beside lines of the facing page in one table
    min_lines: int = 2  # columns have at least so many lines each,
    beside: float = 0.3  # and this share of the shorter column's height beside the other


def reading_order(
    boxes: Sequence[Box], x_height: float, params: OrderParams = OrderParams()
) -> list[list[int]]:
    """Group line boxes into blocks, blocks in reading order, lines top to bottom.

    Recursive XY cuts (Nagy and Seth, ICPR 1984): a page is cut into columns, left before right,
    where white runs down through it; else what spans the columns is cut from the longest stretch
    that has columns.

    Args:
        boxes: the lines' cores, so that ascenders of one line and descenders of the next do not
            close the white between them.
        x_height: height of small letters, pixels.
        params: see `OrderParams`.

    Returns:
        Indices of `boxes`; every index once.
    """
    return _cut(list(range(len(boxes))), boxes, x_height, params)


def _cut(
    items: list[int], boxes: Sequence[Box], x_height: float, params: OrderParams
) -> list[list[int]]:
    if len(items) < 2 * params.min_lines:
        return _blocks(items, boxes, x_height, params)
    columns = _columns(items, boxes, x_height, params)
    if columns:
        return [block for column in columns for block in _cut(column, boxes, x_height, params)]
    bands = _bands(items, boxes)
    first, last = _longest_run(bands, boxes, x_height, params)
    if first == last:
        return _blocks(items, boxes, x_height, params)
    parts = [bands[:first], bands[first:last], bands[last:]]
    flat = [[item for band in part for item in band] for part in parts]
    return [block for part in flat if part for block in _cut(part, boxes, x_height, params)]


def _columns(
    items: list[int], boxes: Sequence[Box], x_height: float, params: OrderParams
) -> list[list[int]]:
    """Two parts at the widest white column, or none."""
    order = sorted(items, key=lambda i: boxes[i].left)
    best, cut, reach = params.column_gap * x_height, 0, boxes[order[0]].right
    for k in range(1, len(order)):
        gap = boxes[order[k]].left - reach
        enough = params.min_lines <= k <= len(order) - params.min_lines
        if enough and gap >= best and _beside(order[:k], order[k:], boxes) >= params.beside:
            best, cut = gap, k
        reach = max(reach, boxes[order[k]].right)
    return [order[:cut], order[cut:]] if cut else []


def _beside(first: list[int], second: list[int], boxes: Sequence[Box]) -> float:
    """Share of the shorter part's height that it has in common with the other."""
    tops = [min(boxes[i].top for i in part) for part in (first, second)]
    bottoms = [max(boxes[i].bottom for i in part) for part in (first, second)]
    shorter = min(bottom - top for top, bottom in zip(tops, bottoms, strict=True))
    return (min(bottoms) - max(tops)) / shorter


def _bands(items: list[int], boxes: Sequence[Box]) -> list[list[int]]:
    """Items between rows that no box covers, top to bottom; in a band left to right."""
    order = sorted(items, key=lambda i: boxes[i].top)
    bands: list[list[int]] = [[order[0]]]
    reach = boxes[order[0]].bottom
    for i in order[1:]:
        if boxes[i].top >= reach:
            bands.append([])
        bands[-1].append(i)
        reach = max(reach, boxes[i].bottom)
    return bands


def _longest_run(
    bands: list[list[int]], boxes: Sequence[Box], x_height: float, params: OrderParams
) -> tuple[int, int]:
    """The longest run of bands, not all of them, that has columns; (0, 0) if none has."""
    best = (0, 0)
    for first in range(len(bands)):
        last = first + max(1, best[1] - best[0] + 1)
        while last <= len(bands):
            items = [item for band in bands[first:last] for item in band]
            if len(items) >= 2 and not _has_gap(items, boxes, x_height, params):
                break
            if len(items) >= 4 and _columns(items, boxes, x_height, params):
                best = (first, last)
            last += 1
    return best


def _has_gap(items: list[int], boxes: Sequence[Box], x_height: float, params: OrderParams) -> bool:
    """Whether some white column stands between the items, or could once there are more."""
    order = sorted(items, key=lambda i: boxes[i].left)
    reach = boxes[order[0]].right
    for i in order[1:]:
        if boxes[i].left - reach >= params.column_gap * x_height:
            return True
        reach = max(reach, boxes[i].right)
    left, right = min(boxes[i].left for i in items), reach
    # A first short line of one column says nothing yet.
    return right - left < 10 * x_height


def _blocks(
    items: list[int], boxes: Sequence[Box], x_height: float, params: OrderParams
) -> list[list[int]]:
    """Lines of one column, split where much white lies between them."""
    if not items:
        return []
    lines = rows(items, boxes, params.same_row * x_height)
    blocks = [list(lines[0])]
    for above, below in pairwise(lines):
        gap = min(boxes[i].top for i in below) - max(boxes[i].bottom for i in above)
        if gap > params.paragraph_gap * x_height:
            blocks.append([])
        blocks[-1].extend(below)
    return blocks


def facing_tables(
    boxes: Sequence[Box], x_height: float, params: OrderParams = OrderParams()
) -> list[list[int]]:
    """Part a table at the gutter between two pages, unless its rows run across it.

    Args:
        boxes: the lines' cores.
        x_height: height of small letters, pixels.
        params: see `OrderParams`.

    Returns:
        Indices of `boxes`, in one part or two, the left page's first.
    """
    items = list(range(len(boxes)))
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    low, high = left + (right - left) * params.gutter, right - (right - left) * params.gutter
    order = sorted(items, key=lambda i: boxes[i].left)
    reach, cut, best = boxes[order[0]].right, 0, params.column_gap * x_height
    for k, i in enumerate(order):
        gap = boxes[i].left - reach
        if gap > best and low <= reach and boxes[i].left <= high:
            cut, best = k, gap
        reach = max(reach, boxes[i].right)
    first, second = order[:cut], order[cut:]
    if not cut or _aligned(first, second, boxes, x_height) >= params.across:
        return [items]
    return [first, second]


def _aligned(first: list[int], second: list[int], boxes: Sequence[Box], x_height: float) -> float:
    """Share of the boxes on the one side that have one beside them on the other."""
    middles = [(boxes[i].top + boxes[i].bottom) / 2 for i in second]
    beside = [
        min(abs((boxes[i].top + boxes[i].bottom) / 2 - y) for y in middles) <= 0.5 * x_height
        for i in first
    ]
    return sum(beside) / len(beside)


def rows(items: Sequence[int], boxes: Sequence[Box], apart_px: float) -> list[list[int]]:
    """Group boxes side by side into rows, rows top to bottom, each left to right.

    Args:
        items: indices of `boxes` to group.
        boxes: the lines' cores.
        apart_px: middles further apart than this are of different rows.

    Returns:
        The indices of each row.
    """
    grouped: list[list[int]] = []
    first = 0.0
    for i in sorted(items, key=lambda i: boxes[i].top + boxes[i].bottom):
        middle = (boxes[i].top + boxes[i].bottom) / 2
        if not grouped or middle - first > apart_px:
            grouped.append([])
            first = middle
        grouped[-1].append(i)
    return [sorted(row, key=lambda i: boxes[i].left) for row in grouped]
