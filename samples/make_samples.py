"""Make the pages of samples/ and their ground truth: text set in fonts, then made to look scanned.

Run with the fonts that samples/README.md names. Seeded: the same library versions on the same
kind of processor give the same bytes.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import texts
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).parent
FONTS = HERE.parent / "build" / "fonts"
FINE = 2  # ink is drawn at twice the page's resolution
MAX_BYTES = 200_000
PAPER, DESK = (1.0, 0.96, 0.86), (1.0, 0.72, 0.5)  # how much of red, green and blue they give back

Layer = NDArray[np.float32]  # (H, W), 0 = nothing, 1 = full strength
Gray = NDArray[np.uint8]  # (H, W), 0 = black
Photo = NDArray[np.uint8]  # (H, W, 3), red, green, blue
Point = tuple[float, float]
Number = TypeVar("Number", float, Layer)


@dataclass(frozen=True, slots=True)
class Hand:
    """How text is put on paper; lengths in pixels of the page."""

    font: str
    size: float
    shear: float = 0.0  # rightwards lean added to the font's own
    unrest: float = 0.0  # spread of each piece's height and lean; 0 for print
    pitch: float = 0.0  # a typewriter's fixed advance; 0 for the font's own
    rough: float = 0.25  # how ragged the edges of strokes are
    fade: float = 0.15  # how much the ink's strength varies over the page

    def load(self, fonts: Path) -> ImageFont.FreeTypeFont:
        """The font at the size of the fine layer."""
        return ImageFont.truetype(fonts / f"{self.font}.woff", self.size * FINE)


@dataclass(frozen=True, slots=True)
class Look:
    """Paper and scanner."""

    paper: float = 226.0
    ink: float = 0.85  # share of the light that full ink swallows
    grain: float = 2.0
    shade: float = 10.0  # light falls off by so many grey levels
    skew: float = 0.4  # degrees, counter-clockwise
    wander: float = 1.5  # pixels by which baselines stray
    wobble: float = 0.0  # pixels by which single letters are out of shape
    stains: int = 0
    show_through: float = 0.0
    border: int = 0  # dark pixels around the sheet
    gutter: float = 0.0  # grey levels of the shadow along the left edge


@dataclass(slots=True)
class Sheet:
    """A page being written: its ink, its rulings and the truth about its lines."""

    width: int
    height: int
    fonts: Path
    random: np.random.Generator
    ink: Layer = field(init=False)
    rulings: Layer = field(init=False)
    lines: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start blank."""
        self.ink = np.zeros((self.height * FINE, self.width * FINE), np.float32)
        self.rulings = np.zeros_like(self.ink)

    def write(
        self, text: str, left: float, baseline: float, hand: Hand, *, region: str, wide: float = 0.0
    ) -> None:
        """Write one line, justified to `wide` if that is given, and note where it is."""
        font = hand.load(self.fonts)
        boxes = [
            self._stamp(piece, x, baseline * FINE, font, hand)
            for piece, x in place(text, left * FINE, font, hand, wide * FINE)
        ]
        x0, y0 = min(box[0] for box in boxes) / FINE - 2, min(box[1] for box in boxes) / FINE - 2
        x1, y1 = max(box[2] for box in boxes) / FINE + 2, max(box[3] for box in boxes) / FINE + 2
        self.lines.append(
            {
                "polygon": edge(x0, x1, y0) + edge(x1, x0, y1),
                "baseline": edge(x0 + 2, x1 - 2, baseline),
                "text": text,
                "ok": True,
                "region": region,
            }
        )

    def rule(self, start: Point, end: Point, strength: float = 0.5, width: int = 2) -> None:
        """Draw a straight ruling."""
        from_, to = ([round(value * FINE) for value in point] for point in (start, end))
        cv2.line(self.rulings, from_, to, strength, width, cv2.LINE_AA)

    def _stamp(
        self, piece: str, x: float, y: float, font: ImageFont.FreeTypeFont, hand: Hand
    ) -> tuple[float, float, float, float]:
        """Put one piece of text on the ink layer and return its ink's box there."""
        unrest = hand.unrest * self.random.standard_normal(3)
        y += unrest[0] * 0.02 * hand.size * FINE
        shear = hand.shear + 0.04 * unrest[1]
        strength = float(np.clip(1 - abs(unrest[2]) * 0.12, 0.5, 1))
        mask, left, top = leaning(piece, font, shear)
        row, column = round(y) + top, round(x) + left
        target = self.ink[row : row + mask.shape[0], column : column + mask.shape[1]]
        np.maximum(target, mask[: target.shape[0], : target.shape[1]] * strength, out=target)
        rows, columns = np.nonzero(mask.max(1) > 0.2)[0], np.nonzero(mask.max(0) > 0.2)[0]
        return column + columns[0], row + rows[0], column + columns[-1] + 1, row + rows[-1] + 1


