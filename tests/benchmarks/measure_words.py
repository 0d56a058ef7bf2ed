"""Word boxes on pages as read: whether they hold their words' ink, all of it, and no other.

python tests/benchmarks/measure_words.py ../shared/data/pages/val --kinds print,typed

The ink is that of the page at its full size, without rulings and specks; each of its components
belongs to the line, and to the word, that most of it lies in. Lengths are in x-heights.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box, Line
from pipeline.load import SourcePage
from pipeline.page_truth import read_truth
from pipeline.settings import Settings
from pipeline.stages import Stopwatch, open_page, read_page
from recognize.reader import Reader, use_threads
from segment.arrays import Gray, Ink
from segment.binarize import sauvola
from segment.clean import clean_page
from segment.components import (
    Components,
    RulingParams,
    drop_misfits,
    find_components,
    split_rulings,
)
from segment.level import text_size

SIDES = ("left", "top", "right", "bottom")
CUT = 0.15  # ink that reaches further than this beyond a box is cut
DOT = 0.02  # squared x-heights: what is smaller is a speck, no dot of an i
WHOLE = 0.95  # a word is whole if its box holds so much of its ink: a pixel may be missing
CLEAN = 0.02  # and clean if no more of the ink in it belongs to other words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--kinds", default="print,typed")
    parser.add_argument("--every", type=int, default=1, help="take every Nth page")
    parser.add_argument("--model", default="latin")
    chosen = parser.parse_args()
    use_threads(1)
    reader, settings = Reader.load(chosen.model), Settings()
    found: defaultdict[str, list[WordTally]] = defaultdict(list)
    pages = [t for t in read_truth(chosen.pages) if t.kind in chosen.kinds.split(",")]
    for truth in pages[:: chosen.every]:
        source = SourcePage(truth.image, 0, "image", truth.name, 0)
        image = open_page(source, settings)
        page = read_page(source, image, settings, reader, Stopwatch())
        found[truth.kind].append(measured(image.gray, list(page.lines)))
    print(json.dumps({kind: _rates(one) for kind, one in found.items()}, indent=2))


@dataclass(frozen=True, slots=True)
class WordTally:
    """What was found of the words of a page; N words.

    Attributes:
        boxes: pixels of the lines' ink that lie in no, in one and in more of the line's words.
        held: float64 (N,), share of the word's ink that its box holds.
        foreign: float64 (N,), share of the ink in the box that belongs to other words.
        margins: float64 (N, 4), white between the sides and the word's ink, x-heights.
        cut: bool (N, 4), whether the word's ink goes on beyond the sides.
    """

    boxes: NDArray[np.int64]
    held: NDArray[np.float64]
    foreign: NDArray[np.float64]
    margins: NDArray[np.float64]
    cut: NDArray[np.bool_]


def measured(gray: Gray, lines: Sequence[Line]) -> WordTally:
    """Measure the words of a page's lines on its ink."""
    ink, x_height = _ink_of(gray)
    parts = find_components(ink)
    in_lines = _shared(parts, [_filled(line, ink.shape) for line in lines])
    line_of = in_lines.argmax(axis=1)
    words = [word.box for line in lines for word in line.words]
    boxes = np.zeros(3, np.int64)
    shared = np.zeros((len(parts) + 1, len(words)), np.int64)
    number = 0
    for place, line in enumerate(lines):
        inside = ink & _filled(line, ink.shape)
        times = np.zeros(ink.shape, np.uint8)
        for word in line.words:
            times[_slices(word.box)] += 1
            labels = parts.labels[_slices(word.box)][inside[_slices(word.box)]]
            shared[:, number] = np.bincount(labels, minlength=len(parts) + 1)
            number += 1
        own = times[inside & (line_of[parts.labels] == place)]
        boxes += np.bincount(np.minimum(own, 2), minlength=3)
    owner = np.where(shared.any(axis=1), shared.argmax(axis=1), -1)
    owner[0] = -1
    rows = [_one(words[i], i, owner, parts.labels, x_height) for i in range(len(words))]
    held, foreign, margins, cut = (np.array(column) for column in zip(*rows, strict=True))
    return WordTally(boxes, held, foreign, margins, cut)


def _shared(parts: Components, masks: Sequence[Ink]) -> NDArray[np.int64]:
    """Pixels that each component, and the background before them, has in each mask."""
    counts = [np.bincount(parts.labels[mask], minlength=len(parts) + 1) for mask in masks]
    return np.stack(counts, axis=1)


def _one(
    box: Box, number: int, owner: NDArray[np.int64], labels: NDArray[np.int32], x_height: float
) -> tuple[float, float, list[float], list[bool]]:
    reach = round(4 * x_height)
    left, top = max(0, box.left - reach), max(0, box.top - reach)
    near = owner[labels[top : box.bottom + reach, left : box.right + reach]]
    y, x = np.nonzero(near == number)
    within = near[box.top - top : box.bottom - top, box.left - left : box.right - left]
    mine, others = int((within == number).sum()), int((within >= 0).sum())
    if not len(x):
        return 0.0, float(others > 0), [0.0] * 4, [False] * 4
    ends = (x.min() + left, y.min() + top, x.max() + left + 1, y.max() + top + 1)
    sides = (box.left, box.top, box.right, box.bottom)
    white = [
        (e - s) * (1 if k < 2 else -1) / x_height
        for k, (e, s) in enumerate(zip(ends, sides, strict=True))
    ]
    held = mine / len(x)
    foreign = 1 - mine / max(1, others)
    return held, foreign, [max(0.0, w) for w in white], [w < -CUT for w in white]


def _ink_of(gray: Gray) -> tuple[Ink, float]:
    """The ink of letters, and the height of small ones."""
    clean = clean_page(gray)
    ink = sauvola(clean.gray) & ~clean.surround
    x_height = text_size(ink)
    plain, _, _ = split_rulings(ink, x_height)
    return drop_misfits(plain, x_height, RulingParams(speck=DOT)), x_height


def _filled(line: Line, shape: tuple[int, ...]) -> Ink:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(np.asarray(line.boundary)).astype(np.int32)], 1)
    return mask > 0


def _slices(box: Box) -> tuple[slice, slice]:
    return slice(box.top, box.bottom), slice(box.left, box.right)


def _rates(pages: Sequence[WordTally]) -> dict[str, object]:
    none, one, more = (
        sum(page.boxes for page in pages) / sum(p.boxes.sum() for p in pages)
    ).tolist()
    held, foreign, margins, cut = (
        np.concatenate([getattr(page, name) for page in pages])
        for name in ("held", "foreign", "margins", "cut")
    )
    return {
        "pages": len(pages),
        "words": len(held),
        "ink in one box": round(one, 4),
        "in none": round(none, 4),
        "in several": round(more, 4),
        "words whole": round(float((held >= WHOLE).mean()), 4),
        "words clean": round(float((foreign <= CLEAN).mean()), 4),
        "words cut": round(float(cut.any(axis=1).mean()), 4),
        "cut at": dict(zip(SIDES, cut.mean(axis=0).round(4).tolist(), strict=True)),
        "white at, mean": dict(zip(SIDES, margins.mean(axis=0).round(3).tolist(), strict=True)),
        "white at, 95 of 100": dict(
            zip(SIDES, np.percentile(margins, 95, axis=0).round(3).tolist(), strict=True)
        ),
    }


if __name__ == "__main__":
    main()
