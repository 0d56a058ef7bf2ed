"""A page with what was found on it, as a picture for people."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from export.overlay import draw_overlay
from pipeline.errors import InputError
from pipeline.files import write_bytes
from pipeline.names import shown
from pipeline.settings import Settings
from pipeline.sources import find_documents
from pipeline.stages import Stopwatch, open_page, read_page
from recognize.reader import Reader


def inspect_page(path: Path, index: int, out: Path, settings: Settings) -> None:
    """Read one page and draw lines, words, reading order and text over it.

    Args:
        path: an image or a PDF.
        index: which page of it, from 0.
        out: the PNG to write.
        settings: how to read.

    Raises:
        InputError: if there is no such page or it cannot be loaded.
        FileAccessError: if `out` cannot be written.
    """
    pages = find_documents([path], settings.load)[0].pages
    if index >= len(pages):
        raise InputError(f"{shown(path)}: has {len(pages)} pages; choose another --number")
    image = open_page(pages[index], settings)
    reader = Reader.load(settings.model, settings.lm, settings.looks)
    page = read_page(pages[index], image, settings, reader, Stopwatch())
    picture = io.BytesIO()
    Image.fromarray(draw_overlay(image.gray, page)).save(picture, "PNG")
    write_bytes(out, picture.getvalue())
