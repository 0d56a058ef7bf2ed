"""Line images changed as hands, pens, paper and scanners change them; for training only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognize.normalize import Gray
from recognize.paper import (
    add_bleeding,
    add_neighbour,
    add_rulings,
    add_specks,
    add_stains,
    fade_ink,
    hide_patches,
    smooth_noise,
)

_ELASTIC_GRAIN = 0.4  # of a line's height: about a letter


@dataclass(frozen=True, slots=True)
class AugmentParams:
    """How far a line may be changed; each amount is drawn anew for every line."""

    shear: float = 0.35  # slant added, columns per row, at most
    stretch: float = 0.2  # width changed by this share at most
    shrink: float = 0.15  # height changed by this share at most
    shift: float = 0.08  # moved up or down by this share of the height at most
    turn: float = 0.6  # degrees at most
    wave: float = 2.5  # rows by which the line wanders at most, at a height of 64
    pace: float = 0.12  # of a line's height: words drawn apart or together by that much at most
    elastic: float = 2.0  # pixels by which its points wander apart, at most and at a height of 64
    thicken: float = 0.3  # chance that strokes grow thicker or thinner
    blur: float = 0.2  # chance of a blur
    light: float = 0.3  # chance of a slope of light
    noise: float = 8.0  # standard deviation at most, grey levels
    contrast: float = 0.35  # ink paled by this share at most
    bleeding: float = 0.15  # chance that another line shows through from the back
    neighbour: float = 0.15  # chance of strokes from the line above or below
    ruling: float = 0.1  # chance of a printed line
    stain: float = 0.1  # chance of stains
    fading: float = 0.15  # chance that the ink fades here and there
    specks: float = 0.08  # chance of specks, as press copies and microfilms have
    hidden: float = 0.25  # chance that pieces of some letters are rubbed off
    jpeg: float = 0.15  # chance of damage by JPEG


def augment(
    line: Gray,
    rng: np.random.Generator,
    params: AugmentParams = AugmentParams(),
    other: Gray | None = None,
) -> Gray:
    """A changed copy of a line image, of the same height.

    Args:
        line: uint8 (H, W), dark ink on light paper.
        rng: seeded by the caller.
        params: how far to go.
        other: another line, to show through or to reach in; None leaves that out.
    """
    changed = _change_paper(_bend(line, rng, params), rng, params, other)
    if rng.random() < params.thicken:
        changed = _change_strokes(changed, rng)
    if rng.random() < params.blur:
        changed = cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.4, 1.3)).astype(np.uint8)
    changed = _change_tones(changed, rng, params)
    return _damaged(changed, rng) if rng.random() < params.jpeg else changed


def _change_paper(
    line: Gray, rng: np.random.Generator, params: AugmentParams, other: Gray | None
) -> Gray:
    """Other writing, rulings and stains on the same paper."""
    tones = line.astype(np.float32)
    if other is not None and rng.random() < params.bleeding:
        tones = add_bleeding(tones, other, rng)
    if other is not None and rng.random() < params.neighbour:
        tones = add_neighbour(tones, other, rng)
    if rng.random() < params.ruling:
        tones = add_rulings(tones, rng)
    if rng.random() < params.stain:
        tones = add_stains(tones, rng)
    if rng.random() < params.hidden:
        tones = hide_patches(tones, rng)
    if rng.random() < params.fading:
        tones = fade_ink(tones, rng)
    if rng.random() < params.specks:
        tones = add_specks(tones, rng)
    changed: Gray = tones.clip(0, 255).astype(np.uint8)
    return changed


def _damaged(line: Gray, rng: np.random.Generator) -> Gray:
    """A line as strong JPEG compression leaves it."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 60))]
    data = cv2.imencode(".jpg", line, quality)[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def _bend(line: Gray, rng: np.random.Generator, params: AugmentParams) -> Gray:
    """Shear, scale, shift, turn, wave and change of pace in one resampling.

    And elastic distortion: points wander apart slowly (Simard et al., ICDAR 2003).
    """
    height, width = line.shape
    stretch = 1 + rng.uniform(-params.stretch, params.stretch)
    grow = 1 + rng.uniform(-params.shrink, params.shrink)
    shear = rng.uniform(-params.shear, params.shear)
    shift = rng.uniform(-params.shift, params.shift) * height
    # A turn moves the ends of long lines most: keep those within a twelfth of the height.
    slope = np.tan(np.radians(rng.uniform(-params.turn, params.turn)))
    slope = float(np.clip(slope, -height / 12 / width, height / 12 / width))
    margin = abs(shear) * height / 2
    columns = max(8, round((width + 2 * margin) * stretch))
    x = (np.arange(columns, dtype=np.float32) / stretch - margin)[None, :]
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2
    waves = _wander(columns, height, rng) * rng.uniform(0, params.wave) * height / 64
    pace = _wander(columns, height, rng) * rng.uniform(0, params.pace) * height
    source_x = x + pace[None, :] + shear * y
    source_y = (y + waves[None, :]) / grow + height / 2 + shift + slope * (x - width / 2)
    reach = rng.uniform(0, params.elastic) * height / 64
    wander_x, wander_y = (
        smooth_noise(height, columns, _ELASTIC_GRAIN * height, rng) * reach for _ in "xy"
    )
    maps = (source_x + wander_x).astype(np.float32), (source_y + wander_y).astype(np.float32)
    paper = int(np.percentile(line, 80))
    bent = cv2.remap(
        line, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=paper
    )
    return bent.astype(np.uint8, copy=False)


def _wander(columns: int, height: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A smooth curve over the columns, in [-1, 1], a knot every three line heights or so."""
    knots = rng.uniform(-1, 1, max(4, columns // (3 * height) + 3)).astype(np.float32)
    curve = cv2.resize(knots[None, :], (columns, 1), interpolation=cv2.INTER_CUBIC)[0]
    bounded: NDArray[np.float32] = curve.clip(-1, 1).astype(np.float32)
    return bounded


def _change_strokes(line: Gray, rng: np.random.Generator) -> Gray:
    """Strokes thicker (grey erosion) or thinner (grey dilation), by less than a whole pixel too."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    change = cv2.erode if rng.random() < 0.5 else cv2.dilate
    share = rng.uniform(0.2, 0.9)
    mixed = cv2.addWeighted(line, 1 - share, change(line, kernel), share, 0)
    return mixed.astype(np.uint8, copy=False)


def _change_tones(line: Gray, rng: np.random.Generator, params: AugmentParams) -> Gray:
    """Paler ink, a slope of light, grain."""
    tones = line.astype(np.float32)
    paper = np.float32(np.percentile(line, 80))
    tones = paper - (paper - tones) * np.float32(1 - rng.uniform(0, params.contrast))
    if rng.random() < params.light:
        slope = rng.uniform(-0.15, 0.15) * np.linspace(-1, 1, line.shape[1], dtype=np.float32)
        tones *= 1 + slope[None, :]
    noise = rng.uniform(0, params.noise)
    tones += rng.standard_normal(line.shape, np.float32) * np.float32(noise)
    return np.clip(tones, 0, 255).astype(np.uint8)
