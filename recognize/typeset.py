"""Lines of text set in fonts: for hands, letters, languages, names and numbers that scans lack.

After Krishnan and Jawahar, "Generating synthetic data for text recognition" (2016): handwriting
fonts, every word a little off its place, on paper like the archives'. For training only; no font
of it ships.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.errors import InputError
from recognize.normalize import Gray
from recognize.paper import draw_paper, smooth_noise
from recognize.prose import read_paragraphs

FONT_SUFFIXES = (".ttf", ".otf", ".woff")
SLANT = (-0.1, 0.3)  # of handwriting, columns a row
_FINE = 2  # set this many times larger, then averaged

MONTHS = (
    *("January", "Febry", "March", "April", "May", "June", "July", "Augst", "Septr", "Octr"),
    *("janvier", "février", "avril", "mai", "juillet", "août", "septembre", "décembre", "9bre"),
    *("Januar", "März", "Juli", "Oktober", "enero", "marzo", "agosto", "gennaio", "luglio"),
)


@dataclass(frozen=True, slots=True)
class TypesetParams:
    """Settings of `set_lines`.

    Attributes:
        lines: how many lines; 0 for none.
        fonts: folder of fonts, searched through.
        texts: files of prose, plain or .xz, a paragraph a line.
        shortest: characters of a line of prose at least.
        longest: characters of a line of prose at most.
        patterns: share of the lines that are dates, numbers, sums and names' initials.
        slant: of the upright fonts, columns a row, from and to.
        long_s: parts of the names of fonts that have a long s where old prints have one; the text
            that is learnt keeps its s, as the corpora's transcripts do.
    """

    lines: int = 0
    fonts: str = ""
    texts: tuple[str, ...] = ()
    shortest: int = 8
    longest: int = 70
    patterns: float = 0.15
    slant: tuple[float, float] = SLANT
    long_s: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypesetLine:
    """A line to be set, in another font every time.

    Attributes:
        text: NFC.
        fonts: the fonts that have all its letters.
        width: columns that it takes about, at a height of 64.
        slant, long_s: see `TypesetParams`.
        corpus: always "typeset".
        page: empty.
    """

    text: str
    fonts: tuple[Path, ...]
    width: int
    slant: tuple[float, float] = SLANT
    long_s: tuple[str, ...] = ()
    corpus: str = "typeset"
    page: str = ""

    def draw(self, rng: np.random.Generator) -> Gray:
        """The line in some font on some paper, uint8 (64, W)."""
        font = self.fonts[int(rng.integers(len(self.fonts)))]
        old = any(part in font.name for part in self.long_s)
        text = with_long_s(self.text) if old else self.text
        return draw_text(text, font, rng, slant=self.slant)


def with_long_s(text: str) -> str:
    """Every s long but at the end of a word, as in prints before 1800 and in Fraktur, about."""
    return re.sub(r"s(?=\w)", "ſ", text)


def draw_text(
    text: str,
    font: Path,
    rng: np.random.Generator,
    height: int = 64,
    slant: tuple[float, float] = SLANT,
) -> Gray:
    """Set a line of text as a picture.

    Args:
        text: what to set; at least one visible character.
        font: a font file.
        rng: seeded by the caller; size, slant, places, ink and paper are drawn from it.
        height: rows of the picture.
        slant: columns a row, from and to.

    Returns:
        uint8 (height, W), dark ink on lighter paper.
    """
    face = _face(font, round(height * _FINE * rng.uniform(0.5, 0.72)))
    ascent, descent = face.getmetrics()
    rows = 2 * (ascent + descent)
    room = round(face.getlength(text) * 1.15) + 8 * len(text) + rows
    canvas = Image.new("L", (room, rows))
    pen = ImageDraw.Draw(canvas)
    x, space = rows / 4, face.getlength(" ") * rng.uniform(0.7, 1.6)
    for word in text.split():
        y = rows / 4 + rng.normal(0, 0.025) * ascent
        pen.text((x, y), word, fill=255, font=face)
        x += face.getlength(word) + space * rng.uniform(0.8, 1.25)
    coverage = _fitted(np.asarray(canvas), height, rng.uniform(*slant), rng)
    ink = rng.uniform(0.4, 0.95)
    width = coverage.shape[1]
    flow = 1 - np.clip(smooth_noise(height, width, height / 2, rng), 0, 2) * rng.uniform(0, 0.2)
    tones = draw_paper(height, width, rng) * (1 - coverage * flow * np.float32(ink))
    line: Gray = tones.clip(0, 255).astype(np.uint8)
    return line


def _fitted(mask: Gray, height: int, slant: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Slant the drawn text, cut it out with some room, and scale it to `height` rows."""
    shear = np.array([[1, -slant, slant * mask.shape[0]], [0, 1, 0]])
    size = (mask.shape[1] + mask.shape[0], mask.shape[0])
    slanted = cv2.warpAffine(mask, shear, size)
    ys, xs = np.nonzero(slanted > 64)
    if not len(xs):
        return np.zeros((height, height), np.float32)
    above, below = (rng.uniform(0.03, 0.25) * (np.ptp(ys) + 8) for _ in range(2))
    left, right = (rng.uniform(0.1, 0.6) * (np.ptp(ys) + 8) for _ in range(2))
    padded = cv2.copyMakeBorder(
        slanted[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1],
        *(round(above), round(below), round(left), round(right)),
        cv2.BORDER_CONSTANT,
    )
    width = max(8, round(padded.shape[1] * height / padded.shape[0] * rng.uniform(0.8, 1.2)))
    scaled = np.asarray(cv2.resize(padded, (width, height), interpolation=cv2.INTER_AREA))
    return scaled.astype(np.float32) / np.float32(255)


