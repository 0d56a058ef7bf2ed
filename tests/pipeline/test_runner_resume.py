"""Runs that are started again: what is done and intact is not done again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pipeline.worker
from pipeline.errors import FileAccessError
from pipeline.ledger import FOLDER, open_ledger
from pipeline.runner import convert
from pipeline.settings import Settings
from tests.pipeline.written import files_of


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    return Settings(model=str(tiny_model), formats=("pdf", "txt", "page"))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pages that were really read."""
    names: list[str] = []
    real = pipeline.worker.open_page

    def noted(source: pipeline.worker.SourcePage, settings: Settings) -> object:
        names.append(source.path.name)
        return real(source, settings)

    monkeypatch.setattr(pipeline.worker, "open_page", noted)
    return names


def draw_page(path: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    page = np.full((200, 260), 230, np.uint8)
    for top in range(40, 160, 40):
        for left in range(20, 240, 16):
            page[top : top + rng.integers(10, 20), left : left + rng.integers(3, 10)] = 30
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(page).save(path, dpi=(100, 100))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


def box(folder: Path, pages: int = 3) -> Path:
    for number in range(pages):
        draw_page(folder / f"p{number}.png", seed=number)
    return folder


def inodes(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_ino for path in folder.rglob("*.pdf")}


def test_nothing_is_done_twice(tmp_path: Path, settings: Settings, read: list[str]) -> None:
    convert([box(tmp_path / "box")], tmp_path / "out", settings)
    before = inodes(tmp_path / "out")
    assert read == ["p0.png", "p1.png", "p2.png"]
    report = convert([tmp_path / "box"], tmp_path / "out", settings)
    assert read == ["p0.png", "p1.png", "p2.png"]
    assert inodes(tmp_path / "out") == before
    assert [page.status for page in report.pages] == ["done"] * 3


def _draw_anew(box: Path, out: Path) -> None:
    draw_page(box / "p1.png", seed=99)


def _add(box: Path, out: Path) -> None:
    draw_page(box / "p7.png", seed=7)


def _lose_output(box: Path, out: Path) -> None:
    (out / "box.pdf").unlink()


def _date_anew(box: Path, out: Path) -> None:
    os.utime(box / "p1.png", (1_100_000_000, 1_100_000_000))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(_draw_anew, ["p1.png"], id="input changed"),
        pytest.param(_add, ["p7.png"], id="input added"),
        pytest.param(_lose_output, [], id="output lost"),
        pytest.param(_date_anew, [], id="input's date changed"),
    ],
)
def test_what_changed_is_done_again(
    tmp_path: Path,
    settings: Settings,
    read: list[str],
    change: Callable[[Path, Path], None],
    expected: list[str],
) -> None:
    convert([box(tmp_path / "box")], tmp_path / "out", settings)
    change(tmp_path / "box", tmp_path / "out")
    read.clear()
    convert([tmp_path / "box"], tmp_path / "out", settings)
    assert read == expected
    convert([tmp_path / "box"], tmp_path / "fresh", settings)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "fresh")


def test_other_settings_are_another_key(
    tmp_path: Path, settings: Settings, read: list[str]
) -> None:
    convert([box(tmp_path / "box")], tmp_path / "out", settings)
    read.clear()
    otsu = replace(settings, segment=replace(settings.segment, binarizer="otsu"))
    convert([tmp_path / "box"], tmp_path / "out", otsu)
    assert len(read) == 3


def test_another_format_needs_no_reading(
    tmp_path: Path, settings: Settings, read: list[str]
) -> None:
    convert([box(tmp_path / "box")], tmp_path / "out", replace(settings, formats=("txt",)))
    read.clear()
    convert([tmp_path / "box"], tmp_path / "out", settings)
    assert read == []
    assert (tmp_path / "out" / "box.pdf").exists()


def test_failed_page_is_tried_again(tmp_path: Path, settings: Settings, read: list[str]) -> None:
    box(tmp_path / "box")
    good = (tmp_path / "box" / "p1.png").read_bytes()
    (tmp_path / "box" / "p1.png").write_bytes(good[:300])
    assert convert([tmp_path / "box"], tmp_path / "out", settings).exit_code == 16
    read.clear()
    assert convert([tmp_path / "box"], tmp_path / "out", settings).exit_code == 16
    assert read == ["p1.png"]
    (tmp_path / "box" / "p1.png").write_bytes(good)
    assert convert([tmp_path / "box"], tmp_path / "out", settings).exit_code == 0


def test_crash_between_noting_and_renaming_is_no_stranger(
    tmp_path: Path, settings: Settings
) -> None:
    convert([box(tmp_path / "box")], tmp_path / "out", settings)
    with open_ledger(tmp_path / "out") as ledger:
        ledger.claim("box", [("box.txt", "0" * 64)])
    assert convert([tmp_path / "box"], tmp_path / "out", settings).exit_code == 0


def test_stranger_who_comes_during_the_run_is_spared(tmp_path: Path, settings: Settings) -> None:
    box(tmp_path / "box")
    out = tmp_path / "out"

    def intrude(done: int, total: int) -> None:
        if done == total:
            (out / "box.txt").write_text("by hand")

    report = convert([tmp_path / "box"], out, settings, progress=intrude)
    assert report.exit_code == 5
    assert (out / "box.txt").read_text() == "by hand"


def test_second_run_is_refused(tmp_path: Path, settings: Settings) -> None:
    with (
        open_ledger(tmp_path / "out"),
        pytest.raises(FileAccessError, match="is writing into it; wait"),
    ):
        convert([box(tmp_path / "box")], tmp_path / "out", settings)


@pytest.mark.parametrize("jobs", [0, 1], ids=["in this process", "in another"])
def test_interrupted_run_is_gone_on_with(tmp_path: Path, settings: Settings, jobs: int) -> None:
    box(tmp_path / "box", 6)

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        convert([tmp_path / "box"], tmp_path / "out", settings, jobs=jobs, progress=interrupt)
    with open_ledger(tmp_path / "out") as ledger:
        assert 2 <= ledger.counts()["done"] <= 3
    assert files_of(tmp_path / "out") == {}
    convert([tmp_path / "box"], tmp_path / "out", settings)
    convert([tmp_path / "box"], tmp_path / "fresh", settings)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "fresh")


def test_run_in_a_thread_needs_no_signals(tmp_path: Path, settings: Settings) -> None:
    box(tmp_path / "box")
    arguments = ([tmp_path / "box"], tmp_path / "out", settings)
    thread = threading.Thread(target=convert, args=arguments)
    thread.start()
    thread.join(60)
    assert (tmp_path / "out" / "box.pdf").exists()


def test_nothing_is_left_in_scratch(tmp_path: Path, settings: Settings) -> None:
    stale = tmp_path / "out" / FOLDER / "scratch" / "x" / "0"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of a killed run")
    convert([box(tmp_path / "box")], tmp_path / "out", settings)
    assert not stale.parent.parent.exists()
