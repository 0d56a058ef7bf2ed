"""Line corpora in Parquet to batches of similar width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from pipeline.errors import InputError
from recognize.normalize import Gray, LineArray

_COLUMNS = ["image", "text", "corpus", "page", "line", "lang", "kind", "split"]
_ROUND = 128  # widths are padded to multiples, so that lines share a batch, and batches a kernel


class TrainingLine(Protocol):
    """A line that a training can use: a scan, or one that is drawn anew every time."""

    @property
    def width(self) -> int:
        """Columns at a height of 64, at least about."""
        ...

    @property
    def text(self) -> str:
        """What it says."""
        ...

    @property
    def corpus(self) -> str:
        """Where it is from."""
        ...

    @property
    def page(self) -> str:
        """Where in it; empty where it has no pages."""
        ...

    def draw(self, rng: np.random.Generator) -> Gray:
        """Its picture, uint8 (64, about width), dark ink on light paper."""
        ...


@dataclass(frozen=True, slots=True)
class LineSample:
    """A transcribed line, its picture still encoded.

    Attributes:
        image: the encoded picture (WebP, PNG or JPEG).
        width: columns of the picture at a height of 64.
        text: NFC.
        corpus: where it is from; page and line tell the place in it.
        lang: ISO 639-3.
        kind: "hand", "print" or "typed".
    """

    image: bytes
    width: int
    text: str
    corpus: str
    page: str
    line: int
    lang: str
    kind: str

    def pixels(self) -> Gray:
        """The picture, uint8 (64, width), dark ink on light paper."""
        return decode_gray(self.image)

    def draw(self, rng: np.random.Generator) -> Gray:
        """The picture; chance has no part in it, as it has with lines that are drawn anew."""
        return self.pixels()


def decode_gray(data: bytes) -> Gray:
    """An encoded picture as uint8 (H, W).

    Raises:
        InputError: if it cannot be decoded.
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise InputError("a line's image cannot be decoded; make the Parquet file again")
    gray: Gray = pixels.astype(np.uint8, copy=False)
    return gray


def read_samples(paths: Iterable[Path], split: str) -> list[LineSample]:
    """All lines of one split of some Parquet files that have ink and text.

    Raises:
        InputError: if a file is missing or lacks a column.
    """
    return [sample for path in paths for sample in _read_file(path, split)]


def _read_file(path: Path, split: str) -> Iterator[LineSample]:
    try:
        rows = pq.read_table(path, columns=_COLUMNS, filters=[("split", "=", split)]).to_pylist()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a Parquet file of lines ({error})") from error
    for row in rows:
        height, width = _size(row["image"])
        if row["text"].strip() and width > 1:
            yield LineSample(
                row["image"],
                round(width * 64 / height),
                *(row[name] for name in ("text", "corpus", "page", "line", "lang", "kind")),
            )


def _size(image: bytes) -> tuple[int, int]:
    """Height and width; from the header where the picture is a lossy WebP, else by decoding."""
    if image[8:16] == b"WEBPVP8 ":
        width, height = np.frombuffer(image[26:30], "<u2") & 0x3FFF
        return int(height), int(width)
    rows, columns = decode_gray(image).shape
    return rows, columns


def batch_indices(
    widths: Sequence[int], max_columns: int, rng: np.random.Generator | None = None
) -> list[list[int]]:
    """Group lines of similar width so that a batch, padded, has at most `max_columns` columns.

    Args:
        widths: columns of each line.
        max_columns: bound on lines times widest line; a wider line is a batch of its own.
        rng: shuffles which lines meet, and the batches; None keeps the order of width.
    """
    jitter = rng.normal(1.0, 0.05, len(widths)) if rng else np.ones(len(widths))
    order = np.argsort(np.asarray(widths) * jitter, kind="stable")
    batches: list[list[int]] = []
    batch: list[int] = []
    widest = 0
    for index in order.tolist():
        grown = max(widest, round_up(widths[index]))
        if batch and grown * (len(batch) + 1) > max_columns:
            batches.append(batch)
            batch, grown = [], round_up(widths[index])
        batch.append(index)
        widest = grown
    batches += [batch] if batch else []
    if rng:
        rng.shuffle(batches)
    return batches


def round_up(width: int) -> int:
    """The padded width of a line of `width` columns."""
    return -(-width // _ROUND) * _ROUND


def stack(lines: Sequence[LineArray]) -> torch.Tensor:
    """Pad lines of one height on the right with paper: float32 (N, 1, height, W), W % 128 == 0."""
    width = round_up(max(line.shape[1] for line in lines))
    batch: NDArray[np.float32] = np.zeros((len(lines), 1, lines[0].shape[0], width), np.float32)
    for number, line in enumerate(lines):
        batch[number, 0, :, : line.shape[1]] = line
    return torch.from_numpy(batch).contiguous(memory_format=torch.channels_last)
