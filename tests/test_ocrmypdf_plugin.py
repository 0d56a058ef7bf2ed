"""The plugin under the real OCRmyPDF, with its own options."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

ocrmypdf = pytest.importorskip("ocrmypdf", reason="needs the extra inkfolio[ocrmypdf]")
pikepdf = pytest.importorskip("pikepdf")  # OCRmyPDF's own
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not shutil.which("tesseract"), reason="OCRmyPDF itself asks for tesseract"),
]

SCAN = Path(__file__).resolve().parents[1] / "samples" / "typed" / "Schreiben.jpg"


def scan(path: Path, turned: int = 0, pages: int = 1) -> Path:
    """A PDF of a sample, turned counter-clockwise."""
    with Image.open(SCAN) as picture:
        page = picture.convert("L").rotate(turned, expand=True, fillcolor=255)
    page.save(path, "PDF", resolution=150, save_all=True, append_images=[page] * (pages - 1))
    return path


def run(source: Path, plugins: Sequence[str] = ("inkfolio_ocrmypdf",), **options: object) -> str:
    """The text of what OCRmyPDF makes with our plugin."""
    out = source.with_suffix(".out.pdf")
    options = {"output_type": "pdf", "optimize": 0, "progress_bar": False, **options}
    assert ocrmypdf.ocr(source, out, plugins=plugins, **options) == 0
    with pypdfium2.PdfDocument(out) as pdf:
        return "\f".join(page.get_textpage().get_text_range() for page in pdf)


def test_its_renderer_lays_our_words_on_the_page_and_in_the_sidecar(tmp_path: Path) -> None:
    sidecar = tmp_path / "text.txt"
    text = run(scan(tmp_path / "s.pdf"), sidecar=sidecar)
    assert "Stadtarchiv" in text and "Stadtarchiv" in sidecar.read_text("utf-8")


@pytest.mark.parametrize("wanted", [True, False])
def test_its_entry_point_makes_an_option(tmp_path: Path, wanted: bool) -> None:
    words = ["--output-type", "pdf", "--optimize", "0", *(["--inkfolio"] if wanted else [])]
    source, sidecar = scan(tmp_path / "s.pdf"), tmp_path / "text.txt"
    words += ["--sidecar", str(sidecar), str(source), str(tmp_path / "out.pdf")]
    done = subprocess.run(
        [sys.executable, "-m", "ocrmypdf", *words], capture_output=True, text=True, check=True
    )
    assert "Stadtarchiv" in sidecar.read_text("utf-8")
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert ("Inkfolio" in str(pdf.docinfo["/Creator"])) == wanted, done.stderr


def test_redo_puts_our_text_in_place_of_its_own(tmp_path: Path) -> None:
    source = scan(tmp_path / "s.pdf")
    first = run(source)
    again = run(source.with_suffix(".out.pdf"), redo_ocr=True)
    assert again.count("Stadtarchiv") == first.count("Stadtarchiv") >= 1


def test_pages_are_turned_upright(tmp_path: Path) -> None:
    text = run(scan(tmp_path / "s.pdf", turned=90), rotate_pages=True)
    assert "Stadtarchiv" in text


def test_jobs_read_pages_at_once(tmp_path: Path) -> None:
    text = run(scan(tmp_path / "s.pdf", pages=2), jobs=2)
    assert [("Stadtarchiv" in page) for page in text.split("\f")] == [True, True]


def test_another_engine_can_be_chosen(tmp_path: Path) -> None:
    assert "Stadtarchiv" not in run(scan(tmp_path / "s.pdf"), ocr_engine="none")


def test_the_renderer_that_passes_us_by_is_refused(tmp_path: Path) -> None:
    from ocrmypdf.exceptions import BadArgsError

    with pytest.raises(BadArgsError, match="sandwich"):
        run(scan(tmp_path / "s.pdf"), pdf_renderer="sandwich")
