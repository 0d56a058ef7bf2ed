"""A known text and the lines of some pages -> which word stands on which line.

The text is matched to what the network saw, letter by letter, by dynamic programming over all
lines at once: one pass through the text, in which every line is a way through its letters, and
from the end of each line there are ways to the starts of others. Lines in reading order follow
one another for nothing; a jump costs, so that a text whose order differs from ours still finds
its lines (after Ney, "The use of a one-stage dynamic programming algorithm for connected word
recognition", IEEE ASSP 32, 1984; soft costs as in forced alignment).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognize.alphabet import Alphabet
from recognize.ctc import Probabilities, decode_greedily

Costs = NDArray[np.float64]
Ints = NDArray[np.int_]

_FAR = 1e4  # between the lines, in the sums of costs: no way leads across


@dataclass(frozen=True, slots=True)
class MatchParams:
    """Costs of `match_words`, in letters that are plainly wrong."""

    missing: float = 0.7  # a letter of the text for which there is no ink
    missing_space: float = 0.3
    surplus: float = 0.5  # ink for which there is no letter
    surplus_space: float = 0.25
    unknown: float = 0.5  # a character that the network does not know, on any ink
    sharpness: float = 6.0  # natural logarithms by which a letter is less likely, to cost all
    unwritten: float = 0.5  # a letter of a passage that is not on the page,
    unwritten_start: float = 3.0  # and the passage itself
    skip: float = 1.5  # lines left out in reading order,
    skip_letter: float = 0.1  # and each letter on them
    jump: float = 3.0  # to any other line
    inside: float = 1.5  # a line's end inside a word
    no_break: float = 0.5  # a line's end where the text has none, if it keeps line breaks


@dataclass(frozen=True, slots=True)
class Piece:
    """Letters of a word that stand on a line; all of them, unless the word is broken.

    Attributes:
        word: number of the word.
        line: number of the line.
        first: first letter.
        last: last letter + 1.
        seen: how many of the letters met ink.
    """

    word: int
    line: int
    first: int
    last: int
    seen: int


@dataclass(frozen=True, slots=True)
class _Slots:
    """The letters that the network saw on all lines, end to end, as states of the ways.

    A line has one state more than letters, in which nothing of it is taken yet. The first line is
    none: it is what comes before the page.

    Attributes:
        costs: float64 (labels + 1, states): of coming into a state by a label of the text; the
            last label stands for characters that the network does not know.
        sums: float64 (states,): running sum of what it costs to leave ink without a letter; very
            large steps part the lines.
        starts: first state of each line.
        ends: last state of each line.
        letters: how many letters there are up to the end of each line.
    """

    costs: Costs
    sums: Costs
    starts: Ints
    ends: Ints
    letters: Ints


@dataclass(frozen=True, slots=True)
class _Letter:
    """A letter of the text, or a space between two words (place -1)."""

    label: int
    word: int
    place: int


def match_words(
    lines: Sequence[Probabilities],
    words: Sequence[str],
    alphabet: Alphabet,
    line_starts: frozenset[int] = frozenset(),
    params: MatchParams = MatchParams(),
) -> list[Piece]:
    """Find the line of every word.

    Args:
        lines: float (T, labels) of each line in reading order.
        words: the text, without white space.
        alphabet: of the labels.
        line_starts: numbers of the words with which the text begins a line; empty if it does not
            keep line breaks.
        params: see `MatchParams`.

    Returns:
        The pieces in the text's order. Words of passages without ink have none.
    """
    if not words or not lines:
        return []
    slots = _slots_of(lines, alphabet, params)
    text = _letters(words, alphabet)
    return _gathered(_Pass(slots, text, line_starts, params).run(), text)


_ALIKE = str.maketrans("’‘ʼ“”„«»–—−‐‑¬⸗ſ…", '\'\'\'"""""-------s.')


def label_of(character: str, alphabet: Alphabet) -> int:
    """A character's label, or that of one like it; len(alphabet) if there is none."""
    plain = character.translate(_ALIKE)
    for form in (character, plain, unicodedata.normalize("NFKD", plain)[0]):
        place = alphabet.characters.find(form)
        if place >= 0:
            return place + 1
    return len(alphabet)


