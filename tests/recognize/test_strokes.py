from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from recognize.strokes import draw_strokes, holds_strokes, read_pen_lines

SQUARE = np.array([[0, 0], [300, 0], [300, 300], [0, 300], [0, 0]], np.float32)


def write_lines(path: Path) -> Path:
    row = {"text": "on", "dx": [5, 300, 0, 40, 0], "dy": [9, 0, 300, 0, 200], "points": [3, 2]}
    pq.write_table(pa.Table.from_pylist([row]), path)
    return path


@pytest.mark.parametrize("seed", range(8))
def test_ink_is_darker_than_its_paper_and_has_margins(seed: int) -> None:
    line = draw_strokes([SQUARE], np.random.default_rng(seed))
    paper = float(np.median(line))
    assert line.shape[0] == 64
    assert line.min() < 0.8 * paper
    edge = np.concatenate([line[:, 0], line[:, -1]])
    assert edge.min() > 0.6 * paper


def test_same_seed_gives_the_same_line() -> None:
    first, second = (draw_strokes([SQUARE], np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_another_seed_gives_another() -> None:
    first, second = (draw_strokes([SQUARE], np.random.default_rng(seed)) for seed in (4, 5))
    assert first.shape != second.shape or (first != second).any()


def test_a_dot_is_a_stroke() -> None:
    dot = np.array([[10, 250]], np.float32)
    assert draw_strokes([SQUARE, dot], np.random.default_rng(1)).shape[0] == 64


def test_strokes_are_read_from_parquet(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "pen.parquet")
    assert holds_strokes(path)
    (line,) = read_pen_lines(path)
    assert (line.text, line.points) == ("on", (3, 2))
    drawn = line.draw(np.random.default_rng(1))
    assert line.width / 2 < drawn.shape[1] < line.width * 2


def test_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pen.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"pen\.parquet"):
        holds_strokes(path)
