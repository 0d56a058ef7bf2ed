"""Document -> its sentences with their places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from enrich.tokens import Token, parts_of, passages, text_of
from pipeline.document import Document
from pipeline.mentions import MentionPart

ENDS = frozenset(".!?…")
_AFTER_END = frozenset("”»\"'’)")
# A full stop after these, a single letter or a number ends no sentence.
_SHORT = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "st",
        "rev",
        "hon",
        "esq",
        "capt",
        "col",
        "gen",
        "jr",
        "sr",
        "no",
        "vol",
        "messrs",
        "mm",
        "mme",
        "mlle",
        "mlles",
        "me",
        "mgr",
        "cie",
        "hr",
        "hrn",
        "fr",
        "frl",
        "prof",
        "nr",
        "str",
        "bzw",
        "sra",
        "sres",
        "don",
        "sig",
    ]
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence.

    Attributes:
        text: as one would write it, broken words whole.
        page: index of the page, from 0.
        parts: where it stands, line by line.
    """

    text: str
    page: int
    parts: tuple[MentionPart, ...]


def sentences(document: Document) -> list[Sentence]:
    """The sentences in reading order; none goes on from one region or cell to another."""
    return [
        Sentence(text_of(found), page.index, parts_of(found))
        for page in document.pages
        for region in page.regions
        for tokens in passages(region)
        for found in _split(tokens)
    ]


def _split(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for place, token in enumerate(tokens):
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        before = tokens[place - 1].text if place else ""
        closes = token.text in ENDS or (token.text in _AFTER_END and before in ENDS)
        if not closes or (after and after.is_glued):
            continue
        if after and not after.text[:1].isupper() and after.text not in '«“„"—–-':
            continue
        if token.text == "." and _is_short(before) and after:
            continue
        yield tokens[start : place + 1]
        start = place + 1
    if start < len(tokens):
        yield tokens[start:]


def _is_short(word: str) -> bool:
    return word.lower() in _SHORT or len(word) == 1 or word.isdigit()
