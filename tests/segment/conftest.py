"""Synthetic pages whose answer is known by construction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Page = NDArray[np.uint8]
SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.fixture(scope="session")
def written() -> Callable[..., Page]:
    """Draws lines of print at given (x, y of the baseline, words)."""

    def draw(lines: list[tuple[int, int, str]], height: int = 800, width: int = 700) -> Page:
        page = np.full((height, width), 235, np.uint8)
        for x, y, text in lines:
            cv2.putText(page, text, (x, y), cv2.FONT_HERSHEY_COMPLEX, 0.7, 40, 2, cv2.LINE_AA)
        return page

    return draw


@pytest.fixture(scope="session")
def letter(written: Callable[..., Page]) -> Page:
    """A page of fifteen lines, their words in turn so that no gaps stand above each other."""
    words = ["in", "the", "name", "of", "everything", "that", "is", "seen"]
    return written(
        [(60, 80 + 44 * i, " ".join(words[i % 8 :] + words[: i % 8])) for i in range(15)]
    )


@pytest.fixture(scope="session")
def val_pages() -> Path:
    """The shared validation pages."""
    folder = SHARED / "data" / "pages" / "val"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    return folder
