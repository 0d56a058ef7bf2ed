"""A second reading: label probabilities to better ones, by what languages make of them.

A network reads letters by their shapes and knows little of language: it has seen a few million
letters on paper. The reviser sees no picture, only what the first reading holds possible in each
column, so that it can learn from as much text as there is. Refining an alignment of CTC by a second
network is after Chi et al., "Align-Refine" (NAACL 2021), its training as a language model in either
direction after Peters et al., "Deep contextualized word representations" (NAACL 2018).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recognize.alphabet import BLANK
from recognize.ctc import Probabilities

KINDS = 8  # labels of a column that the reviser is told of, the likeliest
_LEAST = 1e-4  # probability below which a label is as unlikely as any
_BLANK = 0.99  # a column that is blank with this probability says nothing
_ROUND = 16  # lengths are padded to multiples, so that lines share a batch
_MAX_COLUMNS = 8_000  # columns of a batch
BESIDE = 16  # columns that it is shown of the lines before and after
_DROPOUT = 0.1
_EAGERNESS = 1.5  # of its own reading that is read again; chosen on val
_ORDERS = (3, 4, 5, 6)  # letters of the runs that are remembered
_WIDTH = 32  # values kept of each
_BITS = 8  # of a letter in a run
_SCATTER, _DROPPED = 0x1E3779B97F4A7C15, 36  # runs to rows, evenly spread
# Letters on the left and on the right of a gap that are remembered together.
_SIDES = ((2, 2), (3, 2), (2, 3), (3, 3))
_REACH = 7  # letters of a gap's word on either side
_NEAR = 3  # letters on either side of a gap that may be other ones than seem likeliest
_VARIANTS = 2  # how many of them, one at a time


class Grams(nn.Module):
    """What is remembered of runs of letters, a row of a table for each; rare ones share rows.

    An LSTM of some hundred units cannot know the words of several languages by heart, but a table
    can, and costs no time (Pagnoni et al., "Byte Latent Transformer", 2024, have such ones).
    """

    names: Tensor  # what a letter is called in the table; it stays so if an alphabet grows

    def __init__(self, labels: int, rows: int, hidden: int) -> None:
        """A table of `rows`, a power of 2, that tells `hidden` values in either direction."""
        super().__init__()
        self.table = nn.Parameter(torch.zeros(rows, _WIDTH))
        size = len(_ORDERS) * _WIDTH
        self.after, self.before = nn.Linear(size, hidden), nn.Linear(size, hidden)
        for side in (self.after, self.before):  # an empty table has nothing to say
            nn.init.zeros_(side.bias)
        self.register_buffer("names", torch.arange(labels))

    def forward(self, best: Tensor) -> Tensor:
        """(T, N) likeliest labels to (T, N, 2 hidden) values of what may come after and before."""
        named = self.names[best]
        ends = self.after(self._recall(named))
        starts = self.before(self._recall(named.flip(0)).flip(0))
        return torch.cat([ends, starts], dim=2)

    def _recall(self, best: Tensor) -> Tensor:
        """The table's rows for the last letters at each place, (T, N, orders * width)."""
        return _looked_up(self.table, [runs * _SCATTER for runs in runs_of_letters(best)])


def _looked_up(table: Tensor, keys: Sequence[Tensor]) -> Tensor:
    """The rows of a table for some numbers (T, N), side by side, (T, N, numbers * width)."""
    places = [(key >> _DROPPED) & (len(table) - 1) for key in keys]
    return nn.functional.embedding(torch.stack(places, dim=2), table).flatten(2)


def _begins(best: Tensor) -> Tensor:
    """Whether a letter begins in each of the columns with these likeliest labels, bool (T, N)."""
    before = torch.cat([torch.full_like(best[:1], BLANK), best[:-1]])
    return (best != BLANK) & (best != before)


def runs_of_letters(best: Tensor) -> list[Tensor]:
    """The last letters up to each column, packed to one number, for each of the orders.

    Args:
        best: int64 (T, N), the likeliest label of each column.

    Returns:
        For each order int64 (T, N).
    """
    begins = _begins(best)
    count = begins.cumsum(0)
    letters = torch.zeros(len(best) + 1, best.shape[1], dtype=torch.int64, device=best.device)
    letters.scatter_(0, torch.where(begins, count, 0), best)
    letters[0] = BLANK
    found = []
    run = torch.zeros_like(letters)
    for length in range(1, max(_ORDERS) + 1):
        run = run | (letters << (_BITS * (length - 1)))
        letters = torch.cat([torch.full_like(letters[:1], BLANK), letters[:-1]])
        if length in _ORDERS:
            found.append(((run << 3) | length).gather(0, count))
    return found


