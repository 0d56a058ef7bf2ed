from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from recognize.dataset import batch_indices, read_samples, round_up, stack

widths = st.lists(st.integers(1, 3000), min_size=1, max_size=60)


def write_corpus(path: Path, **columns: object) -> Path:
    picture = cv2.imencode(".webp", np.full((64, 100), 200, np.uint8))[1].tobytes()
    row = {
        "image": picture,
        "text": "word",
        "corpus": "made",
        "page": "p1",
        "line": 0,
        "lang": "eng",
        "kind": "hand",
        "split": "train",
    }
    rows = [row, {**row, "split": "val"}, {**row, "text": " "}]
    pq.write_table(pa.Table.from_pylist([{**one, **columns} for one in rows]), path)
    return path


@given(widths, st.booleans())
def test_batches_hold_every_line_once(widths: list[int], shuffled: bool) -> None:
    rng = np.random.default_rng(1) if shuffled else None
    batches = batch_indices(widths, 2000, rng)
    assert sorted(index for batch in batches for index in batch) == list(range(len(widths)))


@given(widths)
def test_batches_keep_to_the_bound(widths: list[int]) -> None:
    for batch in batch_indices(widths, 2000, np.random.default_rng(1)):
        padded = max(round_up(widths[index]) for index in batch) * len(batch)
        assert padded <= 2000 or len(batch) == 1


def test_same_seed_gives_the_same_batches() -> None:
    first, second = (batch_indices(range(1, 500), 2000, np.random.default_rng(7)) for _ in range(2))
    assert first == second


def test_stack_pads_with_paper() -> None:
    batch = stack([np.ones((48, 10), np.float32), np.ones((48, 70), np.float32)])
    assert batch.shape == (2, 1, 48, 128)
    assert float(batch[0].sum()) == 48 * 10


def test_only_lines_of_the_split_with_text_are_read(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "made.parquet")
    (sample,) = read_samples([path], "train")
    assert (sample.text, sample.width, sample.pixels().shape) == ("word", 100, (64, 100))


def test_damaged_picture_is_said(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "made.parquet", image=b"no picture")
    with pytest.raises(InputError, match="decoded"):
        read_samples([path], "train")


@pytest.mark.parametrize("data", [b"", b"PAR1 but not really"])
def test_broken_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.parquet"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"broken\.parquet"):
        read_samples([path], "train")
