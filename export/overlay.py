"""Page and pixels -> a picture for people: what was found on the page, and what was read there.

Two sheets side by side. The left is the scan, paled, with regions, lines, baselines, words and
the reading order drawn over it; the right shows the text as read, each line in its place.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import reportlab
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.document import Line, Page, Point, Polygon, Region
from pipeline.errors import DependencyError
from pipeline.frame import Frame

Rgb = NDArray[np.uint8]  # (H, W, 3)
Color = tuple[int, int, int]

LINE_COLORS: tuple[Color, ...] = (
    (38, 110, 196),
    (222, 110, 20),
    (28, 145, 98),
    (170, 62, 150),
)
REGION_COLOR: Color = (70, 80, 95)
INK: Color = (24, 28, 36)
DOUBT: Color = (200, 30, 40)
PAPER: Color = (252, 251, 248)
FOLD: Color = (166, 171, 176)  # between the sheets
MIN_TEXT_PX = 7
PALE = 0.25  # share of white mixed into the scan
FONTS = ("DejaVuSans.ttf", str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"))


@dataclass(frozen=True, slots=True)
class OverlayParams:
    """Settings of `draw_overlay`.

    Attributes:
        max_side: longest side of a sheet in pixels; larger pages are scaled down.
        fill: opacity of a line's fill, in [0, 1].
        doubtful: words less certain than this are red.
        beside: whether the text is shown on a second sheet.
    """

    max_side: int = 2000
    fill: float = 0.16
    doubtful: float = 0.5
    beside: bool = True


def draw_overlay(
    pixels: NDArray[np.uint8], page: Page, params: OverlayParams = OverlayParams()
) -> Rgb:
    """Draw what is known of a page over its picture, and the text beside it.

    Args:
        pixels: uint8 (H, W) or (H, W, 3), the page as loaded.
        page: its geometry and text, in pixels of that picture.
        params: see `OverlayParams`.

    Returns:
        uint8 (H', W', 3) RGB; W' is twice a sheet's width if the text is shown beside.

    Raises:
        ValueError: if the picture's size is not the page's.
    """
    if pixels.dtype != np.uint8 or pixels.shape[:2] != (page.height, page.width):
        size = f"({page.height}, {page.width})"
        raise ValueError(f"expected uint8 {size}, got {pixels.dtype} {pixels.shape}")
    sheet = _Sheet.of(page, params)
    scan = _geometry_sheet(pixels, page, sheet, params)
    if not params.beside:
        return np.asarray(scan)
    return np.hstack([np.asarray(scan), _text_sheet(page, params)])


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Size and scale of a sheet.

    Attributes:
        width: columns.
        height: rows.
        scale: sheet pixels per page pixel.
        unit: width of a fine stroke.
        line_height: height of the page's middling line on the sheet.
    """

    width: int
    height: int
    scale: float
    unit: int
    line_height: float

    @classmethod
    def of(cls, page: Page, params: OverlayParams) -> _Sheet:
        """The sheet that a page fits on."""
        longest = max(page.width, page.height)
        scale = min(1.0, params.max_side / longest)
        width, height = max(1, round(page.width * scale)), max(1, round(page.height * scale))
        unit = max(1, round(max(width, height) / 1000))
        heights = [_height(line.boundary) for line in page.lines] or [1.0]
        return cls(width, height, scale, unit, float(np.median(heights)) * scale)

    def place(self, points: Polygon) -> list[Point]:
        """Page points on the sheet."""
        return [(x * self.scale, y * self.scale) for x, y in points]


def _height(boundary: Polygon) -> float:
    ys = [y for _, y in boundary]
    return max(ys) - min(ys)


def _geometry_sheet(
    pixels: NDArray[np.uint8], page: Page, sheet: _Sheet, params: OverlayParams
) -> Image.Image:
    scan = Image.fromarray(pixels).convert("RGB")
    scan = scan.resize((sheet.width, sheet.height), Image.Resampling.LANCZOS)
    scan = Image.blend(scan, Image.new("RGB", scan.size, "white"), PALE)
    draw = ImageDraw.Draw(scan, "RGBA")
    for region in page.regions:
        _draw_region(draw, region, sheet)
    for index, line in enumerate(page.lines):
        _draw_line(draw, line, LINE_COLORS[index % len(LINE_COLORS)], sheet, params)
    _draw_path(draw, page, sheet)
    _draw_numbers(draw, page, sheet)
    return scan


def _draw_region(draw: ImageDraw.ImageDraw, region: Region, sheet: _Sheet) -> None:
    corners = sheet.place(region.boundary)
    draw.line([*corners, corners[0]], fill=(*REGION_COLOR, 200), width=2 * sheet.unit)


