"""Bags of runs: complete, valid, and never of what is not as it was made."""

from __future__ import annotations

from pathlib import Path

import bagit
import pytest
from typer.testing import CliRunner

from pipeline.bag import bag_run
from pipeline.cli import app
from pipeline.errors import FileAccessError, InputError
from pipeline.ledger import open_ledger
from pipeline.runner import convert
from pipeline.settings import Settings
from tests.pipeline.test_cli import page


@pytest.fixture
def run(tmp_path: Path, tiny_model: Path) -> Path:
    """A run over a folder of two scans."""
    scans = tmp_path / "lettres à Léon"
    scans.mkdir()
    for name in ("a.png", "b.png"):
        page(scans / name)
    settings = Settings(model=str(tiny_model), formats=("pdf", "txt", "mets"))
    convert([scans], tmp_path / "out", settings)
    return tmp_path / "out"


def payload(bag: Path) -> list[str]:
    files = (path for path in (bag / "data").rglob("*") if path.is_file())
    return sorted(path.relative_to(bag / "data").as_posix() for path in files)


def test_the_bag_is_valid_and_holds_the_runs_files(run: Path, tmp_path: Path) -> None:
    name = "lettres à Léon"
    made = bag_run(run, tmp_path / "bag", organization="Archives")
    bag = bagit.Bag(str(tmp_path / "bag"))
    assert bag.validate()
    assert sorted(bag.algorithms) == ["sha256", "sha512"]
    files = [f"{name}.mets.xml", f"{name}.pdf", f"{name}.txt", "report.csv", "report.json"]
    assert payload(tmp_path / "bag") == files
    assert made.files == len(files)
    assert bag.info["Source-Organization"] == "Archives"
    assert bag.info["External-Description"].startswith("2 pages in 1 documents")


def test_the_scans_go_in_on_request(run: Path, tmp_path: Path) -> None:
    bag_run(run, tmp_path / "bag", originals=True)
    scans = [name for name in payload(tmp_path / "bag") if name.startswith("originals/")]
    assert scans == [f"originals/lettres à Léon/{name}.png" for name in "ab"]
    assert bagit.Bag(str(tmp_path / "bag")).is_valid()


def test_the_same_day_gives_the_same_bytes(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    for name in ("a", "b"):
        bag_run(run, tmp_path / name)
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert path.read_bytes() == twin.read_bytes()
    assert "Bagging-Date: 2001-09-09" in (tmp_path / "a" / "bag-info.txt").read_text()


def test_a_file_that_was_changed_is_not_packed(run: Path, tmp_path: Path) -> None:
    next(run.glob("*.txt")).write_text("other")
    with pytest.raises(InputError, match=r"\.txt: was changed since the run"):
        bag_run(run, tmp_path / "bag")
    assert not list(tmp_path.glob("bag*"))


def test_a_scan_that_is_gone_is_named(run: Path, tmp_path: Path) -> None:
    (tmp_path / "lettres à Léon" / "b.png").unlink()
    with pytest.raises(InputError, match=r"b\.png: is not there any more"):
        bag_run(run, tmp_path / "bag", originals=True)


def test_a_bag_is_not_overwritten(run: Path, tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="is there already"):
        bag_run(run, tmp_path)


def test_a_run_at_work_is_not_packed(run: Path, tmp_path: Path) -> None:
    with open_ledger(run), pytest.raises(FileAccessError, match="is being written to"):
        bag_run(run, tmp_path / "bag")


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bag", str(tmp_path), "--out", str(tmp_path / "bag")])
    assert (result.exit_code, "is not the report of a run" in result.stderr) == (2, True)
