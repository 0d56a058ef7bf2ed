"""What a text mentions, and where: persons, places, organisations, dates."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.document import Box


@dataclass(frozen=True, slots=True)
class MentionPart:
    """The words of a mention that stand on one line.

    Attributes:
        line_id: the line's ID, unique on its page.
        first: index of the first word in the line.
        last: index of the last word.
        box: around these words.
    """

    line_id: str
    first: int
    last: int
    box: Box


@dataclass(frozen=True, slots=True)
class Mention:
    """A person, place, organisation or date as a page has it.

    Attributes:
        kind: "person", "place", "organisation" or "date".
        text: as read, a word broken by a line's end made whole.
        page: index of the page, from 0.
        parts: one a line, in reading order.
        confidence: probability in [0, 1] that this is such a mention; 1 for dates.
        reading: the least confidence of its words, probability in [0, 1].
        normal: of dates: ISO 8601, such as 1785-01-03, 1785-01 or --01-03; else empty.
    """

    kind: str
    text: str
    page: int
    parts: tuple[MentionPart, ...]
    confidence: float
    reading: float
    normal: str = ""
