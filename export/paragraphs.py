"""Document -> its paragraphs: lines joined, words that a line's end has broken made whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from export.hyphens import HYPHENS, Lexicon, joined
from export.line_parts import box_around
from pipeline.document import Box, Document, Line, Region

INDENT = 0.8  # of the line's height
SHORT = 0.8  # a line that reaches less far into its region may end a paragraph
ENDS = (".", "!", "?", ":", "…", "»", '"', "”", "“")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that are read on end.

    Attributes:
        page: index of the page where it begins.
        kind: its region's kind.
        text: one line of text, words between single spaces.
    """

    page: int
    kind: str
    text: str


@dataclass(slots=True)
class _Open:
    """A paragraph that lines are being added to."""

    page: int
    kind: str
    words: list[str]

    def add(self, line: Line, lexicon: Lexicon) -> None:
        """Add a line, its first word to the last if that was broken."""
        first, *others = [word.text for word in line.words]
        whole = joined(self.words[-1], first, lexicon)
        self.words[-1:] = [whole] if whole else [self.words[-1], first]
        self.words += others

    def goes_on(self, kind: str) -> bool:
        """Whether it breaks off within a word, to be continued in another region of its kind."""
        return kind == self.kind and self.words[-1][-1:] in HYPHENS and len(self.words[-1]) > 1

    def closed(self) -> Paragraph:
        """The paragraph as it stands."""
        return Paragraph(self.page, self.kind, " ".join(self.words))


def paragraphs(document: Document) -> Iterator[Paragraph]:
    """The paragraphs in reading order.

    A paragraph ends where its region does, unless within a word; and in the region, before a line
    that is set in, or after a short one that ends a sentence. The lexicon for broken words is
    made of the document's own.
    """
    lexicon = Lexicon.of(document)
    current: _Open | None = None
    for page in document.pages:
        for region in page.regions:
            begins = _beginnings(region)
            for line in region.lines:
                if not line.words:
                    continue
                opening = line.id in begins
                if current and (not opening or current.goes_on(region.kind)):
                    current.add(line, lexicon)
                    continue
                if current:
                    yield current.closed()
                current = _Open(page.index, region.kind, [word.text for word in line.words])
    if current:
        yield current.closed()


def _beginnings(region: Region) -> set[str]:
    """IDs of the lines that open a paragraph."""
    lines = [line for line in region.lines if line.words]
    if not lines:
        return set()
    boxes = [_ink(line) for line in lines]
    left = sorted(box.left for box in boxes)[len(boxes) // 2]
    reach = max(box.right for box in boxes)
    begins = {lines[0].id}
    for i, line in enumerate(lines[1:], start=1):
        before, box = boxes[i - 1], boxes[i]
        indented = box.left - left > INDENT * box.height >= before.left - left
        is_short = before.right < left + SHORT * (reach - left)
        if indented or (is_short and lines[i - 1].text.endswith(ENDS)):
            begins.add(line.id)
    return begins


def _ink(line: Line) -> Box:
    return box_around([corner for word in line.words for corner in word.box.polygon()])
