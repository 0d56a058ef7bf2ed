"""Readings against ground truth: character and word error rates with their counts.

The unit is the grapheme cluster after NFC with white space collapsed; nothing else is normalised.
Rates are pooled: errors and units are added up over all lines before they are divided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import regex
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from pipeline.errors import InputError
from recognize.alphabet import clean
from recognize.dataset import LineSample, read_samples
from recognize.reader import VIEWS, Reader, Reading
from recognize.weights import DEFAULT

_BINS = 10  # of confidence, in the calibration error

Tables = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True, slots=True)
class Score:
    """Errors and units of a set of lines; scores of two sets are added with `+`."""

    lines: int = 0
    character_errors: int = 0
    characters: int = 0
    word_errors: int = 0
    words: int = 0

    def __add__(self, other: Score) -> Score:
        """The score of both sets together."""
        return Score(
            self.lines + other.lines,
            self.character_errors + other.character_errors,
            self.characters + other.characters,
            self.word_errors + other.word_errors,
            self.words + other.words,
        )

    @property
    def cer(self) -> float:
        """Character errors per character of truth; may exceed 1."""
        return self.character_errors / max(1, self.characters)

    @property
    def wer(self) -> float:
        """Word errors per word of truth; may exceed 1."""
        return self.word_errors / max(1, self.words)

    def as_dict(self) -> dict[str, float]:
        """Rates rounded to four decimals, and the counts."""
        return {
            "cer": round(self.cer, 4),
            "wer": round(self.wer, 4),
            "lines": self.lines,
            "character_errors": self.character_errors,
            "characters": self.characters,
            "word_errors": self.word_errors,
            "words": self.words,
        }


def graphemes(text: str) -> list[str]:
    """Grapheme clusters of cleaned text."""
    found: list[str] = regex.findall(r"\X", clean(text))
    return found


def score(truth: str, reading: str) -> Score:
    """The score of one line."""
    characters, words = graphemes(truth), clean(truth).split()
    return Score(
        1,
        Levenshtein.distance(characters, graphemes(reading)),
        len(characters),
        Levenshtein.distance(words, clean(reading).split()),
        len(words),
    )


def score_samples(
    samples: Sequence[LineSample], readings: Sequence[str]
) -> Mapping[str, Mapping[str, Score]]:
    """Scores pooled in total, per kind, per kind and language, per corpus."""
    tables: dict[str, dict[str, Score]] = defaultdict(lambda: defaultdict(Score))
    for sample, reading in zip(samples, readings, strict=True):
        one = score(sample.text, reading)
        for table, row in _rows(sample):
            tables[table][row] += one
    return {table: dict(sorted(rows.items())) for table, rows in tables.items()}


def _rows(sample: LineSample) -> Iterator[tuple[str, str]]:
    yield "total", "all"
    yield "kind", sample.kind
    yield "kind/language", f"{sample.kind}/{sample.lang}"
    yield "corpus", sample.corpus


def total(scores: Iterable[Score]) -> Score:
    """The sum of some scores."""
    return sum(scores, Score())


def read_split(
    paths: Sequence[Path],
    split: str,
    model: str = DEFAULT,
    language: str = "none",
    looks: int = len(VIEWS),
) -> tuple[list[LineSample], list[Reading]]:
    """Read one split of some corpora, page by page.

    Args:
        paths: Parquet files of lines.
        split: "train" or "val".
        model: a shipped model's name, or a safetensors file.
        language: of the language model that helps, see `Reader.load`.
        looks: at a line in doubt.

    Returns:
        The lines, and what was read in each.

    Raises:
        InputError: if a corpus or the model cannot be read, or the split is empty.
    """
    samples = read_samples(paths, split)
    if not samples:
        raise InputError(f"no lines of split {split!r} in {len(paths)} files; check --split")
    return samples, read_pages(Reader.load(model, language, looks), samples)


def read_pages(reader: Reader, samples: Sequence[LineSample]) -> list[Reading]:
    """What is read in some lines, page by page: words go on from line to line, in one language."""
    pages = pages_of(samples)
    return [reading for page in pages for reading in reader.read([one.pixels() for one in page])]


def pages_of(samples: Sequence[LineSample]) -> list[list[LineSample]]:
    """Lines page by page, in their order."""
    return [list(page) for _, page in groupby(samples, lambda one: (one.corpus, one.page))]


def evaluate_model(
    paths: Sequence[Path],
    split: str,
    model: str = DEFAULT,
    language: str = "none",
    looks: int = len(VIEWS),
) -> Tables:
    """Read one split of some corpora and score it; see `read_split`.

    Returns:
        Tables "total", "kind", "kind/language" and "corpus"; in each, rates and counts by row.
        The total also tells the `word_calibration_error`.
    """
    return tables_of(*read_split(paths, split, model, language, looks))


def tables_of(samples: Sequence[LineSample], readings: Sequence[Reading]) -> Tables:
    """The tables of `evaluate_model`, for lines that have been read."""
    scores = score_samples(samples, [reading.text for reading in readings])
    tables = {
        table: {row: one.as_dict() for row, one in rows.items()} for table, rows in scores.items()
    }
    error = word_calibration_error(samples, readings)
    tables["total"]["all"]["word_calibration_error"] = round(error, 4)
    return tables


def word_calibration_error(samples: Sequence[LineSample], readings: Sequence[Reading]) -> float:
    """How far the confidences of words are from the share of them that is right.

    The expected calibration error over ten bins of equal width (Guo et al., "On calibration of
    modern neural networks", ICML 2017). A word is right if it is in the shortest list of changes
    from reading to truth as it stands. 0 without words.
    """
    return calibration_error(*sure_and_right(samples, readings))


def sure_and_right(
    samples: Sequence[LineSample], readings: Sequence[Reading]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each word read how sure it is, and 1 if it is right."""
    pairs = [
        (reading.word_confidence(*word), index in _right_words(sample.text, reading.text))
        for sample, reading in zip(samples, readings, strict=True)
        for index, word in enumerate(reading.words)
    ]
    sure, right = np.array(pairs, np.float64).reshape(-1, 2).T
    return sure, right


def calibration_error(sure: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """The error of `word_calibration_error`, of words as `sure_and_right` gives them."""
    if not len(sure):
        return 0.0
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, sure - right)  # the sum in each bin
    return float(np.abs(gaps).sum() / len(sure))


def _right_words(truth: str, reading: str) -> set[int]:
    """Numbers of the words of a reading that the truth has in their place."""
    changes = Levenshtein.opcodes(reading.split(), clean(truth).split())
    same = [range(one.src_start, one.src_end) for one in changes if one.tag == "equal"]
    return {index for indices in same for index in indices}


def table_of(scores: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """The scores of `evaluate_model` as lines for people."""
    rows = [f"{'':28} {'CER':>7} {'WER':>7} {'lines':>6}"]
    for table in scores.values():
        rows += [
            f"{name:28} {one['cer']:7.4f} {one['wer']:7.4f} {one['lines']:6.0f}"
            for name, one in table.items()
        ]
    return "\n".join(rows)
