"""CTC probabilities and a language model to text: prefix beam search.

Hannun et al., "First-pass large vocabulary continuous speech recognition using bi-directional
recurrent DNNs" (2014): prefixes are scored by the network, and where they grow also by the
language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, log1p

import numpy as np

from recognize.alphabet import BLANK, Alphabet
from recognize.ctc import Labelling, Probabilities, align, log_likelihoods
from recognize.language import LanguageModel

Ranked = list[tuple[list[int], float]]  # labellings with their logarithms, the best first

_NEVER = -inf
_COMPARED = 8  # labellings at the top that are weighed by all looks at a line
_NOTHING = 37.0  # logarithms behind which a number adds nothing to another


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
    """What has been read up to a column, as a tree: a prefix knows its parent.

    The logarithms of its probability: of ending in a blank and in its letter, in the column at hand
    and in the next one; of both together; and of what the language adds.
    """

    __slots__ = (
        *("parent", "label", "context", "score", "children", "column"),
        *("blank", "letter", "both", "next_blank", "next_letter"),
    )

    def __init__(self, parent: _Prefix | None, label: int, context: int, score: float) -> None:
        self.parent, self.label, self.context, self.score = parent, label, context, score
        self.children: dict[int, _Prefix] = {}
        self.column = -1  # the last that it was reached in
        self.blank = self.letter = self.both = self.next_blank = self.next_letter = _NEVER

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
        root = _Prefix(None, BLANK, self._language.start, 0.0)
        root.blank = root.both = 0.0
        beams = [root]
        logs = np.log(np.maximum(probabilities, 1e-30))
        tried = probabilities >= self._params.least
        tried[:, BLANK] = False
        # Where no label can be tried there is nothing but a blank, either.
        pauses = (probabilities[:, BLANK] >= self._params.pause) | ~tried.any(axis=1)
        for column, pause in enumerate(pauses.tolist()):
            if pause:  # nothing ends but letters, and all prefixes become less probable alike
                for prefix in beams:
                    prefix.blank, prefix.letter = prefix.both, _NEVER
                continue
            labels = np.flatnonzero(tried[column]).tolist()
            beams = self._step(beams, column, logs[column].tolist(), labels, weight)
        return [(prefix.labels(), prefix.both + prefix.score) for prefix in beams]

    def _step(
        self, beams: list[_Prefix], column: int, row: list[float], labels: list[int], weight: float
    ) -> list[_Prefix]:
        """All prefixes after one more column: ending in a blank, and ending in their letter."""
        blank = row[BLANK]
        # The best stays at least this good; what is too far behind it is not even grown.
        last = max(prefix.both + prefix.score for prefix in beams) + blank - self._params.reach
        bonus = weight * self._params.bonus
        reached: list[_Prefix] = []
        for prefix in beams:
            if prefix.column != column:
                prefix.column, prefix.next_letter = column, _NEVER
                reached.append(prefix)
            prefix.next_blank = prefix.both + blank
            if prefix.letter != _NEVER:  # its letter goes on
                prefix.next_letter = _sum(prefix.next_letter, prefix.letter + row[prefix.label])
            least = last - prefix.score - bonus
            for label in labels:
                before = prefix.blank if label == prefix.label else prefix.both
                likely = before + row[label]
                if likely < least:
                    continue
                child = prefix.children.get(label) or self._grow(prefix, label, weight)
                if child.column != column:
                    child.column, child.next_blank, child.next_letter = column, _NEVER, likely
                    reached.append(child)
                else:
                    child.next_letter = _sum(child.next_letter, likely)
        return self._best(reached)

    def _best(self, reached: list[_Prefix]) -> list[_Prefix]:
        """Those that are kept, in the next column, the most probable first."""
        for prefix in reached:
            prefix.blank, prefix.letter = prefix.next_blank, prefix.next_letter
            prefix.both = _sum(prefix.blank, prefix.letter)
        last = max(prefix.both + prefix.score for prefix in reached) - self._params.reach
        kept = [prefix for prefix in reached if prefix.both + prefix.score >= last]
        kept.sort(key=lambda prefix: -(prefix.both + prefix.score))
        return kept[: self._params.width]

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
    return a if b < a - _NOTHING else a + log1p(exp(b - a))


def ranked_by_all(ranked: Ranked, looks: Sequence[Probabilities]) -> Ranked:
    """A beam's labellings of one look, ranked by what all looks at the line hold probable.

    Which look is right is not the same for all letters of a line. The best labellings are weighed
    by the mean of the square roots of their probabilities; the others stay as far behind.

    Args:
        ranked: the best first.
        looks: float32 (T, labels) each, first the one that the beam was given.
    """
    if len(looks) == 1:
        return ranked
    best = [labels for labels, _ in ranked[:_COMPARED]]
    likely = np.array([log_likelihoods(look, best) for look in looks])
    gains = 2 * np.logaddexp.reduce(likely / 2, axis=0) - 2 * log(len(looks)) - likely[0]
    weighed = [
        (labels, score + float(gains[place if place < len(best) else 0]))
        for place, (labels, score) in enumerate(ranked)
    ]
    return sorted(weighed, key=lambda one: -one[1])
