"""What a peer's file tells of a line -> a whole `Line`, its missing parts made from the others."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from pipeline.document import Box, Line, Point, Polygon, Word

DESCENT = 0.2  # share of a line's height below its baseline, where no baseline is given
RISE_PX = 30.0  # height of a line of which there is only a baseline


def whole_line(
    line_id: str,
    boundary: Sequence[Point] = (),
    baseline: Sequence[Point] = (),
    words: Sequence[Word] = (),
    text: str | None = None,
    confidence: float = 0.0,
) -> Line | None:
    """Make a line of what is known of it.

    Args:
        line_id: its ID.
        boundary: polygon; if empty, taken from the words or the baseline.
        baseline: polyline; if shorter than two points, laid through the boundary's foot.
        words: as far as the file has them.
        text: the line's own text, which goes before the words', since people correct lines;
            None if there is none.
        confidence: of the line.

    Returns:
        The line, or None if nothing tells where it is.
    """
    around = tuple(boundary) or _around_words(words) or _around_baseline(baseline)
    if not around:
        return None
    foot = tuple(baseline) if len(baseline) > 1 else _foot(around)
    wanted = None if text is None else unicodedata.normalize("NFC", text).split()
    line = Line(line_id, around, foot, tuple(words), confidence)
    if wanted is None or wanted == [word.text for word in words]:
        return line
    if len(wanted) == len(words):
        return replace(line, words=tuple(map(_corrected, words, wanted)))
    return replace(line, words=tuple(spread_words(wanted, line)))


def _corrected(word: Word, text: str) -> Word:
    """The word with another text; what was said of the old one's letters falls away."""
    return word if word.text == text else replace(word, text=text, spans=(), alternatives=())


def box_around(points: Sequence[Point]) -> Box:
    """The smallest box of whole pixels around some points, at least one pixel wide and high."""
    xs, ys = [round(x) for x, _ in points], [round(y) for _, y in points]
    left, top = min(xs), min(ys)
    return Box(left, top, max(*xs, left + 1), max(*ys, top + 1))


def spread_words(texts: Sequence[str], line: Line) -> Iterator[Word]:
    """Words set along a line, each as wide as its share of the letters."""
    around = box_around(line.boundary)
    step = around.width / max(sum(map(len, texts)) + len(texts) - 1, 1)
    x = float(around.left)
    for text in texts:
        right = x + step * len(text)
        top, bottom = _between(line.boundary, x, right)
        box = box_around([(x, top), (right, bottom)])
        yield Word(text, box, line.confidence)
        x = right + step


def _between(boundary: Polygon, left: float, right: float) -> tuple[float, float]:
    """The highest and lowest point of a polygon within some columns."""
    ys = [y for x, y in boundary if left <= x <= right]
    for (x1, y1), (x2, y2) in pairwise((*boundary, boundary[0])):
        for x in (left, right):
            if min(x1, x2) <= x <= max(x1, x2) and x1 != x2:
                ys.append(y1 + (y2 - y1) * (x - x1) / (x2 - x1))
    ys = ys or [y for _, y in boundary]
    return min(ys), max(ys)


def _around_words(words: Sequence[Word]) -> Polygon:
    corners = [corner for word in words for corner in word.box.polygon()]
    return box_around(corners).polygon() if corners else ()


def _around_baseline(baseline: Sequence[Point]) -> Polygon:
    if len(baseline) < 2:
        return ()
    below = [(x, y + RISE_PX * DESCENT) for x, y in reversed(baseline)]
    return (*((x, max(y - RISE_PX, 0)) for x, y in baseline), *below)


def _foot(boundary: Polygon) -> Polygon:
    """A level baseline, a little above the lowest point."""
    box = box_around(boundary)
    y = box.bottom - DESCENT * box.height
    return ((box.left, y), (box.right, y))
