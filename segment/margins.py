"""Tell notes in the margins from the text, and read each after the paragraph that it is beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.document import Box


@dataclass(frozen=True, slots=True)
class MarginParams:
    """Settings of `find_notes` and `paragraph_ends`; lengths in x-heights."""

    wide: float = 0.6  # lines of the text are at least so wide, as a share of a long line
    least_text: int = 5  # lines of the text, else there is nothing to be beside
    gap: float = 1.0  # white between the text and a note
    narrow: float = 0.45  # notes are at most so wide, as a share of a long line
    few: float = 0.35  # lines in a margin, as a share of the lines of the text
    apart: float = 3.0  # white between two notes
    indent: float = 1.5  # of a paragraph's first line
    short: float = 0.15  # share of the text's width that a paragraph's last line leaves white
    spacing: float = 1.4  # between paragraphs, as a share of that between lines


def find_notes(
    boxes: Sequence[Box], x_height: float, params: MarginParams = MarginParams()
) -> list[list[int]]:
    """Find notes to the left and right of a page's text.

    A margin is a narrow column beside the long lines that holds far fewer lines than they are:
    amounts at the end of every row, and columns of a text, are none.

    Args:
        boxes: the lines' cores.
        x_height: height of small letters, pixels.
        params: see `MarginParams`.

    Returns:
        Indices of `boxes`, a list for each note, its lines top to bottom; most pages have none.
    """
    text = _long_lines(boxes, params)
    if len(text) < params.least_text:
        return []
    left, right = _edges([boxes[i] for i in text])
    top, bottom = min(boxes[i].top for i in text), max(boxes[i].bottom for i in text)
    white = params.gap * x_height
    widest = params.narrow * float(np.median([boxes[i].width for i in text]))
    notes: list[list[int]] = []
    for side in (
        [i for i, box in enumerate(boxes) if box.right <= left - white],
        [i for i, box in enumerate(boxes) if box.left >= right + white],
    ):
        beside = [i for i in side if top <= boxes[i].middle <= bottom]
        narrow = {i for i in beside if boxes[i].width <= widest}
        if len(beside) <= min(params.few * len(text), 2 * len(narrow)):
            found = _apart(beside, boxes, params.apart * x_height)
            notes += [note for note in found if narrow.issuperset(note)]
    return notes


def _long_lines(boxes: Sequence[Box], params: MarginParams) -> list[int]:
    if not boxes:
        return []
    long = float(np.percentile([box.width for box in boxes], 90))
    return [i for i, box in enumerate(boxes) if box.width >= params.wide * long]


def _edges(boxes: Sequence[Box]) -> tuple[float, float]:
    """Left and right edge of a text, whatever a few of its lines do."""
    left = np.percentile([box.left for box in boxes], 10)
    right = np.percentile([box.right for box in boxes], 90)
    return float(left), float(right)


def _apart(items: Sequence[int], boxes: Sequence[Box], white_px: float) -> list[list[int]]:
    """Lines below each other, parted where much white lies between."""
    notes: list[list[int]] = []
    reach = 0
    for i in sorted(items, key=lambda i: (boxes[i].top, boxes[i].left)):
        if not notes or boxes[i].top - reach > white_px:
            notes.append([])
        notes[-1].append(i)
        reach = boxes[i].bottom
    return notes


def paragraph_ends(
    block: Sequence[int], boxes: Sequence[Box], x_height: float, params: MarginParams
) -> list[int]:
    """Places in a block of lines after which a paragraph ends, the block's end among them.

    A paragraph ends before an indented line, after a short one and where the lines are further
    apart than usual.
    """
    left, right = _edges([boxes[i] for i in block])
    steps = np.diff([boxes[i].bottom for i in block])
    usual = float(np.median(steps)) if len(steps) else 0.0
    ends = []
    for place, step in enumerate(steps):
        line, following = boxes[block[place]], boxes[block[place + 1]]
        indented = following.left - max(left, line.left) > params.indent * x_height
        short = right - line.right > params.short * (right - left)
        if indented or short or step > params.spacing * usual > 0:
            ends.append(place)
    return [*ends, len(block) - 1]


def place_notes(
    blocks: Sequence[Sequence[int]],
    notes: Sequence[Sequence[int]],
    boxes: Sequence[Box],
    x_height: float,
    params: MarginParams = MarginParams(),
) -> list[tuple[str, list[int]]]:
    """Put notes between the blocks of a text, each after the paragraph that it begins beside.

    Args:
        blocks: indices of the text's lines, in reading order.
        notes: indices of the notes' lines.
        boxes: the cores of all.
        x_height: height of small letters, pixels.
        params: see `MarginParams`.

    Returns:
        Kind, "text" or "margin", and indices of each block; a block of text that has a note in
        its midst comes in two.
    """
    after: dict[tuple[int, int], list[list[int]]] = {}
    ends = [paragraph_ends(block, boxes, x_height, params) for block in blocks]
    for note in notes:
        b, place = _nearest(note[0], blocks, boxes)
        end = next(end for end in ends[b] if end >= place)
        after.setdefault((b, end), []).append(list(note))
    placed: list[tuple[str, list[int]]] = []
    for b, block in enumerate(blocks):
        start = 0
        for end in range(len(block)):
            if (b, end) in after:
                placed.append(("text", list(block[start : end + 1])))
                found = sorted(after[b, end], key=lambda note: boxes[note[0]].top)
                placed += [("margin", note) for note in found]
                start = end + 1
        if start < len(block):
            placed.append(("text", list(block[start:])))
    return placed


def _nearest(line: int, blocks: Sequence[Sequence[int]], boxes: Sequence[Box]) -> tuple[int, int]:
    """Block and place of the line of text that a line stands beside."""
    box = boxes[line]
    away = {
        (b, place): (
            abs(boxes[i].top + boxes[i].bottom - box.top - box.bottom),
            min(abs(boxes[i].left - box.right), abs(box.left - boxes[i].right)),
        )
        for b, block in enumerate(blocks)
        for place, i in enumerate(block)
    }
    return min(away, key=lambda key: away[key])
