"""Segment a grey page into regions of text lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np

from pipeline.document import Line, Region
from pipeline.frame import Frame
from segment.arrays import Gray, Ink, require_gray
from segment.binarize import BINARIZERS, BinarizeParams
from segment.clean import CleanParams, clean_page
from segment.deskew import DESKEWERS, DeskewParams
from segment.layout import LayoutParams, arrange, find_barriers
from segment.level import LevelParams, level_page, unturned
from segment.lines import LineParams, TextLine, find_lines
from segment.plausible import PlausibleParams, drop_implausible
from segment.polygons import kept_inside, left_to_right

Stage = TypeVar("Stage")


@dataclass(frozen=True, slots=True)
class SegmentParams:
    """Settings of `segment_page`: the stages' own, and which stage to use."""

    binarizer: str = "sauvola"
    deskewer: str = "profile"
    work_px: int = 1800  # long side of the image that is binarized
    clean: CleanParams = field(default_factory=CleanParams)
    binarize: BinarizeParams = field(default_factory=BinarizeParams)
    deskew: DeskewParams = field(default_factory=DeskewParams)
    level: LevelParams = field(default_factory=LevelParams)
    lines: LineParams = field(default_factory=LineParams)
    plausible: PlausibleParams = field(default_factory=PlausibleParams)
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
    binarize = _lookup(BINARIZERS, params.binarizer, "binarizer")
    find_skew = _lookup(DESKEWERS, params.deskewer, "deskewer")
    clean = clean_page(_reduced(gray, params.work_px), params.clean)
    ink = binarize(clean.gray, params.binarize) & ~clean.surround
    skew = find_skew(ink, params.deskew)
    level = level_page(clean, ink, skew, params.level)
    if level is None:
        return Segmentation(0.0, (), _enlarged(ink, gray.shape))
    size = level.x_height
    barriers = find_barriers(level.ink, level.down, size, params.layout)
    lines = find_lines(level.ink, barriers, size, params.lines)
    lines = drop_implausible(lines, level, params.plausible)
    blocks = arrange(lines, level.down, size, params.layout)
    frame = level.frame.then(Frame.scaled(max(ink.shape) / max(gray.shape)))
    regions = tuple(_region(i, b, frame, gray.shape) for i, b in enumerate(blocks, 1))
    plain = _enlarged(ink & ~unturned(level.across | level.down, level.frame, ink), gray.shape)
    return Segmentation(skew if regions else 0.0, regions, plain)


def _region(number: int, block: list[TextLine], frame: Frame, shape: tuple[int, ...]) -> Region:
    """A region of the page, its geometry mapped to the page and kept inside."""
    height, width = shape
    lines = tuple(
        Line(
            id=f"r{number}l{i}",
            boundary=kept_inside(frame.to_page(line.boundary), width, height),
            baseline=left_to_right(frame.to_page(line.baseline), width, height),
        )
        for i, line in enumerate(block, 1)
    )
    left = min(x for line in lines for x, _ in line.boundary)
    right = max(x for line in lines for x, _ in line.boundary)
    top = min(y for line in lines for _, y in line.boundary)
    bottom = max(y for line in lines for _, y in line.boundary)
    boundary = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Region(f"r{number}", "text", boundary, lines)


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
