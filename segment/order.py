"""Put lines into blocks and blocks into reading order by recursive cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from pipeline.document import Box


@dataclass(frozen=True, slots=True)
class OrderParams:
    """Settings of `reading_order`; lengths in x-heights."""

    column_gap: float = 0.5  # white between columns
    paragraph_gap: float = 6.0  # white above which a block ends
    same_row: float = 0.8  # middles of boxes in one row differ by no more
    gutter: float = 0.35  # pages face each other at least this share of the width from either side
    spread: float = 8.0  # white between tables on facing pages of a spread, whatever their rows do
    across: float = 0.6  # share of a page's lines beside lines of the facing page in one table
    min_lines: int = 2  # columns have at least so many lines each,
    beside: float = 0.3  # and this share of the shorter column's height beside the other
    over: float = 1.3  # width of a line that may be two, as a share of the usual
    leading: float = 4.0  # from line to line in a column at most
    least_line: float = 8.0  # shorter pieces than this do not show where columns are
    pitch: float = 1.4  # from a line to the next, as a share of that between the lines there
    # White that leans (x per y) parts columns where no upright white does: photographs are aslant.
    slopes: tuple[float, ...] = (
        *(-0.005, 0.005, -0.01, 0.01, -0.02, 0.02, -0.03, 0.03, -0.04, 0.04, -0.06, 0.06),
    )
    touching: float = 2.0  # lines of one row that run into each other by less are two, and what
    # sticks out of its column by less is drawn back into it:
    stacked: float = 0.8  # lines that have this share of their width in common are of one column,
    min_about: int = 7  # and so many tell where it ends
    ruled: float = 0.9  # share of the columns' width that a ruling below them runs across
    clear: float = 0.5  # from its middle to that of any line
    guided: float = 6.0  # lines for each such ruling; where there are fewer, these are guides


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What blocks are cut from: all boxes, as they are and sheared, and rulings across."""

    views: Sequence[Sequence[Box]]
    rulings: Sequence[Box]
    x_height: float
    params: OrderParams

    @property
    def boxes(self) -> Sequence[Box]:
        """All boxes as they are."""
        return self.views[0]


def reading_order(
    boxes: Sequence[Box],
    x_height: float,
    params: OrderParams = OrderParams(),
    rulings: Sequence[Box] = (),
) -> list[list[int]]:
    """Group line boxes into blocks, blocks in reading order, lines top to bottom.

    Recursive XY cuts (Nagy and Seth, ICPR 1984): a page is cut into columns, left before right,
    where white runs down through it; else what spans the columns is cut from the longest stretch
    that has columns. A ruling across all columns ends them: a newspaper's below it begin anew.

    Args:
        boxes: the lines' cores, so that ascenders of one line and descenders of the next do not
            close the white between them.
        x_height: height of small letters, pixels.
        params: see `OrderParams`.
        rulings: horizontal ones.

    Returns:
        Indices of `boxes`; every index once.
    """
    usual = median(box.width for box in boxes) if boxes else 0
    apart = [
        _without_neighbour(box, boxes, x_height, params) if box.width > params.over * usual else box
        for box in boxes
    ]
    apart = _drawn_back(_kept_apart(apart, x_height, params), x_height, params)
    views = [apart, *(_sheared(apart, slope) for slope in params.slopes)]
    return _cut(list(range(len(boxes))), _Sheet(views, rulings, x_height, params))


def _kept_apart(boxes: Sequence[Box], x_height: float, params: OrderParams) -> list[Box]:
    """The boxes, long ones that meet in a row drawn back to let white through between them."""
    kept = list(boxes)
    white, long = round(params.column_gap * x_height + 1), params.least_line * x_height
    for row in rows(range(len(boxes)), boxes, params.same_row * x_height):
        for i, k in pairwise(row):
            gap = kept[k].left - kept[i].right
            meet = -params.touching * x_height <= gap < white
            if meet and min(kept[i].width, kept[k].width) >= long:
                right = (kept[i].right + kept[k].left - white) // 2
                kept[i] = Box(kept[i].left, kept[i].top, right, kept[i].bottom)
                kept[k] = Box(right + white, kept[k].top, kept[k].right, kept[k].bottom)
    return kept


def _drawn_back(boxes: Sequence[Box], x_height: float, params: OrderParams) -> list[Box]:
    """The boxes, long ones drawn back where they stick out of their column, left or right.

    A speck in the gutter makes a line longer than all those about it.
    """
    reach, most = 3 * params.leading * x_height, params.touching * x_height
    long = [box for box in boxes if box.width >= params.least_line * x_height]
    drawn = []
    for box in boxes:
        about = [
            other
            for other in long
            if other is not box and abs(other.bottom - box.bottom) <= reach
            if min(box.right, other.right) - max(box.left, other.left)
            >= params.stacked * max(box.width, other.width)
        ]
        left, right = box.left, box.right
        if len(about) >= params.min_about:
            outer, inner = max(o.right for o in about), min(o.left for o in about)
            right = outer if 0 < right - outer <= most else right
            left = inner if 0 < inner - left <= most else left
        drawn.append(Box(left, box.top, right, box.bottom))
    return drawn


def _without_neighbour(box: Box, boxes: Sequence[Box], x_height: float, params: OrderParams) -> Box:
    """A line's box; only its part in the left column if it was joined to one in the right.

    It was if the two rows above and the two below it are parted by the same white, and are no
    further from it than from each other: a heading across two columns stands apart.
    """
    gaps: list[tuple[int, int]] = []
    for side in (-1, 1):
        rows_there = _parted_rows(box, side, boxes, x_height, params)[:2]
        if len(rows_there) < 2:
            return box
        near, far = (away for away, _, _ in rows_there)
        if near > params.pitch * (far - near):
            return box
        gaps += [(left, right) for _, left, right in rows_there]
    left, right = max(left for left, _ in gaps), min(right for _, right in gaps)
    if right - left < params.column_gap * x_height or not box.left < left < right < box.right:
        return box
    return Box(box.left, box.top, left, box.bottom)


def _parted_rows(
    box: Box, side: int, boxes: Sequence[Box], x_height: float, params: OrderParams
) -> list[tuple[int, int, int]]:
    """Rows of two long lines above (-1) or below (1): how far, and the edges of the white."""
    reach, size = 2 * params.leading * x_height, params.least_line * x_height
    long = [
        other
        for other in boxes
        if other.width >= size and 0 < side * (other.bottom - box.bottom) <= reach
    ]
    return sorted(
        (abs(a.bottom - box.bottom), a.right, b.left)
        for a in long
        for b in long
        if box.left < a.right < b.left < box.right
        and abs(a.bottom - b.bottom) <= params.same_row * x_height
    )


def _cut(items: list[int], sheet: _Sheet) -> list[list[int]]:
    """Blocks of some boxes."""
    if len(items) < 2 * sheet.params.min_lines:
        return _blocks(items, sheet)
    columns = _columns(items, sheet)
    if columns:
        parts = _above_and_below(items, sheet) or columns
        return [block for part in parts for block in _cut(part, sheet)]
    bands = _bands(items, sheet.boxes)
    first, last = _longest_run(bands, sheet)
    if first == last:
        return _blocks(items, sheet)
    parts = [
        [item for band in run for item in band]
        for run in (bands[:first], bands[first:last], bands[last:])
    ]
    return [block for part in parts if part for block in _cut(part, sheet)]


def _above_and_below(items: list[int], sheet: _Sheet) -> list[list[int]]:
    """Two parts at the first ruling that runs across all of the items, or none."""
    whole = Box.around([sheet.boxes[i] for i in items])
    across = sheet.params.ruled * whole.width
    cuts = []
    clear = sheet.params.clear * sheet.x_height  # of its middle: where it leans its box is high
    for ruling in sheet.rulings:
        if min(whole.right, ruling.right) - max(whole.left, ruling.left) < across:
            continue
        above = [i for i in items if ruling.middle - sheet.boxes[i].middle >= clear]
        below = [i for i in items if sheet.boxes[i].middle - ruling.middle >= clear]
        if above and below and len(above) + len(below) == len(items):
            cuts.append([above, below])
    if len(cuts) * sheet.params.guided > len(items):
        return []
    return min(cuts, key=lambda parts: len(parts[0]), default=[])


def _columns(items: list[int], sheet: _Sheet) -> list[list[int]]:
    """Two parts at the widest white column, upright if there is one, or none."""
    upright, gap = _parted(items, sheet.boxes, sheet)
    if gap:
        return upright
    leaning = [_parted(items, boxes, sheet) for boxes in sheet.views[1:]]
    return max(leaning, key=lambda found: found[1], default=([], 0.0))[0]


