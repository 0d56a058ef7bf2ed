"""Searching a collection: what is found, where, and what is forgiven."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from export.alto import alto
from export.hocr import hocr
from export.json_document import json_document
from export.page_xml import page_xml
from pipeline.cli import app
from pipeline.document import Alternative, Document
from pipeline.errors import InputError, UsageError
from pipeline.search_index import INDEX_NAME, Indexed, index_folder, search_index
from tests.export.pages import document, page

CREATED = datetime(2026, 1, 2, tzinfo=UTC)


def letters() -> Document:
    return document(
        page("Ma chère mère, je vous écris", "un mot pour-", "suivi ici de l’Œuvre"),
        replace(page("Chere MERE encore", index=1), id="p2"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Letters in JSON and PAGE, a register in ALTO, a diary in hOCR, one below another folder."""
    made = letters()
    (tmp_path / "letters.inkfolio.json").write_bytes(json_document(made))
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "p1.xml").write_bytes(page_xml(made.pages[0], (), CREATED))
    (tmp_path / "old" / "register").mkdir(parents=True)
    data = alto(page("Anno 1874 baptisé"), (), CREATED)
    (tmp_path / "old" / "register" / "p1.alto.xml").write_bytes(data)
    (tmp_path / "diary.hocr").write_bytes(hocr(document(page("mardi, il pleut"))))
    (tmp_path / "diary.tei.xml").write_text("<TEI/>")
    (tmp_path / "old" / "mets.xml").write_text("<mets/>")
    assert index_folder(tmp_path) == Indexed(documents=3, pages=4, words=21)
    return tmp_path


def found(folder: Path, query: str, fuzzy: bool = False) -> list[tuple[str, int, str]]:
    hits = search_index(folder, query, fuzzy=fuzzy)
    return sorted((hit.document, hit.page, hit.found) for hit in hits)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("mere", [("letters", 1, "mère,"), ("letters", 2, "MERE")], id="folded"),
        pytest.param('"chere mere"', [("letters", 1, "chère mère,"), ("letters", 2, "Chere MERE")]),
        pytest.param('"mere chere"', [], id="phrase in another order"),
        pytest.param("enc* chere", [("letters", 2, "Chere"), ("letters", 2, "encore")]),
        pytest.param('"vous ecris un"', [("letters", 1, "vous écris un")], id="over a line's end"),
        pytest.param("poursuivi", [("letters", 1, "poursuivi")], id="broken word"),
        pytest.param("1874", [("old/register", 1, "1874")], id="from ALTO"),
        pytest.param("pleut", [("diary", 1, "pleut")], id="from hOCR"),
        pytest.param("mere pleut", [], id="not on one page"),
        pytest.param("NOT pleut OR x", [], id="operators are words"),
        pytest.param('mot" AND (', [], id="quotes that do not close"),
        pytest.param("œuvre", [("letters", 1, "l’Œuvre")], id="after an apostrophe"),
    ],
)
def test_what_is_found(folder: Path, query: str, expected: list[tuple[str, int, str]]) -> None:
    assert found(folder, query) == expected


def test_fuzzy_finds_what_was_misread(folder: Path) -> None:
    assert found(folder, "batisé") == []
    assert found(folder, "batisé", fuzzy=True) == [("old/register", 1, "baptisé")]
    assert found(folder, "plcut", fuzzy=True) == [("diary", 1, "pleut")]


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    """A page on which "Haus" was read "Maus" and may be "Hans"; on another one is a real mouse."""
    first = page("das alte Maus am Bach", "Maus")
    line, *others = first.regions[0].lines
    das, alte, read, *rest = line.words
    read = replace(read, alternatives=(Alternative("Haus", 0.3), Alternative("Hans", 0.1)))
    line = replace(line, words=(das, alte, read, *rest))
    first = replace(first, regions=(replace(first.regions[0], lines=(line, *others)),))
    made = document(first, replace(page("eine Maus", index=1), id="p2"))
    (tmp_path / "letters.inkfolio.json").write_bytes(json_document(made))
    index_folder(tmp_path)
    return tmp_path


@pytest.mark.parametrize("query", ["Haus", "haus alte", '"alte Haus"', "Haus*"])
def test_what_the_decoder_held_possible_is_not_found_as_if_it_were_read(
    doubtful: Path, query: str
) -> None:
    assert found(doubtful, query) == []


