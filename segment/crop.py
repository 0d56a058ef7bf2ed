"""Cut a text line out of a page, straightened along its baseline."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.document import Point, Polygon
from segment.arrays import Floats, Gray, require_gray


@dataclass(frozen=True, slots=True)
class CropParams:
    """Settings of `crop_line` and `is_evenly_lit`."""

    margin: float = 0.035  # share of the line's height added on all four sides,
    min_margin_px: float = 2.0  # and at least so much
    max_height_px: int = 128  # taller lines are reduced as they are cut
    step_px: float = 4.0  # distance of the points at which the baseline is followed
    smooth: float = 1.0  # line heights over which the baseline's corners are rounded
    mask: bool = True  # paint paper over what lies outside the boundary
    mask_margin: float = 0.04  # share of the line's height that the mask keeps free
    shade: float = 0.8  # of the paper's usual brightness: what is darker lies in shade
    shade_step: float = 2.0  # line heights over which the paper's brightness is taken


@dataclass(frozen=True, slots=True)
class LineCrop:
    """A line's image and where it came from.

    Attributes:
        image: uint8 (h, w), dark ink on light.
        xs: float32 (w + 1,), page x of the baseline at each column's left edge.
        ys: float32 (w + 1,), page y of the baseline there.
    """

    image: Gray
    xs: Floats
    ys: Floats

    def to_page(self, x: float) -> Point:
        """The point of the baseline at a crop's x, in page pixels; beyond the crop its ends."""
        return _between(self.xs, x), _between(self.ys, x)

    def page_x(self, x: float) -> float:
        """The page x of a crop's x."""
        return _between(self.xs, x)


def is_evenly_lit(line: Gray, params: CropParams = CropParams()) -> bool:
    """Whether the paper of a line is about as light everywhere: no shadow's edge crosses it.

    Args:
        line: uint8 (h, w), dark ink on light.
        params: `shade` and `shade_step` are used.
    """
    rows, columns = line.shape
    parts = max(1, round(columns / (params.shade_step * rows)))
    paper = [np.percentile(part, 80) for part in np.array_split(line, parts, axis=1)]
    return bool(min(paper) >= params.shade * np.percentile(paper, 70))


def _between(values: Floats, place: float) -> float:
    """A value between two neighbours; quicker for a single place than `np.interp`."""
    place = min(max(place, 0.0), len(values) - 1.0)
    low = min(int(place), len(values) - 2)
    first, second = float(values[low]), float(values[low + 1])
    return first + (place - low) * (second - first)


def crop_line(
    gray: Gray, boundary: Polygon, baseline: Polygon, params: CropParams = CropParams()
) -> LineCrop:
    """Cut out a line so that its baseline becomes a straight row.

    Columns of the crop are normals of the baseline, one page pixel apart (more for tall lines);
    the crop reaches as far above and below it as the boundary does, and a margin, as the crops
    do that the recogniser is trained on.

    Args:
        gray: uint8 (H, W), the page.
        boundary: polygon around the line, page pixels.
        baseline: two or more points, left to right, page pixels.
        params: see `CropParams`.

    Returns:
        The crop, at least 1 pixel high and wide.

    Raises:
        ValueError: if there are fewer than two different baseline points.
    """
    require_gray(gray)
    path = _resampled(baseline, params.step_px)
    up, down = _extent(boundary, path)
    path = _rounded(path, params.smooth * (up + down) / params.step_px)
    margin = max(params.min_margin_px, params.margin * (up + down))
    path = _lengthened(path, margin)
    scale = min(1.0, params.max_height_px / (up + down + 2 * margin))
    length = float(np.hypot(*np.diff(path, axis=0).T).sum())
    width = max(1, round(length * scale))
    rows = max(1, round((up + down + 2 * margin) * scale))
    edges = _along(path, np.linspace(0, 1, width + 1))
    middle = 0.5 * (edges[1:] + edges[:-1])
    tangent = edges[1:] - edges[:-1]
    tangent /= np.maximum(np.hypot(tangent[:, :1], tangent[:, 1:]), 1e-6)
    # The normal points down the page; offsets run from the ascenders to the descenders.
    offset = (np.arange(rows, dtype=np.float32) + 0.5) / rows * (up + down + 2 * margin)
    offset = (offset - up - margin)[:, None]
    map_x = middle[None, :, 0] - offset * tangent[None, :, 1]
    map_y = middle[None, :, 1] + offset * tangent[None, :, 0]
    image = _sampled(gray, map_x, map_y, scale)
    if params.mask:
        image = _masked(image, boundary, map_x, map_y, params.mask_margin * (up + down))
    return LineCrop(image, edges[:, 0], edges[:, 1])


