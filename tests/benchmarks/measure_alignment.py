"""Ground truth laid on its pages as a transcript: words on the right line, and in the right place.

python tests/benchmarks/measure_alignment.py ../shared/data/pages/val --wrong 0.05 --missing 0.05

A word is right if the line it is laid on covers half of its true line, or lies half in it; its
place is right if its box overlaps that measured on the true line by half (IoU along x).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.alignment import SeenPage, align, see_page, seen_line, with_laid
from pipeline.document import Line, Polygon
from pipeline.load import PageImage, SourcePage
from pipeline.page_truth import TrueLine, TruePage, read_truth
from pipeline.settings import Settings
from pipeline.stages import open_page
from pipeline.transcript import transcript_of
from recognize.laying import lay_words
from recognize.reader import Reader, use_threads
from segment.crop import crop_line

COARSE = 4  # pages are compared at a quarter of their size
Spans = dict[tuple[int, int], tuple[int, int]]  # line and word of the truth -> left and right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--wrong", type=float, default=0.0, help="share of words replaced")
    parser.add_argument("--missing", type=float, default=0.0, help="share of words left out")
    parser.add_argument("--model", default="latin")
    chosen = parser.parse_args()
    use_threads(1)
    reader, settings = Reader.load(chosen.model), Settings()
    rng = np.random.default_rng(1)
    sums: defaultdict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(5))
    for truth in read_truth(chosen.pages):
        source = SourcePage(truth.image, 0, "image", truth.name, 0)
        image = open_page(source, settings)
        seen = see_page(source, image, settings, reader)
        sums[truth.kind] += _measured(truth, image, seen, reader, rng, chosen)
    rates = {kind: _rates(one) for kind, one in sums.items()}
    print(json.dumps(rates, indent=2))


def _rates(sums: NDArray[np.float64]) -> dict[str, float]:
    words, right, placed, seconds, pages = sums.tolist()
    return {
        "words": words,
        "right_line": round(right / max(1, words), 4),
        "right_place": round(placed / max(1, words), 4),
        "seconds_a_page": round(seconds / max(1, pages), 2),
    }


def _measured(
    truth: TruePage,
    image: PageImage,
    seen: SeenPage,
    reader: Reader,
    rng: np.random.Generator,
    chosen: argparse.Namespace,
) -> NDArray[np.float64]:
    """Words, those on the right line, those in the right place, seconds, 1 page."""
    lines = [line for line in truth.lines if line.readable and len(line.baseline) > 1]
    words, tags = _corrupted(lines, rng, chosen.wrong, chosen.missing)
    start = time.perf_counter()
    made = align([seen], transcript_of(" ".join(words)), reader.alphabet)
    seconds = time.perf_counter() - start
    same = same_line([one.line for one in seen.lines], lines, (image.height, image.width))
    number_of = {one.line.id: number for number, one in enumerate(seen.lines)}
    places = _true_places(lines, image, seen, reader)
    right: set[int] = set()
    placed: set[int] = set()
    for one in made.borne:
        line, word = tags[one.number]
        if same[number_of[one.line], line]:
            right.add(one.number)
            box = one.word.box
            if _overlap((box.left, box.right), places.get((line, word))) >= 0.5:
                placed.add(one.number)
    return np.array([len(words), len(right), len(placed), seconds, 1], float)


def _corrupted(
    lines: Sequence[TrueLine], rng: np.random.Generator, wrong: float, missing: float
) -> tuple[list[str], list[tuple[int, int]]]:
    """The words of a page, some replaced by others of its words about as long, some left out."""
    truth = [(w, (i, j)) for i, line in enumerate(lines) for j, w in enumerate(line.text.split())]
    words, tags = [], []
    for word, tag in truth:
        chance = rng.random()
        alike = [w for w, _ in truth if w != word and abs(len(w) - len(word)) <= 1]
        if chance >= missing:
            swap = chance < missing + wrong and alike
            words.append(alike[rng.integers(len(alike))] if swap else word)
            tags.append(tag)
    return words, tags


def _true_places(
    lines: Sequence[TrueLine], image: PageImage, seen: SeenPage, reader: Reader
) -> Spans:
    """Where each word is, measured by laying each true line's text on that line alone."""
    found: Spans = {}
    ink = seen.unpacked()
    for number, line in enumerate(lines):
        crop = crop_line(image.gray, line.boundary, line.baseline)
        (sight,) = reader.look([crop.image])
        texts = line.text.split()
        laid = lay_words(sight.probabilities, texts, reader.alphabet)
        bare = Line(f"l{number}", line.boundary, line.baseline)
        one = seen_line(bare, crop, sight, reader.alphabet)
        whole, kept = with_laid(one, texts, laid, ink, seen.turned)
        for word, (place, _) in zip(whole.words, kept, strict=True):
            found[number, place] = word.box.left, word.box.right
    return found


def _overlap(a: tuple[int, int], b: tuple[int, int] | None) -> float:
    if b is None:
        return 0.0
    common = min(a[1], b[1]) - max(a[0], b[0])
    return max(0, common) / (max(a[1], b[1]) - min(a[0], b[0]))


def same_line(
    found: Sequence[Line], truth: Sequence[TrueLine], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    ours = [_mask(line.boundary, shape) for line in found]
    theirs = [_mask(line.boundary, shape) for line in truth]
    same = np.zeros((len(ours), len(theirs)), bool)
    for i, a in enumerate(ours):
        for j, b in enumerate(theirs):
            same[i, j] = (a & b).sum() >= 0.5 * max(1, min(a.sum(), b.sum()))
    return same


def _mask(polygon: Polygon, shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros((shape[0] // COARSE + 1, shape[1] // COARSE + 1), np.uint8)
    cv2.fillPoly(mask, [np.round(np.asarray(polygon) / COARSE).astype(np.int32)], 1)
    return mask.view(np.bool_)


if __name__ == "__main__":
    main()