def _letters(words: Sequence[str], alphabet: Alphabet) -> list[_Letter]:
    space = label_of(" ", alphabet)
    text: list[_Letter] = []
    for number, word in enumerate(words):
        if number:
            text.append(_Letter(space, number - 1, -1))
        labels = (label_of(character, alphabet) for character in word)
        text += [_Letter(label, number, place) for place, label in enumerate(labels)]
    return text


def _slots_of(lines: Sequence[Probabilities], alphabet: Alphabet, params: MatchParams) -> _Slots:
    space = label_of(" ", alphabet)
    nothing = np.full(lines[0].shape[1] + 1, np.inf)
    costs, steps, sizes = [nothing], [0.0], [0]
    for line in lines:
        found = decode_greedily(line)
        sizes.append(len(found.labels))
        costs.append(nothing)
        steps.append(_FAR)
        costs += [_slot_costs(line[a:b], params) for a, b in found.spans]
        steps += [
            params.surplus_space if label == space else params.surplus for label in found.labels
        ]
    ends = np.cumsum(np.asarray(sizes) + 1) - 1
    table = np.ascontiguousarray(np.stack(costs).T)
    starts = ends - np.asarray(sizes)
    return _Slots(table, np.cumsum(steps), starts, ends, np.cumsum(sizes))


def _slot_costs(columns: Probabilities, params: MatchParams) -> Costs:
    """What it costs to take some columns for each label."""
    peaks = columns.max(axis=0).astype(np.float64)
    peaks[0] = 0.0  # the blank is no letter
    costs = np.log(peaks.max() / np.maximum(peaks, 1e-12)) / params.sharpness
    return np.append(np.minimum(costs, 1.0), params.unknown)


