"""A page and what a remote reader says of it -> the page with those of the words that have ink.

The answer is laid on the page's ink. Where the ink does not bear it out, and where it says
nothing, our own reading stands; what the page has no ink for is listed.
"""

from __future__ import annotations

from dataclasses import replace

from pipeline.alignment import Alignment, align, seen_page
from pipeline.document import Box, Line, Page, Word
from pipeline.load import PageImage, SourcePage
from pipeline.settings import Settings
from pipeline.stages import (
    Stopwatch,
    crops_of,
    lines_read,
    page_with,
    segment_upright,
    unread_page,
)
from pipeline.transcript import transcript_of
from recognize.reader import Reader

LEAST_LINE_SUPPORT = 0.1  # a line with less is not what is written there


def read_answered(
    source: SourcePage,
    image: PageImage,
    settings: Settings,
    reader: Reader,
    answer: str,
    watch: Stopwatch,
) -> tuple[Page, tuple[str, ...]]:
    """Find the lines of a loaded page, read them, and lay an answer on them.

    Args:
        source: the page.
        image: its pixels.
        settings: how lines are found.
        reader: of our own.
        answer: what the remote reader says, line by line.
        watch: times the stages.

    Returns:
        The page, in which the confidence of a word of the answer is its support by the ink, and
        our own reading an alternative; and the passages of the answer that are not on it.
    """
    with watch.timing("segment"):
        found = segment_upright(image.gray, settings, reader)
        crops = crops_of(image.gray, found)
    with watch.timing("read"):
        sights = reader.look([crop.image for crop in crops])
        own = lines_read(found, crops, reader.decode(sights))
    with watch.timing("words"):
        unread = unread_page(source, image)
        seen = seen_page(unread, found, crops, sights, reader.alphabet)
        laid = align([seen], transcript_of(answer), reader.alphabet)
        lines = merged(own, laid)
        return page_with(source, image, found, lines), _not_there(laid)


def merged(own: dict[str, Line], laid: Alignment) -> dict[str, Line]:
    """The lines of a page by their IDs: the answer's where the ink bears them out, else our own.

    Args:
        own: each line as we read it.
        laid: the answer on the page.
    """
    lines = dict(own)
    for line in laid.pages[0].lines:
        if line.confidence >= LEAST_LINE_SUPPORT:
            untold = [one.box for one in laid.untold if one.line == line.id]
            lines[line.id] = _completed(line, own[line.id], untold)
    return lines


def _completed(line: Line, own: Line, untold: list[Box]) -> Line:
    """The line with our own words where it has ink that the answer says nothing of."""
    more = [word for word in own.words if any(_is_in(word.box, box) for box in untold)]
    if not more:
        return line
    (left, top), (right, bottom) = line.baseline[0], line.baseline[-1]

    def along(word: Word) -> float:
        x, y = _middle(word.box)
        return x * (right - left) + y * (bottom - top)

    return replace(line, words=tuple(sorted((*line.words, *more), key=along)))


def _middle(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _is_in(inner: Box, outer: Box) -> bool:
    x, y = _middle(inner)
    return outer.left <= x < outer.right and outer.top <= y < outer.bottom


def _not_there(laid: Alignment) -> tuple[str, ...]:
    """Passages of the answer without ink, and lines of it that the ink does not bear out."""
    unborne = (line.text for line in laid.pages[0].lines if line.confidence < LEAST_LINE_SUPPORT)
    return (*(" ".join(one.words) for one in laid.unwritten), *unborne)
