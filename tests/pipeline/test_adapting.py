"""Scans to a model that has learnt their hands."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.adapting import LINES, adapt
from pipeline.cli import app
from pipeline.errors import InputError
from pipeline.settings import Settings
from recognize.adapt import AdaptParams
from recognize.dataset import read_samples

ALL_LINES = AdaptParams("none", rounds=1, least_confidence=0.0)


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A folder of two pages, three lines each."""
    folder = tmp_path / "letters"
    folder.mkdir()
    for number in (1, 2):
        page = np.full((500, 700), 235, np.uint8)
        for row in range(3):
            place = (60, 120 + 110 * row)
            cv2.putText(page, "the quick brown fox", place, cv2.FONT_HERSHEY_SIMPLEX, 1.5, 30, 3)
        Image.fromarray(page).save(folder / f"p{number}.png", dpi=(100, 100))
    return folder


def settings(model: Path) -> Settings:
    return Settings(model=str(model), lm="none")


def test_every_line_is_learnt_with_its_reading(
    letters: Path, tiny_model: Path, tmp_path: Path
) -> None:
    shares: list[float] = []
    model = adapt(
        [letters],
        tmp_path / "hand",
        settings(tiny_model),
        params=ALL_LINES,
        told=shares.append,
    )
    samples = read_samples([tmp_path / "hand" / LINES], "train")
    assert [(one.page, one.line) for one in samples] == [
        (f"letters/{page}", line) for page in ("p1", "p2") for line in range(3)
    ]
    assert all(one.text for one in samples)
    assert model.read_bytes() != tiny_model.read_bytes()
    assert shares == sorted(shares) and shares[-1] == 1


def test_a_bad_page_costs_itself_alone(
    letters: Path, tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (letters / "p1.png").write_bytes(b"no picture")
    with caplog.at_level(logging.WARNING):
        adapt([letters], tmp_path / "hand", settings(tiny_model), params=ALL_LINES)
    assert "p1.png" in caplog.text
    pages = {one.page for one in read_samples([tmp_path / "hand" / LINES], "train")}
    assert pages == {"letters/p2"}


def test_no_more_pages_are_read_than_asked(letters: Path, tiny_model: Path, tmp_path: Path) -> None:
    adapt([letters], tmp_path / "hand", settings(tiny_model), pages=1, params=ALL_LINES)
    assert len({one.page for one in read_samples([tmp_path / "hand" / LINES], "train")}) == 1


def test_where_nothing_is_read_surely_it_says_what_to_do(
    letters: Path, tiny_model: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="inkfolio train"):
        params = AdaptParams("none", least_confidence=1.1)
        adapt([letters], tmp_path / "hand", settings(tiny_model), params=params)


def test_a_model_that_is_there_stays(letters: Path, tiny_model: Path, tmp_path: Path) -> None:
    model = adapt([letters], tmp_path / "hand", settings(tiny_model), params=ALL_LINES)
    before = model.stat().st_mtime_ns
    (letters / "p2.png").unlink()
    assert adapt([letters], tmp_path / "hand", settings(tiny_model), params=ALL_LINES) == model
    assert model.stat().st_mtime_ns == before


def test_convert_reads_with_what_it_has_learnt(
    letters: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognize.adapt.AdaptParams", lambda language: ALL_LINES)
    out = tmp_path / "out"
    words = [*(str(letters), "--out", str(out), "--model", str(tiny_model)), "--adapt"]
    result = CliRunner().invoke(app, ["convert", *words, "--to", "json", "--jobs", "1"])
    assert result.exit_code == 0, result.stderr
    steps = json.loads((out / "letters.inkfolio.json").read_text("utf-8"))["steps"]
    assert "adapted" in json.dumps(steps)


@pytest.mark.parametrize(
    "words", [["--watch", "letters"], ["s3://archive/scans"], ["letters", "--cluster", "local"]]
)
def test_convert_adapts_to_files_of_this_machine_alone(words: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["convert", *words, "--adapt", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "inkfolio adapt" in result.stderr


def test_convert_goes_on_where_nothing_could_be_learnt(
    letters: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = AdaptParams("none", least_confidence=1.1)
    monkeypatch.setattr("recognize.adapt.AdaptParams", lambda language: strict)
    words = [str(letters), "--out", str(tmp_path / "out"), "--model", str(tiny_model), "--adapt"]
    result = CliRunner().invoke(app, ["convert", *words, "--to", "txt", "--jobs", "1"])
    assert result.exit_code == 0, result.stderr
    assert "nothing was learnt" in result.stderr
    assert (tmp_path / "out" / "letters.txt").exists()