class Gaps(nn.Module):
    """What is remembered to stand between the letters on the left and those on the right.

    Each side by itself tells little of what is between them, and half of what stands beside a
    letter in doubt is in doubt itself: the surroundings are looked up as they seem likeliest, and
    with each of the most doubtful letters in them as the next likeliest it may be.
    """

    names: Tensor  # as in Grams
    space: Tensor  # the name of what parts words

    def __init__(self, labels: int, rows: int, size: int) -> None:
        """A table of `rows`, a power of 2, that tells `size` values of each gap."""
        super().__init__()
        self.table = nn.Parameter(torch.zeros(rows, _WIDTH))
        self.told = nn.Linear((len(_SIDES) + 1) * _WIDTH, size)
        nn.init.zeros_(self.told.weight)
        nn.init.zeros_(self.told.bias)
        self.between = nn.Linear((len(_SIDES) + 1) * _WIDTH, labels)
        self.share = nn.Parameter(torch.zeros(()))  # of what is between in what is said
        self.register_buffer("names", torch.arange(labels))
        self.register_buffer("space", torch.zeros((), dtype=torch.int64))

    def recall(self, probabilities: Tensor) -> Tensor:
        """(T, N, labels) probabilities to (T, N, (sides + 1) * width) values of the table."""
        return reduce(
            torch.add,
            (
                _looked_up(self.table, self._keys(left, right)) * share[:, :, None]
                for left, right, share in surroundings(probabilities, self.names)
            ),
        )

    def _keys(self, left: Tensor, right: Tensor) -> list[Tensor]:
        """One number for each gap's surroundings, so far as each order and its word go."""
        keys = []
        for number, (before, after) in enumerate(_SIDES):
            run = torch.full_like(left[0], number + 1)
            for letter in (*left[:before], *right[:after]):
                run = (run << _BITS) | letter
            keys.append(_mixed(run))
        return [*keys, _mixed(self._in_word(left)) + _mixed(~self._in_word(right))]

    def _in_word(self, side: Tensor) -> Tensor:
        """The letters of a side up to the first space, packed to one number."""
        run = torch.zeros_like(side[0])
        is_open = torch.ones_like(run, dtype=torch.bool)
        for place, letter in enumerate(side[:_REACH]):
            run = run | (torch.where(is_open, letter, BLANK) << (_BITS * place))
            is_open = is_open & (letter != self.space)
        return run


def _mixed(run: Tensor) -> Tensor:
    """Numbers of which each bit tells in those that are taken of the product."""
    product = run * _SCATTER
    return (product ^ (product >> 29)) * _SCATTER


@dataclass(frozen=True, slots=True, eq=False)
class _Letters:
    """The letters of lines in their order, each by its surest column; 0 before and after them.

    Attributes:
        names: what they are called, int64 (letters, N).
        others: what the next likeliest label is called, blank is 0.
        doubts: how likely that is.
        count: how many have begun up to each column, int64 (T, N).
        stands: whether a column has a letter, bool (T, N).
    """

    names: Tensor
    others: Tensor
    doubts: Tensor
    count: Tensor
    stands: Tensor


def _letters_of(probabilities: Tensor, names: Tensor) -> _Letters:
    odds, likely = probabilities.topk(2, dim=2)
    best, other = likely.unbind(2)
    stands = best != BLANK
    count = _begins(best).cumsum(0)
    size = len(best) + _REACH + 2, best.shape[1]
    place = torch.where(stands, count, 0)
    most = odds.new_zeros(size).scatter_reduce(0, place, odds[:, :, 0], "amax")
    surest = stands & (odds[:, :, 0] == most.gather(0, place))

    def ordered(values: Tensor) -> Tensor:
        found = values.new_zeros(size).scatter_(0, torch.where(surest, count, 0), values)
        found[0] = 0
        return found

    return _Letters(
        ordered(names[best]), ordered(names[other]), ordered(odds[:, :, 1]), count, stands
    )


