"""Scan -> a smaller picture for a PDF: a JPEG of some quality, or ink on paper alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Binarize = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]  # grey (H, W) -> True = ink
ORIGINAL, BITONAL = "original", "bitonal"
_JPEG = re.compile(r"jpeg:(\d{1,3})")


def jpeg_quality(wish: str) -> int | None:
    """The quality that `jpeg:75` asks for; None if it asks for no JPEG.

    Raises:
        ValueError: if it is neither "original", "bitonal" nor "jpeg:" and 1 to 95.
    """
    if wish in (ORIGINAL, BITONAL):
        return None
    found = _JPEG.fullmatch(wish)
    if not found or not 1 <= int(found[1]) <= 95:
        raise ValueError(f"image must be original, bitonal or jpeg:1 to jpeg:95, not {wish!r}")
    return int(found[1])


def as_jpeg(image: Image.Image, quality: int) -> tuple[bytes, tuple[int, int], int]:
    """An upright grey or colour picture as JPEG: its bytes, columns and rows, and channels."""
    picture = upright(image)
    target = BytesIO()
    picture.save(target, "JPEG", quality=quality, optimize=True)
    return target.getvalue(), picture.size, len(picture.getbands())


def as_ink(image: Image.Image, binarize: Binarize) -> Image.Image:
    """A two-valued picture, upright: ink black, all else white."""
    return Image.fromarray(~binarize(np.asarray(upright(image).convert("L"))))


def upright(image: Image.Image) -> Image.Image:
    """The picture as it is looked at, in 8 bits, grey or RGB, on white paper."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("I", "I;16", "I;16L", "I;16B"):
        return Image.fromarray((np.asarray(turned) >> 8).clip(0, 255).astype(np.uint8))
    if turned.has_transparency_data:
        return on_white(turned)
    if turned.mode in ("1", "L", "F"):
        return turned.convert("L")
    return turned.convert("RGB")


def on_white(image: Image.Image) -> Image.Image:
    """A transparent picture as it looks on paper."""
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper.convert("L" if image.mode[0] in "L1" else "RGB")