def _resampled(baseline: Polygon, step_px: float) -> Floats:
    """The baseline at even steps, float32 (n, 2)."""
    points = np.asarray(baseline, np.float32).reshape(-1, 2)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    if len(points) < 2 or lengths.sum() <= 0:
        raise ValueError(f"expected a baseline of two or more points, got {baseline}")
    return _along(points, np.linspace(0, 1, max(2, round(float(lengths.sum()) / step_px) + 1)))


def _along(path: Floats, shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Floats:
    """Points at given shares of a path's length, float32 (n, 2)."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    at = shares * lengths[-1]
    points = np.stack([np.interp(at, lengths, path[:, 0]), np.interp(at, lengths, path[:, 1])], 1)
    return np.asarray(points, np.float32)


def _rounded(path: Floats, steps: float) -> Floats:
    """The path with its corners rounded: crossing normals would tear the image."""
    size = 2 * round(steps / 2) + 1
    if size < 3 or len(path) < 3:
        return path
    # Mirrored through the end points, so that both ends and a straight path stay put.
    half = min(size // 2, len(path) - 1)
    head = 2 * path[0] - path[half:0:-1]
    tail = 2 * path[-1] - path[-2 : -half - 2 : -1]
    padded = np.concatenate([head, path, tail])
    sums = np.cumsum(np.concatenate([np.zeros((1, 2)), padded]), axis=0)
    window = 2 * half + 1
    return np.asarray((sums[window:] - sums[:-window]) / window, np.float32)


def _lengthened(path: Floats, by_px: float) -> Floats:
    """The path led on straight at both ends."""
    head, tail = path[0] - path[1], path[-1] - path[-2]
    head *= by_px / max(1e-6, float(np.hypot(*head)))
    tail *= by_px / max(1e-6, float(np.hypot(*tail)))
    return np.concatenate([path[:1] + head, path, path[-1:] + tail])


def _extent(boundary: Polygon, path: Floats) -> tuple[float, float]:
    """How far the boundary reaches above and below the baseline, pixels, at least 1 each."""
    points = np.asarray(boundary, np.float32).reshape(-1, 2)
    chord = path[-1] - path[0]
    chord = chord / max(1e-6, float(np.hypot(*chord)))
    along = (path - path[0]) @ chord
    across = (path - path[0]) @ np.array([-chord[1], chord[0]], np.float32)
    position = (points - path[0]) @ chord
    height = (points - path[0]) @ np.array([-chord[1], chord[0]], np.float32)
    below = height - np.interp(position, along, across)
    return max(1.0, -float(below.min())), max(1.0, float(below.max()))


def _sampled(gray: Gray, map_x: Floats, map_y: Floats, scale: float) -> Gray:
    """The page at given places, averaged first where the crop is a reduction."""
    height, width = gray.shape
    left, right = int(max(0, map_x.min() - 4)), int(min(width, map_x.max() + 5))
    top, bottom = int(max(0, map_y.min() - 4)), int(min(height, map_y.max() + 5))
    if right <= left or bottom <= top:
        return np.full(map_x.shape, 255, np.uint8)
    part = gray[top:bottom, left:right]
    if scale < 1:
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.4 / scale), np.uint8)
    # cv2 puts pixel centres at whole numbers; page geometry puts edges there.
    at_x = np.asarray(map_x - left - 0.5, np.float32)
    at_y = np.asarray(map_y - top - 0.5, np.float32)
    image = cv2.remap(part, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(image, np.uint8)


def _masked(image: Gray, boundary: Polygon, map_x: Floats, map_y: Floats, margin_px: float) -> Gray:
    """Paint the paper's grey over what lies outside the boundary."""
    points = np.asarray(boundary, np.float32).reshape(-1, 2)
    corner = np.floor(points.min(axis=0)) - margin_px - 2
    size = np.ceil(points.max(axis=0) - corner + margin_px + 2).astype(np.int64)
    inside = np.zeros((int(size[1]), int(size[0])), np.uint8)
    cv2.fillPoly(inside, [np.round(points - corner).astype(np.int32)], 255)
    if margin_px >= 1:
        brush = np.ones((2 * round(margin_px) + 1,) * 2, np.uint8)
        inside = np.asarray(cv2.dilate(inside, brush), np.uint8)
    at_x = np.asarray(map_x - corner[0] - 0.5, np.float32)
    at_y = np.asarray(map_y - corner[1] - 0.5, np.float32)
    keep = cv2.remap(inside, at_x, at_y, cv2.INTER_NEAREST) > 0
    if keep.all() or not keep.any():
        return image
    return np.where(keep, image, np.uint8(np.percentile(image[keep], 80)))
