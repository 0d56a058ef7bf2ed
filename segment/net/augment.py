"""A level page to a crop as another scan, another hand or another page beside it would make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.arrays import Gray
from segment.net.insertions import with_insertions
from segment.net.pages import LevelPage
from segment.net.targets import UNIT, Outline

Rng = np.random.Generator
Matrix = NDArray[np.float64]  # (2, 3), for cv2.warpAffine


@dataclass(frozen=True, slots=True)
class AugmentParams:
    """How often and how strongly pages are changed; chances in [0, 1]."""

    plain: float = 0.1  # share of the crops that are only moved
    smallest: float = 0.65  # scale
    largest: float = 1.5
    stretch: float = 0.1  # of height against width, standard deviation
    turn_deg: float = 1.2  # standard deviation
    shear: float = 0.12  # slant, x per y, standard deviation
    joined: float = 0.1  # chance of another page beside it
    bleeding: float = 0.3  # chance of another page showing through,
    most_bleeding: float = 0.4  # so dark at most
    inserted: float = 0.3  # chance of words put in between the lines
    underlined: float = 0.2  # chance of lines that are underlined
    faint: float = 0.35  # chance of lines, and stretches of lines, in fainter ink than the others,
    faintest: float = 0.18  # so dark at least, of what they are
    rulings: float = 0.15  # chance of lines and columns of a form
    contrast: float = 0.5  # chance of other contrast,
    blur: float = 0.25  # of a blur,
    noise: float = 0.25  # of noise,
    stain: float = 0.15  # of a patch of other darkness


def cropped(
    page: LevelPage, side: int, rng: Rng, params: AugmentParams, other: LevelPage | None = None
) -> LevelPage:
    """A square of a page, changed at random.

    Args:
        page: level.
        side: of the square, pixels.
        rng: decides everything.
        params: see `AugmentParams`.
        other: shows through or lies beside the page; None for neither.

    Returns:
        The square, uint8 (side, side), and the lines that reach into it.
    """
    plain = rng.random() < params.plain
    if not plain and rng.random() < params.inserted:
        page = with_insertions(page, rng)
    if other and not plain and rng.random() < params.joined:
        page = _beside(page, other, rng)
    matrix = _placing(page.gray.shape, side, rng, params, plain)
    gray = _warped(page.gray, matrix, side)
    lines = tuple(one for line in page.lines if (one := _moved(line, matrix, side)) is not None)
    if not plain:
        if rng.random() < params.underlined:
            _underline(gray, lines, rng)
        if rng.random() < params.faint:
            gray = _fainter(gray, lines, rng, params)
        gray = _changed(gray, side, rng, params, other)
    return LevelPage(gray, lines, page.partial)


def _changed(
    gray: Gray, side: int, rng: Rng, params: AugmentParams, other: LevelPage | None
) -> Gray:
    """The crop's greys changed."""
    values = gray.astype(np.float32)
    if other and rng.random() < params.bleeding:
        values -= _shining_through(other.gray, side, rng, params)
    if rng.random() < params.rulings:
        _rule(values, rng)
    if rng.random() < params.stain:
        values -= _stain(side, rng)
    if rng.random() < params.contrast:
        values = 255 - (255 - values) * rng.uniform(0.4, 1.3) - rng.uniform(0, 25)
    if rng.random() < params.blur:
        blurred = cv2.GaussianBlur(values, (0, 0), rng.uniform(0.4, 1.3))
        values = np.asarray(blurred, np.float32)
    if rng.random() < params.noise:
        noise = rng.standard_normal(values.shape, np.float32)
        values += noise * rng.uniform(3, 18)
    return np.clip(values, 0, 255).astype(np.uint8)


def _beside(page: LevelPage, other: LevelPage, rng: Rng) -> LevelPage:
    """Two pages as a spread, in either order."""
    first, second = (page, other) if rng.random() < 0.5 else (other, page)
    gap = int(rng.integers(0, 60))
    shift = first.gray.shape[1] + gap
    height = max(first.gray.shape[0], second.gray.shape[0])
    gray = np.full((height, shift + second.gray.shape[1]), 255, np.uint8)
    gray[: first.gray.shape[0], : first.gray.shape[1]] = first.gray
    gray[: second.gray.shape[0], shift:] = second.gray
    if gap:
        gray[:, shift - gap : shift] = rng.integers(40, 256)
    moved = tuple(Outline(a.x + np.float32(shift), a.top, a.base, a.bottom) for a in second.lines)
    return LevelPage(gray, first.lines + moved, page.partial or other.partial)


def _placing(
    shape: Sequence[int], side: int, rng: Rng, params: AugmentParams, plain: bool
) -> Matrix:
    """The affine map from the page to the crop."""
    height, width = shape
    center = rng.uniform((0.1 * width, 0.1 * height), (0.9 * width, 0.9 * height))
    linear = np.eye(2)
    if not plain:
        scale = np.exp(rng.uniform(np.log(params.smallest), np.log(params.largest)))
        stretch = np.exp(rng.normal(0, params.stretch))
        turn = np.deg2rad(rng.normal(0, params.turn_deg))
        slant = rng.normal(0, params.shear)
        turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        linear = scale * turned @ np.array([[1, slant], [0, stretch]])
    target = np.array([side / 2, side / 2])
    return np.column_stack([linear, target - linear @ center])


