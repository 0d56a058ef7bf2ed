"""See where a page has columns, and make regions of its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np

from pipeline.document import Box
from segment.arrays import Ink, require_ink
from segment.lines import TextLine
from segment.margins import MarginParams, find_notes, place_notes
from segment.order import OrderParams, facing_tables, reading_order, rows


@dataclass(frozen=True, slots=True)
class LayoutParams:
    """Settings of `find_barriers` and `arrange`; lengths in x-heights."""

    cell: float = 0.33  # resolution at which white is looked for
    # (width, height) of white that parts columns: the narrower, the taller it must be
    corridors: tuple[tuple[float, float], ...] = ((1.0, 20.0), (1.5, 14.0), (2.5, 10.0), (4.0, 7.0))
    slopes: tuple[float, ...] = (0.0, -0.03, 0.03)  # columns lean by as much
    leading: float = 2.0  # white above and below a line that belongs to it
    flank: float = 12.0  # columns have writing on both sides within this distance
    ruled: float = 0.4  # share of the lines' height that a table's ruling runs down
    table_rulings: int = 3
    spread: float = 1.15  # width of a scan of two pages, as a share of its height
    guided: float = 0.5  # share of the lines that run across rulings where these are but guides
    # Columns of prose between rulings are no table's, but a newspaper's: at least so wide, their
    # lines filling this share of it, and holding this share of the page's lines.
    prose_width: float = 20.0
    prose_fill: float = 0.8
    prose: float = 0.7
    least_ruling: float = 4.0  # shorter horizontal rulings, and thicker ones, part nothing
    thickest_ruling: float = 3.0  # where it leans, too
    unbroken: float = 0.8  # share of its length that the pieces of a broken ruling make up
    order: OrderParams = field(default_factory=OrderParams)
    margin: MarginParams = field(default_factory=MarginParams)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are read together; `kind` is "text" or "margin"."""

    kind: str
    lines: list[TextLine]


