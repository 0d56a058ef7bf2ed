"""Words as places along a line's crop -> boxes on the page's ink, whichever way up the page is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from export.line_parts import box_around
from pipeline.document import Box, Line
from pipeline.frame import Frame
from segment.arrays import Ink
from segment.crop import LineCrop
from segment.words import Span, fit_to_ink


def place_words(
    line: Line, crop: LineCrop, words: Sequence[Sequence[Span]], ink: Ink, turned: int = 0
) -> list[tuple[Box, tuple[Span, ...]]]:
    """Place words on the page that are known by where they are in their line's crop.

    Args:
        line: in page pixels.
        crop: of the line.
        words: each word's characters, (left, right) in pixels of the crop along x.
        ink: bool (H, W), of the page.
        turned: degrees by which the page's text is turned counter-clockwise: 0, 90, 180 or 270.

    Returns:
        For each word its box, and its characters' spans in page pixels along x; without spans on
        a page that is turned.
    """
    if turned:
        return [(box, ()) for box in _turned_boxes(line, crop, words, ink, turned)]
    spans = [tuple((crop.page_x(a), crop.page_x(b)) for a, b in word) for word in words]
    boxes = fit_to_ink(ink, line.boundary, [(word[0][0], word[-1][1]) for word in spans])
    return list(zip(boxes, spans, strict=True))


def _turned_boxes(
    line: Line, crop: LineCrop, words: Sequence[Sequence[Span]], ink: Ink, turned: int
) -> list[Box]:
    """The words' boxes, found with the page stood upright."""
    height, width = ink.shape
    frame = Frame.upright(turned, width, height)
    to_upright = frame.inverse()
    ends = [[crop.to_page(word[0][0]), crop.to_page(word[-1][1])] for word in words]
    spans = [(a[0], b[0]) for a, b in (to_upright.to_page(points) for points in ends)]
    upright = np.rot90(ink, -(turned // 90))
    return [
        box_around(frame.to_page(box.polygon()))
        for box in fit_to_ink(upright, to_upright.to_page(line.boundary), spans)
    ]


def place_stretch(line: Line, crop: LineCrop, stretch: Span, turned: int = 0) -> Box:
    """The box of a stretch of a line, as high as the line.

    Args:
        line: in page pixels.
        crop: of the line.
        stretch: (left, right) in pixels of the crop along x.
        turned: as for `place_words`.
    """
    around = box_around(line.boundary)
    (left, top), (right, bottom) = (crop.to_page(x) for x in stretch)
    if turned % 180:
        return box_around([(around.left, top), (around.right, bottom)])
    return box_around([(left, around.top), (right, around.bottom)])