def surroundings(probabilities: Tensor, names: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """The letters on the left and right of each column, the nearest first, as they may be.

    Args:
        probabilities: (T, N, labels).
        names: int64 (labels,), what each label is called; blank is 0.

    Returns:
        Left and right letters, int64 (letters, T, N) each, and how likely they are, (T, N), which
        add up to 1: first as they seem likeliest, then with one that is in doubt as its other.
    """
    letters = _letters_of(probabilities, names)
    steps = torch.arange(_REACH + 1, device=names.device)[:, None, None]
    before = letters.count - letters.stands.long()
    places = (before - steps).clamp(min=0), letters.count + 1 + steps
    left, right = (_at(letters.names, place) for place in places)
    near = torch.cat([place[:_NEAR] for place in places])
    others = _at(letters.others, near)
    shares, which = _at(letters.doubts, near).topk(_VARIANTS, dim=0)
    shares = shares / _VARIANTS
    ways = [(left, right, 1 - shares.sum(0))]
    for share, place in zip(shares, which, strict=True):
        other = others.gather(0, place[None])[0]
        ways.append(
            (_with_other(left, place, other), _with_other(right, place - _NEAR, other), share)
        )
    return ways


def _at(values: Tensor, places: Tensor) -> Tensor:
    """(letters, N) values at (K, T, N) places."""
    return values.gather(0, places.flatten(0, 1)).view(places.shape)


def _with_other(side: Tensor, place: Tensor, other: Tensor) -> Tensor:
    """Letters (K, T, N) with another at one of the near places, or none there if that is blank.

    Args:
        side: of each column, the nearest first.
        place: (T, N); one that is not near leaves a column's letters as they are.
        other: (T, N).
    """
    steps = torch.arange(len(side), device=side.device)[:, None, None]
    here = (place >= 0) & (place < _NEAR)
    without = torch.where(here & (steps >= place), torch.cat([side[1:], side[-1:]]), side)
    replaced = torch.where(here & (steps == place), other, side)
    return torch.where(other == BLANK, without, replaced)


class Reviser(nn.Module):
    """Two BiLSTMs whose output is added to the logarithms of what they were given.

    Untrained it changes nothing.
    """

    def __init__(self, labels: int, hidden: int, rows: int = 0, gaps: int = 0) -> None:
        """For `labels` labels, with `hidden` units a direction, rows of `Grams` and of `Gaps`."""
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Linear(2 * labels, hidden)
        self.reading = nn.LSTM(hidden, hidden, bidirectional=True)
        self.revision = nn.LSTM(2 * hidden, hidden, bidirectional=True)
        self.grams = Grams(labels, rows, hidden) if rows else None
        self.gaps = Gaps(labels, gaps, 2 * hidden) if gaps else None
        self.dropout = nn.Dropout(_DROPOUT)
        self.head = nn.Linear(2 * hidden, labels)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.trust = nn.Parameter(torch.ones(()))  # in the first reading
        # The letter after and before a column, told by either direction; used in training only.
        self.next = nn.Linear(hidden, labels)
        self.previous = nn.Linear(hidden, labels)

    def read(self, probabilities: Tensor) -> Tensor:
        """(T, N, labels) probabilities to (T, N, 2 hidden) states, the forward direction first."""
        # The root lets it see what is possible though not likely.
        seen = torch.cat([probabilities, probabilities.pow(1 / 3)], dim=2)
        states: Tensor
        states, _ = self.reading(self.dropout(self.embedding(seen)))
        if self.grams:
            states = states + self.grams(probabilities.argmax(2))
        return states

    def say(self, probabilities: Tensor, states: Tensor) -> Tensor:
        """Probabilities and their states to (T, N, labels), to be added to a first reading."""
        values = self.gaps.recall(probabilities) if self.gaps else None
        if self.gaps:
            states = states + self.gaps.told(values)
        revised, _ = self.revision(self.dropout(states))
        said: Tensor = self.head(self.dropout(revised))
        if self.gaps:
            said = said + self.gaps.share * self.gaps.between(values)
        return said

    def revise(self, first: Tensor, seen: Tensor, states: Tensor) -> Tensor:
        """A first reading, what is read now and its states, (T, N, ...), to (T, N, labels) logits.

        What is read now is the first reading, or what was made of it before: see `seen_again`.
        """
        return self.trust * (first + _LEAST).log() + self.say(seen, states)

    def forward(self, probabilities: Tensor) -> Tensor:
        """(T, N, labels) probabilities, as `likeliest` leaves them, to (T, N, labels) logits."""
        return self.revise(probabilities, probabilities, self.read(probabilities))

    def seen_again(self, first: Tensor, inside: Tensor, eagerness: float) -> Tensor:
        """What it reads the second time: a first reading that it has put right.

        In a line with many mistakes half of what stands beside a letter is wrong; it is less so in
        what was revised.

        Args:
            first: (T, N, labels), as `likeliest` leaves them.
            inside: bool (T, N), columns that are a line's.
            eagerness: what it says of the first reading times this is added to it.

        Returns:
            (T, N, labels) probabilities.
        """
        said = self.say(first, self.read(first))
        eager = ((first + _LEAST).log() + eagerness / self.trust * said).softmax(2)
        return torch.where(inside[:, :, None], eager, first)

    def reread(self, probabilities: Tensor, inside: Tensor) -> Tensor:
        """(T, N, labels) logits of a first reading that is read twice, see `seen_again`."""
        seen = self.seen_again(probabilities, inside, _EAGERNESS)
        return self.revise(probabilities, seen, self.read(seen))


def telling_columns(probabilities: Probabilities) -> NDArray[np.intp]:
    """The columns that a reviser is shown: where there may be a letter, or two like letters meet.

    Args:
        probabilities: float32 (T, labels).
    """
    best = probabilities.argmax(axis=1)
    telling = probabilities[:, BLANK] < _BLANK
    shown = np.flatnonzero(telling)
    apart = np.diff(shown) > 1
    alike = (best[shown[:-1]] == best[shown[1:]]) & (best[shown[1:]] != BLANK)
    telling[shown[:-1][apart & alike] + 1] = True  # one blank keeps them apart
    return np.flatnonzero(telling)


def likeliest(probabilities: Probabilities) -> Probabilities:
    """Probabilities without any but the likeliest labels of each column, which stay as they are.

    Args:
        probabilities: float32 (T, labels).
    """
    if probabilities.shape[1] <= KINDS:
        return probabilities
    kinds = np.argpartition(-probabilities, KINDS, axis=1)[:, :KINDS]
    kept = np.zeros_like(probabilities)
    np.put_along_axis(kept, kinds, np.take_along_axis(probabilities, kinds, axis=1), axis=1)
    return kept


def ends_of(line: Probabilities) -> tuple[Probabilities, Probabilities]:
    """What is shown of a line beside the one before it and the one after: where it begins and ends.

    Args:
        line: label probabilities, float32 (T, labels).
    """
    telling = line[telling_columns(line)]
    return telling[:BESIDE], telling[-BESIDE:]


def in_company(
    line: Probabilities, before: Probabilities | None, after: Probabilities | None, space: int
) -> tuple[Probabilities, slice]:
    """A line amid the ends of those beside it.

    Args:
        line: label probabilities, float32 (T, labels).
        before: where the line before it on its page ends, see `ends_of`; None without one.
        after: where the line after it begins.
        space: the label of what parts words.

    Returns:
        The probabilities of both ends and the line, and which of them are the line's.
    """
    between = np.zeros((1, line.shape[1]), np.float32)
    between[0, space] = 1
    parts = [line]
    if before is not None:
        parts = [before, between, line]
    start = sum(len(part) for part in parts) - len(line)
    if after is not None:
        parts += [between, after]
    return np.concatenate(parts), slice(start, start + len(line))


@torch.inference_mode()
def revise(reviser: Reviser, lines: Sequence[Probabilities], bfloat16: bool) -> list[Probabilities]:
    """Read lines again.

    Args:
        reviser: in evaluation mode.
        lines: label probabilities of each, float32 (T, labels).
        bfloat16: whether to multiply such numbers.

    Returns:
        Of each line the revised probabilities, float32 (T, labels); columns that say nothing stay
        as they are. No line depends on the others.
    """
    revised = [line.copy() for line in lines]
    shown = [telling_columns(line) for line in lines]
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for index, columns in enumerate(shown):
        if len(columns):
            groups[-(-len(columns) // _ROUND) * _ROUND].append(index)
    device = reviser.trust.device
    for length, indices in groups.items():
        size = max(1, _MAX_COLUMNS // length)
        for start in range(0, len(indices), size):
            some = indices[start : start + size]
            batch = stack_lines([likeliest(lines[n][shown[n]]) for n in some], length)
            inside = torch.arange(length)[:, None] < torch.tensor([len(shown[n]) for n in some])
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                logits = reviser.reread(batch.to(device), inside.to(device))
            found = logits.float().softmax(2).cpu().numpy()
            for place, index in enumerate(some):
                columns = shown[index]
                revised[index][columns] = found[: len(columns), place]
    return revised


def mean_reading(first: Probabilities, second: Probabilities, share: float) -> Probabilities:
    """The geometric mean of two readings of a line.

    Args:
        first: float32 (T, labels).
        second: the same.
        share: of the second, in [0, 1].
    """
    if first is second:
        return first
    logs = (1 - share) * np.log(first + _LEAST) + share * np.log(second + _LEAST)
    weights = np.exp(logs)
    mean: Probabilities = weights / weights.sum(axis=1, keepdims=True)
    return mean


def stack_lines(lines: Sequence[Probabilities], length: int) -> Tensor:
    """Lines as float32 (length, N, labels), blank behind their ends.

    Args:
        lines: float32 (T, labels) each, none longer than `length`.
        length: columns.
    """
    stacked = np.zeros((length, len(lines), lines[0].shape[1]), np.float32)
    for place, line in enumerate(lines):
        stacked[: len(line), place] = line
        stacked[len(line) :, place, BLANK] = 1.0
    return torch.from_numpy(stacked)
