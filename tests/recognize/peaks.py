"""Probabilities that spell a text, for tests of what is made of them."""

from __future__ import annotations

import numpy as np

from recognize.alphabet import BLANK, Alphabet
from recognize.ctc import Probabilities

LETTERS = Alphabet(" abcdefghijklmnopqrstuvwxyzàé'-")


def spelled(text: str, sure: float = 0.95) -> Probabilities:
    """A column for each character and a blank after it; float32 (2 * characters, labels)."""
    labels = [label for c in text for label in (LETTERS.characters.index(c) + 1, BLANK)]
    found = np.full((len(labels), len(LETTERS)), (1 - sure) / (len(LETTERS) - 1), np.float32)
    found[np.arange(len(labels)), labels] = sure
    return found