def edge(x0: float, x1: float, y: float, count: int = 9) -> list[Point]:
    """A horizontal edge as points, so that it can bend when the page is warped."""
    return [(float(x), y) for x in np.linspace(x0, x1, count)]


def place(
    text: str, left: float, font: ImageFont.FreeTypeFont, hand: Hand, wide: float
) -> list[tuple[str, float]]:
    """Where the pieces of a line begin: words, or letters on a typewriter."""
    if hand.pitch:
        pitch = hand.pitch * FINE
        return [(char, left + n * pitch) for n, char in enumerate(text) if char != " "]
    words = text.split(" ")
    spaces = max(1, len(words) - 1)
    slack = (wide - font.getlength(text)) / spaces if wide else 0.0
    starts = [font.getlength(" ".join([*words[:n], ""])) for n in range(len(words))]
    return [
        (word, left + x + n * slack) for n, (word, x) in enumerate(zip(words, starts, strict=True))
    ]


def leaning(text: str, font: ImageFont.FreeTypeFont, shear: float) -> tuple[Layer, int, int]:
    """Coverage of a piece of text, leaning to the right, and where it sits from its origin."""
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    pad = 4 + round(abs(shear) * max(-top, bottom, 1))
    size = int(right - left) + 2 * pad, int(bottom - top) + 8
    origin = pad - int(left), 4 - int(top)
    image = Image.new("L", size)
    ImageDraw.Draw(image).text(origin, text, fill=255, font=font, anchor="ls")
    matrix = (1, shear, -shear * origin[1], 0, 1, 0)
    image = image.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return np.asarray(image).astype(np.float32) / np.float32(255), -origin[0], -origin[1]