@lru_cache(maxsize=512)
def _face(font: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font, size)


def set_lines(params: TypesetParams, rng: np.random.Generator) -> list[TypesetLine]:
    """Choose texts and the fonts that can set them.

    Args:
        params: where texts and fonts are, and how many lines to make.
        rng: seeded by the caller.

    Raises:
        InputError: if there are no fonts, or a text cannot be read.
    """
    if not params.lines:
        return []
    covered = {font: _characters(font) for font in _find_fonts(Path(params.fonts))}
    prose = _cut([read_paragraphs(Path(path)) for path in params.texts], params, rng)
    lines: list[TypesetLine] = []
    while len(lines) < params.lines:
        text = pattern(rng) if not params.texts or rng.random() < params.patterns else next(prose)
        fonts = tuple(font for font, letters in covered.items() if set(text) - {" "} <= letters)
        if fonts:
            width = 24 * len(text) + 48
            lines.append(TypesetLine(text, fonts, width, params.slant, params.long_s))
    return lines


def _find_fonts(folder: Path) -> list[Path]:
    fonts = sorted(path for path in folder.rglob("*") if path.suffix.lower() in FONT_SUFFIXES)
    if not fonts:
        raise InputError(f"{folder}: no fonts in it; recognize/recipes/README.md says which to get")
    return fonts


def _characters(font: Path) -> frozenset[str]:
    """The Latin characters that a font has pictures for."""
    face = ImageFont.truetype(font, 32)
    missing = bytes(face.getmask("\uffff"))
    letters = (chr(code) for code in (*range(0x21, 0x180), *range(0x2013, 0x2040), 0x20AC))
    return frozenset(
        letter
        for letter in letters
        if letter.isprintable() and (ink := bytes(face.getmask(letter))) and ink != missing
    )


def _cut(
    texts: Sequence[list[str]], params: TypesetParams, rng: np.random.Generator
) -> Iterator[str]:
    """Endless lines of prose, each text in turn, cut at words."""
    while True:
        for paragraphs in texts:
            words = paragraphs[int(rng.integers(len(paragraphs)))].split()
            start = int(rng.integers(len(words)))
            limit = int(rng.integers(params.shortest, params.longest + 1))
            line = ""
            for word in words[start:]:
                if line and len(line) + 1 + len(word) > limit:
                    break
                line = f"{line} {word}".strip()
            yield line


def pattern(rng: np.random.Generator) -> str:
    """A date, a sum, a number or initials, as registers and letters have them."""
    day, year = int(rng.integers(1, 32)), int(rng.integers(1600, 1960))
    month = str(rng.choice(MONTHS))
    number, pence = int(10 ** rng.uniform(0, 6)), int(rng.integers(0, 100))
    first, second = (chr(int(code)) for code in rng.integers(ord("A"), ord("Z") + 1, 2))
    choices = [
        f"{day} {month} {year}",
        f"{month} {day}, {year}",
        f"le {day} {month} {year}",
        f"d. {day}. {month} {year}",
        f"{day}/{int(rng.integers(1, 13))}/{year % 100:02}",
        f"N° {number}",
        f"{number}",
        f"{number},{pence:02}",
        f"£{number}.{int(rng.integers(0, 20))}.{int(rng.integers(0, 12))}",
        f"{number} frs. {pence:02} c.",
        f"{first}. {second}. & Co.",
        f"fol. {int(rng.integers(1, 400))} v°",
        f"pp. {number}-{number + int(rng.integers(1, 60))}",
        f"[{year}?]",
        f"({number} %) = {number}/{pence + 1}",
        f"§ {day}; art. {pence}",
    ]
    return choices[int(rng.integers(len(choices)))]
