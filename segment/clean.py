"""Clean a grey page: flatten its paper, blank its dark surround, drop its specks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.document import Box
from segment.arrays import Floats, Gray, Ink, odd, reduced, require_gray, require_ink

_DARKEST_PAPER = 32  # grey: noise in what is darker is not blown up further
_STRIP_PX = 256
_FAR = 1e-3  # of a page's light: where less comes from, the paper's usual brightness counts


@dataclass(frozen=True, slots=True)
class CleanParams:
    """Settings of `flatten`, `find_surround` and `despeckle`."""

    thumb_px: int = 320  # long side of the thumbnail on which paper and surround are looked for
    brush: float = 0.03  # share of the long side: wider than any pen stroke or letter
    dark: float = 0.5  # surround is darker than this share of the paper's brightness
    thickness: float = 0.012  # share of the long side: surround is no thinner
    max_gain: float = 5.0  # contrast of faded ink is raised no further than this
    speck_share: float = 0.04  # of the squared text height: smaller components are specks


@dataclass(frozen=True, slots=True)
class CleanPage:
    """A page ready to be binarized.

    Attributes:
        gray: uint8 (H, W), flattened; paper near 255.
        surround: bool (H, W), True outside the paper.
    """

    gray: Gray
    surround: Ink


def clean_page(
    gray: Gray, params: CleanParams = CleanParams(), surround: Ink | None = None
) -> CleanPage:
    """Blank a page's dark surround and flatten its paper.

    Args:
        gray: uint8 (H, W).
        params: see `CleanParams`.
        surround: bool (H, W), if it is known: True outside the paper.

    Returns:
        The page.
    """
    if surround is None:
        surround = find_surround(gray, params)
    # The surround takes the grey of the paper beside it, so that its edge does not read as ink.
    paper = np.where(surround, _paper_beside(gray, surround, params), gray)
    return CleanPage(flatten(paper, params), surround)


def flatten(gray: Gray, params: CleanParams = CleanParams()) -> Gray:
    """Make the paper evenly white and faded ink dark, so that one threshold fits the page.

    The paper's brightness is a closing of a thumbnail, smoothed (background division, as in
    Gatos, Pratikakis and Perantonis, Pattern Recognition 39, 2006, with a cheaper surface).

    Args:
        gray: uint8 (H, W), dark ink on lighter paper.
        params: see `CleanParams`.

    Returns:
        uint8 (H, W), paper near 255.
    """
    require_gray(gray)
    thumb = reduced(gray, params.thumb_px)
    paper = np.maximum(_paper(thumb, params), _DARKEST_PAPER)
    gain = _gain(thumb, paper, params)
    scale = np.asarray(255.0 * gain / paper, np.float32)
    height, width = gray.shape
    surface = cv2.resize(scale, (width, height), interpolation=cv2.INTER_LINEAR)
    flat: Floats = np.asarray(cv2.multiply(gray, surface, dtype=cv2.CV_32F), np.float32)
    flat -= np.float32(255.0 * (gain - 1))
    return np.asarray(cv2.convertScaleAbs(np.maximum(flat, 0, out=flat)), np.uint8)


def even_light(gray: Gray, params: CleanParams = CleanParams()) -> Gray:
    """Make the paper as light in a shadow as it is on most of the page, and its ink with it.

    Args:
        gray: uint8 (H, W), dark ink on lighter paper.
        params: see `CleanParams`.

    Returns:
        uint8 (H, W).
    """
    require_gray(gray)
    paper = np.maximum(_paper(reduced(gray, params.thumb_px), params), _DARKEST_PAPER)
    gain = np.asarray(np.percentile(paper, 70) / paper, np.float32)
    height, width = gray.shape
    lit = np.empty_like(gray)
    for top in range(0, height, _STRIP_PX):  # a whole page of floats would take too much memory
        strip = gray[top : top + _STRIP_PX]
        surface = _stretched(gain, (height, width), top, len(strip))
        lit[top : top + _STRIP_PX] = cv2.multiply(strip, surface, dtype=cv2.CV_8U)
    return lit


def _stretched(thumb: Floats, shape: tuple[int, int], top: int, rows: int) -> Floats:
    """Some rows of a thumbnail enlarged to `shape`."""
    y, x = thumb.shape[0] / shape[0], thumb.shape[1] / shape[1]
    places = np.array([[x, 0.0, (x - 1) / 2], [0.0, y, (2 * top + 1) * y / 2 - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    stretched = cv2.warpAffine(
        thumb, places, (shape[1], rows), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(stretched, np.float32)


def find_surround(gray: Gray, params: CleanParams = CleanParams()) -> Ink:
    """Mark the scanner's dark border and whatever dark lies about the page.

    Args:
        gray: uint8 (H, W).
        params: see `CleanParams`.

    Returns:
        bool (H, W), True outside the paper: thick dark areas that touch the image's edge.
    """
    require_gray(gray)
    thumb = reduced(gray, params.thumb_px)
    size = odd(params.thickness * max(thumb.shape))
    brush = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    dark = np.asarray(thumb < params.dark * np.percentile(thumb, 80), np.uint8)
    # Beyond the image lies surround, or a border thinner than the brush would be opened away.
    framed = cv2.copyMakeBorder(dark, size, size, size, size, cv2.BORDER_CONSTANT, value=1)
    thick = cv2.morphologyEx(framed, cv2.MORPH_OPEN, brush)
    _, labels = cv2.connectedComponents(thick, connectivity=4)
    outside = np.asarray(labels == labels[0, 0], np.uint8)
    thicker = cv2.dilate(outside, cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3)))
    inner = thicker[size:-size, size:-size]
    height, width = gray.shape
    return np.asarray(cv2.resize(inner, (width, height), interpolation=cv2.INTER_NEAREST) > 0)


def content_box(surround: Ink) -> Box | None:
    """The smallest box that holds all that is not surround.

    Args:
        surround: bool (H, W), as from `find_surround`.

    Returns:
        The box, or None if the whole image is surround.
    """
    require_ink(surround)
    rows = np.flatnonzero(~surround.all(axis=1))
    columns = np.flatnonzero(~surround.all(axis=0))
    if rows.size == 0:
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def despeckle(ink: Ink, min_area_px: int) -> Ink:
    """Drop components of fewer than `min_area_px` pixels.

    Args:
        ink: bool (H, W).
        min_area_px: smallest area that stays.

    Returns:
        bool (H, W).
    """
    require_ink(ink)
    if min_area_px <= 1:
        return ink
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= min_area_px
    keep[0] = False
    return np.asarray(keep[labels])


def _paper_beside(gray: Gray, surround: Ink, params: CleanParams) -> Gray:
    """The brightness that the paper has near each pixel; far from any, what most of it has."""
    if surround.all():
        return gray
    thumb = reduced(gray, params.thumb_px)
    size = (thumb.shape[1], thumb.shape[0])
    lit = cv2.resize((~surround).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    reach = params.brush * max(size)
    near = cv2.GaussianBlur(lit, (0, 0), reach)
    bright = cv2.GaussianBlur(_paper(thumb, params) * lit, (0, 0), reach)
    usual = np.float32(np.percentile(gray[~surround], 70))
    beside = (bright + _FAR * usual) / (near + _FAR)
    height, width = gray.shape
    whole = cv2.resize(beside, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.convertScaleAbs(whole), np.uint8)


def _paper(thumb: Gray, params: CleanParams) -> Floats:
    size = odd(params.brush * max(thumb.shape))
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(thumb, cv2.MORPH_CLOSE, brush)
    return np.asarray(cv2.blur(closed, (size, size)), np.float32)


def _gain(thumb: Gray, paper: Floats, params: CleanParams) -> float:
    """How much to stretch the contrast below paper white."""
    darkest = float(np.percentile(thumb / paper, 1))
    return float(np.clip(0.7 / max(1e-3, 1 - darkest), 1.0, params.max_gain))
