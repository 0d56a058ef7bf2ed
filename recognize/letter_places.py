"""Transcribed lines -> where each letter stands in their pictures, by a network that reads them.

    python -m recognize.letter_places ../shared/data/lines/hooker.parquet --out runs/places.parquet

For `recognize/splice.py`, which puts training lines together from parts of others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.errors import InputError
from recognize.ctc import align, widen
from recognize.dataset import LineSample, read_samples
from recognize.model import STRIDE
from recognize.normalize import Gray, LineArray
from recognize.reader import Reader, Sight, use_threads

_SLANTS = np.linspace(-0.3, 0.9, 25)  # columns a row, to the right as hands lean
_SURE = 0.45  # mean probability of a line's letters below which they stand nowhere for certain
_LINES = 256  # read at a time
_REACH = 0.4  # of the way to a letter's middle: how far a cut may move to where there is less ink


@dataclass(frozen=True, slots=True)
class LetterPlaces:
    """Where the letters of a line stand.

    Attributes:
        corpus, page, line: which line it is.
        cuts: left edge of each letter and the right edge of the last, columns of the line made
            upright, at 64 rows.
        sure: how likely each letter is where it stands, in hundredths.
        slant: of the writing, columns a row; `upright` takes it away.
        top, bottom: rows between which most of the ink is, the letters without strokes up or down.
        paper, ink: grey levels.
    """

    corpus: str
    page: str
    line: int
    cuts: tuple[int, ...]
    sure: tuple[int, ...]
    slant: float
    top: float
    bottom: float
    paper: int
    ink: int


def upright(line: Gray, slant: float, paper: int) -> Gray:
    """The line sheared so that its letters stand upright; its middle row stays where it is.

    Args:
        line: uint8 (H, W).
        slant: of its writing, columns a row.
        paper: grey level of what comes in at the ends.
    """
    height, width = line.shape
    shear = np.array([[1, slant, -slant * height / 2], [0, 1, 0]])
    straight = cv2.warpAffine(
        line, shear, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )
    return straight.astype(np.uint8, copy=False)


def locate(samples: Sequence[LineSample], reader: Reader) -> Iterator[LetterPlaces]:
    """The places of the letters of those lines that the reader reads surely enough."""
    for start in range(0, len(samples), _LINES):
        some = samples[start : start + _LINES]
        pictures = [sample.pixels() for sample in some]
        for sample, picture, sight in zip(some, pictures, reader.look(pictures), strict=True):
            places = _locate_line(sample, picture, sight, reader)
            if places:
                yield places


def _locate_line(
    sample: LineSample, line: Gray, sight: Sight, reader: Reader
) -> LetterPlaces | None:
    try:
        found = align(sight.probabilities, reader.alphabet.encode(sample.text))
    except ValueError:  # too narrow for its text
        return None
    if not found.labels or np.mean(found.confidences) < _SURE:
        return None
    paper, ink = (int(np.percentile(line, percent)) for percent in (70, 1))
    coverage = _coverage(line, paper, ink)
    slant = _slant(coverage)
    spans = widen(found.spans, -(-sight.scaled // STRIDE))
    edges = [sight.x(left) for left, _ in spans] + [sight.x(spans[-1][1])]
    profile = _coverage(upright(line, slant, paper), paper, ink).sum(axis=0)
    place = sample.corpus, sample.page, sample.line
    cuts, sure = _cuts(edges, profile), tuple(round(100 * one) for one in found.confidences)
    return LetterPlaces(*place, cuts, sure, slant, *_core(coverage), paper, ink)


def _coverage(line: Gray, paper: int, ink: int) -> LineArray:
    """Float32 (H, W): 0 for paper, 1 for ink."""
    covered: LineArray = (paper - line.astype(np.float32)) / np.float32(max(16, paper - ink))
    return covered.clip(0, 1)


def _slant(coverage: LineArray) -> float:
    """How far the writing leans: upright, its columns are most unlike (Vinciarelli, Luettin 2001).

    Args:
        coverage: float32 (H, W).
    """
    faint = (255 * (1 - coverage)).astype(np.uint8)
    spread = [np.square((255.0 - upright(faint, s, 255)).sum(axis=0)).sum() for s in _SLANTS]
    return float(_SLANTS[int(np.argmax(spread))])


def _core(coverage: LineArray) -> tuple[float, float]:
    """First and last + 1 row with more than half as much ink as a line's fullest one."""
    rows = np.asarray(cv2.GaussianBlur(coverage.sum(axis=1, keepdims=True), (1, 5), 1.0))[:, 0]
    full = np.flatnonzero(rows > rows.max() / 2)
    return float(full[0]), float(full[-1] + 1)


def _cuts(edges: Sequence[float], profile: NDArray[np.float32]) -> tuple[int, ...]:
    """The edges between letters, each moved to the least ink nearby, none past another."""
    width = len(profile)
    soft = np.convolve(profile, np.array([0.25, 0.5, 0.25]), mode="same")
    # A line's first and last letter may reach as far again beyond their edges.
    outer = [2 * edges[0] - edges[1], *edges, 2 * edges[-1] - edges[-2]]
    cuts: list[int] = []
    for before, edge, after in zip(outer, edges, outer[2:], strict=False):
        low = max(edge - _REACH * (edge - before), cuts[-1] if cuts else 0)
        columns = np.arange(round(low), round(edge + _REACH * (after - edge)) + 1)
        columns = columns[(columns >= 0) & (columns < width)]
        # Where several are as empty, the one nearest the edge.
        cost = soft[columns] + 0.02 * abs(columns - edge)
        cut = int(columns[cost.argmin()]) if len(columns) else round(min(max(low, edge), width))
        cuts.append(cut)
    return tuple(cuts)


def write_places(places: Iterable[LetterPlaces], path: Path) -> None:
    """Keep places in a Parquet file."""
    pq.write_table(pa.Table.from_pylist([asdict(one) for one in places]), path)


def read_places(path: Path) -> list[LetterPlaces]:
    """The places that `write_places` wrote.

    Raises:
        InputError: if the file cannot be read.
    """
    try:
        rows = pq.read_table(path).to_pylist()
        return [
            LetterPlaces(**{**row, "cuts": tuple(row["cuts"]), "sure": tuple(row["sure"])})
            for row in rows
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path}: no places of letters; run recognize.letter_places") from error


def main() -> None:
    """Locate the letters of the train lines of some corpora."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="latin")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    use_threads(asked.threads)
    samples = read_samples(asked.corpora, "train")
    write_places(locate(samples, Reader.load(asked.model)), asked.out)


if __name__ == "__main__":
    main()
