from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from enrich.forms import Field, Form, fill, form_csv, read_form
from enrich.tables import find_table
from pipeline.document import Page
from pipeline.errors import DependencyError, SettingsError
from tests.enrich.test_tables import entries, page_of
from tests.export.pages import document, line

FORM = Form(1000, (Field("name", (80, -50, 600, 45), "Nom"), Field("corner", (0, 0, 90, 90))))


def filled(shift: int = 0, anchor: str = "Nom") -> Page:
    return page_of(
        line("a", anchor, 100, 100 + shift),
        line("b", "Jean Dupont", 200, 100 + shift),
        line("c", "autre", 200, 300 + shift),
    )


@pytest.mark.parametrize(
    ("shift", "anchor"),
    [
        pytest.param(0, "Nom", id="in place"),
        pytest.param(150, "Nom", id="moved"),
        pytest.param(0, "Nam", id="misread anchor"),
    ],
)
def test_boxes_follow_their_anchor(shift: int, anchor: str) -> None:
    name, corner = fill(FORM, filled(shift, anchor))
    assert (name.text, name.confidence) == ("Jean Dupont", 0.9)
    assert (corner.text, corner.confidence) == ("", 0.0)


def test_without_its_anchor_a_box_is_empty() -> None:
    assert fill(FORM, filled(0, "xyzzy"))[0].text == ""


def test_boxes_grow_with_the_page() -> None:
    half = Form(500, (Field("name", (40, -25, 300, 22), "Nom"),))
    assert fill(half, filled())[0].text == "Jean Dupont"


def test_a_row_a_page() -> None:
    rows = list(csv.reader(io.StringIO(form_csv(FORM, document(filled())))))
    assert rows[0] == ["page", "page_id", "name", "name confidence", "corner", "corner confidence"]
    assert rows[1] == ["1", "p1", "Jean Dupont", "0.9000", "", "0.0000"]


def test_template_is_read(tmp_path: Path) -> None:
    path = tmp_path / "form.toml"
    path.write_text('width = 1000\n[[fields]]\nname = "name"\nanchor = "Nom"\nbox = [1, 2, 3, 4]\n')
    assert read_form(path) == Form(1000.0, (Field("name", (1, 2, 3, 4), "Nom"),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("width = ", "not a readable TOML", id="no TOML"),
        pytest.param("width = 10\n", "must have a width and", id="no fields"),
        pytest.param('width = 9\n[[fields]]\nname = "a"\nbox = [1, 2]\n', "box of a", id="no box"),
        pytest.param('width = 9\n[[fields]]\nnom = "a"\n', "unknown setting", id="unknown key"),
    ],
)
def test_bad_templates_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "form.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        read_form(path)


def test_workbook_has_a_sheet_a_page_and_the_same_bytes() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    from enrich.workbook import workbook

    table = find_table(entries())
    assert table is not None
    created = datetime(2026, 1, 1, tzinfo=UTC)
    data = workbook([table], created)
    sheet = openpyxl.load_workbook(io.BytesIO(data))["page 1"]
    assert [[cell.value for cell in row] for row in sheet.rows] == [
        ["1", "Vente"],
        ["2", "Dépôt de pièces"],
        ["3", "Legs"],
    ]
    assert workbook([table], created) == data
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


def test_a_missing_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from enrich.parts import need, need_program

    with pytest.raises(DependencyError, match=r"need yake, .* pip install inkfolio\[enrich\]"):
        need("no_such_module", "yake", "key phrases")
    with pytest.raises(DependencyError, match=r"need piper-tts, .*; pip install piper-tts$"):
        need("no_such_module", "piper-tts", "Piper's voices")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DependencyError, match="apt install espeak-ng"):
        need_program("espeak-ng", "espeak-ng", "voices")
