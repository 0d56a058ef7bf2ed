"""Tell lines of writing from what is merely striped: paper edges, stains, the facing page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from segment.level import Level
from segment.lines import TextLine


@dataclass(frozen=True, slots=True)
class PlausibleParams:
    """Settings of `drop_implausible`; lengths in x-heights.

    The weights are those of a logistic regression fitted on every third page of pages/train:
    lines that match the ground truth against those that touch none of it.
    """

    least: float = -0.3  # lines with a lower score are dropped
    bias: float = -0.99
    length: float = 0.29  # per doubling
    pale: float = -2.64  # per halving of the page's usual darkness
    dark: float = -2.62  # per doubling of it
    dense: float = -1.88  # ink per length and x-height above `usual_most`
    sparse: float = -0.54  # and below `usual_least`
    striped: float = 13.4  # mean stripe response
    at_side: float = -0.58  # touches the page's left or right edge,
    cut_off: float = -1.44  # and is short, too: a piece of the facing page
    at_end: float = -1.52  # lies along the page's upper or lower edge
    low: float = -1.3  # height missing to `usual_low`
    tall: float = -0.53  # height above `usual_tall`
    usual_most: float = 0.75
    usual_least: float = 0.35
    usual_low: float = 1.3
    usual_tall: float = 4.5
    short: float = 0.25  # of the page's width
    edge: float = 1.5  # this near the edge is at the edge


def drop_implausible(
    lines: list[TextLine], level: Level, params: PlausibleParams = PlausibleParams()
) -> list[TextLine]:
    """Drop lines that are probably no writing of this page.

    Args:
        lines: as found in `level`.
        level: the level page.
        params: see `PlausibleParams`.

    Returns:
        The lines that remain, in the same order.
    """
    if not lines:
        return []
    scores = [
        _score(line, float(contrast), level, params)
        for line, contrast in zip(lines, relative_darkness(lines, level), strict=True)
    ]
    return [line for line, score in zip(lines, scores, strict=True) if score >= params.least]


def relative_darkness(lines: list[TextLine], level: Level) -> NDArray[np.float64]:
    """How much darker each line's ink is than the page's usual ink, in doublings, within 2.

    Args:
        lines: one or more, as found in `level`.
        level: the level page.

    Returns:
        float64 (N,); negative for paler lines.
    """
    darkness = np.array([_darkness(line, level) for line in lines])
    lengths = np.array([line.box.width for line in lines], np.float64)
    usual = _median(darkness, np.minimum(lengths, 60 * level.x_height))
    return np.asarray(np.log2(np.clip(darkness / max(1.0, usual), 0.25, 4.0)))


def stands_free(box: Box, level: Level, reach: float) -> bool:
    """Whether there is no ink beside a box: it is no piece of a longer line.

    Args:
        box: in pixels of `level`.
        level: the level page.
        reach: how far to the left and right, x-heights.
    """
    beside = round(reach * level.x_height)
    rows = level.ink[box.top : box.bottom]
    left, right = rows[:, max(0, box.left - beside) : box.left], rows[:, box.right :][:, :beside]
    return not left.any() and not right.any()


def _score(line: TextLine, contrast: float, level: Level, params: PlausibleParams) -> float:
    """Log odds that a line is writing; `contrast` is its relative darkness, in doublings."""
    size = level.x_height
    length, height = line.box.width / size, line.box.height / size
    density = line.area / (line.box.width * size)
    score = params.bias + params.length * float(np.log2(np.clip(length, 1, 40)))
    score += params.pale * max(0.0, -contrast) + params.dark * max(0.0, contrast)
    score += params.dense * float(np.clip(density - params.usual_most, 0, 1))
    score += params.sparse * max(0.0, params.usual_least - density)
    score += params.striped * min(0.25, line.strength)
    score += params.low * max(0.0, params.usual_low - height)
    score += params.tall * float(np.clip(height - params.usual_tall, 0, 2))
    if _at_side(line, level, params.edge * size):
        score += params.at_side
        score += params.cut_off * (line.box.width < params.short * level.ink.shape[1])
    return score + params.at_end * _at_end(line, level)


def _darkness(line: TextLine, level: Level) -> float:
    """How much darker than white a line's ink is, on average."""
    box = line.box
    ink = level.ink[box.top : box.bottom, box.left : box.right]
    gray = level.gray[box.top : box.bottom, box.left : box.right]
    return 255.0 - float(gray[ink].mean()) if ink.any() else 0.0


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    mass = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(mass, mass[-1] / 2)])


def _at_side(line: TextLine, level: Level, margin: float) -> bool:
    """Whether surround or the scan's edge is next to the line's left or right end."""
    near, box = round(margin), line.box
    rows = level.outside[box.top : box.bottom]
    left, right = rows[:, max(0, box.left - near) : box.left], rows[:, box.right : box.right + near]
    at_edge = box.left < near or box.right > level.ink.shape[1] - near
    return bool(at_edge or left.any() or right.any())


def _at_end(line: TextLine, level: Level) -> bool:
    """Whether the line runs along the page's upper or lower edge."""
    near, box = round(level.x_height), line.box
    about = level.outside[max(0, box.top - near) : box.bottom + near, box.left : box.right]
    at_edge = box.top < near or box.bottom > level.ink.shape[0] - near
    return bool(at_edge or about.mean() > 0.15)
