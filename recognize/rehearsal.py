"""First readings of training lines, and of lines that nobody wrote, for a reviser to learn from.

A network reads the lines that it was trained on better than those it will meet; changed as in
training and with some of their columns hidden it reads them about as badly. Where each letter
stands in such a reading is known by forced alignment, so that readings of other texts can be put
together of parts of them, as speech is of recorded units (Hunt and Black, ICASSP 1996): each with
its own mistakes, in any number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.processor import in_bfloat16
from recognize.alphabet import BLANK
from recognize.ctc import Probabilities, align
from recognize.loading import Batch, Batches, Key
from recognize.model import LineNet
from recognize.reviser import KINDS, likeliest, telling_columns
from recognize.train import mask_spans

Kinds = NDArray[np.uint16]  # (T, KINDS) labels of each column, the likeliest, in no order
Odds = NDArray[np.float16]  # (T, KINDS) their probabilities

_LONGEST = 4  # labels of a part at most
_LENGTHS = (0.1, 0.25, 0.35, 0.3)  # how often a part of 1, 2, 3, 4 labels is looked for
_SEPARATOR = BLANK  # between two readings' labels: parts do not reach over it
_BASE = 1 << 12  # of the codes of labels in a row
_SURE = 0.9  # a label that no reading has, where a text needs it
_PLAIN = 0.4  # share of the batches in which no columns are hidden


@dataclass(frozen=True, slots=True, eq=False)
class FirstReading:
    """What a network holds possible in a line, and what the line says.

    Attributes:
        kinds: labels of each column that tells something, see `telling_columns`.
        odds: their probabilities.
        labels: what stands there, without blanks.
        cuts: column where each label begins, and the end of the last.
    """

    kinds: Kinds
    odds: Odds
    labels: tuple[int, ...]
    cuts: tuple[int, ...]

    def probabilities(self, labels: int) -> Probabilities:
        """The same as float32 (T, labels)."""
        full = np.zeros((len(self.kinds), labels), np.float32)
        np.put_along_axis(full, self.kinds.astype(np.intp), self.odds.astype(np.float32), axis=1)
        return full

    def part(self, first: int, last: int) -> FirstReading:
        """That of some of its letters, from `first` to before `last`."""
        columns = slice(self.cuts[first], self.cuts[last])
        cuts = tuple(cut - columns.start for cut in self.cuts[first : last + 1])
        return FirstReading(self.kinds[columns], self.odds[columns], self.labels[first:last], cuts)

    def end(self, columns: int) -> FirstReading:
        """That of the letters in so many of its last columns."""
        first = int(np.searchsorted(self.cuts, self.cuts[-1] - columns))
        return self.part(min(first, len(self.labels)), len(self.labels))

    def beginning(self, columns: int) -> FirstReading:
        """That of the letters in so many of its first columns."""
        return self.part(0, int(np.searchsorted(self.cuts, columns, "right")) - 1)


def joined(readings: Sequence[FirstReading], between: int) -> FirstReading:
    """Readings one after the other, between two of them a column in which one label is sure."""
    parting = FirstReading(*_column(between, 1.0, readings[0].kinds.shape[1]), (between,), (0, 1))
    parts = [part for one in readings for part in (parting, one)][1:]
    starts = np.cumsum([0, *(len(one.kinds) for one in parts)]).tolist()
    cuts = [cut + start for one, start in zip(parts, starts, strict=False) for cut in one.cuts[:-1]]
    return FirstReading(
        np.concatenate([one.kinds for one in parts]),
        np.concatenate([one.odds for one in parts]),
        tuple(label for one in parts for label in one.labels),
        (*cuts, starts[-1]),
    )


def _column(label: int, odds: float, width: int) -> tuple[Kinds, Odds]:
    """A column of so many labels where one is likely."""
    kinds = np.arange(width, dtype=np.uint16)[None].copy()
    column = np.zeros(kinds.shape, np.float16)
    if label >= width:
        kinds[0, -1] = label
    column[0, kinds[0] == label] = odds
    return kinds, column


def first_reading(probabilities: Probabilities, labels: Sequence[int]) -> FirstReading | None:
    """A line's first reading; None if it has too few columns for its labels.

    Args:
        probabilities: float32 (T, all labels).
        labels: what stands there, without blanks.
    """
    shown = likeliest(probabilities[telling_columns(probabilities)])
    try:
        spans = align(shown, labels).spans
    except ValueError:
        return None
    cuts = (0, *((one[1] + other[0] + 1) // 2 for one, other in pairwise(spans)), len(shown))
    few = min(KINDS, shown.shape[1])
    kinds = np.argpartition(-shown, few - 1, axis=1)[:, :few]
    odds = np.take_along_axis(shown, kinds, axis=1).astype(np.float16)
    return FirstReading(kinds.astype(np.uint16), odds, tuple(labels), cuts)


def read_lines(
    net: LineNet, batches: Batches, plan: Iterable[Key], masked: float
) -> Iterator[tuple[int, FirstReading]]:
    """Read training lines as a rehearsal needs them, a batch at a time.

    Args:
        net: in evaluation mode.
        batches: draws and changes the lines.
        plan: which lines, see `plan_batches`.
        masked: share of the columns that are hidden, at most; of each batch another, of some none.

    Yields:
        The index of each line in `batches` and its reading; none of lines too narrow for their
        text.
    """
    for key in plan:
        epoch, indices = key
        rng = np.random.default_rng((epoch, *indices[:2]))
        hidden = 0.0 if rng.random() < _PLAIN else float(rng.uniform(0, masked))
        torch.manual_seed(int(rng.integers(1 << 31)))
        batch = batches[key]
        ends = np.cumsum(batch.lengths.numpy())
        for place, probabilities in enumerate(_look(net, batch, hidden)):
            labels = batch.targets[ends[place] - batch.lengths[place] : ends[place]].tolist()
            found = first_reading(probabilities, labels)
            if found and labels:
                yield indices[place] % len(batches), found


@torch.inference_mode()
def _look(net: LineNet, batch: Batch, hidden: float) -> list[Probabilities]:
    with in_bfloat16():
        features = net.columns(batch.lines)
        logits = net.decode(mask_spans(features, hidden))
    probabilities = logits.float().softmax(2).numpy()
    return [probabilities[:columns, n] for n, columns in enumerate(batch.columns.tolist())]


def write_readings(path: Path, places: Sequence[int], readings: Sequence[FirstReading]) -> None:
    """Keep some readings in an .npz file, each with its line's place among those of a training."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        places=np.array(places),
        kinds=np.concatenate([one.kinds for one in readings]),
        odds=np.concatenate([one.odds for one in readings]),
        labels=np.array([label for one in readings for label in one.labels], np.uint16),
        cuts=np.array([cut for one in readings for cut in one.cuts], np.uint16),
        sizes=np.array([len(one.labels) for one in readings]),
    )
    partial.replace(path)


