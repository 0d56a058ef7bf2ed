"""Plain text in reading order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from export.text import document_text, page_text
from pipeline.document import Box, Document, Page, Region
from tests.export.pages import document, line, page

GOLDEN = Path(__file__).parent / "golden"


def letter() -> Document:
    body = page("Ma chère mère,", "je vous écris pour vous re-", "mercier de l’œuf 𝒜.")
    margin = Region(
        "r2", "margin", Box(0, 0, 90, 90).polygon(), (line("r2l1", "rep. le 9", 0, 50),)
    )
    return document(
        replace(body, regions=(*body.regions, margin)), page(index=1), page("fin", index=2)
    )


def test_a_letter_reads_as_it_did() -> None:
    assert document_text(letter()).encode() == (GOLDEN / "letter.txt").read_bytes()


def unread(made: Page) -> Page:
    region = made.regions[0]
    lines = tuple(replace(line, words=()) for line in region.lines)
    return replace(made, regions=(replace(region, lines=lines),))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(page(), "", id="no regions"),
        pytest.param(unread(page("a", "b")), "", id="lines without words"),
        pytest.param(page("a b", "c"), "a b\nc\n", id="a line a line"),
    ],
)
def test_page_text(made: Page, expected: str) -> None:
    assert page_text(made) == expected


def test_the_nth_part_is_the_nth_page() -> None:
    made = letter()
    parts = document_text(made).split("\f")
    assert parts == [page_text(part) for part in made.pages]
