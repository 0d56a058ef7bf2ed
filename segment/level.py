"""Scale a page to one text size and turn its text level."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import Frame
from segment.arrays import Gray, Ink
from segment.clean import CleanPage
from segment.components import (
    RulingParams,
    drawn,
    drop_misfits,
    find_components,
    fitting,
    split_rulings,
    typical_height,
)
from segment.profiles import x_height


@dataclass(frozen=True, slots=True)
class LevelParams:
    """Settings of `level_page`."""

    letter_px: float = 9.0  # x-height of the level image
    min_letter_px: float = 3.0  # smaller text in the binarized image is noise
    max_enlarging: float = 1.5
    min_skew_deg: float = 0.1  # not worth turning
    coverage: int = 85  # of 255: a reduced pixel this inked is ink
    rulings: RulingParams = field(default_factory=RulingParams)


@dataclass(frozen=True, slots=True)
class Level:
    """A page whose text is level and of known size.

    Attributes:
        gray: uint8 (H, W), flattened.
        ink: bool (H, W), without rulings and misfits.
        across: bool (H, W), horizontal rulings.
        down: bool (H, W), vertical rulings.
        outside: bool (H, W), dark surround and what lies beyond the scan.
        x_height: height of small letters, pixels.
        frame: to the pixels of the binarized page.
    """

    gray: Gray
    ink: Ink
    across: Ink
    down: Ink
    outside: Ink
    x_height: float
    frame: Frame

    @property
    def page_x_height(self) -> float:
        """Height of small letters, pixels of the binarized page."""
        return self.x_height * math.sqrt(self.frame.area)


def level_page(
    clean: CleanPage, ink: Ink, skew_deg: float, params: LevelParams = LevelParams()
) -> Level | None:
    """Scale a page so that small letters are `letter_px` high, and level its text.

    Args:
        clean: the page, flattened, with its surround marked.
        ink: bool (H, W), the page binarized.
        skew_deg: degrees by which its text is turned counter-clockwise.
        params: see `LevelParams`.

    Returns:
        The level page, or None for one without text.
    """
    size = text_size(ink, params.rulings)
    if size < params.min_letter_px:
        return None
    factor = min(params.max_enlarging, params.letter_px / size)
    shape = tuple(max(1, round(length * factor)) for length in ink.shape)
    skew = skew_deg if abs(skew_deg) >= params.min_skew_deg else 0.0
    turn, canvas = _turn(shape, skew)
    frame = turn.then(Frame(a=ink.shape[1] / shape[1], e=ink.shape[0] / shape[0]))
    turned = _turned(_as_gray(ink), shape, turn, canvas, 0) > params.coverage
    gray = _turned(clean.gray, shape, turn, canvas, 255)
    outside = _turned(_as_gray(clean.surround), shape, turn, canvas, 255) > 127
    letter = size * factor
    plain, across, down = split_rulings(np.asarray(turned), letter, params.rulings)
    plain = drop_misfits(plain, letter, params.rulings)
    return Level(gray, plain, across, down, np.asarray(outside), letter, frame)


def text_size(ink: Ink, params: RulingParams = RulingParams()) -> float:
    """Estimate the height of small letters, pixels; 0 on a page without text."""
    # Rulings are stripes too: drop them, by a first guess, before the text size counts.
    found = find_components(ink)
    guess = 0.6 * typical_height(found)
    if guess == 0:
        return 0.0
    plain, _, _ = split_rulings(ink, guess, params, found)
    found = find_components(plain)
    fits = fitting(found, guess, params)
    typical = typical_height(found, fits)
    # The stripes' period may win over their height; components keep it within bounds.
    return x_height(drawn(found, fits), 0.38 * typical, 1.3 * typical)


def unturned(mask: Ink, frame: Frame, like: Ink) -> Ink:
    """A mask of the level image as one of the binarized image, slightly thickened.

    Args:
        mask: bool (H, W).
        frame: the level image's.
        like: the binarized image, whose shape is wanted.

    Returns:
        bool, of the shape of `like`.
    """
    thick = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8))
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    size = (like.shape[1], like.shape[0])
    return np.asarray(cv2.warpAffine(thick, _matrix(frame.inverse()), size, flags=flags) > 0)


def _turn(shape: tuple[int, ...], skew_deg: float) -> tuple[Frame, tuple[int, int]]:
    """Frame and size (width, height) of a canvas that holds all of a turned image."""
    height, width = shape
    if skew_deg == 0:
        return Frame(), (width, height)
    turn = Frame.rotated(skew_deg, (width / 2, height / 2))
    corners = turn.inverse().to_page([(0, 0), (width, 0), (0, height), (width, height)])
    left, top = (min(corner[i] for corner in corners) for i in (0, 1))
    right, bottom = (max(corner[i] for corner in corners) for i in (0, 1))
    return Frame.shifted(left, top).then(turn), (round(right - left), round(bottom - top))


def _turned(
    gray: Gray, shape: tuple[int, ...], turn: Frame, canvas: tuple[int, int], beyond: int
) -> Gray:
    small = cv2.resize(gray, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    if turn == Frame():
        return np.asarray(small, np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(small, _matrix(turn), canvas, flags=flags, borderValue=beyond)
    return np.asarray(turned, np.uint8)


def _as_gray(mask: Ink) -> Gray:
    return np.asarray(mask.view(np.uint8) * np.uint8(255))


def _matrix(frame: Frame) -> NDArray[np.float64]:
    """For cv2.warpAffine, which puts pixel centres at whole numbers where `Frame` has edges."""
    f = frame
    return np.array(
        [
            [f.a, f.b, f.c + 0.5 * (f.a + f.b) - 0.5],
            [f.d, f.e, f.f + 0.5 * (f.d + f.e) - 0.5],
        ]
    )
