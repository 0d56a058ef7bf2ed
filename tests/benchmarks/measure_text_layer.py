"""What other programs read of a PDF's text layer, and how much of a word's ink its boxes cover.

python tests/benchmarks/measure_text_layer.py ../shared/data/pages/val

The pages' ground truth is made a PDF, page by page: the words are right, so that what is missing
was lost on the way. Words are whole if a program gives them anywhere, and in order if it gives them
in the truth's order.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections import Counter
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pypdfium2

from export.page_source import ImageSource
from export.pdf import write_pdf
from pipeline.document import Document, Page
from pipeline.images import decode_picture
from segment.binarize import sauvola
from tests.export.test_formats_agree import from_folder
from tests.export.test_pdf import pdfium, pdfminer, poppler_in_stream_order, words_of
from tests.test_samples_pdf import shares

READERS = {
    "pdftotext": lambda path: words_of(path, "pdftotext"),
    "pdftotext -layout": lambda path: words_of(path, "pdftotext -layout"),
    "pdftotext -raw": poppler_in_stream_order,
    "pdfminer": pdfminer,
    "PDFium": pdfium,
}


def main() -> None:
    """Print a row a program, over all words of the pages, and one of the selected ink."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--only", default="", help="pages with this in their names")
    asked = parser.parse_args()
    pages = [page for page in from_folder(asked.pages).pages if asked.only in page.id]
    found: Counter[str] = Counter()
    covered: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        for page in pages:
            path = Path(scratch) / "page.pdf"
            path.write_bytes(_bound(page, asked.pages))
            found += _found(page, path)
            covered += _covered(page, asked.pages, path)
    words = sum(len(line.words) for page in pages for line in page.lines)
    print(f"{len(pages)} pages, {words} words: whole, in order")
    for name in READERS:
        print(f"{name}: {found[f'{name} whole'] / words:.3f} {found[f'{name} order'] / words:.3f}")
    enough = np.mean(np.array(covered) >= 0.8)
    print(f"ink selected: {np.mean(covered):.3f}; 0.8 or more of {enough:.1%} of the words")


def _bound(page: Page, folder: Path) -> bytes:
    target = io.BytesIO()
    source = ImageSource(folder / page.source)
    write_pdf(Document("page", (replace(page, index=0),)), [source], target)
    return target.getvalue()


def _found(page: Page, path: Path) -> Counter[str]:
    truth = [word.text for line in page.lines for word in line.words]
    found: Counter[str] = Counter()
    for name, read in READERS.items():
        words = read(path)
        blocks = SequenceMatcher(None, truth, words, autojunk=False).get_matching_blocks()
        found[f"{name} whole"] = (Counter(truth) & Counter(words)).total()
        found[f"{name} order"] = sum(block.size for block in blocks)
    return found


def _covered(page: Page, folder: Path, path: Path) -> list[float]:
    ink = sauvola(np.asarray(decode_picture(folder / page.source, 0, 150_000_000).convert("L")))
    with pypdfium2.PdfDocument(path) as pdf:
        return list(shares(page, ink, pdf[0]))


if __name__ == "__main__":
    main()
