"""Sentences with translations -> both side by side: HTML, PDF, JSON, text."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from enrich.spoken_language import two_letters
from enrich.translation import Translated
from export.xml_text import legal
from pipeline.document import Document

FORMATS = ("html", "pdf", "txt", "json")
STYLE = (
    "body{font:1em/1.5 serif;margin:1em auto;max-width:70em;padding:0 1em}"
    "section{display:grid;grid-template-columns:1fr 1fr;gap:0 2em}h2{font-size:1em;color:#666}"
    "p{margin:0 0 1em}span:target{background:#ffe08a}"
    "@media(max-width:40em){section{grid-template-columns:1fr}}"
)
# A sentence shows which one answers it on the other side; no script is needed to read.
SCRIPT = (
    "document.addEventListener('mouseover',e=>{const n=e.target.dataset&&e.target.dataset.s;"
    "document.querySelectorAll('[data-s]').forEach(x=>"
    "x.style.background=n&&x.dataset.s===n?'#ffe08a':'')})"
)
TOGETHER = 3  # sentences that stand beside their translations in the PDF
_FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
)

Rows = Sequence[Translated]


def _pages(document: Document, rows: Rows) -> Iterator[tuple[int, list[list[Translated]]]]:
    """Page numbers from 1, each with its paragraphs: the sentences of a region."""
    region_of = {
        (page.index, line.id): region.id
        for page in document.pages
        for region in page.regions
        for line in region.lines
    }
    for page, own in groupby(rows, key=lambda row: row.sentence.page):
        regions = groupby(own, key=lambda r: region_of[page, r.sentence.parts[0].line_id])
        yield page + 1, [list(paragraph) for _, paragraph in regions]


def bilingual(form: str, document: Document, rows: Rows, source: str, target: str) -> bytes:
    """A document and its translation in one of `FORMATS`; of both languages, ISO 639-3 codes."""
    if form == "html":
        return bilingual_html(document, rows, source, target)
    if form == "pdf":
        return bilingual_pdf(document, rows)
    if form == "json":
        return bilingual_json(document, rows, source, target)
    return translation_text(document, rows).encode()


def bilingual_html(document: Document, rows: Rows, source: str, target: str) -> bytes:
    """A page for the browser: paragraph beside paragraph, sentences lit up together."""
    title, numbers = escape(legal(document.title)), {id(row): i for i, row in enumerate(rows)}
    body = ""
    for page, paragraphs in _pages(document, rows):
        body += f"<h2>{page}</h2>\n"
        for paragraph in paragraphs:
            left = " ".join(_span(row, row.sentence.text, numbers[id(row)]) for row in paragraph)
            right = " ".join(_span(row, row.text, numbers[id(row)]) for row in paragraph)
            body += (
                f'<section><p lang="{escape(two_letters(source))}">{left}</p>'
                f'<p lang="{escape(two_letters(target))}">{right}</p></section>\n'
            )
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(two_letters(target))}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n{body}"
        f"<script>{SCRIPT}</script></body></html>\n"
    ).encode()


def _span(row: Translated, text: str, number: int) -> str:
    lines = " ".join(part.line_id for part in row.sentence.parts)
    said = escape(legal(text))
    return f'<span data-s="{number}" data-lines="{escape(lines)}">{said}</span>'


def bilingual_pdf(document: Document, rows: Rows) -> bytes:
    """A PDF in two columns, the original on the left; paragraph beside paragraph."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

    name = "Times-Roman"
    font = next((path for path in _FONTS if Path(path).is_file()), None)
    if font:
        name = Path(font).stem
        pdfmetrics.registerFont(TTFont(name, font))
    plain = ParagraphStyle("plain", fontName=name, fontSize=9, leading=12)
    small = ParagraphStyle("small", fontName=name, fontSize=8, textColor="#666666", spaceBefore=8)
    story: list[object] = []
    for page, paragraphs in _pages(document, rows):
        story.append(Paragraph(str(page), small))
        table = [
            [
                Paragraph(escape(" ".join(row.sentence.text for row in paragraph)), plain),
                Paragraph(escape(" ".join(row.text for row in paragraph)), plain),
            ]
            for paragraph in _short(paragraphs)
        ]
        style = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP")])
        story.append(Table(table, colWidths=(240, 240), style=style))
    file = io.BytesIO()
    SimpleDocTemplate(file, pagesize=A4, title=legal(document.title), invariant=1).build(story)
    return file.getvalue()


def _short(paragraphs: Sequence[list[Translated]]) -> Iterator[list[Translated]]:
    """Paragraphs in pieces, so that each fits on a page and stands beside its translation."""
    for paragraph in paragraphs:
        for start in range(0, len(paragraph), TOGETHER):
            yield paragraph[start : start + TOGETHER]


def bilingual_json(document: Document, rows: Rows, source: str, target: str) -> bytes:
    """Sentence by sentence with pages (from 1) and lines, JSON in UTF-8."""
    table = {
        **{"format": "inkfolio-translation", "version": 1, "title": document.title},
        **{"from": source, "to": target},
        "sentences": [
            {
                "page": row.sentence.page + 1,
                "lines": [part.line_id for part in row.sentence.parts],
                "text": row.sentence.text,
                "translation": row.text,
            }
            for row in rows
        ],
    }
    return json.dumps(table, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def translation_text(document: Document, rows: Rows) -> str:
    """The translation alone, a paragraph a line, a form feed between pages."""
    pages = [
        "".join(" ".join(row.text for row in paragraph) + "\n" for paragraph in paragraphs)
        for _, paragraphs in _pages(document, rows)
    ]
    return "\f".join(pages)