def _warped(gray: Gray, matrix: Matrix, side: int) -> Gray:
    shrunk = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if shrunk < 0.8:
        gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), 0.35 / shrunk), np.uint8)
    warped = cv2.warpAffine(gray, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=255)
    return np.asarray(warped, np.uint8)


def _moved(line: Outline, matrix: Matrix, side: int) -> Outline | None:
    """A line under an affine map; None if it leaves the crop."""
    curves = []
    for y in (line.top, line.base, line.bottom):
        curves.append(matrix[:, :2] @ np.stack([line.x, y]).astype(np.float64) + matrix[:, 2:])
    x = curves[1][0]
    low, high = curves[0][1].min(), curves[2][1].max()
    if x[-1] < 0 or x[0] > side or high < 0 or low > side:
        return None
    top, base, bottom = (np.interp(x, px, py).astype(np.float32) for px, py in curves)
    return Outline(x.astype(np.float32), top, base, bottom)


def _shining_through(gray: Gray, side: int, rng: Rng, params: AugmentParams) -> NDArray[np.float32]:
    """How much darker the mirrored writing of another page makes this one."""
    matrix = _placing(gray.shape, side, rng, params, plain=False)
    mirrored = _warped(np.ascontiguousarray(gray[:, ::-1]), matrix, side).astype(np.float32)
    soft = cv2.GaussianBlur(255 - mirrored, (0, 0), rng.uniform(0.6, 2.0))
    return np.asarray(soft * rng.uniform(0.1, params.most_bleeding), np.float32)


def _rule(values: NDArray[np.float32], rng: Rng) -> None:
    """Draw the lines of a form over the crop."""
    shade, thick = float(rng.uniform(60, 215)), int(rng.integers(1, 3))
    side = values.shape[0]
    lean = rng.normal(0, 0.01) * side
    if rng.random() < 0.6:
        step = rng.uniform(20, 70)
        for y in np.arange(rng.uniform(0, step), side, step):
            cv2.line(values, (0, round(y)), (side, round(y + lean)), shade, thick)
    if rng.random() < 0.6:
        for x in rng.uniform(0, side, rng.integers(1, 6)):
            cv2.line(values, (round(x), 0), (round(x - lean), side), shade, thick)


def _underline(gray: Gray, lines: Sequence[Outline], rng: Rng) -> None:
    """Draw strokes, or rows of dashes as typewriters do, once or twice under some of the lines."""
    share, shade = rng.uniform(0.1, 0.6), int(rng.integers(0, 140))
    for line in lines:
        if rng.random() > share:
            continue
        low, thick = rng.uniform(0.2, 0.6) * UNIT, int(rng.integers(1, 3))
        dash, gap = rng.uniform(4, 9), rng.uniform(1, 2.5) * (rng.random() < 0.5)
        starts = np.arange(line.x[0], line.x[-1], dash + gap)
        for down in (low, low + 3)[: int(rng.integers(1, 3))]:
            for left, right in zip(starts, np.minimum(starts + dash, line.x[-1]), strict=True):
                ends = np.interp([left, right], line.x, line.base + down)
                first, last = (
                    (round(x), round(y)) for x, y in zip((left, right), ends.tolist(), strict=True)
                )
                cv2.line(gray, first, last, shade, thick)


def _fainter(gray: Gray, lines: Sequence[Outline], rng: Rng, params: AugmentParams) -> Gray:
    """Some of the lines in fainter ink, as clerks fill in what is printed or drawn large."""
    left = np.ones(gray.shape, np.float32)  # of the ink
    share, usual = rng.uniform(0.2, 0.9), rng.uniform(params.faintest, 0.8)
    for line in lines:
        if rng.random() > share:
            continue
        ends = np.sort(rng.uniform(line.x[0], line.x[-1], 2))
        whole = rng.random() < 0.6
        part = slice(None) if whole else slice(*np.searchsorted(line.x, ends).tolist())
        x, top, bottom = line.x[part], line.top[part], line.bottom[part]
        if len(x) > 1:
            ring = np.stack([np.r_[x, x[::-1]], np.r_[top, bottom[::-1]]], axis=1)
            kept = float(np.clip(usual * rng.uniform(0.8, 1.2), params.faintest, 1))
            cv2.fillPoly(left, [np.round(ring).astype(np.int32)], kept)
    left = np.asarray(cv2.GaussianBlur(left, (0, 0), 1.0), np.float32)
    return np.asarray(255 - left * (255 - gray.astype(np.float32)), np.uint8)


def _stain(side: int, rng: Rng) -> NDArray[np.float32]:
    """A soft dark patch."""
    small = np.zeros((16, 16), np.float32)
    cv2.ellipse(
        *(small, rng.integers(0, 16, 2).tolist(), rng.integers(1, 8, 2).tolist()),
        *(float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(10, 70)), -1),
    )
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
