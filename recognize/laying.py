"""The words of a line laid on its CTC probabilities: where each stands, and what the ink says.

Forced alignment that forgives: ink between two words may be without text, and a word may be
without ink, each at its price. So a wrong transcript bends only what is wrong in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognize.alphabet import BLANK, Alphabet
from recognize.ctc import Probabilities, decode_greedily
from recognize.transcript import label_of

Logs = NDArray[np.float64]
Ints = NDArray[np.int_]

_LEAST = 1e-9  # probabilities are not believed to be smaller
_NEVER = 1e6  # a price that nothing is worth


@dataclass(frozen=True, slots=True)
class LayingParams:
    """Prices of `lay_words`, in natural logarithms."""

    surplus: float = 2.0  # a column with a letter that the text has not
    unwritten: float = 3.0  # a word without ink,
    unwritten_letter: float = 3.0  # and each letter of it
    unknown: float = 1.0  # a column of a character that the network does not know
    replaced: float = 0.4  # letters seen per letter of words without ink, at least and 1 / at most,
    # for the words to be laid on ink that is without a word: a wrong word is in another's place


@dataclass(frozen=True, slots=True)
class LaidWord:
    """A word on its ink.

    Attributes:
        spans: first and last + 1 column of each character's peak.
        left: column at which the word begins, neighbours and gaps considered.
        right: column at which it ends.
        against: natural logarithm of how much more likely the network's own reading is here.
        support: how well the ink bears the word out, in [0, 1]: the probability of a letter of it
            against the network's own, the geometric mean.
        seen: what the network itself reads here.
    """

    spans: tuple[tuple[int, int], ...]
    left: float
    right: float
    against: float
    support: float
    seen: str


@dataclass(frozen=True, slots=True)
class Surplus:
    """Ink of a line that no word of the text accounts for.

    Attributes:
        left: column at which it begins, neighbours and gaps considered.
        right: column at which it ends.
        seen: what the network reads there.
        before: number of the word before which it stands.
    """

    left: float
    right: float
    seen: str
    before: int


@dataclass(frozen=True, slots=True)
class LaidLine:
    """The words of a line, None for those without ink, and ink without a word."""

    words: tuple[LaidWord | None, ...]
    surplus: tuple[Surplus, ...]


def lay_words(
    probabilities: Probabilities,
    words: Sequence[str],
    alphabet: Alphabet,
    params: LayingParams = LayingParams(),
) -> LaidLine:
    """Find where on a line each of its words is.

    Args:
        probabilities: float (T, labels) of the line.
        words: what should stand there, in order, without white space.
        alphabet: of the labels.
        params: see `LayingParams`.
    """
    states = _States.of(words, alphabet)
    logs = np.log(np.maximum(probabilities.astype(np.float64), _LEAST))
    scores = _scores(logs, states, alphabet, params)
    path = _best_way(scores, states, params) if len(logs) else np.zeros(0, int)
    _replace(path, logs, scores, states, alphabet, params)
    return _laid(logs, path, states, alphabet)


@dataclass(frozen=True, slots=True)
class _States:
    """The states of a line: a gap, then per word its letters with blanks between, and a gap.

    Attributes:
        labels: of each state; the blank for blanks and gaps.
        words: number of each letter's word; -1 for blanks and gaps.
        gaps: the gaps' states, one more than words.
        lengths: letters of each word.
    """

    labels: Ints
    words: Ints
    gaps: Ints
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, words: Sequence[str], alphabet: Alphabet) -> _States:
        labels, numbers, gaps = [BLANK], [-1], [0]
        for number, word in enumerate(words):
            for place, character in enumerate(word):
                if place:
                    labels.append(BLANK)
                    numbers.append(-1)
                labels.append(label_of(character, alphabet))
                numbers.append(number)
            gaps.append(len(labels))
            labels.append(BLANK)
            numbers.append(-1)
        lengths = tuple(len(word) for word in words)
        return cls(np.asarray(labels), np.asarray(numbers), np.asarray(gaps), lengths)

    def part(self, first: int, last: int) -> _States:
        """The states of some of the words, with the gaps around them."""
        start, end = int(self.gaps[first]), int(self.gaps[last]) + 1
        words = self.words[start:end]
        return _States(
            self.labels[start:end],
            np.where(words >= 0, words - first, -1),
            self.gaps[first : last + 1] - start,
            self.lengths[first:last],
        )


def _scores(logs: Logs, states: _States, alphabet: Alphabet, params: LayingParams) -> Logs:
    """Logarithms of each state in each column, float64 (T, states)."""
    best = logs.max(axis=1)
    unknown = logs[:, 1:].max(axis=1) - params.unknown
    scores = np.column_stack([logs, unknown])[:, states.labels]
    space = label_of(" ", alphabet)
    between = np.maximum(logs[:, BLANK], logs[:, min(space, logs.shape[1] - 1)])
    scores[:, states.gaps] = np.maximum(between, best - params.surplus)[:, None]
    return scores


def _best_way(scores: Logs, states: _States, params: LayingParams) -> Ints:
    """The state of each column on the best way."""
    columns, size = scores.shape
    # A letter may follow a letter without a column between them, unless it is the same.
    skips = np.full(size, -np.inf)
    letters = np.flatnonzero(states.words >= 0)
    different = states.labels[letters[1:]] != states.labels[letters[:-1]]
    skips[letters[1:]] = np.where(different, 0.0, -np.inf)
    prices = np.cumsum(
        [0.0] + [params.unwritten + params.unwritten_letter * length for length in states.lengths]
    )
    best = np.full(size, -np.inf)
    best[: min(2, size)] = scores[0, :2]
    moves = np.zeros((columns, size), np.int8)
    _leave_out(best, states.gaps, prices, moves[0])
    ways = np.full((3, size), -np.inf)
    for column in range(1, columns):
        ways[0] = best
        ways[1, 1:] = best[:-1]
        ways[2, 2:] = best[:-2] + skips[2:]
        moves[column] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[column]
        _leave_out(best, states.gaps, prices, moves[column])
    state = size - 1 if size < 2 or best[-1] >= best[-2] else size - 2
    return _back(moves, state, states)


def _leave_out(best: Logs, gaps: Ints, prices: Logs, moves: NDArray[np.int8]) -> None:
    """Let words be without ink: from the gap before one to the gap after it, in no column."""
    at_gaps = best[gaps]
    # Relative to the price of leaving out all words so far, leaving out one more costs nothing.
    greatest = np.maximum.accumulate(at_gaps + prices) - prices
    better = greatest > at_gaps + 1e-9
    best[gaps[better]] = greatest[better]
    moves[gaps[better]] = 3


def _back(moves: NDArray[np.int8], state: int, states: _States) -> Ints:
    number_of = {int(gap): number for number, gap in enumerate(states.gaps)}
    path = np.empty(len(moves), int)
    for column in range(len(moves) - 1, -1, -1):
        while moves[column, state] == 3:
            state = int(states.gaps[number_of[state] - 1])
        path[column] = state
        state -= int(moves[column, state])
    return path


def _replace(
    path: Ints, logs: Logs, scores: Logs, states: _States, alphabet: Alphabet, params: LayingParams
) -> None:
    """Lay words without ink on ink without words, where there is about enough of it."""
    firm = replace(params, unwritten=_NEVER)
    for first, last in _without_ink(path, states):
        start, end = int(states.gaps[first]), int(states.gaps[last])
        columns = slice(*np.searchsorted(path, (start, end + 1), "left"))
        if columns.stop <= columns.start:
            continue
        seen = sum(character.isalnum() for character in _read(logs[columns], alphabet))
        share = seen / sum(states.lengths[first:last])
        if params.replaced <= share <= 1 / params.replaced:
            part = states.part(first, last)
            way = _best_way(scores[columns, start : end + 1], part, firm)
            path[columns] = start + way


def _without_ink(path: Ints, states: _States) -> Iterator[tuple[int, int]]:
    """Words in a row that the way leaves out: first and last + 1."""
    taken = set(states.words[path].tolist()) if len(path) else set()
    start = 0
    for number in range(len(states.lengths) + 1):
        if number == len(states.lengths) or number in taken:
            if start < number:
                yield start, number
            start = number + 1


def _laid(logs: Logs, path: Ints, states: _States, alphabet: Alphabet) -> LaidLine:
    laid: list[LaidWord | None] = [None] * len(states.lengths)
    if not len(path):
        return LaidLine(tuple(laid), ())
    space = label_of(" ", alphabet)
    peaks = np.asarray(logs.argmax(axis=1))
    worse = logs.max(axis=1) - _forced(logs, path, states, space)
    taken = [(n, spans) for n in range(len(laid)) if (spans := _columns_of(path, states, n))]
    for place, (number, spans) in enumerate(taken):
        before = taken[place - 1][1][-1][1] if place else 0
        after = taken[place + 1][1][0][0] if place + 1 < len(taken) else len(path)
        first, last = _with_near_ink(peaks, spans[0][0], spans[-1][1], (before, after), space)
        against = float(worse[first:last].sum())
        left, right = _edges(spans, before, after)
        laid[number] = LaidWord(
            spans,
            left,
            right,
            against,
            math.exp(-against / len(spans)),
            _read(logs[first:last], alphabet),
        )
    return LaidLine(tuple(laid), tuple(_surplus(logs, path, states, alphabet)))


def _forced(logs: Logs, path: Ints, states: _States, space: int) -> Logs:
    """Logarithm of what the best way takes each column for, float64 (T,)."""
    columns = np.arange(len(path))
    labels = np.minimum(states.labels[path], logs.shape[1] - 1)
    own = logs[columns, labels]
    unknown = states.labels[path] >= logs.shape[1]
    own[unknown] = logs[unknown].max(axis=1)
    at_gap = np.isin(path, states.gaps)
    between = np.maximum(logs[:, BLANK], logs[:, min(space, logs.shape[1] - 1)])
    return np.where(at_gap, between, own)


def _columns_of(path: Ints, states: _States, number: int) -> tuple[tuple[int, int], ...]:
    """The columns of each letter of a word; none if the word has no ink."""
    letters = np.flatnonzero(states.words == number)
    first = np.searchsorted(path, letters, "left")
    last = np.searchsorted(path, letters, "right")
    if last[0] <= first[0]:
        return ()
    return tuple((int(a), int(b)) for a, b in zip(first, last, strict=True))


def _with_near_ink(
    peaks: Ints, first: int, last: int, bounds: tuple[int, int], space: int
) -> tuple[int, int]:
    """A word's columns and those beside it, up to a space or another word."""
    while first > bounds[0] and peaks[first - 1] != space:
        first -= 1
    while last < bounds[1] and peaks[last] != space:
        last += 1
    return first, last


