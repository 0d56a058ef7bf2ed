"""Reading order as somebody else has stated it: a PAGE file puts our lines in order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from export.line_parts import box_around
from export.page_xml import read_page_xml
from pipeline.document import Line, Page, Point, Polygon, Region
from pipeline.errors import InputError
from pipeline.load import SourcePage
from pipeline.names import safe_name, shown

TOLERANCE = 0.02  # by how much the stated page's shape may differ from ours


def check_order_folder(folder: str) -> None:
    """Refuse a folder of PAGE files that is not there; an empty name is none.

    Raises:
        InputError: if it is no folder.
    """
    if folder and not Path(folder).is_dir():
        raise InputError(f"{shown(folder)}: is no folder of PAGE files; check the name")


def order_file(folder: str, document: str, page: SourcePage) -> Path | None:
    """The PAGE file that states a page's order, if there is one.

    It is named after the page, in a folder named after its document (as `convert --to page`
    leaves it), in the folder itself or in one called `page` (as Transkribus does).
    """
    if not folder:
        return None
    top, stem = Path(folder), page.path.stem
    names = [page.id, stem] if safe_name(stem) == page.id else [page.id]
    places = [
        place / f"{name}.xml" for place in (top / document, top, top / "page") for name in names
    ]
    return next((place for place in places if place.is_file()), None)


def in_given_order(page: Page, path: Path) -> Page:
    """The page with its lines in the regions and in the order of a PAGE file.

    Raises:
        InputError: if the file cannot be read, is no PAGE file or is about a page of other shape.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{shown(path)}: cannot be read ({error.strerror}); change its permissions"
        ) from error
    given = read_page_xml(data, shown(path))
    scales = page.width / given.width, page.height / given.height
    if abs(scales[0] / scales[1] - 1) > TOLERANCE:
        raise InputError(
            f"{shown(path)}: is about a page of {given.width} x {given.height}, this one has "
            f"{page.width} x {page.height} pixels; leave it out of the folder for the order"
        )
    return arranged_like(page, _scaled(given, *scales))


def arranged_like(page: Page, given: Page) -> Page:
    """The page with its lines in the regions and in the order of another page.

    A line belongs to the smallest region around the middle of its baseline. In a region that
    has lines of its own each line takes the place of the nearest of them, else ours stay in
    order. Lines outside of all regions come last, in the regions that they were in.

    Args:
        page: whose lines are to be put in order.
        given: regions, and lines if it has any, in pixels of `page`.

    Returns:
        The page with regions and lines numbered anew; words and geometry are as they were.
    """
    held: dict[int, list[Line]] = {}
    left_over: list[Region] = []
    for region in page.regions:
        outside: list[Line] = []
        for line in region.lines:
            place = _region_around(_middle(line.baseline), given.regions)
            (outside if place is None else held.setdefault(place, [])).append(line)
        if outside:
            around = box_around([point for line in outside for point in line.boundary])
            left_over.append(replace(region, boundary=around.polygon(), lines=tuple(outside)))
    regions = [
        replace(region, lines=_like(held[place], region.lines))
        for place, region in enumerate(given.regions)
        if place in held
    ]
    return replace(page, regions=tuple(_numbered([*regions, *left_over])))


def _scaled(page: Page, x_scale: float, y_scale: float) -> Page:
    def moved(points: Polygon) -> Polygon:
        return tuple((x * x_scale, y * y_scale) for x, y in points)

    def line_moved(line: Line) -> Line:
        boundary, baseline = moved(line.boundary), moved(line.baseline)
        return replace(line, boundary=boundary, baseline=baseline, words=())

    regions = (
        replace(r, boundary=moved(r.boundary), lines=tuple(map(line_moved, r.lines)))
        for r in page.regions
    )
    return replace(page, regions=tuple(regions))


def _region_around(point: Point, regions: Sequence[Region]) -> int | None:
    """Index of the smallest region that holds a point."""
    around = {}
    for i, region in enumerate(regions):
        outline = np.asarray(region.boundary, np.float32)
        if len(outline) > 2 and cv2.pointPolygonTest(outline, point, measureDist=False) >= 0:
            around[i] = cv2.contourArea(outline)
    return min(around, key=lambda i: around[i], default=None)


def _like(lines: Sequence[Line], given: Sequence[Line]) -> tuple[Line, ...]:
    """Lines in the order of the given ones that are nearest to each."""
    middles = [_middle(line.baseline) for line in given]
    if not middles:
        return tuple(lines)

    def place(line: Line) -> int:
        x, y = _middle(line.baseline)
        away = [
            abs(y - v) + _beyond(x, other) for (_, v), other in zip(middles, given, strict=True)
        ]
        return away.index(min(away))

    return tuple(sorted(lines, key=place))


def _beyond(x: float, line: Line) -> float:
    """How far beyond the ends of a line some place along x is."""
    xs = [u for u, _ in line.baseline]
    return max(0.0, min(xs) - x, x - max(xs))


def _middle(baseline: Polygon) -> Point:
    """The point half way along a baseline."""
    steps = [math.dist(a, b) for a, b in pairwise(baseline)]
    half = sum(steps) / 2
    along = np.cumsum([0.0, *steps])
    xs, ys = zip(*baseline, strict=True)
    return float(np.interp(half, along, xs)), float(np.interp(half, along, ys))


def _numbered(regions: Sequence[Region]) -> list[Region]:
    return [
        replace(
            region,
            id=f"r{number}",
            lines=tuple(
                replace(line, id=f"r{number}l{i}") for i, line in enumerate(region.lines, 1)
            ),
        )
        for number, region in enumerate(regions, 1)
    ]
