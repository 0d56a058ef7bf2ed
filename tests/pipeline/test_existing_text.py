"""PDFs that have text before they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.errors import SettingsError
from pipeline.load import SourcePage, existing_text
from pipeline.runner import convert
from pipeline.settings import Settings
from pipeline.tables import from_table

INVISIBLE = 3


def scan() -> Image.Image:
    rng = np.random.default_rng(1)
    page = np.full((300, 400), 230, np.uint8)
    for top in range(40, 260, 40):
        for left in range(20, 380, 16):
            page[top : top + rng.integers(10, 20), left : left + rng.integers(3, 10)] = 30
    return Image.fromarray(page)


def three_pages(path: Path) -> Path:
    """A bare scan, a scan with an older program's reading, and a page of printed text."""
    canvas = Canvas(str(path), pagesize=(300, 225))
    for hidden in ("", "older"):
        canvas.drawImage(ImageReader(scan()), 0, 0, 300, 225)
        text = canvas.beginText(50, 100)
        text.setTextRenderMode(INVISIBLE)
        text.textOut(hidden)
        if hidden:
            canvas.drawText(text)
        canvas.showPage()
    canvas.drawString(50, 100, "printed")
    canvas.save()
    return path


@pytest.mark.parametrize(("index", "found"), [(0, "none"), (1, "hidden"), (2, "visible")])
def test_text_is_found(tmp_path: Path, index: int, found: str) -> None:
    path = three_pages(tmp_path / "in.pdf")
    assert existing_text(SourcePage(path, index, "pdf", "p", index)) == found


@pytest.mark.parametrize(
    ("way", "statuses", "older", "grown"),
    [
        pytest.param("skip", ["done", "skipped", "skipped"], True, [True, False, False], id="skip"),
        pytest.param("redo", ["done", "done", "*"], False, [True, True, False], id="redo"),
        pytest.param("keep", ["done", "done", "*"], True, [True, True, "*"], id="keep"),
    ],
)
def test_each_way(
    tmp_path: Path,
    tiny_model: Path,
    way: str,
    statuses: list[str],
    older: bool,
    grown: list[bool | str],
) -> None:
    path = three_pages(tmp_path / "in.pdf")
    settings = Settings(model=str(tiny_model), formats=("pdf",), existing_text=way)
    report = convert([path], tmp_path / "out", settings)
    for page, status in zip(report.pages, statuses, strict=True):
        assert status in ("*", page.status)
    pages = PdfReader(tmp_path / "out" / "in.pdf").pages
    assert ("older" in pages[1].extract_text()) == older
    assert "printed" in pages[2].extract_text()
    ours = ["/Inkfolio" in page["/Resources"].get("/Font", {}) for page in pages]
    assert all(expected in ("*", found) for expected, found in zip(grown, ours, strict=True))


def test_unknown_way_is_told() -> None:
    with pytest.raises(SettingsError, match="skip, redo, keep"):
        from_table({"existing_text": "burn"}, Settings)
