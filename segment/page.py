"""Segment a grey page into regions of text lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np

from pipeline.document import Line, Polygon, Region
from pipeline.frame import Frame
from segment.arrays import Gray, Ink, require_gray
from segment.binarize import BINARIZERS, BinarizeParams
from segment.clean import CleanParams, find_surround, flatten
from segment.components import RulingParams, drop_misfits, split_rulings, typical_height
from segment.deskew import DESKEWERS, DeskewParams
from segment.layout import LayoutParams, arrange, find_barriers
from segment.lines import LineParams, TextLine, find_lines
from segment.profiles import x_height

Stage = TypeVar("Stage")


@dataclass(frozen=True, slots=True)
class SegmentParams:
    """Settings of `segment_page`: the stages' own, and which stage to use."""

    binarizer: str = "sauvola"
    deskewer: str = "profile"
    work_px: int = 1800  # long side of the image that is binarized
    letter_px: float = 9.0  # x-height of the image in which lines are looked for
    min_letter_px: float = 3.0  # text smaller than this in the binarized image is noise
    clean: CleanParams = field(default_factory=CleanParams)
    binarize: BinarizeParams = field(default_factory=BinarizeParams)
    deskew: DeskewParams = field(default_factory=DeskewParams)
    rulings: RulingParams = field(default_factory=RulingParams)
    lines: LineParams = field(default_factory=LineParams)
    layout: LayoutParams = field(default_factory=LayoutParams)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What was found on a page, in pixels of the image given.

    Attributes:
        skew: degrees by which the text is turned counter-clockwise.
        regions: in reading order, their lines without words.
        ink: bool (H, W), the page's ink without surround and rulings.
    """

    skew: float
    regions: tuple[Region, ...]
    ink: Ink


@dataclass(frozen=True, slots=True)
class _Straight:
    """The reduced page with its text level, rulings apart from the ink."""

    ink: Ink
    across: Ink
    down: Ink
    x_height: float
    frame: Frame  # to the binarized image


def segment_page(gray: Gray, params: SegmentParams = SegmentParams()) -> Segmentation:
    """Find the ink, the skew, the regions and the text lines of a page.

    Args:
        gray: uint8 (H, W), dark ink on lighter paper.
        params: see `SegmentParams`.

    Returns:
        The segmentation; without regions for a blank page.

    Raises:
        ValueError: if `gray` is no grey image, or a stage's name is unknown.
    """
    require_gray(gray)
    ink = page_ink(gray, params)
    skew = _lookup(DESKEWERS, params.deskewer, "deskewer")(ink, params.deskew)
    straight = _straighten(ink, skew, params)
    if straight is None:
        return Segmentation(0.0, (), _enlarged(ink, gray.shape))
    barriers = find_barriers(straight.ink, straight.down, straight.x_height, params.layout)
    lines = find_lines(straight.ink, barriers, straight.x_height, params.lines)
    blocks = arrange(lines, straight.x_height, params.layout)
    height, width = gray.shape
    frame = straight.frame.then(Frame.scaled(max(ink.shape) / max(gray.shape)))
    regions = tuple(_region(i, b, frame, width, height) for i, b in enumerate(blocks, 1))
    clean = ink & ~_turned_back(straight.across | straight.down, straight.frame, ink.shape)
    return Segmentation(skew if regions else 0.0, regions, _enlarged(clean, gray.shape))


def page_ink(gray: Gray, params: SegmentParams = SegmentParams()) -> Ink:
    """Binarize a page, reduced to `work_px` and cleaned, without its dark surround."""
    binarize = _lookup(BINARIZERS, params.binarizer, "binarizer")
    small = _reduced(gray, params.work_px)
    surround = find_surround(small, params.clean)
    paper = small.copy()
    # The surround takes the paper's grey, so that its edge is no ink.
    if not surround.all():
        paper[surround] = round(float(np.percentile(small[~surround], 70)))
    return binarize(flatten(paper, params.clean), params.binarize) & ~surround


def _straighten(ink: Ink, skew: float, params: SegmentParams) -> _Straight | None:
    """Scale the ink so that small letters are `letter_px` high, and level its text."""
    size = text_size(ink, params)
    if size < params.min_letter_px:
        return None
    factor = min(1.5, params.letter_px / size)
    turned, frame = _turned(ink, factor, skew)
    letter = size * factor
    plain, across, down = split_rulings(turned, letter, params.rulings)
    return _Straight(drop_misfits(plain, letter, params.rulings), across, down, letter, frame)


def text_size(ink: Ink, params: SegmentParams = SegmentParams()) -> float:
    """Estimate the height of small letters, pixels; 0 on a page without text."""
    # Rulings are stripes too: drop them, by a first guess, before the text size counts.
    guess = 0.6 * typical_height(ink)
    if guess == 0:
        return 0.0
    plain, _, _ = split_rulings(ink, guess, params.rulings)
    plain = drop_misfits(plain, guess, params.rulings)
    typical = typical_height(plain)
    return x_height(plain, 0.38 * typical, 1.3 * typical)


def _turned(ink: Ink, factor: float, skew: float) -> tuple[Ink, Frame]:
    """Scale a mask, then turn it clockwise by `skew` degrees on a canvas that holds it all."""
    height, width = ink.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    grey = cv2.resize(ink.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    frame = Frame(a=width / size[0], e=height / size[1])
    if abs(skew) < 0.1:
        return np.asarray(grey > 85), frame
    turn = Frame.rotated(skew, (size[0] / 2, size[1] / 2))
    corners = turn.inverse().to_page([(0, 0), (size[0], 0), (0, size[1]), size])
    left, top = (min(c[i] for c in corners) for i in (0, 1))
    right, bottom = (max(c[i] for c in corners) for i in (0, 1))
    turn = Frame.shifted(left, top).then(turn)
    canvas = (round(right - left), round(bottom - top))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    grey = cv2.warpAffine(grey, _matrix(turn), canvas, flags=flags)
    return np.asarray(grey > 85), turn.then(frame)


def _turned_back(mask: Ink, frame: Frame, shape: tuple[int, ...]) -> Ink:
    """A mask of the straight image in the binarized image, slightly thickened."""
    thick = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8))
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    return np.asarray(cv2.warpAffine(thick, _matrix(frame.inverse()), size, flags=flags) > 0)


def _matrix(frame: Frame) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """For cv2.warpAffine, which puts pixel centres at whole numbers where `Frame` has edges."""
    f = frame
    return np.array(
        [
            [f.a, f.b, f.c + 0.5 * (f.a + f.b) - 0.5],
            [f.d, f.e, f.f + 0.5 * (f.d + f.e) - 0.5],
        ]
    )


def _region(number: int, block: list[TextLine], frame: Frame, width: int, height: int) -> Region:
    """A region of the page, its geometry mapped to the page and kept inside."""
    lines = tuple(
        Line(
            id=f"r{number}l{i}",
            boundary=_inside(frame.to_page(line.boundary), width, height),
            baseline=_inside(frame.to_page(line.baseline), width, height),
        )
        for i, line in enumerate(block, 1)
    )
    left = min(x for line in lines for x, _ in line.boundary)
    right = max(x for line in lines for x, _ in line.boundary)
    top = min(y for line in lines for _, y in line.boundary)
    bottom = max(y for line in lines for _, y in line.boundary)
    boundary = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Region(f"r{number}", "text", boundary, lines)


def _inside(points: Iterable[tuple[float, float]], width: int, height: int) -> Polygon:
    return tuple(
        (round(min(max(x, 0.0), width), 2), round(min(max(y, 0.0), height), 2)) for x, y in points
    )


def _reduced(gray: Gray, long_side_px: int) -> Gray:
    factor = long_side_px / max(gray.shape)
    if factor >= 1:
        return gray
    size = (max(1, round(gray.shape[1] * factor)), max(1, round(gray.shape[0] * factor)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged(ink: Ink, shape: tuple[int, ...]) -> Ink:
    if ink.shape == shape:
        return ink
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(ink.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)


def _lookup(table: dict[str, Stage], name: str, what: str) -> Stage:
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}; there are {', '.join(sorted(table))}")
    return table[name]