def read_readings(path: Path) -> Iterator[tuple[int, FirstReading]]:
    """What `write_readings` wrote.

    Raises:
        InputError: if the file cannot be read.
    """
    try:
        with np.load(path) as file:
            parts = {name: file[name] for name in file.files}
        places, sizes = parts["places"].tolist(), parts["sizes"].tolist()
        column = label = cut = 0
        for place, size in zip(places, sizes, strict=True):
            cuts = tuple(parts["cuts"][cut : cut + size + 1].tolist())
            columns = slice(column, column + cuts[-1])
            labels = tuple(parts["labels"][label : label + size].tolist())
            yield (
                place,
                FirstReading(parts["kinds"][columns], parts["odds"][columns], labels, cuts),
            )
            column, label, cut = columns.stop, label + size, cut + size + 1
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no first readings; delete it, it is made again") from error


Beside = tuple[FirstReading | None, FirstReading | None]


class Repertoire:
    """The readings of a corpus, and where in them which labels stand in a row.

    Attributes:
        readings: of its lines.
        beside: of each the readings of the lines before and after it on its page.
    """

    def __init__(self, readings: Sequence[FirstReading], beside: Sequence[Beside] = ()) -> None:
        """Of at least one reading; lines of which nothing is said have nothing beside them."""
        self.readings = readings
        self.beside = beside or [(None, None)] * len(readings)
        self._kinds = np.concatenate([one.kinds for one in readings])
        self._odds = np.concatenate([one.odds for one in readings])
        likely = self._odds.argmax(axis=1)
        self._best = self._kinds[np.arange(len(likely)), likely]
        starts = np.cumsum([0, *(len(one.kinds) for one in readings)])
        self._labels = np.array([n for one in readings for n in (*one.labels, _SEPARATOR)])
        # Where each label begins; at a separator, where the label before it ends.
        self._cuts = np.concatenate(
            [np.array(one.cuts) + start for one, start in zip(readings, starts, strict=False)]
        )
        self._places = [self._index(length) for length in range(1, _LONGEST + 1)]

    def _index(self, length: int) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """Codes of all labels of a length in a row, sorted, and where they stand."""
        last = len(self._labels) - length + 1
        rows = np.stack([self._labels[n : last + n] for n in range(length)])
        whole = np.flatnonzero((rows != _SEPARATOR).all(axis=0))
        codes = _code(rows[:, whole])
        order = np.argsort(codes, kind="stable")
        return codes[order], whole[order]

    def compose(self, labels: Sequence[int], rng: np.random.Generator) -> FirstReading:
        """The reading of a text that no line has, put together of parts of readings.

        Args:
            labels: what it says; at least one.
            rng: seeded by the caller.
        """
        kinds: list[Kinds] = []
        odds: list[Odds] = []
        cuts = [0]
        lengths = 1 + rng.choice(_LONGEST, size=len(labels), p=_LENGTHS)
        chances = rng.random(len(labels))
        place, last, width = 0, BLANK, self._kinds.shape[1]
        while place < len(labels):
            wanted = labels[place : place + int(lengths[place])]
            at, taken = self._find(wanted, chances[place])
            if taken:
                left, right = self._cuts[at], self._cuts[at + taken]
                part = self._kinds[left:right], self._odds[left:right]
                ends = (self._cuts[at + 1 : at + taken + 1] - left).tolist()
                best = self._best[left:right]
            else:
                part, ends, taken = _column(labels[place], _SURE, width), [1], 1
                best = part[0][0, :1]
            if len(best) and best[0] == last != BLANK:  # or the two would be one letter
                blank = _column(BLANK, 1.0, width)
                kinds.append(blank[0])
                odds.append(blank[1])
                cuts[-1] += 1
            kinds.append(part[0])
            odds.append(part[1])
            cuts += [cuts[-1] + end for end in ends]
            place += taken
            last = int(best[-1]) if len(best) else last
        return FirstReading(np.concatenate(kinds), np.concatenate(odds), tuple(labels), tuple(cuts))

    def _find(self, labels: Sequence[int], chance: float) -> tuple[int, int]:
        """One of the places where the longest beginning of some labels stands, and its length."""
        for length in range(len(labels), 0, -1):
            codes, places = self._places[length - 1]
            code = _code(np.array(labels[:length]))
            low, high = np.searchsorted(codes, code), np.searchsorted(codes, code, "right")
            if high > low:
                return int(places[low + int(chance * (high - low))]), length
        return 0, 0


def _code(labels: NDArray[np.int_]) -> NDArray[np.int64]:
    """One number for the labels in each column of (length, N), or in (length,)."""
    code = np.zeros(labels.shape[1:], np.int64)
    for row in labels:
        code = code * _BASE + row
    return code
