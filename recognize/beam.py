"""CTC probabilities and a language model to text: prefix beam search.

Hannun et al., "First-pass large vocabulary continuous speech recognition using bi-directional
recurrent DNNs" (2014): prefixes are scored by the network, and where they grow also by the
language.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from recognize.alphabet import BLANK, Alphabet
from recognize.ctc import Labelling, Probabilities, align
from recognize.language import LanguageModel

Ranked = list[tuple[list[int], float]]  # labellings with their logarithms, the best first

_NEVER = -math.inf


@dataclass(frozen=True, slots=True)
class BeamParams:
    """Settings of `BeamDecoder`; the weights are tuned on val, see docs/experiments.md."""

    width: int = 64  # prefixes kept from column to column
    language: float = 0.45  # weight of the language's logarithms
    bonus: float = 2.0  # for every character, times that weight, since each costs some language
    least: float = 3e-3  # labels less probable than this are not tried
    pause: float = 0.99  # where a blank is as probable, nothing is tried
    reach: float = 6.0  # logarithms behind the best prefix at which one is given up


class _Prefix:
    """What has been read up to a column, as a tree: a prefix knows its parent."""

    __slots__ = ("children", "context", "label", "parent", "score")

    def __init__(self, parent: _Prefix | None, label: int, context: int, score: float) -> None:
        self.parent, self.label, self.context, self.score = parent, label, context, score
        self.children: dict[int, _Prefix] = {}

    def labels(self) -> list[int]:
        found = []
        node = self
        while node.parent is not None:
            found.append(node.label)
            node = node.parent
        return found[::-1]


class BeamDecoder:
    """Decodes with one language model and one alphabet."""

    def __init__(
        self, alphabet: Alphabet, language: LanguageModel, params: BeamParams = BeamParams()
    ) -> None:
        """A decoder; digits are left to the network, since a language knows no numbers."""
        self._language, self._params = language, params
        self._codes = [0] + [language.code(character) for character in alphabet.characters]
        self._digits = {
            label for label, char in enumerate(alphabet.characters, start=1) if char.isdigit()
        }

    def decode(self, probabilities: Probabilities) -> Labelling:
        """The labelling that network and language together hold most probable.

        Args:
            probabilities: float (T, labels), each row sums to 1.
        """
        return align(probabilities, self.ranked(probabilities)[0][0])

    def ranked(self, probabilities: Probabilities, language: float | None = None) -> Ranked:
        """All labellings that are left at the end, the most probable first.

        Args:
            probabilities: float (T, labels), each row sums to 1.
            language: weight of its logarithms; that of the settings if there is none.
        """
        weight = self._params.language if language is None else language
        beams = {_Prefix(None, BLANK, self._language.start, 0.0): (0.0, _NEVER)}
        logs = np.log(np.maximum(probabilities, 1e-30))
        tried = probabilities >= self._params.least
        tried[:, BLANK] = False
        for column, pause in enumerate(probabilities[:, BLANK] >= self._params.pause):
            if pause:  # nothing ends but letters, and all prefixes become less probable alike
                beams = {prefix: (_sum(*ends), _NEVER) for prefix, ends in beams.items()}
                continue
            row = logs[column].tolist()
            beams = self._step(beams, row, np.flatnonzero(tried[column]).tolist(), weight)
        scores = {prefix: _sum(*both) + prefix.score for prefix, both in beams.items()}
        best_first = sorted(scores, key=scores.__getitem__, reverse=True)
        return [(prefix.labels(), scores[prefix]) for prefix in best_first]

    def _step(
        self,
        beams: dict[_Prefix, tuple[float, float]],
        row: list[float],
        labels: list[int],
        weight: float,
    ) -> dict[_Prefix, tuple[float, float]]:
        """All prefixes after one more column: ending in a blank, and ending in their letter."""
        both = {prefix: _sum(*ends) for prefix, ends in beams.items()}
        # The best stays at least this good; what is too far behind it is not even grown.
        last = max(both[prefix] + prefix.score for prefix in beams) + row[BLANK]
        last -= self._params.reach
        grown: dict[_Prefix, tuple[float, float]] = {}
        for prefix, (blank, letter) in beams.items():
            stay = letter + row[prefix.label] if prefix.parent is not None else _NEVER
            old = grown.get(prefix, (_NEVER, _NEVER))
            grown[prefix] = (_sum(old[0], both[prefix] + row[BLANK]), _sum(old[1], stay))
            hope = prefix.score + weight * self._params.bonus
            for label in labels:
                before = blank if label == prefix.label else both[prefix]
                reached = before + row[label]
                if reached + hope < last:
                    continue
                child = prefix.children.get(label) or self._grow(prefix, label, weight)
                old = grown.get(child, (_NEVER, _NEVER))
                grown[child] = (old[0], _sum(old[1], reached))
        scores = {prefix: _sum(*ends) + prefix.score for prefix, ends in grown.items()}
        last = max(scores.values()) - self._params.reach
        kept = sorted((one for one in grown if scores[one] >= last), key=lambda one: -scores[one])
        return {prefix: grown[prefix] for prefix in kept[: self._params.width]}

    def _grow(self, prefix: _Prefix, label: int, weight: float) -> _Prefix:
        code = self._codes[label]
        likely = 0.0
        if label not in self._digits:
            likely = self._language.next_log_probabilities(prefix.context).item(code)
            likely = weight * (likely + self._params.bonus)
        child = _Prefix(
            prefix, label, self._language.extend(prefix.context, code), prefix.score + likely
        )
        prefix.children[label] = child
        return child


def _sum(a: float, b: float) -> float:
    """The logarithm of the sum of two probabilities given by their logarithms."""
    if a < b:
        a, b = b, a
    return a if b == _NEVER else a + math.log1p(math.exp(b - a))
