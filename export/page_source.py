"""What a page of a PDF is drawn from: an image file, or a page of another PDF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Layer = Literal["add", "replace", "none"]


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A picture in a file.

    Attributes:
        path: the image file.
        frame: which of its pictures, from 0; only TIFFs have more than one.
    """

    path: Path
    frame: int = 0


@dataclass(frozen=True, slots=True)
class PdfPageSource:
    """A page of an input PDF.

    Attributes:
        path: the PDF.
        index: which of its pages, from 0.
        layer: what becomes of our text: added to what the page has, put in place of its invisible
            text, or left out.
    """

    path: Path
    index: int
    layer: Layer = "add"


PageSource = ImageSource | PdfPageSource
