"""What flows through Inkfolio: boxes, words, lines, regions, pages, documents.

All geometry is in pixels of the page as loaded (EXIF orientation applied), origin top-left, y down.
Everything is frozen; a stage returns changed copies by `dataclasses.replace`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]
Polygon = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned rectangle [left, right) x [top, bottom), in page pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        """Refuse a box that encloses no pixel."""
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError(f"empty box: {self}")

    @classmethod
    def around(cls, boxes: Sequence[Box]) -> Box:
        """The smallest box that encloses all of some."""
        return cls(
            min(box.left for box in boxes),
            min(box.top for box in boxes),
            max(box.right for box in boxes),
            max(box.bottom for box in boxes),
        )

    @property
    def width(self) -> int:
        """Columns enclosed."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows enclosed."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """The row half way down."""
        return (self.top + self.bottom) / 2

    def polygon(self) -> Polygon:
        """The four corners, clockwise from the top left."""
        left, top, right, bottom = self.left, self.top, self.right, self.bottom
        return ((left, top), (right, top), (right, bottom), (left, bottom))


@dataclass(frozen=True, slots=True)
class Alternative:
    """What else a word may be.

    Attributes:
        text: NFC text, never empty.
        confidence: probability in [0, 1] that this is right.
    """

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word as read, without white space around it.

    Attributes:
        text: NFC text, never empty.
        box: the word's ink.
        confidence: probability in [0, 1] that the word is right.
        spans: one (left, right) per grapheme of `text`, in page pixels along x; may be empty,
            and is where the page's text is turned by quarters of a circle.
        alternatives: what the decoder holds possible besides, the likeliest first; may be empty.
    """

    text: str
    box: Box
    confidence: float
    spans: tuple[tuple[float, float], ...] = ()
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: where it is, and, once read, its words.

    Attributes:
        id: unique within the page, an XML name such as "r1l3".
        boundary: simple polygon around the line's ink.
        baseline: two or more points in the direction of reading: left to right, but on a page
            whose text is turned by quarters of a circle.
        words: in reading order; empty before reading.
        confidence: probability in [0, 1], the mean over the line's characters.
    """

    id: str
    boundary: Polygon
    baseline: Polygon
    words: tuple[Word, ...] = ()
    confidence: float = 0.0

    @property
    def text(self) -> str:
        """The words joined by single spaces."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Region:
    """A block of lines that are read together.

    Attributes:
        id: unique within the page, an XML name such as "r1".
        kind: "text" or "margin"; further kinds may come.
        boundary: simple polygon around the lines.
        lines: in reading order.
    """

    id: str
    kind: str
    boundary: Polygon
    lines: tuple[Line, ...] = ()

    @property
    def text(self) -> str:
        """The lines' texts joined by newlines."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Page:
    """One page with its regions in reading order.

    Attributes:
        id: unique within the document; the base name of the page's files.
        index: place in the document, from 0.
        width: columns of the page as loaded.
        height: rows of the page as loaded.
        ppi: pixels per inch, the same along x and y.
        skew: degrees by which the text is turned counter-clockwise.
        source: name of the file that the page came from.
        regions: in reading order.
    """

    id: str
    index: int
    width: int
    height: int
    ppi: float
    skew: float = 0.0
    source: str = ""
    regions: tuple[Region, ...] = ()

    @property
    def lines(self) -> Iterator[Line]:
        """All lines in reading order."""
        return (line for region in self.regions for line in region.lines)

    @property
    def text(self) -> str:
        """The regions' texts joined by newlines, regions without text left out."""
        return "\n".join(region.text for region in self.regions if region.lines)


@dataclass(frozen=True, slots=True)
class Step:
    """Provenance: what was done to a document, by which version, under which settings."""

    name: str
    version: str
    parameters: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """Pages in order under one title."""

    title: str
    pages: Sequence[Page]
    steps: tuple[Step, ...] = ()