def wrap(text: str, font: ImageFont.FreeTypeFont, hand: Hand, wide: float) -> list[str]:
    """Break a paragraph into lines no wider than `wide` page pixels."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        length = len(longer) * hand.pitch if hand.pitch else font.getlength(longer) / FINE
        if lines and length <= wide:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def write_block(
    sheet: Sheet,
    paragraphs: Sequence[str],
    box: tuple[float, float, float],
    hand: Hand,
    *,
    leading: float,
    region: str,
    indent: float = 0.0,
    justified: bool = False,
) -> float:
    """Write paragraphs into (left, first baseline, width); the next free baseline is returned."""
    left, baseline, wide = box
    font = hand.load(sheet.fonts)
    for paragraph in paragraphs:
        # One that goes on from the page before is not indented.
        first = indent if paragraph[0].isupper() else 0.0
        # A filler as wide as the indent holds its place while lines are broken.
        filler = "n" * round(first / (font.getlength("n") / FINE))
        broken = wrap(f"{filler}{paragraph}", font, hand, wide)
        for number, line in enumerate(broken):
            start = first if number == 0 else 0.0
            text = line.removeprefix(filler) if number == 0 else line
            fill = justified and number < len(broken) - 1
            stray = hand.unrest * sheet.random.normal(0, 0.25) * hand.size * 0.3
            sheet.write(
                text,
                left + start + stray,
                baseline,
                hand,
                region=region,
                wide=wide - start if fill else 0.0,
            )
            baseline += leading
    return baseline


def clouds(random: np.random.Generator, shape: tuple[int, int], size: float) -> Layer:
    """Smooth noise of unit spread whose features are about `size` pixels wide."""
    rows, columns = (max(4, int(np.ceil(length / size)) + 3) for length in shape)
    coarse = random.standard_normal((rows, columns)).astype(np.float32)
    smooth = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth / smooth.std(), np.float32)


def roughen(ink: Layer, hand: Hand, random: np.random.Generator) -> Layer:
    """Give strokes ragged edges, thick and thin places and an uneven strength."""
    soft = cv2.GaussianBlur(ink, (0, 0), 0.8 * FINE * hand.size / 40)
    ragged = clouds(random, ink.shape, 2.5) * 0.35 + clouds(random, ink.shape, 90) * 0.3
    threshold = 0.36 + 0.4 * hand.rough * ragged
    strokes = np.clip((soft - threshold) * 4 + 0.5, 0, 1)
    strength = 1 - hand.fade * np.clip(1 + clouds(random, ink.shape, 160), 0, 2.5) / 2
    # Without ink nearby there is nothing to be ragged.
    return np.asarray(strokes * strength * np.clip(soft * 20, 0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Warp:
    """How the flat sheet lies in the scan: turned by the skew, bent a little everywhere."""

    dx: Layer
    dy: Layer
    skew: float

    def sources(self) -> tuple[Layer, Layer]:
        """For every pixel of the scan, the point of the flat sheet that it shows."""
        height, width = self.dx.shape
        ys, xs = np.mgrid[:height, :width].astype(np.float32)
        turned_x, turned_y = turn(xs, ys, -self.skew, (width / 2, height / 2))
        return (turned_x + self.dx).astype(np.float32), (turned_y + self.dy).astype(np.float32)

    def apply(self, layer: Layer) -> Layer:
        """The layer as the scanner sees it."""
        return np.asarray(cv2.remap(layer, *self.sources(), cv2.INTER_LINEAR), np.float32)

    def point(self, point: Point) -> tuple[int, int]:
        """Where a point of the flat sheet lands, by fixed-point iteration."""
        height, width = self.dx.shape
        x, y = point
        for _ in range(8):
            row, column = min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)
            flat_x, flat_y = point[0] - self.dx[row, column], point[1] - self.dy[row, column]
            x, y = turn(flat_x, flat_y, self.skew, (width / 2, height / 2))
        return round(min(max(x, 0), width - 1)), round(min(max(y, 0), height - 1))


def turn(x: Number, y: Number, degrees: float, center: Point) -> tuple[Number, Number]:
    """Turn points counter-clockwise as seen on the page, whose y runs down."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    x, y = x - center[0], y - center[1]
    return cos * x + sin * y + center[0], cos * y - sin * x + center[1]


def make_warp(sheet: Sheet, look: Look) -> Warp:
    """Draw the bends of one page."""
    shape = (sheet.height, sheet.width)
    bends = [
        look.wander * clouds(sheet.random, shape, 420)
        + look.wobble * clouds(sheet.random, shape, 28)
        for _ in range(2)
    ]
    return Warp(bends[0], bends[1], look.skew)


def paper(sheet: Sheet, look: Look) -> Layer:
    """Grey levels of the empty sheet under uneven light."""
    shape = (sheet.height, sheet.width)
    ys, xs = np.mgrid[: sheet.height, : sheet.width].astype(np.float32)
    slope = sheet.random.uniform(-1, 1, 2)
    light = slope[0] * (xs / sheet.width - 0.5) + slope[1] * (ys / sheet.height - 0.5)
    level = look.paper + look.shade * (light + 0.3 * clouds(sheet.random, shape, 700))
    for size, strength in ((3, 0.8), (8, 0.5), (60, 0.6)):
        level += strength * look.grain * clouds(sheet.random, shape, size)
    level -= look.gutter * np.exp(-xs / (0.05 * sheet.width))
    for _ in range(look.stains):
        level -= stain(sheet, xs, ys)
    return np.asarray(level, np.float32)


