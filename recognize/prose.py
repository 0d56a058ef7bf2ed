"""Files of prose to clean paragraphs."""

from __future__ import annotations

import lzma
from pathlib import Path

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
