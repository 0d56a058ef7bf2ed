from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.errors import InputError
from recognize.dataset import LineSample
from recognize.letter_places import locate, read_places, upright, write_places
from recognize.model import LineNet, ModelParams
from recognize.reader import Reader, Sight
from tests.recognize.peaks import LETTERS, spelled


def slanted(slant: float) -> np.ndarray:
    """Four strokes that lean, 60 columns apart."""
    line = np.full((64, 260), 210, np.uint8)
    for left in (40, 100, 160, 220):
        top, foot = (round(left + slant * rise) for rise in (16, -16))
        cv2.line(line, (top, 16), (foot, 48), 30, 3)
    return line


def reader_that_sees(text: str, width: int, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader that is sure of a text, each letter a quarter of the line wide."""
    small = ModelParams(stem=4, stages=((4,),), hidden=4, layers=1)
    reader = Reader(LineNet(len(LETTERS), small), LETTERS)
    columns = spelled(text)
    sight = Sight(columns, 4 * len(columns), width)
    monkeypatch.setattr(reader, "look", lambda lines: [sight for _ in lines])
    return reader


def sample_of(line: np.ndarray, text: str) -> LineSample:
    data = cv2.imencode(".png", line)[1].tobytes()
    return LineSample(data, line.shape[1], text, "c", "p", 3, "eng", "hand")


def test_upright_takes_the_slant_away() -> None:
    straight = upright(slanted(0.5), 0.5, 210)
    assert [int(np.argmin(straight[row])) for row in (20, 44)] == pytest.approx([39, 39], abs=2)


def test_cuts_fall_between_the_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    line = slanted(0.4)
    reader = reader_that_sees("illi", line.shape[1], monkeypatch)
    (places,) = locate([sample_of(line, "illi")], reader)
    assert places.slant == pytest.approx(0.4, abs=0.06)
    strokes = (40, 100, 160, 220)
    for stroke, (left, right) in zip(strokes, pairwise(places.cuts), strict=True):
        assert left < stroke - 2
        assert stroke + 2 < right


def test_a_line_that_says_something_else_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    line = slanted(0.4)
    reader = reader_that_sees("illi", line.shape[1], monkeypatch)
    assert not list(locate([sample_of(line, "zxzx")], reader))


def test_places_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = slanted(0.0)
    reader = reader_that_sees("illi", line.shape[1], monkeypatch)
    places = list(locate([sample_of(line, "illi")], reader))
    write_places(places, tmp_path / "places.parquet")
    assert read_places(tmp_path / "places.parquet") == places


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.parquet").write_text("no")
    with pytest.raises(InputError, match=r"odd\.parquet"):
        read_places(tmp_path / "odd.parquet")
