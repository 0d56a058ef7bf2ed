"""Pen trajectories drawn anew as line images: other pens, slants, sizes and papers every time.

Training on rendered on-line handwriting follows Graves et al., "A novel connectionist system for
unconstrained handwriting recognition" (IEEE PAMI 31, 2009) in its data, IAM-OnDB (Liwicki and
Bunke, ICDAR 2005), and classical pen models in its strokes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.errors import InputError
from recognize.normalize import Gray
from recognize.paper import draw_paper, smooth_noise

Points = NDArray[np.float32]  # (N, 2): x, y with y down

_FINE = 4  # strokes are drawn this many times larger, then averaged: widths of part of a pixel
_MARGIN = 0.5  # paper left and right of the ink, in line heights at most


@dataclass(frozen=True, slots=True)
class PenLine:
    """A line as the pen wrote it.

    Attributes:
        strokes: int16 differences (dx, dy) between successive points, the first from the origin.
        points: number of points in each stroke.
        width: columns that the line takes about, at a height of 64.
        text: NFC.
        corpus: where it is from.
        page: where in it; empty.
        lang: ISO 639-3.
        kind: always "hand".
    """

    strokes: NDArray[np.int16]
    points: tuple[int, ...]
    width: int
    text: str
    corpus: str = "iam-ondb"
    page: str = ""
    lang: str = "eng"
    kind: str = "hand"

    def draw(self, rng: np.random.Generator) -> Gray:
        """The line with some pen on some paper, uint8 (64, W)."""
        track = np.cumsum(self.strokes.astype(np.float32), axis=0)
        strokes = np.split(track, np.cumsum(self.points)[:-1])
        return draw_strokes(strokes, rng)


@dataclass(frozen=True, slots=True)
class Pen:
    """How a pen leaves ink; lengths in pixels of a line 64 high.

    Attributes:
        width: of its broadest stroke.
        thinnest: share of `width` that is left where it is thinnest.
        nib: angle of a broad nib, radians, or None where pressure alone makes the width.
        ink: share of the paper's light that the ink takes, in [0, 1].
        fading: how unevenly the ink flows, in [0, 1].
        grain: how much of the paper's grain shows in the stroke, as a pencil's does, in [0, 1].
    """

    width: float
    thinnest: float
    nib: float | None
    ink: float
    fading: float
    grain: float


def choose_pen(rng: np.random.Generator) -> Pen:
    """A quill, a steel nib, a pencil or a ball pen."""
    kind = rng.choice(["quill", "steel", "pencil", "ball"], p=[0.3, 0.35, 0.15, 0.2])
    ink = rng.uniform(0.4, 0.92)
    if kind == "quill":
        nib = np.radians(rng.uniform(25, 60))
        return Pen(rng.uniform(2.5, 5), rng.uniform(0.25, 0.5), nib, ink, rng.uniform(0, 0.5), 0)
    if kind == "steel":
        return Pen(rng.uniform(1.8, 4.2), rng.uniform(0.2, 0.5), None, ink, rng.uniform(0, 0.5), 0)
    if kind == "pencil":
        return Pen(rng.uniform(1.5, 3), 0.8, None, rng.uniform(0.25, 0.6), 0.2, rng.uniform(0.3, 1))
    return Pen(rng.uniform(1.3, 2.6), 0.85, None, ink, 0.1, 0)


def draw_strokes(strokes: Sequence[Points], rng: np.random.Generator, height: int = 64) -> Gray:
    """Draw pen strokes as a line image.

    Args:
        strokes: each float32 (N, 2), in units of the tablet, y down.
        rng: seeded by the caller; pen, slant, size, place and paper are drawn from it.
        height: rows of the picture.

    Returns:
        uint8 (height, W), dark ink on lighter paper.
    """
    pen = choose_pen(rng)
    placed, columns = _place(strokes, height, rng)
    coverage = _coverage(placed, pen, height, columns, rng)
    if pen.grain:
        rough = smooth_noise(height, columns, 1.0, rng) * np.float32(0.5 * pen.grain)
        coverage = coverage * np.clip(1 - np.abs(rough), 0, 1)
    tones = draw_paper(height, columns, rng) * (1 - coverage)
    line: Gray = tones.clip(0, 255).astype(np.uint8)
    return line


def _place(
    strokes: Sequence[Points], height: int, rng: np.random.Generator
) -> tuple[list[Points], int]:
    """The strokes in picture pixels, levelled, slanted and sized, and the picture's width."""
    shear, stretch = rng.uniform(-0.15, 0.6), rng.uniform(0.75, 1.15)
    level = _slope(strokes)
    turned = [
        np.stack([(s[:, 0] - shear * s[:, 1]) * stretch, s[:, 1] - level * s[:, 0]], axis=1)
        for s in strokes
    ]
    everything = np.concatenate(turned)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = height * rng.uniform(0.68, 0.9) / max(1.0, float(high[1] - low[1]))
    room = height - scale * (high[1] - low[1])
    left = rng.uniform(0.1, _MARGIN) * height
    offset = np.array([left - scale * low[0], rng.uniform(0.2, 0.8) * room - scale * low[1]])
    columns = round(left + scale * (high[0] - low[0]) + rng.uniform(0.1, _MARGIN) * height)
    return [(s * scale + offset).astype(np.float32) for s in turned], max(16, columns)


