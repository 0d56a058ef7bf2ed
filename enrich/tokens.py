"""Regions of a page -> their words and signs in a row, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pipeline.document import Box, Line, Region
from pipeline.mentions import MentionPart

BREAK = "¬"  # ends a word that goes on in the next token
_HYPHENS = "-‐‑=¬⸗\u00ad"
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word without the signs around it, or a sign.

    Attributes:
        text: its letters; with `BREAK` at the end if the line's end breaks it.
        line_id: the line's ID.
        word: index in the line of the word that it belongs to.
        box: of that word.
        confidence: of that word.
        is_glued: whether no space is before it.
    """

    text: str
    line_id: str
    word: int
    box: Box
    confidence: float
    is_glued: bool


def region_tokens(region: Region) -> list[Token]:
    """The tokens of a region's lines in reading order."""
    lines = [line for line in region.lines if line.words]
    tokens: list[Token] = []
    for number, line in enumerate(lines):
        found = list(_line_tokens(line))
        after = lines[number + 1].words[0].text if number + 1 < len(lines) else ""
        tokens += _with_break(found, after)
    return tokens


def _line_tokens(line: Line) -> Iterator[Token]:
    for index, word in enumerate(line.words):
        for part in _TOKEN.finditer(word.text):
            is_glued = part.start() > 0
            yield Token(part[0], line.id, index, word.box, word.confidence, is_glued)


def _with_break(tokens: list[Token], after: str) -> list[Token]:
    """The tokens of a line; a hyphen at its end becomes `BREAK` if the word goes on."""
    if len(tokens) < 2 or tokens[-1].text not in _HYPHENS or not after[:1].islower():
        return tokens
    if not tokens[-1].is_glued or not tokens[-2].text[-1].isalpha():
        return tokens
    return [*tokens[:-2], replace(tokens[-2], text=tokens[-2].text + BREAK)]


def text_of(tokens: Sequence[Token]) -> str:
    """The tokens as one would write them in a row, broken words whole."""
    text = ""
    for token in tokens:
        if text.endswith(BREAK):
            text = text[:-1]
        elif text and not token.is_glued:
            text += " "
        text += token.text
    return text.removesuffix(BREAK)


def parts_of(tokens: Sequence[Token]) -> tuple[MentionPart, ...]:
    """Where some tokens in a row stand, line by line."""
    return tuple(
        MentionPart(line_id, group[0].word, group[-1].word, _around([t.box for t in group]))
        for line_id, found in groupby(tokens, key=lambda token: token.line_id)
        for group in [list(found)]
    )


def _around(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )
