"""How much larger a searchable PDF is than the scans that it is made of.

    python tests/benchmarks/measure_pdf_size.py ../shared/data/pages/val --every 6

Some pages are enlarged to A4 at 300 ppi, made black and white, read, and bound until they are 100.
As JPEG they keep their greys.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

import numpy as np
from chosen import chosen_pages
from PIL import Image

from export.page_source import ImageSource
from export.pdf import write_pdf
from export.pdf_image import encode_picture
from pipeline.bitonal import ink_to_print
from pipeline.document import Document, Page
from pipeline.images import decode_picture
from pipeline.load import SourcePage
from pipeline.settings import Settings
from pipeline.stages import Stopwatch, open_page, read_page
from recognize.reader import Reader, use_threads

A4_HEIGHT_PX = 3508
PAGES = 100
WHITE_IS_ZERO = {262: 0}  # as in fax
ROWS_PER_STRIP = 278
CONTAINERS = {
    "G4, one strip": (".tif", {"tiffinfo": WHITE_IS_ZERO | {ROWS_PER_STRIP: 10_000}}),
    "G4, strips of 64 rows": (".tif", {"tiffinfo": WHITE_IS_ZERO | {ROWS_PER_STRIP: 64}}),
    "PNG": (".png", {"optimize": True}),
    "JPEG, quality 85": (".jpg", {"quality": 85}),
}


def main() -> None:
    """Print a row a container."""
    sources = chosen_pages(__doc__)
    use_threads(1)
    grays = [_enlarged(source) for source in sources]
    scans = [Image.fromarray(~ink_to_print(np.asarray(gray))) for gray in grays]
    with tempfile.TemporaryDirectory() as scratch:
        pages = _read(scans, Path(scratch))
        words = sum(len(line.words) for page in pages for line in page.lines) / len(pages)
        bare = sum(map(_words_deflated, pages)) / len(pages)
        print(f"{len(pages)} different pages, {words:.0f} words a page: deflated {bare:.0f} bytes")
        for name, (suffix, how) in CONTAINERS.items():
            pictures = grays if suffix == ".jpg" else scans
            print(_row(name, pages, _saved(pictures, Path(scratch), suffix, how)))


def _enlarged(source: SourcePage) -> Image.Image:
    picture = decode_picture(source.path, 0, 150_000_000).convert("L")
    width = round(picture.width * A4_HEIGHT_PX / picture.height)
    return picture.resize((width, A4_HEIGHT_PX), Image.Resampling.BICUBIC)


def _words_deflated(page: Page) -> int:
    """What the words alone take, a line a row: no text layer can be smaller."""
    rows = [" ".join(word.text for word in line.words) for line in page.lines]
    return len(zlib.compress("\n".join(rows).encode("utf-8"), 9))


def _saved(
    scans: Sequence[Image.Image], folder: Path, suffix: str, how: dict[str, object]
) -> list[Path]:
    paths = [folder / f"{number:03}{suffix}" for number in range(len(scans))]
    for scan, path in zip(scans, paths, strict=True):
        compression = {"compression": "group4"} if path.suffix == ".tif" else {}
        scan.save(path, dpi=(300, 300), **compression, **how)
    return paths


def _read(scans: Sequence[Image.Image], folder: Path) -> list[Page]:
    reader, settings = Reader.load("latin"), Settings()
    paths = _saved(scans, folder, *CONTAINERS["PNG"])
    sources = [SourcePage(path, 0, "image", path.stem, n) for n, path in enumerate(paths)]
    return [read_page(s, open_page(s, settings), settings, reader, Stopwatch()) for s in sources]


def _row(name: str, pages: Sequence[Page], paths: Sequence[Path]) -> str:
    bound = [n % len(pages) for n in range(PAGES)]
    numbered = tuple(replace(pages[n], id=f"{i}", index=i) for i, n in enumerate(bound))
    once = cache(encode_picture)  # each is bound several times
    with BytesIO() as file, patch("export.pdf.encode_picture", once):
        write_pdf(Document("scans", numbered), [ImageSource(paths[n]) for n in bound], file)
        made = len(file.getvalue())
    files = sum(paths[n].stat().st_size for n in bound)
    return (
        f"{name:22} {files / PAGES / 1000:6.1f} KB a page, PDF {made / PAGES / 1000:6.1f}: "
        f"{made / files - 1:+.1%}, {(made - files) / PAGES:.0f} bytes a page"
    )


if __name__ == "__main__":
    main()
