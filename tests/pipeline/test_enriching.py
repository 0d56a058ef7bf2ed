from __future__ import annotations

import json
import subprocess
import sys
import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from export.alto import alto
from export.json_document import json_document
from export.page_xml import page_xml
from pipeline.cli import app
from tests.enrich.test_tables import entries
from tests.export.pages import document, page

CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def letter(folder: Path) -> Path:
    """A folder of PAGE, as `build` reads it."""
    folder.mkdir()
    text = ("My dear Mr. Hooker, I was in Paris", "with Joseph Hooker ye 3d of Jany 1785.")
    (folder / "p1.xml").write_bytes(page_xml(page(*text), (), CREATED))
    return folder


def test_tables_of_a_document(tmp_path: Path) -> None:
    source = tmp_path / "register.json"
    source.write_bytes(json_document(document(entries())))
    code, out, _ = run("tables", source, "--out", tmp_path / "out")
    assert (code, out.strip()) == (0, str(tmp_path / "out" / "register.tables" / "page1.csv"))
    assert Path(out.strip()).read_text("utf-8").splitlines()[1] == "2,Dépôt de pièces,0.9000"
    code, _, err = run("tables", source, "--out", tmp_path / "out")
    assert (code, "is there already" in err) == (5, True)


def test_tables_come_in_several_forms_at_once(tmp_path: Path) -> None:
    source = tmp_path / "register.json"
    source.write_bytes(json_document(document(entries())))
    code, out, _ = run("tables", source, "--to", "csv,xlsx", "--out", tmp_path / "out")
    assert (code, [Path(line).suffix for line in out.splitlines()]) == (0, [".csv", ".xlsx"])
    code, _, err = run("tables", source, "--to", "csv,ods", "--out", tmp_path / "out")
    assert (code, "no tables as ods" in err) == (1, True)


def test_a_page_without_columns_is_said(tmp_path: Path) -> None:
    source = tmp_path / "letter.json"
    source.write_bytes(json_document(document(page("one column"))))
    code, _, err = run("tables", source, "--out", tmp_path / "out")
    assert (code, "no page has a table" in err) == (2, True)


def test_names_come_as_files_and_tags(tmp_path: Path) -> None:
    words = ("enrich", letter(tmp_path / "letter"), "--to", "tei", "--lang", "en")
    code, out, _ = run(*words, "--out", tmp_path / "out")
    assert code == 0
    names = [Path(line).name for line in out.splitlines()]
    assert names == ["letter.tei.xml", "letter.entities.json", "letter.entities.csv"]
    table = json.loads((tmp_path / "out" / "letter.entities.json").read_text("utf-8"))
    assert "1785-01-03" in [row.get("normal") for row in table["entities"]]
    assert b'when="1785-01-03"' in (tmp_path / "out" / "letter.tei.xml").read_bytes()


@pytest.mark.parametrize("command", ["enrich", "tables", "speak", "translate"])
def test_page_and_alto_side_by_side_are_one_document(tmp_path: Path, command: str) -> None:
    """A folder as `convert --to page,alto` writes it."""
    source = letter(tmp_path / "letter")
    text = page("My dear Mr. Hooker, I was in Paris", "with Joseph Hooker ye 3d of Jany 1785.")
    (source / "p1.alto.xml").write_bytes(alto(text, (), CREATED))
    out = tmp_path / ("out.wav" if command == "speak" else "out")
    more = ("--lang", "fra", "--to", "spa") if command == "translate" else ()
    _, _, err = run(command, source, *more, "--out", out)
    assert "p1.alto.xml: is left out for p1.xml" in err
    assert "both about page" not in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["--what", "colours"], 9, "cannot enrich by colours", id="unknown"),
        pytest.param(["--lang", "spa"], 1, "not offered in spa", id="no such language"),
    ],
)
def test_what_cannot_be_done_is_said_first(
    tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    found, _, err = run("enrich", letter(tmp_path / "letter"), *words, "--out", tmp_path / "out")
    assert (found, said in err, (tmp_path / "out").exists()) == (code, True, False)


def test_a_document_is_heard(tmp_path: Path) -> None:
    source = letter(tmp_path / "letter")
    out = tmp_path / "letter.wav"
    code, told, err = run("speak", source, "--lang", "eng", "--out", out)
    if code == 3:
        pytest.skip(err)
    assert [Path(line).name for line in told.splitlines()] == ["letter.wav", "letter.times.json"]
    with wave.open(str(out)) as file:
        seconds = file.getnframes() / file.getframerate()
    words = json.loads(out.with_suffix(".times.json").read_text("utf-8"))["pages"][0]["words"]
    starts = [word["start"] for word in words]
    assert starts == sorted(starts)
    assert words[-1]["end"] - 0.001 <= seconds < 20
    assert words[0]["words"] == ["r1l1w1"]


def test_a_sound_of_another_sort_is_refused(tmp_path: Path) -> None:
    code, _, err = run("speak", letter(tmp_path / "letter"), "--out", tmp_path / "letter.ogg")
    assert (code, "must end in one of .epub, .m4b, .wav" in err) == (1, True)


def test_a_missing_translation_is_code_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    words = ("translate", letter(tmp_path / "letter"), "--lang", "fra", "--to", "spa")
    code, _, err = run(*words, "--out", tmp_path / "out")
    assert (code, "apt install apertium apertium-fr-es" in err) == (3, True)


def test_convert_enriches_too(tmp_path: Path, tiny_model: Path) -> None:
    pixels = np.full((300, 400), 230, np.uint8)
    pixels[100:130, 50:350:12] = 30
    Image.fromarray(pixels).save(tmp_path / "p.png", dpi=(150, 150))
    out = tmp_path / "out"
    words = ("convert", tmp_path / "p.png", "--out", out, "--to", "txt", "--model", tiny_model)
    code, _, err = run(*words, "--enrich", "entities,summary", "--lang", "en", "--jobs", 1)
    assert code == 0, err
    made = {path.name for path in out.iterdir() if path.name.startswith("p.")}
    assert made == {"p.txt", "p.entities.json", "p.entities.csv", "p.summary.txt"}


def test_tables_and_speech_come_with_the_rest(tmp_path: Path) -> None:
    source = tmp_path / "register.json"
    source.write_bytes(json_document(document(entries(), page("alone", index=1))))
    out = tmp_path / "out"
    code, _, err = run("enrich", source, "--what", "tables,speech", "--lang", "fra", "--out", out)
    if code == 3:
        pytest.skip(err)
    assert code == 0, err
    rows = (out / "register.tables" / "page1.csv").read_text("utf-8").splitlines()
    assert rows[1] == "2,Dépôt de pièces,0.9000"
    assert (out / "register.tables" / "page2.csv").read_bytes() == b""
    times = json.loads((out / "register.times.json").read_text("utf-8"))["pages"]
    with wave.open(str(out / "register.wav")) as file:
        seconds = file.getnframes() / file.getframerate()
    assert times[0]["words"][0]["start"] < times[1]["start"] < seconds


def test_nothing_is_loaded_unless_asked_for() -> None:
    code = (
        "import sys, pipeline.runner; "
        "print([m for m in sys.modules if m.startswith('enrich') or m in ('yake', 'openpyxl')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