def _draw_line(
    draw: ImageDraw.ImageDraw, line: Line, color: Color, sheet: _Sheet, params: OverlayParams
) -> None:
    boundary = sheet.place(line.boundary)
    draw.polygon(boundary, fill=(*color, round(255 * params.fill)))
    draw.line([*boundary, boundary[0]], fill=(*color, 130), width=sheet.unit)
    for word in line.words:
        doubtful = word.confidence < params.doubtful
        edge = (*DOUBT, 200) if doubtful else (*color, 90)
        top_left, _, bottom_right, _ = sheet.place(word.box.polygon())
        draw.rectangle((*top_left, *bottom_right), outline=edge, width=sheet.unit)
    draw.line(sheet.place(line.baseline), fill=(*color, 230), width=2 * sheet.unit, joint="curve")


def _draw_path(draw: ImageDraw.ImageDraw, page: Page, sheet: _Sheet) -> None:
    """Thread the starts of the lines on the path that the eye takes."""
    starts = [sheet.place(line.baseline)[0] for line in page.lines]
    if len(starts) > 1:
        draw.line(starts, fill=(*REGION_COLOR, 110), width=sheet.unit, joint="curve")


def _draw_numbers(draw: ImageDraw.ImageDraw, page: Page, sheet: _Sheet) -> None:
    """Number the lines in reading order, each in a disc at its baseline's start."""
    size = round(min(max(0.32 * sheet.line_height, 8), 13 * sheet.unit))
    font = _font(size)
    for index, line in enumerate(page.lines):
        x, y = sheet.place(line.baseline)[0]
        label = str(index + 1)
        half = max(draw.textlength(label, font=font) / 2 + size * 0.3, size * 0.75)
        x = min(max(x - half, half), sheet.width - half)
        y = min(max(y - size * 0.7, size * 0.75), sheet.height - size * 0.75)
        color = LINE_COLORS[index % len(LINE_COLORS)]
        box = (x - half, y - size * 0.75, x + half, y + size * 0.75)
        draw.rounded_rectangle(box, radius=size * 0.75, fill=(*color, 225))
        draw.text((x, y), label, font=font, fill="white", anchor="mm")


def _text_sheet(page: Page, params: OverlayParams) -> Rgb:
    """The text as it lies on the page, which may be on its side or upside down."""
    quarters = round(page.skew / 90) % 4
    upright = _stood_upright(page, 90 * quarters)
    sheet = _Sheet.of(upright, params)
    paper = np.rot90(np.asarray(_upright_text(upright, sheet, params)), quarters).copy()
    paper[:, : (sheet.unit + 1) // 2] = FOLD
    return paper


def _stood_upright(page: Page, turned: int) -> Page:
    """The page turned clockwise, for its words' texts: their boxes are left behind."""
    frame = Frame.upright(turned, page.width, page.height).inverse()
    width, height = (page.height, page.width) if turned % 180 else (page.width, page.height)
    regions = tuple(frame.region_to_page(region) for region in page.regions)
    return replace(page, width=width, height=height, regions=regions)


def _upright_text(page: Page, sheet: _Sheet, params: OverlayParams) -> Image.Image:
    paper = Image.new("RGB", (sheet.width, sheet.height), PAPER)
    draw = ImageDraw.Draw(paper, "RGBA")
    for region in page.regions:
        corners = sheet.place(region.boundary)
        draw.line([*corners, corners[0]], fill=(*REGION_COLOR, 60), width=sheet.unit)
    for index, line in enumerate(page.lines):
        color = LINE_COLORS[index % len(LINE_COLORS)]
        draw.line(sheet.place(line.baseline), fill=(*color, 110), width=sheet.unit)
        _draw_words(draw, line, sheet, params)
    return paper


def _draw_words(
    draw: ImageDraw.ImageDraw, line: Line, sheet: _Sheet, params: OverlayParams
) -> None:
    """Set a line's words along its baseline, as large as the line's room allows."""
    baseline = sheet.place(line.baseline)
    xs, ys = [x for x, _ in baseline], [y for _, y in baseline]
    font = _fitting_font(draw, line, xs[-1] - xs[0], sheet)
    x = xs[0]
    for word in line.words:
        color = DOUBT if word.confidence < params.doubtful else INK
        y = float(np.interp(x, xs, ys)) - 2 * sheet.unit
        draw.text((x, y), word.text, font=font, fill=color, anchor="ls")
        x += draw.textlength(f"{word.text} ", font=font)


def _fitting_font(
    draw: ImageDraw.ImageDraw, line: Line, width: float, sheet: _Sheet
) -> ImageFont.FreeTypeFont:
    """The font in which a line's text fills the line's width, but no more than its height."""
    height = min(_height(line.boundary) * sheet.scale, 1.3 * sheet.line_height)
    highest = max(0.55 * height, MIN_TEXT_PX)
    natural = draw.textlength(line.text, font=_font(100)) / 100
    return _font(round(max(min(width / max(natural, 1e-6), highest), MIN_TEXT_PX)))


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """A font with Latin letters and their accents: the system's DejaVu, else reportlab's Vera."""
    for name in FONTS:
        with suppress(OSError):
            return ImageFont.truetype(name, size)
    raise DependencyError("no font to draw text with; reinstall reportlab, which brings one")