@pytest.mark.parametrize("query", ["hans", "hans bach", 'hans "am Bach"'])
def test_fuzzy_finds_what_the_decoder_held_possible_in_its_place_alone(
    doubtful: Path, query: str
) -> None:
    hits = [hit for hit in search_index(doubtful, query, fuzzy=True) if hit.found == "Maus"]
    assert [(hit.page, hit.line, hit.before) for hit in hits] == [(1, "r1l1", "das alte")]


def test_the_likeliest_come_first(tmp_path: Path) -> None:
    pages = [page("Maus", index=index) for index in range(4)]
    words = [("Laus", 0.9), ("Haut", 0.5), ("Maus", 0.9), ("Haus", 0.9)]
    changed = []
    for number, (made, (text, confidence)) in enumerate(zip(pages, words, strict=True), 1):
        region = made.regions[0]
        (line,) = region.lines
        others = (Alternative("Haus", 0.2),) if text == "Maus" else ()
        word = replace(line.words[0], text=text, confidence=confidence, alternatives=others)
        region = replace(region, lines=(replace(line, words=(word,)),))
        changed.append(replace(made, id=f"p{number}", regions=(region,)))
    (tmp_path / "x.inkfolio.json").write_bytes(json_document(document(*changed)))
    index_folder(tmp_path)
    hits = search_index(tmp_path, "haus", fuzzy=True)
    assert [(hit.found, hit.match) for hit in hits] == [
        ("Haus", "read"),
        ("Maus", "possible"),
        ("Haut", "doubtful"),
        ("Laus", "alike"),
    ]


def test_accents_are_no_misreading(folder: Path) -> None:
    """Two letters of five may not differ."""
    assert found(folder, "chére", fuzzy=True) == found(folder, "chère")
    assert ("letters", 1, "mère,") in found(folder, "mére", fuzzy=True)
    assert found(folder, "écrís", fuzzy=True) == [("letters", 1, "écris")]
    assert found(folder, "écrís x", fuzzy=True) == []


def test_a_place_is_found_once(doubtful: Path) -> None:
    assert found(doubtful, "Maus", fuzzy=True) == found(doubtful, "Maus")


def test_a_hit_tells_where_it_is(folder: Path) -> None:
    (hit,) = search_index(folder, '"mot poursuivi ici"')
    assert (hit.line, hit.before, hit.after) == ("r1l2", "mère, je vous écris un", "de l’Œuvre")
    assert hit.boxes == ((160, 260, 340, 300), (100, 360, 280, 400))


def test_there_are_no_more_hits_than_wanted(folder: Path) -> None:
    assert len(search_index(folder, "mere", most=1)) == 1


def test_the_index_is_made_anew(folder: Path) -> None:
    (folder / "diary.hocr").unlink()
    assert index_folder(folder).documents == 2
    assert found(folder, "pleut") == []
    assert [path.name for path in folder.glob("search*")] == [INDEX_NAME]


def test_nothing_to_index(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no JSON"):
        index_folder(tmp_path)


def test_no_index_and_no_words(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no word"):
        search_index(folder, '"*" --')
    (folder / INDEX_NAME).write_bytes(b"no database, but long enough to be taken for one" * 99)
    with pytest.raises(InputError, match="inkfolio index"):
        search_index(folder, "mere")
    (folder / INDEX_NAME).unlink()
    with pytest.raises(InputError, match="has no index"):
        search_index(folder, "mere")


def test_the_commands(folder: Path) -> None:
    made = CliRunner().invoke(app, ["index", str(folder)])
    assert (made.exit_code, made.stdout) == (0, "")
    assert "3 documents, 4 pages, 21 words" in made.stderr
    told = CliRunner().invoke(app, ["search", str(folder), "pleut"])
    assert told.stdout == "diary, page 1, line r1l1: mardi, il [pleut]\n"
    as_json = CliRunner().invoke(app, ["search", str(folder), "pleut", "--json"])
    (hit,) = json.loads(as_json.stdout)
    assert (hit["document"], hit["page"], len(hit["boxes"])) == ("diary", 1, 1)


@pytest.mark.parametrize("command", ["index", "search"])
def test_help_has_an_example(command: str) -> None:
    said = CliRunner().invoke(app, [command, "--help"]).stdout
    assert f"Example: inkfolio {command}" in " ".join(said.split())
