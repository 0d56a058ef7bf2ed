from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from pipeline.errors import FileAccessError, InputError, SettingsError
from pipeline.report import Report
from pipeline.runner import convert
from pipeline.settings import Settings
from tests.pipeline.written import files_of

FORMATS = ("pdf", "txt", "page")


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    return Settings(model=str(tiny_model), formats=FORMATS)


def draw_page(path: Path, seed: int = 1) -> Path:
    """A page of bars in rows, as JPEG or PNG."""
    rng = np.random.default_rng(seed)
    page = np.full((600, 500), 230, np.uint8)
    for top in range(60, 540, 40):
        for left in range(40, 440, 16):
            page[top : top + rng.integers(10, 20), left : left + rng.integers(3, 10)] = 30
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(page).save(path, dpi=(150, 150))
    return path


def encrypted_pdf(path: Path) -> Path:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(path)
    return path


def box_of_letters(folder: Path) -> Path:
    """Good pages, and one of each kind of bad one, in one folder."""
    for number in (1, 2, 10):
        draw_page(folder / f"p{number}.jpg", seed=number)
    whole = (folder / "p1.jpg").read_bytes()
    (folder / "p3-truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "p4-empty.png").write_bytes(b"")
    Image.new("L", (1, 1)).save(folder / "p5-dot.png")
    Image.new("L", (500, 600), 240).save(folder / "p6-blank.png", dpi=(150, 150))
    encrypted_pdf(folder / "locked.pdf")
    return folder


def failures(report: Report) -> dict[str, str]:
    return {page.id: page.failure.message for page in report.pages if page.failure}


def test_bad_pages_never_stop_the_others(tmp_path: Path, settings: Settings) -> None:
    report = convert([box_of_letters(tmp_path / "box")], tmp_path / "out", settings)
    assert report.exit_code == 16
    statuses = {page.id: page.status for page in report.pages}
    assert [statuses[f"p{number}"] for number in (1, 2, 10)] == ["done"] * 3
    assert statuses["p6-blank"] == "blank"
    told = failures(report)
    assert "truncated" in told["p3-truncated"]
    assert "p4-empty.png" in told["p4-empty"]
    assert "1 x 1 pixels" in told["p5-dot"]
    assert "password" in next(m for name, m in told.items() if name.startswith("locked"))
    assert len(PdfReader(tmp_path / "out" / "box.pdf").pages) == 4


def test_each_format_is_written_in_its_place(tmp_path: Path, settings: Settings) -> None:
    draw_page(tmp_path / "box" / "p2.jpg")
    draw_page(tmp_path / "box" / "p10.jpg")
    draw_page(tmp_path / "box" / "inner" / "p1.png")
    convert([tmp_path / "box"], tmp_path / "out", settings)
    assert sorted(files_of(tmp_path / "out")) == [
        "box.pdf",
        "box.txt",
        "box/inner.pdf",
        "box/inner.txt",
        "box/inner/p1.xml",
        "box/p10.xml",
        "box/p2.xml",
    ]


def test_pages_are_in_natural_order(tmp_path: Path, settings: Settings) -> None:
    for name in ("p10.jpg", "p2.jpg"):
        draw_page(tmp_path / "box" / name)
    report = convert([tmp_path / "box"], tmp_path / "out", settings)
    assert [page.id for page in report.pages] == ["p2", "p10"]


def test_same_bytes_whatever_the_jobs(tmp_path: Path, settings: Settings) -> None:
    for number in range(5):
        draw_page(tmp_path / "box" / f"p{number}.png", seed=number)
    convert([tmp_path / "box"], tmp_path / "one", settings, jobs=1)
    convert([tmp_path / "box"], tmp_path / "two", settings, jobs=2)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_report_is_written_for_programs(tmp_path: Path, settings: Settings) -> None:
    convert([box_of_letters(tmp_path / "box")], tmp_path / "out", settings)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["exit_code"] == 16
    assert report["pages"] == {"done": 3, "blank": 1, "skipped": 0, "failed": 4}
    assert report["settings"]["segment"]["binarizer"] == "sauvola"
    assert "box.pdf" in report["files"]


def test_a_second_run_may_replace_its_own_files(tmp_path: Path, settings: Settings) -> None:
    source = draw_page(tmp_path / "p.png")
    first = convert([source], tmp_path / "out", settings)
    assert convert([source], tmp_path / "out", settings).exit_code == first.exit_code == 0


@pytest.mark.parametrize("earlier", [False, True], ids=["a stranger", "edited since"])
def test_files_of_others_are_not_overwritten(
    tmp_path: Path, settings: Settings, earlier: bool
) -> None:
    source = draw_page(tmp_path / "p.png")
    target = tmp_path / "out" / "p.txt"
    if earlier:
        convert([source], tmp_path / "out", settings)
    target.parent.mkdir(exist_ok=True)
    target.write_text("corrected by hand")
    with pytest.raises(FileAccessError, match=r"p\.txt"):
        convert([source], tmp_path / "out", settings)
    assert target.read_text() == "corrected by hand"
    convert([source], tmp_path / "out", settings, overwrite=True)
    assert target.read_text() != "corrected by hand"


def test_dates_come_from_the_input(tmp_path: Path, settings: Settings) -> None:
    source = draw_page(tmp_path / "p.png")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    convert([source], tmp_path / "out", settings)
    assert b"2001-09-09T01:46:40" in (tmp_path / "out" / "p" / "p.xml").read_bytes()


def test_source_date_epoch_wins(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    convert([draw_page(tmp_path / "p.png")], tmp_path / "out", settings)
    assert b"1970-01-01T00:00:00" in (tmp_path / "out" / "p" / "p.xml").read_bytes()


def test_document_that_cannot_be_written_costs_only_itself(
    tmp_path: Path, settings: Settings
) -> None:
    first, second = (draw_page(tmp_path / name) for name in ("a.png", "b.png"))
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "a" / "a.xml").mkdir()
    report = convert([first, second], tmp_path / "out", settings, overwrite=True)
    assert report.exit_code == 16
    assert (tmp_path / "out" / "b.pdf").exists()


def test_missing_source_is_said_before_anything_is_done(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(InputError, match=r"none\.png"):
        convert([tmp_path / "none.png"], tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()


def test_unknown_format_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="pdf, txt, page, html"):
        convert([tmp_path], tmp_path / "out", Settings(formats=("epub",)))


def test_input_pdf_keeps_its_pages(tmp_path: Path, settings: Settings) -> None:
    writer = PdfWriter()
    writer.add_blank_page(300, 400).rotate(90)
    writer.write(tmp_path / "in.pdf")
    convert([tmp_path / "in.pdf"], tmp_path / "out", settings)
    page = PdfReader(tmp_path / "out" / "in.pdf").pages[0]
    assert (page.mediabox.width, page.mediabox.height, page.rotation) == (300, 400, 90)
