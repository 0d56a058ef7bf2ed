from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.page_source import ImageSource
from pipeline.document import Document
from pipeline.enrichers import check_enrichers, enricher
from pipeline.errors import DependencyError, SettingsError, UsageError
from pipeline.stages import Finished
from tests.enrich.test_tables import page_of
from tests.export.pages import line, page


def made(name: str, done: Finished) -> dict[str, bytes]:
    """The files of an enricher by name."""
    files = {}
    for output in enricher(name).writer(done):
        file = io.BytesIO()
        output.write(file)
        files[str(output.path)] = file.getvalue()
    return files


def finished(document: Document, *images: Path, language: str = "") -> Finished:
    sources = tuple(ImageSource(image) for image in images)
    return Finished("letter", document, sources, datetime(2026, 1, 1, tzinfo=UTC), language)


def needs(name: str, language: str) -> None:
    try:
        check_enrichers([name], language)
    except DependencyError as error:
        pytest.skip(str(error))


def test_tables_follow_the_rulings_of_the_scan(tmp_path: Path) -> None:
    entries = [line(f"a{i}", f"{i} Vente", 100, 100 + 100 * i, gap=60) for i in range(1, 7)]
    table = page_of(line("h", "No Acte", 100, 90, gap=60), *entries)
    gray = np.full((1000, 1000), 235, np.uint8)
    for x in (50, 900):
        gray[40:900, x : x + 3] = 60
    gray[40:900, 160:163] = 60
    gray[120:123, 50:900] = 60
    Image.fromarray(gray).save(tmp_path / "scan.png")
    rows = made("tables", finished(Document("", (table,)), tmp_path / "scan.png"))
    assert rows["letter.tables/page1.csv"].decode().splitlines()[1].startswith("1,Vente,")
    assert made("tables", finished(Document("", (table,))))["letter.tables/page1.csv"] == b""


def test_a_book_shows_the_scan_and_speaks(tmp_path: Path) -> None:
    needs("book", "eng")
    Image.new("L", (100, 140), 230).save(tmp_path / "scan.jpg")
    letter = Document("Letters", (page("My dear Hooker"),))
    (data,) = made("book", finished(letter, tmp_path / "scan.jpg", language="eng")).values()
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert sum(name.endswith(".jpg") for name in names) == 1
    assert sum(name.endswith(".m4a") for name in names) == 1


def test_a_translation_stands_beside_the_text_and_alone() -> None:
    needs("translation:spa", "eng")
    files = made("translation:es", finished(Document("", (page("The house."),)), language="en"))
    assert files["letter.spa.txt"].decode().strip() == "La casa."
    assert b"The house." in files["letter.spa.html"]


def test_a_translation_must_know_both_languages() -> None:
    with pytest.raises(UsageError, match="--lang"):
        check_enrichers(["translation:spa"], "")
    with pytest.raises(SettingsError, match="translation:LANGUAGE"):
        check_enrichers(["translation:"], "eng")
