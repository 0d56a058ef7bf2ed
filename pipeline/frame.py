"""Affine maps between a working image and the page as loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.document import Line, Polygon, Region


@dataclass(frozen=True, slots=True)
class Frame:
    """Maps points of a working image to the page: page = (a x + b y + c, d x + e y + f).

    A stage that turns, scales or crops works in its own pixels and maps its geometry back
    with `to_page` before it returns, so that stored geometry is always in page pixels.
    """

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    @classmethod
    def shifted(cls, left: float, top: float) -> Frame:
        """The frame of a crop whose first pixel is page pixel (left, top)."""
        return cls(c=left, f=top)

    @classmethod
    def scaled(cls, factor: float) -> Frame:
        """The frame of an image `factor` times the page's size.

        Raises:
            ValueError: if `factor` is not positive.
        """
        if factor <= 0:
            raise ValueError(f"expected a positive scale, got {factor}")
        return cls(a=1 / factor, e=1 / factor)

    @classmethod
    def rotated(cls, degrees: float, center: tuple[float, float]) -> Frame:
        """The frame of an image made by turning the page clockwise by `degrees` about `center`."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        x, y = center
        return cls(cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y)

    @classmethod
    def upright(cls, degrees: int, width: float, height: float) -> Frame:
        """The frame of a page stood upright whose text is turned by quarters of a circle.

        Args:
            degrees: 0, 90, 180 or 270, counter-clockwise.
            width: the page's columns.
            height: its rows.

        Raises:
            ValueError: if `degrees` is none of these.
        """
        frames = {
            0: cls(),
            90: cls(0.0, 1.0, 0.0, -1.0, 0.0, height),
            180: cls(-1.0, 0.0, width, 0.0, -1.0, height),
            270: cls(0.0, -1.0, width, 1.0, 0.0, 0.0),
        }
        if degrees not in frames:
            raise ValueError(f"expected a turn of 0, 90, 180 or 270 degrees, got {degrees}")
        return frames[degrees]

    @property
    def area(self) -> float:
        """How many pixels of the page a pixel of the image covers."""
        return abs(self.a * self.e - self.b * self.d)

    def then(self, outer: Frame) -> Frame:
        """The frame of an image within an image: first `self`, then `outer`."""
        return Frame(
            outer.a * self.a + outer.b * self.d,
            outer.a * self.b + outer.b * self.e,
            outer.a * self.c + outer.b * self.f + outer.c,
            outer.d * self.a + outer.e * self.d,
            outer.d * self.b + outer.e * self.e,
            outer.d * self.c + outer.e * self.f + outer.f,
        )

    def inverse(self) -> Frame:
        """The map from the page to the working image.

        Raises:
            ValueError: if the map flattens the plane.
        """
        det = self.a * self.e - self.b * self.d
        if self.area < 1e-12:
            raise ValueError(f"{self} cannot be inverted")
        a, b, d, e = self.e / det, -self.b / det, -self.d / det, self.a / det
        return Frame(a, b, -a * self.c - b * self.f, d, e, -d * self.c - e * self.f)

    def to_page(self, points: Iterable[tuple[float, float]]) -> Polygon:
        """Points of the working image in page pixels."""
        return tuple(
            (self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f) for x, y in points
        )

    def region_to_page(self, region: Region) -> Region:
        """A region of the working image and its lines in page pixels; words stay as they are."""
        lines = tuple(self._line_to_page(line) for line in region.lines)
        return replace(region, boundary=self.to_page(region.boundary), lines=lines)

    def _line_to_page(self, line: Line) -> Line:
        boundary, baseline = self.to_page(line.boundary), self.to_page(line.baseline)
        return replace(line, boundary=boundary, baseline=baseline)
