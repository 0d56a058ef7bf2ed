"""Text -> the same text as the recogniser might have misread it, to train and to test by."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

Confusions = Mapping[str, Mapping[str, int]]  # a letter, what was read in its place, how often


@dataclass(frozen=True, slots=True)
class Misreader:
    """Misreads letters as often as it is asked to, in the ways in which they were misread.

    Attributes:
        confusions: what was read in a letter's place: another, none, or it with one more. A
            letter without an entry is left out where it is misread.
    """

    confusions: Confusions

    def misread(self, word: str, rate: float, rng: random.Random) -> str:
        """The word with each of its letters misread at a rate; never empty."""
        read = "".join(self._read(c, rng) if rng.random() < rate else c for c in word)
        return read or word

    def _read(self, letter: str, rng: random.Random) -> str:
        ways = self.confusions.get(letter, {"": 1})
        names = sorted(ways)
        sums = list(accumulate(ways[name] for name in names))
        return rng.choices(names, cum_weights=sums)[0]