def _edges(spans: Sequence[tuple[int, int]], before: int, after: int) -> tuple[float, float]:
    """Where a word begins and ends: peaks are narrower than letters."""
    centers = [(left + right) / 2 for left, right in spans]
    pitch = (centers[-1] - centers[0]) / (len(centers) - 1) if len(centers) > 1 else 3.0
    left = max((before + spans[0][0]) / 2, centers[0] - 0.75 * pitch)
    right = min((after + spans[-1][1]) / 2, centers[-1] + 0.75 * pitch)
    return min(left, float(spans[0][0])), max(right, float(spans[-1][1]))


def _read(logs: Logs, alphabet: Alphabet) -> str:
    return alphabet.decode(decode_greedily(logs.astype(np.float32)).labels).strip()


def _surplus(logs: Logs, path: Ints, states: _States, alphabet: Alphabet) -> Iterator[Surplus]:
    for before, gap in enumerate(states.gaps):
        columns = np.flatnonzero(path == gap)
        if not len(columns):
            continue
        start, end = int(columns[0]), int(columns[-1]) + 1
        found = decode_greedily(logs[start:end].astype(np.float32))
        seen = alphabet.decode(found.labels)
        if sum(character.isalnum() for character in seen) >= 2:
            spans = [
                (start + a, start + b)
                for (a, b), character in zip(found.spans, seen, strict=True)
                if not character.isspace()
            ]
            left, right = _edges(spans, start, end)
            yield Surplus(left, right, seen.strip(), before)
