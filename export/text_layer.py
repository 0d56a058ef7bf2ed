"""Page -> the content stream that lays its text, invisible, over its picture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pypdf import Transformation

from export.baselines import set_runs
from export.glyphless import ADVANCE, SPACE_STEP, UNITS_PER_EM, WIDEST_SPACE, Codes
from pipeline.document import Line, Page, Point, Region

MIN_SIZE_PT = 1.0
MIN_GAP_EM = 0.16  # between words; poppler sees no space in less than 0.15
MAX_TRIM = 0.4  # share of its width that a word may give up for the gap
MAX_SLIP_EM = 0.05  # between where a word begins and where the space before it ends
MAX_DECIMALS = 3
CODES_AS_TEXT = "latin-1"  # codes are bytes; each is the character of that number here
SPECIAL = re.compile(r"[()\\\r]")  # in a string; readers take a bare CR for LF


def has_words(region: Region) -> bool:
    """Whether any line of a region was read."""
    return any(line.words for line in region.lines)


def text_layer(
    page: Page, to_user: Transformation, font: str, codes: Codes, tagged: bool = False
) -> bytes:
    """Write a page's text as a content stream, a line a text object, in reading order.

    Args:
        page: the page; lines without words are left out.
        to_user: from page pixels to the PDF page's user space.
        font: the font's name in the page's resources, with its slash.
        codes: the document's character codes; new graphemes are added to it.
        tagged: whether each region with words is marked as a paragraph, numbered from 0.

    Returns:
        The operators, which leave the graphics state as they found it.
    """
    objects: list[str] = []
    for mark, region in enumerate(filter(has_words, page.regions)):
        texts = [
            f"BT 3 Tr {font} {_set_line(line, page.ppi, to_user, codes)}\nET"
            for line in region.lines
            if line.words
        ]
        objects += [f"/P <</MCID {mark}>> BDC", *texts, "EMC"] if tagged else texts
    return "\n".join(["q", *objects, "Q\n"]).encode(CODES_AS_TEXT) if objects else b""


def _set_line(line: Line, ppi: float, to_user: Transformation, codes: Codes) -> str:
    """Font size, and the text matrices and operators that show a line's words."""
    runs, size_px = set_runs(line, ppi)
    dx, dy = runs[0].baseline.direction  # all have the same
    (ax, ay), (ux, uy) = _turned(to_user, (dx, dy)), _turned(to_user, (dy, -dx))
    along, up = math.hypot(ax, ay), math.hypot(ux, uy)
    decimals = min(max(math.ceil(-math.log10(min(along, up))), 0), MAX_DECIMALS)
    size = max(round(size_px * up, decimals), MIN_SIZE_PT)
    turn = [number(value) for value in (ax / along, ay / along, ux / up, uy / up)]
    shown = []
    for run, after in zip(runs, [*runs[1:], None], strict=True):
        words = [*run.words, *(after.words[:1] if after else ())]
        extents = [run.baseline.extent(word.box) for word in words]
        origin = extents[0][0]
        places = [((start - origin) * along, (end - origin) * along) for start, end in extents]
        place = [number(value, decimals) for value in to_user.apply_on(run.baseline.at(origin))]
        shown.append(f"{' '.join([*turn, *place])} Tm")
        shown.append(_shows([word.text for word in run.words], places, size, codes))
    return "\n".join([f"{number(size)} Tf {shown[0]}", *shown[1:]])


def _turned(to_user: Transformation, vector: Point) -> Point:
    """A direction, not a place: the map without its shift."""
    a, b, c, d, _, _ = to_user.ctm
    return a * vector[0] + c * vector[1], b * vector[0] + d * vector[1]


def _shows(
    texts: Sequence[str], places: Sequence[tuple[float, float]], size: float, codes: Codes
) -> str:
    """The operators that set each word as wide as it is on the paper.

    Args:
        texts: the words.
        places: where each begins and ends, in user space, from where the first begins; one more
            if a word follows that is shown by itself: it wants a space before it.
        size: of the font.
        codes: see `text_layer`.
    """
    operators: list[str] = []
    pen = began = 0.0  # where the next glyph goes, and what Td counts from
    for text, (start, end), following in zip(texts, places, [*places[1:], None], strict=False):
        if abs(pen - start) > MAX_SLIP_EM * size:
            operators.append(f"{number(start - began)} 0 Td")
            pen = began = start
        if following:
            # Words that all but touch give way a little, lest poppler join them.
            end = min(end, max(following[0] - MIN_GAP_EM * size, end - MAX_TRIM * (end - start)))
        letters = codes.encode(text)
        natural = len(letters) / 2 * size * ADVANCE / UNITS_PER_EM
        # Whole percents are exact enough, and half the digits; a word is never made wider by it.
        stretch = max(1, math.floor(100 * (end - pen) / natural))
        pen += natural * stretch / 100
        if following is None:
            operators.append(_show(letters, stretch))
            break
        gap = max(following[0] - pen, MIN_GAP_EM * size)
        shown, width = _with_space(letters, stretch, gap, size, codes)
        operators.append(shown)
        pen += width
    return "\n".join(operators)


def _with_space(
    letters: bytes, stretch: int, gap: float, size: float, codes: Codes
) -> tuple[str, float]:
    """Operators that show a word and the space after it, and how wide that became."""
    step = size * SPACE_STEP / UNITS_PER_EM
    stretched = step * stretch / 100
    steps = max(round(gap / stretched), math.ceil(MIN_GAP_EM * size / stretched))
    if steps <= WIDEST_SPACE:
        return _show(letters + codes.space(steps), stretch), steps * stretched
    wider = round(100 * gap / (step * WIDEST_SPACE))
    space = _show(codes.space(WIDEST_SPACE), wider)
    return f"{_show(letters, stretch)}\n{space}", step * WIDEST_SPACE * wider / 100


def _show(encoded: bytes, stretch: int) -> str:
    text = encoded.decode(CODES_AS_TEXT)
    return f"{stretch} Tz({SPECIAL.sub(_escaped, text)})Tj"


def _escaped(special: re.Match[str]) -> str:
    return "\\r" if special[0] == "\r" else f"\\{special[0]}"


def number(value: float, decimals: int = MAX_DECIMALS) -> str:
    """A PDF number: three decimals at most, never in scientific notation."""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if decimals else text
    return "0" if text == "-0" else text
