"""Paper like the archives': uneven light, stains, rulings, what shows through; for training."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognize.normalize import Gray

Tones = NDArray[np.float32]  # (H, W), grey levels 0 to 255


def draw_paper(height: int, width: int, rng: np.random.Generator) -> Tones:
    """A blank piece of paper, float32 (height, width), about 150 to 250 grey levels."""
    tone = rng.uniform(165, 250)
    clouds = smooth_noise(height, width, height * rng.uniform(0.5, 3), rng) * rng.uniform(0, 12)
    grain = smooth_noise(height, width, rng.uniform(0.5, 1.5), rng) * rng.uniform(0, 6)
    paper: Tones = (tone + clouds + grain).astype(np.float32)
    return paper


def smooth_noise(
    height: int, width: int, grain_px: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Noise of about unit deviation whose spots are `grain_px` pixels wide."""
    step = max(1.0, grain_px)
    rows, columns = (max(2, round(side / step) + 1) for side in (height, width))
    spots = rng.standard_normal((rows, columns), np.float32)
    return np.asarray(cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def add_stains(tones: Tones, rng: np.random.Generator, most: int = 3) -> Tones:
    """Darker patches with soft edges, as damp and dirt leave."""
    height, width = tones.shape
    stained = tones.copy()
    for _ in range(int(rng.integers(1, most + 1))):
        mask = np.zeros((height, width), np.float32)
        center = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        axes = (int(rng.uniform(0.2, 2) * height), int(rng.uniform(0.1, 0.8) * height))
        cv2.ellipse(mask, center, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), rng.uniform(1, 8)), np.float32)
        stained *= 1 - mask * np.float32(rng.uniform(0.05, 0.3))
    return stained


def add_rulings(tones: Tones, rng: np.random.Generator) -> Tones:
    """A printed line under or through the writing, now and then one across it."""
    height, width = tones.shape
    ruled = tones.copy()
    shade = np.float32(rng.uniform(0.35, 0.85))
    thickness = int(rng.integers(1, 4))
    row = int(rng.uniform(0.05, 0.98) * height)
    drift = int(rng.uniform(-0.06, 0.06) * height)
    mask = np.zeros((height, width), np.uint8)
    cv2.line(mask, (0, row), (width, row + drift), 255, thickness, cv2.LINE_AA)
    if rng.random() < 0.4:
        # A table's, mostly: where the crop begins or ends.
        from_end = int(rng.uniform(-0.05, 0.3) * height)
        column = (from_end, width - from_end, int(rng.integers(0, width)))[rng.integers(0, 3)]
        lean = int(rng.integers(-3, 4))
        cv2.line(mask, (column, 0), (column + lean, height), 255, thickness, cv2.LINE_AA)
    ruled *= 1 - (1 - shade) * (mask.astype(np.float32) / 255)
    return ruled


def fade_ink(tones: Tones, rng: np.random.Generator) -> Tones:
    """Ink paled here and there, down to a fifth, as water, light and empty pens leave it."""
    height, width = tones.shape
    paper = np.float32(np.percentile(tones, 80))
    spots = smooth_noise(height, width, rng.uniform(0.3, 2) * height, rng)
    left = (1 - rng.uniform(0.2, 0.6) * (spots + 0.5)).clip(0.2, 1)
    faded: Tones = np.where(tones < paper, paper - (paper - tones) * left, tones)
    return faded.astype(np.float32)


def add_specks(tones: Tones, rng: np.random.Generator) -> Tones:
    """Dark specks of a pixel or two: dust, foxing, the grain of press copies and microfilms."""
    height, width = tones.shape
    seeds = (rng.random((height, width)) < rng.uniform(0.001, 0.01)).astype(np.float32)
    shades = seeds * rng.uniform(0.3, 1, (height, width)).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(shades, (0, 0), rng.uniform(0.5, 1.0)), np.float32)
    depth = rng.uniform(0.2, 0.7) / max(float(soft.max()), 1e-6)
    specked: Tones = tones * (1 - np.float32(depth) * soft)
    return specked


def add_bleeding(tones: Tones, other: Gray, rng: np.random.Generator) -> Tones:
    """Another line's writing, mirrored and faint, as if it stood on the back.

    Args:
        tones: the line, grey levels.
        other: uint8 (h, w), the line on the back.
        rng: seeded by the caller.
    """
    height, width = tones.shape
    back = np.asarray(cv2.resize(other[:, ::-1], (width, height)), np.float32)
    back = np.asarray(cv2.GaussianBlur(back, (0, 0), rng.uniform(0.8, 2.5)), np.float32)
    ink = np.clip(1 - back / max(1.0, float(np.percentile(back, 80))), 0, 1)
    shifted = np.roll(ink, int(rng.uniform(-0.5, 0.5) * height), axis=0)
    bled: Tones = tones * (1 - shifted * np.float32(rng.uniform(0.1, 0.45)))
    return bled


def add_neighbour(tones: Tones, other: Gray, rng: np.random.Generator) -> Tones:
    """Strokes of the line above or below that reach into this one's crop.

    Args:
        tones: the line, grey levels.
        other: uint8 (h, w), the neighbouring line.
        rng: seeded by the caller.
    """
    height, width = tones.shape
    scaled = np.asarray(cv2.resize(other, (max(1, other.shape[1]), height)), np.float32)
    tiled = np.resize(scaled.T, (width, height)).T if scaled.shape[1] < width else scaled[:, :width]
    ink = np.clip(1 - tiled / max(1.0, float(np.percentile(tiled, 80))), 0, 1)
    reach = max(1, int(rng.uniform(0.06, 0.22) * height))
    overlay = np.zeros_like(tones)
    if rng.random() < 0.5:
        overlay[:reach] = ink[-reach:]
    else:
        overlay[-reach:] = ink[:reach]
    joined: Tones = tones * (1 - overlay * np.float32(rng.uniform(0.5, 0.95)))
    return joined


def hide_patches(tones: Tones, rng: np.random.Generator) -> Tones:
    """Rub off pieces of the line, as wide as a letter or two: what is left of them has to tell.

    Never a letter's whole height: a reader that fills gaps would invent. After DeVries and Taylor,
    "Improved regularization of convolutional neural networks with cutout" (2017).
    """
    height, width = tones.shape
    hidden = tones.copy()
    paper = np.float32(np.percentile(tones, 80))
    for _ in range(int(rng.integers(1, 2 + width // (4 * height)))):
        rows, columns = (int(rng.uniform(*share) * height) for share in ((0.06, 0.2), (0.1, 0.5)))
        top, left = int(rng.integers(-rows // 2, height)), int(rng.integers(0, width))
        hidden[max(0, top) : top + rows, left : left + columns] = paper
    return hidden
