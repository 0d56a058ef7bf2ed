"""From scans and a transcription's file to documents of its words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pypdfium2
import pytest
from typer.testing import CliRunner

from export.page_xml import read_page_xml
from pipeline.align_files import AlignParams, _pairs, align_documents, align_files
from pipeline.build import BuildParams
from pipeline.cli import app
from pipeline.errors import FileAccessError, InputError
from pipeline.line_corpus import CutParams, cut_lines
from pipeline.settings import Settings

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample's scan and its text, on one line, with a sentence that is not on the page."""
    folder = tmp_path_factory.mktemp("letter")
    scan = next(p for p in sorted((SAMPLES / "typed").iterdir()) if p.suffix != ".json")
    shutil.copy(scan, folder / scan.name)
    truth = json.loads(scan.with_suffix(".json").read_text("utf-8"))
    text = " ".join(line["text"] for line in truth["lines"])
    (folder / "text.txt").write_text(f"{text}\nqqq zzz xxx\n", "utf-8")
    return folder


def scan_in(folder: Path) -> Path:
    return next(path for path in folder.iterdir() if path.suffix != ".txt")


@pytest.fixture(scope="module")
def made(letter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("aligned")
    params = AlignParams(build=BuildParams(("pdf", "page", "txt")))
    align_files([scan_in(letter)], letter / "text.txt", out, params)
    return out


def test_a_plain_transcript_becomes_a_searchable_pdf(letter: Path, made: Path) -> None:
    words = (letter / "text.txt").read_text("utf-8").split()[:-3]
    with pypdfium2.PdfDocument(next(made.glob("*.pdf"))) as pdf:
        found = pdf[0].get_textpage().get_text_range().split()
    assert len(set(words) & set(found)) > 0.97 * len(set(words))


def test_what_did_not_fit_is_told(made: Path) -> None:
    report = json.loads(next(made.glob("*.align.json")).read_text("utf-8"))
    assert report["text_without_ink"][-1]["text"].endswith("qqq zzz xxx")
    assert report["on_ink"] >= report["words"] - 5


def test_aligned_pages_are_a_corpus_to_train_on(letter: Path, made: Path, tmp_path: Path) -> None:
    params = CutParams(val_share=0.0)
    pages = sorted(made.rglob("*.xml"))
    lines = list(read_page_xml(pages[0].read_bytes()).lines)
    kept, left_out = cut_lines(pages, letter, tmp_path / "l.parquet", params)
    assert kept + left_out == len(lines) and kept > 0.6 * len(lines)


def test_files_that_are_there_are_left(letter: Path, made: Path) -> None:
    params = AlignParams(build=BuildParams(("txt",)))
    with pytest.raises(FileAccessError, match="overwrite"):
        align_files([scan_in(letter)], letter / "text.txt", made, params)


def test_a_folder_of_texts_is_matched_by_name(letter: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    with pytest.raises(InputError, match=r"name it .*\.txt"):
        align_documents([scan_in(letter)], texts)
    shutil.copy(letter / "text.txt", texts / f"{scan_in(letter).stem}.txt")
    (one,) = align_documents([scan_in(letter)], texts)
    assert one.texts[0].name == f"{scan_in(letter).stem}.txt"


def test_single_scans_with_one_text_are_one_document(tmp_path: Path) -> None:
    text = tmp_path / "diary.txt"
    text.write_text("one\ftwo", "utf-8")
    scans = [SAMPLES / "letters" / f"page {number}.jpg" for number in (2, 1)]
    ((document, paths, transcript),) = _pairs(scans, text, Settings())
    assert document.name == "diary" and paths == (text,)
    assert [(page.id, page.index) for page in document.pages] == [("page 2", 0), ("page 1", 1)]
    assert transcript.pages == (0, 1)


def test_the_command_names_its_files_and_says_what_fitted(letter: Path, tmp_path: Path) -> None:
    words = [scan_in(letter), "--text", letter / "text.txt", "--out", tmp_path / "o", "--to", "txt"]
    result = CliRunner().invoke(app, ["align", *map(str, words)])
    assert result.exit_code == 0
    assert [Path(line).suffix for line in result.stdout.split()] == [".txt", ".json"]
    assert "words laid on 1 page" in result.stderr
