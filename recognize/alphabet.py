"""Text to labels and back; label 0 is CTC's blank."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

BLANK = 0


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The characters that a model can print, in label order: characters[0] has label 1.

    Raises:
        ValueError: if a character stands twice, or is not a single NFC code point.
    """

    characters: str
    _labels: dict[str, int] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        """Refuse an alphabet that could not be decoded unambiguously."""
        labels = {character: label for label, character in enumerate(self.characters, start=1)}
        if len(labels) != len(self.characters):
            raise ValueError(f"characters stand twice in the alphabet {self.characters!r}")
        if unicodedata.normalize("NFC", self.characters) != self.characters:
            raise ValueError(f"the alphabet is not in NFC: {self.characters!r}")
        object.__setattr__(self, "_labels", labels)

    def __len__(self) -> int:
        """Number of labels, the blank included."""
        return len(self.characters) + 1

    @property
    def space(self) -> int:
        """The label of what parts words; the blank, if the model knows no words."""
        return self._labels.get(" ", BLANK)

    def encode(self, text: str) -> list[int]:
        """Labels of `text` after NFC, white space collapsed; unknown characters are left out."""
        labels = (self._labels.get(character) for character in clean(text))
        return [label for label in labels if label is not None]

    def decode(self, labels: Sequence[int]) -> str:
        """The text of labels without blanks.

        Raises:
            ValueError: if a label is the blank or beyond the alphabet.
        """
        if any(not BLANK < label < len(self) for label in labels):
            raise ValueError(f"labels outside 1..{len(self) - 1}: {list(labels)}")
        return "".join(self.characters[label - 1] for label in labels)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Alphabet:
        """The alphabet of all characters that occur in `texts`, by code point."""
        return cls("".join(sorted({character for text in texts for character in clean(text)})))


def clean(text: str) -> str:
    """`text` in NFC with runs of white space made one space and the ends stripped."""
    return " ".join(unicodedata.normalize("NFC", text).split())