def stain(sheet: Sheet, xs: Layer, ys: Layer) -> Layer:
    """A spot of damp: a faint disc with a darker rim, out of round."""
    x, y = sheet.random.uniform(0.1, 0.9, 2) * (sheet.width, sheet.height)
    radius = sheet.random.uniform(0.06, 0.16) * sheet.width
    distance = np.hypot(xs - x, ys - y) / radius + 0.14 * clouds(sheet.random, xs.shape, 90)
    disc = 1 / (1 + np.exp(np.clip((distance - 1) * 25, -50, 50)))
    rim = np.exp(-(((distance - 1) * 9) ** 2))
    return np.asarray(sheet.random.uniform(10, 22) * disc + 14 * rim, np.float32)


def flat(fine: Layer) -> Layer:
    """A fine layer at the page's resolution."""
    small = cv2.resize(fine, None, fx=1 / FINE, fy=1 / FINE, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def scan(sheet: Sheet, hand: Hand, look: Look) -> Gray:
    """Turn a written sheet into a scan; the sheet's truth is bent along with it."""
    strokes, rulings = flat(roughen(sheet.ink, hand, sheet.random)), flat(sheet.rulings)
    warp = make_warp(sheet, look)
    seen = warp.apply(np.maximum(strokes, rulings * 0.8))
    level = paper(sheet, look)
    if look.show_through:
        verso = np.roll(strokes[:, ::-1], (37, 15), (0, 1))
        level *= 1 - look.show_through * cv2.GaussianBlur(warp.apply(verso), (0, 0), 2.2)
    level *= 1 - look.ink * seen
    if look.border:
        level = on_scanner_bed(sheet, warp, level, look.border)
    move_truth(sheet, warp.point)
    noisy = cv2.GaussianBlur(level, (0, 0), 0.6) + sheet.random.normal(0, 1.2, level.shape)
    gray: Gray = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return gray


def on_scanner_bed(sheet: Sheet, warp: Warp, level: Layer, border: int) -> Layer:
    """Darken what lies outside the sheet."""
    sheet_mask = np.zeros(level.shape, np.float32)
    sheet_mask[border // 2 : -border, border:-border] = 1
    mask = cv2.GaussianBlur(warp.apply(sheet_mask), (0, 0), 1.5)
    bed = 22 + 4 * clouds(sheet.random, level.shape, 60)
    return np.asarray(level * mask + bed * (1 - mask), np.float32)


def move_truth(sheet: Sheet, seen: Callable[[Point], tuple[int, int]]) -> None:
    """Move the lines' geometry to where the picture shows it."""
    for line in sheet.lines:
        for key in ("polygon", "baseline"):
            line[key] = [list(seen(point)) for point in line[key]]  # type: ignore[attr-defined]


def save_truth(
    sheet: Sheet, path: Path, image: str, *, lang: str, kind: str, frame: int = 0
) -> None:
    """Write a page's ground truth in the shape that the project's other pages have."""
    truth = {
        "image": image,
        "frame": frame,
        "width": sheet.width,
        "height": sheet.height,
        "corpus": "inkfolio-samples",
        "page": path.stem,
        "lang": lang,
        "kind": kind,
        "split": "sample",
        "lines": sheet.lines,
        "regions": sorted({str(line["region"]) for line in sheet.lines}),
    }
    text = json.dumps(truth, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text.replace('{"polygon"', '\n{"polygon"') + "\n", encoding="utf-8")


def jpeg_bytes(gray: Gray | Photo, ppi: int, orientation: int = 1, limit: int = MAX_BYTES) -> bytes:
    """The scan as a JPEG of the best quality that stays small."""
    exif = Image.Exif()
    if orientation == 6:
        gray = np.ascontiguousarray(np.rot90(gray))
        exif[0x0112] = 6
    for quality in range(80, 20, -4):
        buffer = io.BytesIO()
        image = Image.fromarray(gray)
        image.save(buffer, "JPEG", quality=quality, dpi=(ppi, ppi), optimize=True, exif=exif)
        if buffer.tell() <= limit:
            break
    return buffer.getvalue()


def make_letter(fonts: Path, folder: Path) -> None:
    """A private letter of three pages in ink; the second was scanned sideways at 300 ppi."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(texts.LETTER, 1):
        ppi = 300 if number == 2 else 200
        scale = ppi / 200
        sheet = Sheet(
            round(1080 * scale), round(1420 * scale), fonts, np.random.default_rng(number)
        )
        hand = Hand("homemade-apple-latin-400-normal", 29 * scale, 0.06, unrest=1.0, fade=0.3)
        look = Look(
            skew=(0.6, -0.8, 0.3)[number - 1], wander=4 * scale, wobble=0.5 * scale, paper=222
        )
        baseline = 130.0 * scale
        if number == 1:
            sheet.write(texts.LETTER_DATE, 520 * scale, baseline, hand, region="text")
            baseline += 110 * scale
        write_block(
            sheet,
            page,
            (100 * scale, baseline, 890 * scale),
            hand,
            leading=84 * scale,
            region="text",
            indent=60 * scale,
        )
        gray = scan(sheet, hand, look)
        name = f"page {number}.jpg"
        (folder / name).write_bytes(jpeg_bytes(gray, ppi, orientation=6 if number == 2 else 1))
        save_truth(sheet, folder / f"page {number}.json", name, lang="eng", kind="hand")


def make_register(fonts: Path, folder: Path) -> None:
    """A page of a register: rulings, a printed head, entries by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    sheet = Sheet(1500, 1120, fonts, np.random.default_rng(21))
    edges = [70, 170, 390, 830, 1150, 1430]
    tops = [150, 220, *range(288, 1060, 68)]
    print_hand = Hand("old-standard-tt-latin-700-normal", 26, rough=0.2)
    hand = Hand("cedarville-cursive-latin-400-normal", 30, 0.08, unrest=1.2, fade=0.3)
    title = texts.REGISTER_TITLE
    sheet.write(title, 470, 105, print_hand, region="heading")
    for left, text in zip(edges[:-1], texts.REGISTER_HEAD, strict=True):
        sheet.write(text, left + 14, 195, print_hand, region="table")
    for top, row in zip(tops[1:], texts.REGISTER, strict=False):
        for left, text in zip(edges[:-1], row, strict=True):
            sheet.write(text, left + 12, top + 44, hand, region="table")
    for x in edges:
        sheet.rule((x, tops[0]), (x, tops[-1]), 0.55)
    for y in tops:
        sheet.rule((edges[0], y), (edges[-1], y), 0.4)
    gray = scan(sheet, hand, Look(paper=214, skew=-0.5, wander=2, wobble=0.4, gutter=50, grain=1.2))
    exif = Image.Exif()
    exif[0x011A] = exif[0x011B] = 150.0
    exif[0x0128] = 2  # inches
    Image.fromarray(gray).save(folder / "1874.webp", quality=70, method=6, exif=exif)
    save_truth(sheet, folder / "1874.json", "1874.webp", lang="fra", kind="hand")


def make_typed(fonts: Path, folder: Path) -> None:
    """An office letter from a worn typewriter."""
    folder.mkdir(parents=True, exist_ok=True)
    sheet = Sheet(1180, 1500, fonts, np.random.default_rng(31))
    hand = Hand("special-elite-latin-400-normal", 25, unrest=0.8, pitch=14.2, rough=0.5, fade=0.35)
    baseline = 150.0
    for paragraph in texts.TYPED:
        baseline = write_block(
            sheet, [paragraph], (130, baseline, 920), hand, leading=42, region="text"
        )
        baseline += 34
    gray = scan(sheet, hand, Look(paper=218, skew=-1.1, wander=1.0, shade=14))
    (folder / "Schreiben.jpg").write_bytes(jpeg_bytes(gray, 150))
    save_truth(sheet, folder / "Schreiben.json", "Schreiben.jpg", lang="deu", kind="typed")


def make_stained(fonts: Path, folder: Path) -> None:
    """A page that has suffered: skewed, stained, its back showing through."""
    folder.mkdir(parents=True, exist_ok=True)
    sheet = Sheet(1100, 1280, fonts, np.random.default_rng(44))
    hand = Hand("marck-script-latin-400-normal", 42, 0.1, unrest=1.2, rough=0.5, fade=0.4)
    write_block(sheet, texts.STAINED, (120, 190, 860), hand, leading=74, region="text", indent=70)
    look = Look(204, 0.72, skew=2.4, wander=5, wobble=0.7, shade=26, stains=5, show_through=0.16)
    (folder / "carta.jpg").write_bytes(jpeg_bytes(scan(sheet, hand, look), 150))
    save_truth(sheet, folder / "carta.json", "carta.jpg", lang="spa", kind="hand")


def make_photo(fonts: Path, folder: Path) -> None:
    """A letter photographed aslant on a desk, half of it in somebody's shadow."""
    folder.mkdir(parents=True, exist_ok=True)
    sheet = Sheet(1000, 1240, fonts, np.random.default_rng(71))
    hand = Hand("marck-script-latin-400-normal", 38, 0.05, unrest=1.0, rough=0.4, fade=0.3)
    date, *paragraphs = texts.PHOTOGRAPHED
    sheet.write(date, 440, 140, hand, region="text")
    block = (90, 230, 820)
    write_block(sheet, paragraphs, block, hand, leading=66, region="text", indent=50)
    look = Look(214, 0.8, skew=0.0, wander=5, wobble=0.5)
    photo = photograph(sheet, scan(sheet, hand, look), (1300, 1500))
    (folder / "lettre.jpg").write_bytes(jpeg_bytes(photo, 150))
    save_truth(sheet, folder / "lettre.json", "lettre.jpg", lang="fra", kind="hand")


def photograph(sheet: Sheet, page: Gray, size: tuple[int, int]) -> Photo:
    """A scan as a camera of (width, height) sees it on a desk; the truth goes along with it."""
    width, height = size
    desk = 58 + 5 * clouds(sheet.random, (height, width), 40)
    desk += 7 * clouds(sheet.random, (height, width // 12), 6).repeat(13, axis=1)[:, :width]
    inside, outside = corners(sheet.width, sheet.height), corners(width, height)
    moved = np.array([(130, 60), (-110, 140), (-60, -70), (70, -150)], np.float32)
    view = cv2.getPerspectiveTransform(inside, outside + moved)
    level = cv2.warpPerspective(page, view, size, borderMode=cv2.BORDER_REPLICATE)[:, :, None]
    sharp = cv2.warpPerspective(np.ones(page.shape, np.float32), view, size)
    mask = cv2.GaussianBlur(sharp, (0, 0), 1.0)[:, :, None]
    light = shadow(sheet, size)[:, :, None]
    colours = level * PAPER * mask + desk[:, :, None] * DESK * (1 - mask)
    noisy = colours * light + sheet.random.normal(0, 1.5, colours.shape)
    move_truth(sheet, lambda point: seen_from(view, point))
    sheet.width, sheet.height = size
    photo: Photo = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return photo


def seen_from(view: NDArray[np.float64], point: Point) -> tuple[int, int]:
    """Where a point lies in the picture, by the 3x3 matrix of the view."""
    x, y, depth = view @ (*point, 1.0)
    return round(x / depth), round(y / depth)


def corners(width: int, height: int) -> NDArray[np.float32]:
    """Of a sheet, clockwise from the upper left one."""
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)


def shadow(sheet: Sheet, size: tuple[int, int]) -> Layer:
    """The share of the light that somebody who stands at the right leaves, (H, W)."""
    width, height = size
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    begins = 0.55 * width - 0.25 * (ys - height / 2)
    begins += 40 * clouds(sheet.random, (height, width), 600)
    shaded = 1 / (1 + np.exp(-np.clip((xs - begins) / 25, -50, 50)))
    return np.asarray(1 - 0.5 * shaded, np.float32)


def make_report(fonts: Path, path: Path) -> None:
    """A printed report in two columns, as the PDF that a scanner makes; its border is dark."""
    rl_config.useA85 = 0  # the JPEGs as they are
    canvas = Canvas(str(path), invariant=1, pageCompression=0)
    canvas.setTitle("Rapport sur la digue")
    for frame, (heading, left, right) in enumerate(texts.REPORT):
        sheet = Sheet(1280, 1480, fonts, np.random.default_rng(51 + frame))
        title = Hand("old-standard-tt-latin-700-normal", 38, rough=0.2)
        hand = Hand("old-standard-tt-latin-400-normal", 29, rough=0.3)
        wide = title.load(fonts).getlength(heading) / FINE
        sheet.write(heading, 640 - wide / 2, 190, title, region="heading")
        for region, x, column in (("left", 130.0, left), ("right", 670.0, right)):
            write_block(
                sheet,
                column,
                (x, 280, 490),
                hand,
                leading=39,
                region=region,
                indent=30,
                justified=True,
            )
        look = Look(228, skew=(0.7, -0.4)[frame], border=44, gutter=40, wander=1.0)
        data = jpeg_bytes(scan(sheet, hand, look), 150, limit=MAX_BYTES // 2)
        canvas.setPageSize((sheet.width * 72 / 150, sheet.height * 72 / 150))
        canvas.drawImage(ImageReader(io.BytesIO(data)), 0, 0, *canvas._pagesize)
        canvas.showPage()
        save_truth(
            sheet,
            path.with_name(f"{path.stem}_{frame + 1:04}.json"),
            path.name,
            lang="fra",
            kind="print",
            frame=frame,
        )
    canvas.save()


def make_notices(fonts: Path, path: Path) -> None:
    """Two printed notices, scanned in black and white into one TIFF."""
    pages: list[Image.Image] = []
    for frame, (lang, heading, paragraphs) in enumerate(texts.NOTICES):
        sheet = Sheet(1240, 1000, fonts, np.random.default_rng(61 + frame))
        title = Hand("im-fell-english-latin-400-normal", 58, rough=0.3)
        hand = Hand("im-fell-english-latin-400-normal", 36, rough=0.5)
        wide = title.load(fonts).getlength(heading) / FINE
        sheet.write(heading, 620 - wide / 2, 190, title, region="heading")
        write_block(
            sheet,
            paragraphs,
            (150, 290, 940),
            hand,
            leading=50,
            region="text",
            indent=50,
            justified=True,
        )
        gray = scan(sheet, hand, Look(skew=(-0.3, 0.9)[frame], grain=3.5))
        pages.append(Image.fromarray(gray > 128))
        save_truth(
            sheet,
            path.with_name(f"{path.stem}_{frame + 1:04}.json"),
            path.name,
            lang=lang,
            kind="print",
            frame=frame,
        )
    pages[0].save(
        path, save_all=True, append_images=pages[1:], compression="group4", dpi=(200, 200)
    )


def main() -> None:
    """Make everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fonts", type=Path, default=FONTS, help="folder of .woff files")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    args = parser.parse_args()
    if not list(args.fonts.glob("*.woff")):
        sys.exit(f"{args.fonts}: no fonts; fetch them as samples/README.md says")
    make_letter(args.fonts, args.out / "letters")
    make_register(args.fonts, args.out / "register")
    make_typed(args.fonts, args.out / "typed")
    make_stained(args.fonts, args.out / "stained")
    make_photo(args.fonts, args.out / "photo")
    make_report(args.fonts, args.out / "report.pdf")
    make_notices(args.fonts, args.out / "notices.tif")


if __name__ == "__main__":
    main()