class _Pass:
    """One pass through the text: the costs of all ways, and how to go back along the best.

    Places on the way are counted between letters: place 3 is after three letters of the text.
    """

    _MISSED, _TAKEN, _LEFT_OUT, _ENTERED, _AS_BEFORE = range(5)

    def __init__(
        self,
        slots: _Slots,
        text: Sequence[_Letter],
        line_starts: frozenset[int],
        params: MatchParams,
    ) -> None:
        self._slots, self._text, self._params = slots, text, params
        self._line_starts = line_starts
        self._last = {letter.word: letter.place for letter in text if letter.place >= 0}
        shape = len(text) + 1, len(slots.sums)
        # How each state was come to before a change of lines, and how after it.
        self._before = np.full(shape, self._MISSED, np.int8)
        self._after = np.full(shape, self._AS_BEFORE, np.int8)
        # From which line each line was come to, and where on the way that one was left.
        self._origins = np.zeros((len(text) + 1, len(slots.starts)), np.int32)
        self._left = np.zeros((len(text) + 1, len(slots.starts)), np.int32)

    def run(self) -> list[tuple[int, bool]]:
        """For each letter the line on which the best way has it, 0 for none; and if it met ink."""
        slots, params = self._slots, self._params
        best = np.full(len(slots.sums), np.inf)
        best[0] = 0.0
        unwritten = np.full(len(slots.starts), np.inf)
        since = np.zeros(len(slots.starts), np.int32)
        for place in range(len(self._text) + 1):
            if place:
                best = self._step(best, place)
                unwritten += params.unwritten
            price = self._price_of_break(place)
            if price is None:
                continue
            ends = best[slots.ends]
            if self._is_between_words(place):
                begun = ends + params.unwritten_start < unwritten
                unwritten[begun] = ends[begun] + params.unwritten_start
                since[begun] = place
                leaving = np.minimum(ends, unwritten)
            else:
                leaving = ends
            self._left[place] = np.where(leaving < ends, since, place)
            if place < len(self._text):
                best = self._change_lines(best, leaving, price, place)
        return self._back(int((leaving + self._rest()).argmin()))

    def _step(self, best: Costs, place: int) -> Costs:
        """Costs after one more letter."""
        letter = self._text[place - 1]
        params = self._params
        missed = best + (params.missing_space if letter.place < 0 else params.missing)
        taken = np.append(np.inf, best[:-1]) + self._slots.costs[letter.label]
        self._before[place] = taken < missed  # _TAKEN, else _MISSED
        return self._leave_out(np.minimum(missed, taken), self._before[place])

    def _leave_out(self, best: Costs, moves: NDArray[np.int8]) -> Costs:
        """Costs when ink may be left without a letter."""
        sums = self._slots.sums
        least = np.minimum.accumulate(best - sums) + sums
        moves[least < best - 1e-9] = self._LEFT_OUT
        return least

    def _change_lines(self, best: Costs, leaving: Costs, price: float, place: int) -> Costs:
        """Costs when the line may be left for another, at the price of a break here."""
        slots, params = self._slots, self._params
        skipping = leaving - params.skip_letter * slots.letters
        nearest = np.arange(len(leaving))
        earlier = np.minimum.accumulate(skipping)
        from_line = np.maximum.accumulate(np.where(skipping <= earlier, nearest, 0))
        entry = np.full(len(leaving), np.inf)
        origin = np.zeros(len(leaving), np.int32)
        ahead = slots.letters[1:-1] * params.skip_letter  # up to the line before
        entry[2:] = earlier[:-2] + ahead + params.skip
        origin[2:] = from_line[:-2]
        far = int(leaving.argmin())
        jumps = leaving[far] + params.jump < entry
        entry[jumps], origin[jumps] = leaving[far] + params.jump, far
        follows = leaving[:-1] < entry[1:]
        entry[1:][follows], origin[1:][follows] = leaving[:-1][follows], nearest[:-1][follows]
        entry[0] = np.inf
        better = entry + price < best[slots.starts]
        starts = slots.starts[better]
        best[starts] = entry[better] + price
        moves = self._after[place]
        moves[starts] = self._ENTERED
        self._origins[place] = origin
        sums = slots.sums
        least = np.minimum.accumulate(best - sums) + sums
        moves[least < best - 1e-9] = self._LEFT_OUT
        return least

    def _is_between_words(self, place: int) -> bool:
        if place in (0, len(self._text)):
            return True
        return self._text[place - 1].place < 0

    def _price_of_break(self, place: int) -> float | None:
        """What a line's end costs after so many letters; None where it may not be."""
        if self._is_between_words(place):
            if not self._line_starts or place in (0, len(self._text)):
                return 0.0
            return 0.0 if self._text[place].word in self._line_starts else self._params.no_break
        letter = self._text[place]
        if 2 <= letter.place <= self._last[letter.word] - 1:
            return self._params.inside
        return None

    def _rest(self) -> Costs:
        """What it costs to end on each line and leave out those that follow."""
        after = self._slots.letters[-1] - self._slots.letters
        costs = after * self._params.skip_letter + self._params.skip
        return np.append(costs[:-1], 0.0)

    def _back(self, line: int) -> list[tuple[int, bool]]:
        """Follow the best way back from the line it ends on."""
        slots = self._slots
        found = [(0, False)] * len(self._text)
        line_of = np.repeat(np.arange(len(slots.starts)), slots.ends - slots.starts + 1)
        place, state = int(self._left[len(self._text), line]), int(slots.ends[line])
        changed = False  # whether we are where lines have been changed at this place
        while place > 0 or state > 0:
            move = self._after[place, state] if changed else self._before[place, state]
            if move == self._AS_BEFORE:
                changed = False
            elif move == self._LEFT_OUT:
                state -= 1
            elif move == self._ENTERED:
                origin = int(self._origins[place, line_of[state]])
                place, state = int(self._left[place, origin]), int(slots.ends[origin])
                changed = False
            else:
                taken = bool(move == self._TAKEN)
                found[place - 1] = int(line_of[state]), taken
                place, state, changed = place - 1, state - taken, True
        return found


def _gathered(found: Sequence[tuple[int, bool]], text: Sequence[_Letter]) -> list[Piece]:
    """The letters of a word that are on one line, together."""
    pieces: list[Piece] = []
    for letter, (line, taken) in zip(text, found, strict=True):
        if letter.place < 0 or not line:
            continue
        last = pieces[-1] if pieces else None
        if last and (last.word, last.line) == (letter.word, line - 1):
            pieces[-1] = replace(last, last=letter.place + 1, seen=last.seen + taken)
        else:
            pieces.append(Piece(letter.word, line - 1, letter.place, letter.place + 1, int(taken)))
    return pieces