def _slope(strokes: Sequence[Points]) -> float:
    """How much the line climbs, rows per column, by a straight fit through all its points."""
    x, y = np.concatenate(strokes).T
    spread = float(np.var(x))
    return float(np.cov(x, y)[0, 1] / spread) if len(x) > 8 and spread > 1 else 0.0


def _coverage(
    strokes: Sequence[Points], pen: Pen, height: int, columns: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Share of each pixel's light that the ink takes, float32 (height, columns) in [0, 1]."""
    fine = np.zeros((height * _FINE, columns * _FINE), np.uint8)
    flow = 1.0
    for stroke in strokes:
        track = _smoothed(stroke)
        # The pen is dipped now and then, and runs dry in between.
        flow = 1.0 if rng.random() < 0.15 else flow * (1 - 0.06 * pen.fading)
        tone = int(255 * pen.ink * max(1 - pen.fading, flow) * rng.uniform(0.92, 1))
        widths = _widths(track, pen) * _FINE
        ends = np.round(track * _FINE * 16).astype(np.int32)
        for k in range(max(1, len(ends) - 1)):
            start, end = ends[k].tolist(), ends[min(k + 1, len(ends) - 1)].tolist()
            cv2.line(fine, start, end, tone, max(1, round(float(widths[k]))), cv2.LINE_AA, 4)
    small = np.asarray(cv2.resize(fine, (columns, height), interpolation=cv2.INTER_AREA))
    return small.astype(np.float32) / np.float32(255)


def _smoothed(stroke: Points) -> Points:
    """A curve through the points (Catmull and Rom, 1974), three steps between two of them."""
    if len(stroke) < 3:
        return stroke
    padded = np.concatenate([stroke[:1], stroke, stroke[-1:]])
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    steps = [
        0.5
        * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * (b - c) + d - a) * t**3)
        for t in (0.0, 1 / 3, 2 / 3)
    ]
    curve = np.stack(steps, axis=1).reshape(-1, 2)
    return np.concatenate([curve, stroke[-1:]]).astype(np.float32)


def _widths(track: Points, pen: Pen) -> NDArray[np.float32]:
    """Width at each point: by direction for a broad nib, by pressure on the way down, by speed."""
    if len(track) < 2:
        return np.full(1, pen.width, np.float32)
    step = np.diff(track, axis=0, append=2 * track[-1:] - track[-2:-1])
    angle = np.arctan2(step[:, 1], step[:, 0])
    speed = np.hypot(step[:, 0], step[:, 1])
    press = np.abs(np.sin(angle + pen.nib)) if pen.nib is not None else np.clip(np.sin(angle), 0, 1)
    # A quick pen leaves a thinner line.
    press = press * np.clip(1.3 - 0.3 * speed / max(1e-3, float(np.median(speed))), 0.5, 1)
    press = np.convolve(np.pad(press, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    widths = pen.width * (pen.thinnest + (1 - pen.thinnest) * press)
    return np.asarray(widths, np.float32)


def read_pen_lines(path: Path) -> list[PenLine]:
    """All lines of a Parquet file of trajectories (text, dx, dy, points).

    Raises:
        InputError: if the file is missing or has other columns.
    """
    try:
        rows = pq.read_table(path, columns=["text", "dx", "dy", "points"]).to_pylist()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a Parquet file of pen strokes ({error})") from error
    return [_pen_line(row["text"], row["dx"], row["dy"], row["points"]) for row in rows]


def holds_strokes(path: Path) -> bool:
    """Whether a Parquet file holds pen trajectories rather than pictures of lines."""
    try:
        return "dx" in pq.read_schema(path).names
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a Parquet file ({error}); leave it out") from error


def _pen_line(text: str, dx: list[int], dy: list[int], points: list[int]) -> PenLine:
    steps = np.array([dx, dy], np.int16).T
    extent = np.ptp(np.cumsum(steps.astype(np.int64), axis=0), axis=0)
    width = round(float(extent[0] / max(1, extent[1])) * 64 * 0.8) + 32
    return PenLine(steps, tuple(points), width, text)
