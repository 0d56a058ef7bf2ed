"""Inputs and outputs behind URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import FileAccessError, InputError, UsageError
from pipeline.remote import place, run_folder
from pipeline.runner import convert
from pipeline.settings import Settings
from pipeline.status import read_status
from tests.pipeline.written import files_of, stored

fsspec = pytest.importorskip("fsspec")

SOURCE, OUT = "memory://archive/box", "memory://made/out"
MADE = "/made/out"


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    return Settings(model=str(tiny_model), formats=("pdf", "txt", "page"))


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty memory:// and a home for the ledger."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    fs = fsspec.filesystem("memory")
    fs.rm("/", recursive=True)
    yield fs
    fs.rm("/", recursive=True)


def drawn(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    page = np.full((160, 200), 230, np.uint8)
    for top in range(30, 130, 40):
        for left in range(20, 180, 16):
            page[top : top + rng.integers(10, 20), left : left + rng.integers(3, 10)] = 30
    return Image.fromarray(page)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Two single pages, one in a folder below, a TIFF and a PDF of two pages each."""
    folder = tmp_path / "box"
    (folder / "inner").mkdir(parents=True)
    for number, name in enumerate(("p2.png", "p10.png", "inner/q.jpg")):
        drawn(number).save(folder / name, dpi=(100, 100))
    for name in ("book.tif", "book.pdf"):
        drawn(7).save(folder / name, save_all=True, append_images=[drawn(8)], resolution=100)
    (folder / "notes.txt").write_text("no page")
    return folder


def test_url_in_and_url_out_give_the_bytes_of_a_folder(
    tmp_path: Path, settings: Settings, memory: Any, box: Path
) -> None:
    memory.put(str(box), "/archive/box", recursive=True)
    report = convert([SOURCE], OUT, settings)
    convert([box], tmp_path / "here", settings)
    assert report.exit_code == 0
    assert len(list(report.pages)) == 7
    assert stored(memory, MADE) == files_of(tmp_path / "here")
    sources = {page.source.rpartition("/")[2]: page.source for page in report.pages}
    assert sources["q.jpg"] == f"{SOURCE}/inner/q.jpg"
    assert memory.exists("/made/out/report.json")


@pytest.mark.parametrize("kind", ["source", "out"])
def test_either_may_be_a_url(
    tmp_path: Path, settings: Settings, memory: Any, box: Path, kind: str
) -> None:
    memory.put(str(box), "/archive/box", recursive=True)
    convert([box], tmp_path / "here", settings)
    if kind == "source":
        convert([SOURCE], tmp_path / "there", settings)
        found = files_of(tmp_path / "there")
    else:
        convert([box], OUT, settings)
        found = stored(memory, MADE)
    assert found == files_of(tmp_path / "here")


def test_file_url_is_a_path(tmp_path: Path) -> None:
    assert place(f"file://{tmp_path}/a%20b") == tmp_path / "a b"
    assert place("C:\\scans") == Path("C:\\scans")
    assert place("s3://archive/box/") == "s3://archive/box"


def _change(memory: Any) -> None:
    with memory.open("/archive/box/p2.png", "wb") as file:
        drawn(5).save(file, "PNG", dpi=(100, 100))


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        pytest.param(lambda memory: None, [], id="nothing"),
        pytest.param(_change, ["p2.png"], id="input changed"),
        pytest.param(lambda memory: memory.rm("/made/out/box.pdf"), [], id="output lost"),
    ],
)
def test_only_what_changed_is_done_again(
    settings: Settings,
    memory: Any,
    box: Path,
    read: list[str],
    harm: Callable[[Any], None],
    expected: list[str],
) -> None:
    memory.put(str(box), "/archive/box", recursive=True)
    convert([SOURCE], OUT, settings)
    harm(memory)
    read.clear()
    assert convert([SOURCE], OUT, settings).exit_code == 0
    assert read == expected
    convert([SOURCE], "memory://made/fresh", settings)
    assert stored(memory, MADE) == stored(memory, "/made/fresh")


def test_stranger_at_the_url_is_spared(settings: Settings, memory: Any, box: Path) -> None:
    memory.pipe_file("/made/out/box.txt", b"by hand")
    with pytest.raises(FileAccessError, match=r"memory://made/out/box\.txt: is there already"):
        convert([box], OUT, settings)
    assert convert([box], OUT, settings, overwrite=True).exit_code == 0
    assert memory.cat_file("/made/out/box.txt") != b"by hand"


def test_broken_page_is_named_by_its_url(settings: Settings, memory: Any, box: Path) -> None:
    memory.put(str(box), "/archive/box", recursive=True)
    memory.pipe_file("/archive/box/p2.png", b"broken")
    report = convert([SOURCE], OUT, settings)
    (failure,) = report.failures
    assert failure.message.startswith(f"{SOURCE}/p2.png: is damaged")


def test_status_finds_the_ledger_of_a_url(settings: Settings, memory: Any, box: Path) -> None:
    convert([box], OUT, settings)
    assert read_status(run_folder(place(OUT))).total == 7


def test_missing_url_is_told(settings: Settings, memory: Any) -> None:
    with pytest.raises(InputError, match="memory://none: is not there"):
        convert(["memory://none"], OUT, settings)


def test_unknown_kind_of_url_is_told(settings: Settings, memory: Any) -> None:
    with pytest.raises(InputError, match="xyz"):
        convert(["xyz://none"], OUT, settings)


def test_memory_is_not_shared_with_workers(settings: Settings, memory: Any) -> None:
    with pytest.raises(UsageError, match="this process alone"):
        convert([SOURCE], OUT, settings, jobs=1)
