"""Lines to paragraphs, and the formats that are made of them: reading text, Markdown, DOCX."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from export.docx import docx
from export.markdown import escaped, markdown
from export.paragraphs import paragraphs
from export.reading_text import reading_text
from pipeline.document import Box, Document, Page, Region
from tests.export.pages import document, line, page

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def shaped(*lines: tuple[int, str]) -> Page:
    """A page of lines with their left edges."""
    made = tuple(line(f"r1l{i}", t, x, 100 + 100 * i) for i, (x, t) in enumerate(lines, 1))
    return replace(page(), regions=(Region("r1", "text", Box(0, 0, 999, 999).polygon(), made),))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(page(), [], id="nothing"),
        pytest.param(page("un mot pour-", "suivi ici"), ["un mot poursuivi ici"], id="broken"),
        pytest.param(page("le grand-", "mot mot"), ["le grandmot mot"], id="by the rule"),
        pytest.param(
            page("ma grand-mère et sa grand-", "mère à elle"),
            ["ma grand-mère et sa grand-mère à elle"],
            id="by the document's words",
        ),
        pytest.param(
            shaped((100, "une ligne longue ici"), (150, "alinéa d’une autre"), (100, "suite")),
            ["une ligne longue ici", "alinéa d’une autre suite"],
            id="set in",
        ),
        pytest.param(
            shaped((100, "une ligne longue ici"), (100, "la fin."), (100, "un autre début")),
            ["une ligne longue ici la fin.", "un autre début"],
            id="short and ended",
        ),
    ],
)
def test_paragraphs(made: Page, expected: list[str]) -> None:
    assert [paragraph.text for paragraph in paragraphs(document(made))] == expected


def test_a_word_goes_on_over_the_page() -> None:
    made = document(page("un mot pour-"), page("suivi ici", index=1))
    assert [(p.page, p.text) for p in paragraphs(made)] == [(0, "un mot poursuivi ici")]


def letter() -> Document:
    margin = Region(
        "r2", "margin", Box(0, 0, 90, 90).polygon(), (line("r2l1", "# 1. *vu*", 0, 50),)
    )
    body = page("Ma chère mère,", "<&> \x01")
    return document(replace(body, regions=(*body.regions, margin)), page("fin", index=1))


def test_reading_text() -> None:
    assert reading_text(document(page("a-", "b"), page("c", index=1))) == "ab\n\nc\n"


def test_markdown_escapes_what_it_would_take_for_a_sign() -> None:
    assert markdown(letter()) == (
        "# Lettres – 1914\n\n## Page 1\n\nMa chère mère, \\<\\&\\>\n\n"
        "> \\# 1. \\*vu\\*\n\n## Page 2\n\nfin\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1. mars", "1\\. mars"), ("- oui", "\\- oui"), ("un - deux", "un - deux")],
)
def test_escaped(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_docx_opens_with_its_paragraphs_on_their_pages() -> None:
    library = pytest.importorskip("docx")
    data = docx(letter(), CREATED, "fr")
    opened = library.Document(io.BytesIO(data))
    found = [(p.style.name, p.text) for p in opened.paragraphs]
    assert found == [
        ("Title", "Lettres – 1914"),
        ("Normal", "Ma chère mère, <&> "),
        ("Quote", "# 1. *vu*"),
        ("Normal", "fin"),
    ]
    breaks = [bool(p.paragraph_format.page_break_before) for p in opened.paragraphs]
    assert breaks == [False, False, False, True]
    assert (opened.core_properties.title, opened.core_properties.language) == (
        "Lettres – 1914",
        "fr",
    )
    assert data == docx(letter(), CREATED, "fr"), "the same moment gives the same bytes"
