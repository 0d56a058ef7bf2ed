"""Regions of a page -> their words and signs in a row, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from enrich.broken_words import BREAK
from pipeline.document import Box, Line, Region
from pipeline.mentions import MentionPart

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
    return [token for passage in passages(region) for token in passage]


def passages(region: Region) -> list[list[Token]]:
    """The tokens of a region's lines in reading order, those of each cell of a table apart."""
    cells: list[list[Line]] = []
    for line in region.lines:
        if line.words:
            if not cells or _is_next_cell(cells[-1][-1], line):
                cells.append([])
            cells[-1].append(line)
    return [_passage(lines) for lines in cells]


def _is_next_cell(before: Line, after: Line) -> bool:
    """Whether a line is neither over nor under the one before.

    Further up it is where the next column goes on with the text.
    """
    one, other = (Box.around([word.box for word in line.words]) for line in (before, after))
    is_beside = one.right <= other.left or other.right <= one.left
    return is_beside and other.bottom > one.top


def _passage(lines: Sequence[Line]) -> list[Token]:
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
        MentionPart(line_id, group[0].word, group[-1].word, Box.around([t.box for t in group]))
        for line_id, found in groupby(tokens, key=lambda token: token.line_id)
        for group in [list(found)]
    )