def find_barriers(
    ink: Ink, rulings: Ink, x_height: float, params: LayoutParams = LayoutParams()
) -> Ink:
    """Mark what text lines do not cross: vertical rulings, white between columns.

    Args:
        ink: bool (H, W), rulings and specks dropped.
        rulings: bool (H, W), vertical rulings.
        x_height: height of small letters, pixels.
        params: see `LayoutParams`.

    Returns:
        bool (H, W).
    """
    require_ink(ink)
    cell_px = max(1, round(params.cell * x_height))
    size = (-(-ink.shape[1] // cell_px), -(-ink.shape[0] // cell_px))
    padded = np.zeros((size[1] * cell_px, size[0] * cell_px), np.uint8)
    padded[: ink.shape[0], : ink.shape[1]] = ink
    inked = cv2.resize(padded * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 0
    between = ~inked & _flanked(inked, params)
    corridors = np.zeros(between.shape, np.bool_)
    for slope in params.slopes:
        corridors |= _sheared(_corridors(_sheared(between, slope), params), -slope)
    large = cv2.resize(
        corridors.view(np.uint8), padded.shape[::-1], interpolation=cv2.INTER_NEAREST
    )
    return rulings | (large[: ink.shape[0], : ink.shape[1]] > 0)


def _corridors(between: Ink, params: LayoutParams) -> Ink:
    """Tall upright white."""
    found = np.zeros(between.shape, np.bool_)
    for width, height in params.corridors:
        brush = np.ones((round(height / params.cell), round(width / params.cell)), np.uint8)
        found |= cv2.morphologyEx(between.view(np.uint8), cv2.MORPH_OPEN, brush) > 0
    return found


def _sheared(mask: Ink, slope: float) -> Ink:
    """The mask with its rows shifted, so that what leans by `slope` (x per y) stands upright."""
    if slope == 0:
        return mask
    middle = mask.shape[0] / 2
    matrix = np.array([[1.0, -slope, slope * middle], [0.0, 1.0, 0.0]])
    size = (mask.shape[1], mask.shape[0])
    return np.asarray(
        cv2.warpAffine(mask.view(np.uint8), matrix, size, flags=cv2.INTER_NEAREST) > 0
    )


def _flanked(inked: Ink, params: LayoutParams) -> Ink:
    """Cells that have writing at some distance both to the left and to the right."""
    rise = 2 * round(params.leading / params.cell) + 1
    reach = round(params.flank / params.cell)
    lines = cv2.dilate(inked.view(np.uint8), np.ones((rise, 1), np.uint8))
    side = np.ones((1, reach), np.uint8)
    left = cv2.dilate(lines, side, anchor=(0, 0))
    right = cv2.dilate(lines, side, anchor=(reach - 1, 0))
    return np.asarray((left > 0) & (right > 0))


def arrange(
    lines: list[TextLine],
    rulings: Ink,
    x_height: float,
    params: LayoutParams = LayoutParams(),
    ink: Ink | None = None,
) -> list[Block]:
    """Group lines into regions, all in reading order.

    Args:
        lines: as from `find_lines`.
        rulings: bool (H, W), vertical rulings.
        x_height: height of small letters, pixels.
        params: see `LayoutParams`.
        ink: bool (H, W), where rulings across columns are looked for, themselves in it; None for
            none.

    Returns:
        The regions; a ruled table is one, read row by row, or two on facing pages that have rows
        of their own. A note in the margin comes after the paragraph that it begins beside.
    """
    cores = [core(line) for line in lines]
    if lines and is_table(cores, rulings, x_height, params):
        spread = rulings.shape[1] >= params.spread * rulings.shape[0]
        guides = _share_across(cores, rulings, x_height) >= params.guided
        halves = facing_tables(cores, x_height, params.order, spread, guides)
        tables = [rows(half, cores, params.order.same_row * x_height) for half in halves]
        return [Block("text", [lines[i] for row in table for i in row]) for table in tables]
    notes = find_notes(cores, x_height, params.margin)
    aside = {i for note in notes for i in note}
    text = [i for i in range(len(lines)) if i not in aside]
    parting = ruling_boxes(ink, x_height, params) if ink is not None else []
    order = reading_order([cores[i] for i in text], x_height, params.order, parting)
    blocks = [[text[k] for k in block] for block in order]
    placed = place_notes(blocks, notes, cores, x_height, params.margin)
    return [Block(kind, [lines[i] for i in block]) for kind, block in placed]


def _share_across(boxes: Sequence[Box], rulings: Ink, x_height: float) -> float:
    """Share of the lines that run on across a ruling."""
    inset = round(x_height)
    crossed = [
        bool(rulings[box.top : box.bottom, box.left + inset : max(0, box.right - inset)].any())
        for box in boxes
    ]
    return sum(crossed) / len(crossed)


def ruling_boxes(ink: Ink, x_height: float, params: LayoutParams = LayoutParams()) -> list[Box]:
    """The boxes of horizontal rulings, thick and double ones too, a broken one's as one.

    Args:
        ink: bool (H, W), rulings in it.
        x_height: height of small letters, pixels.
        params: see `LayoutParams`.
    """
    brush = np.ones((1, 2 * round(params.least_ruling * x_height / 2) + 1), np.uint8)
    runs = cv2.morphologyEx(ink.view(np.uint8), cv2.MORPH_OPEN, brush)
    stats = cv2.connectedComponentsWithStats(runs, connectivity=8)[2][1:]
    pieces = [
        Box(int(x), int(y), int(x + width), int(y + height))
        for x, y, width, height, _ in stats
        if height <= params.thickest_ruling * x_height
    ]
    found: list[Box] = []
    for row in rows(range(len(pieces)), pieces, x_height):
        level = [pieces[i] for i in row]
        whole = Box.around(level)
        unbroken = sum(piece.width for piece in level) >= params.unbroken * whole.width
        found += [whole] if unbroken else level
    return found


def is_table(
    boxes: list[Box], rulings: Ink, x_height: float, params: LayoutParams = LayoutParams()
) -> bool:
    """Whether enough vertical rulings run through the lines to make a table of them.

    Args:
        boxes: the lines' cores.
        rulings: bool (H, W), vertical rulings.
        x_height: height of small letters, pixels.
        params: see `LayoutParams`.

    Returns:
        True for a table; False where prose fills the columns, as in a newspaper.
    """
    # A heading or a footer apart from the table must not make it seem taller than its rulings.
    low, high = np.percentile([box.middle for box in boxes], (5, 95))
    top, bottom = int(low - x_height / 2), int(high + x_height)
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    part = rulings[max(0, top) : bottom, max(0, left) : right].view(np.uint8)
    # A ruling leans, so that each of its columns holds a piece of it only.
    wide = cv2.dilate(part, np.ones((1, 2 * round(x_height) + 1), np.uint8))
    ruled = wide.mean(axis=0) >= params.ruled
    changes = np.flatnonzero(np.diff(ruled, prepend=False, append=False))
    starts, ends = changes[::2], changes[1::2]
    if len(starts) < params.table_rulings:
        return False
    places = [left, *(max(0, left) + (starts + ends) / 2), right]
    return _share_of_prose(boxes, places, x_height, params) < params.prose


def _share_of_prose(
    boxes: list[Box], places: Sequence[float], x_height: float, params: LayoutParams
) -> float:
    """Share of the lines that stand in columns of prose, given the places of the rulings."""
    filled = 0
    for left, right in pairwise(places):
        inside = [
            box for box in boxes if box.left > left - x_height and box.right < right + x_height
        ]
        if not inside or right - left < params.prose_width * x_height:
            continue
        if np.median([box.width for box in inside]) >= params.prose_fill * (right - left):
            filled += len(inside)
    return filled / len(boxes)


def core(line: TextLine) -> Box:
    """The box of a line's small letters."""
    base = float(np.median([y for _, y in line.baseline]))
    bottom = max(1, round(base))
    return Box(line.box.left, min(bottom - 1, round(base - line.x_height)), line.box.right, bottom)