def _parted(items: list[int], boxes: Sequence[Box], sheet: _Sheet) -> tuple[list[list[int]], float]:
    """Two parts at the widest white column and its width; none and 0 if there is none."""
    params = sheet.params
    order = sorted(items, key=lambda i: boxes[i].left)
    best, cut, reach = params.column_gap * sheet.x_height, 0, boxes[order[0]].right
    for k in range(1, len(order)):
        gap = boxes[order[k]].left - reach
        enough = params.min_lines <= k <= len(order) - params.min_lines
        if enough and gap >= best and _beside(order[:k], order[k:], boxes) >= params.beside:
            best, cut = gap, k
        reach = max(reach, boxes[order[k]].right)
    return ([order[:cut], order[cut:]], best) if cut else ([], 0.0)


def _sheared(boxes: Sequence[Box], slope: float) -> list[Box]:
    """The boxes shifted by their rows, so that what leans by `slope` (x per y) stands upright."""
    shifts = [round(slope * box.middle) for box in boxes]
    return [
        Box(box.left - shift, box.top, box.right - shift, box.bottom)
        for box, shift in zip(boxes, shifts, strict=True)
    ]


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


def _longest_run(bands: list[list[int]], sheet: _Sheet) -> tuple[int, int]:
    """The longest run of bands, not all of them, that has columns; (0, 0) if none has."""
    best = (0, 0)
    for first in range(len(bands)):
        last = first + max(1, best[1] - best[0] + 1)
        while last <= len(bands):
            items = [item for band in bands[first:last] for item in band]
            if len(items) >= 2 and not _has_gap(items, sheet):
                break
            if len(items) >= 4 and _columns(items, sheet):
                best = (first, last)
            last += 1
    return best


def _has_gap(items: list[int], sheet: _Sheet) -> bool:
    """Whether some white column stands between the items, or could once there are more."""
    return any(_has_upright_gap(items, boxes, sheet) for boxes in sheet.views)


def _has_upright_gap(items: list[int], boxes: Sequence[Box], sheet: _Sheet) -> bool:
    order = sorted(items, key=lambda i: boxes[i].left)
    reach = boxes[order[0]].right
    for i in order[1:]:
        if boxes[i].left - reach >= sheet.params.column_gap * sheet.x_height:
            return True
        reach = max(reach, boxes[i].right)
    left, right = min(boxes[i].left for i in items), reach
    # A first short line of one column says nothing yet.
    return right - left < 10 * sheet.x_height


def _blocks(items: list[int], sheet: _Sheet) -> list[list[int]]:
    """Lines of one column, split where much white lies between them."""
    if not items:
        return []
    boxes, params, x_height = sheet.boxes, sheet.params, sheet.x_height
    lines = rows(items, boxes, params.same_row * x_height)
    blocks = [list(lines[0])]
    for above, below in pairwise(lines):
        gap = min(boxes[i].top for i in below) - max(boxes[i].bottom for i in above)
        if gap > params.paragraph_gap * x_height:
            blocks.append([])
        blocks[-1].extend(below)
    return blocks


def facing_tables(
    boxes: Sequence[Box],
    x_height: float,
    params: OrderParams = OrderParams(),
    spread: bool = False,
    guides: bool = False,
) -> list[list[int]]:
    """Part a table at the gutter between two pages, unless its rows run across it.

    Rows of facing pages may stand level by chance, being written between the same guides; across
    a wide gutter they do not run on, nor across any gutter if they run on across rulings.

    Args:
        boxes: the lines' cores.
        x_height: height of small letters, pixels.
        params: see `OrderParams`.
        spread: whether the scan is so wide that it may show two pages.
        guides: whether lines run on across the table's rulings.

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
    apart = spread and (guides or best >= params.spread * x_height)
    if not cut or (not apart and _aligned(first, second, boxes, x_height) >= params.across):
        return [items]
    return [first, second]


def _aligned(first: list[int], second: list[int], boxes: Sequence[Box], x_height: float) -> float:
    """Share of the boxes on the one side that have one beside them on the other."""
    middles = [boxes[i].middle for i in second]
    beside = [min(abs(boxes[i].middle - y) for y in middles) <= 0.5 * x_height for i in first]
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
    for i in sorted(items, key=lambda i: boxes[i].middle):
        middle = boxes[i].middle
        if not grouped or middle - first > apart_px:
            grouped.append([])
            first = middle
        grouped[-1].append(i)
    return [sorted(row, key=lambda i: boxes[i].left) for row in grouped]
