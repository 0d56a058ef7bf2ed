"""Files of prose to clean paragraphs, and to lines."""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.errors import InputError
from recognize.alphabet import clean


def read_paragraphs(path: Path) -> list[str]:
    """The paragraphs of a UTF-8 file, one a line, plain or compressed as .xz; empty ones left out.

    Raises:
        InputError: if the file cannot be read.
    """
    try:
        with (
            lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open() as file
        ):
            return [line for line in map(clean, file) if line]
    except (OSError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable text ({error}); leave it out") from error


def cut_prose(paragraphs: Sequence[str], length: int, rng: np.random.Generator) -> str:
    """A line of some paragraph, whole words, at most `length` characters if the first word is.

    Args:
        paragraphs: at least one, none empty.
        length: characters.
        rng: seeded by the caller.
    """
    words = paragraphs[int(rng.integers(len(paragraphs)))].split()
    line = ""
    for word in words[int(rng.integers(len(words))) :]:
        if line and len(line) + 1 + len(word) > length:
            break
        line = f"{line} {word}".strip()
    return line
