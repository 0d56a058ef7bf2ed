"""Document -> a page to look at: scans with their text in place, search, doubtful words first.

One HTML file that needs nothing but its pictures: no server, no network. Style and script are
`html_view.css` and `html_view.js` beside this file, and are written into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np

from export.ids import id_in_document, page_id, word_ids
from export.xml_text import legal
from pipeline.document import Box, Document, Line, Page, Region, Word

STYLE = Path(__file__).with_name("html_view.css")
SCRIPT = Path(__file__).with_name("html_view.js")
DOUBTFUL = 0.8  # words less certain than this are listed
MOST_LISTED = 200
# Pictures from the folder and what stands in the file itself; nothing else is ever loaded.
POLICY = (
    "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)


def html_view(document: Document, pictures: Sequence[str], language: str = "") -> bytes:
    """Write the page that shows a document.

    Args:
        document: the pages.
        pictures: for each page, the address of its picture, relative to this file.
        language: BCP 47 tag of the text, such as "fr"; empty if not known.

    Returns:
        UTF-8 HTML 5. Every word's ID is its own, after its page's number.
    """
    title = _said(document.title) or "untitled"
    doubts = list(_doubtful(document))
    pages = "".join(
        _page(page, picture, language)
        for page, picture in zip(document.pages, pictures, strict=True)
    )
    text = f"""<!DOCTYPE html>
<html lang="{escape(language) or "en"}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{STYLE.read_text("utf-8")}</style>
</head>
<body class="shaded">
<a class="skip" href="#pages" lang="en">To the pages</a>
<header lang="en">
<h1{_lang(language)}>{title}</h1>
{_controls(document)}
{_doubt_list(doubts, language)}
</header>
<main id="pages" tabindex="-1">
{pages}</main>
<script>
{SCRIPT.read_text("utf-8")}</script>
</body>
</html>
"""
    return text.encode()


def _said(text: str) -> str:
    return escape(legal(text))


def _lang(language: str) -> str:
    return f' lang="{escape(language)}"' if language else ""


def _controls(document: Document) -> str:
    links = "".join(
        f'<li><a href="#{page_id(page)}">{page.index + 1}</a></li>' for page in document.pages
    )
    return f"""<search><form id="search" role="search">
<label for="query">Search all pages <kbd>/</kbd></label>
<input id="query" type="search" autocomplete="off" spellcheck="false">
<p id="count" role="status"></p>
<ol id="found" aria-label="Places found"></ol>
</form></search>
<p><label><input id="shade" type="checkbox" checked> Shade doubtful words</label></p>
<p><label><input id="reveal" type="checkbox"> Show the text over the scan</label></p>
<nav aria-label="Pages"><h2>Pages <kbd>p</kbd> <kbd>n</kbd></h2><ol class="numbers">{links}</ol>
</nav>"""


def _doubtful(document: Document) -> Iterator[tuple[Page, str, Word]]:
    """Words that may be wrong, the least certain first."""
    words = (
        (page, word_id, word)
        for page in document.pages
        for line in page.lines
        for word_id, word in zip(word_ids(line), line.words, strict=True)
        if word.confidence < DOUBTFUL
    )
    yield from sorted(words, key=lambda found: found[2].confidence)


def _doubt_list(doubts: Sequence[tuple[Page, str, Word]], language: str) -> str:
    entries = "".join(
        f'<li><a href="#{id_in_document(page, word_id)}"><span{_lang(language)}>{_said(word.text)}'
        f"</span> <small>{_percent(word)} %, page {page.index + 1}</small></a>"
        f"{_others(word, language)}</li>"
        for page, word_id, word in doubts[:MOST_LISTED]
    )
    shown = f", the first {MOST_LISTED}" if len(doubts) > MOST_LISTED else ""
    return (
        f'<details open><summary><h2 id="doubts">Doubtful words ({len(doubts)}{shown})</h2>'
        f'</summary><ol class="doubts" aria-labelledby="doubts">{entries}</ol></details>'
    )


def _others(word: Word, language: str) -> str:
    """What else a word may be, as far as the decoder knows."""
    if not word.alternatives:
        return ""
    texts = ", ".join(_said(other.text) for other in word.alternatives)
    return f" <small>or <span{_lang(language)}>{texts}</span></small>"


def _percent(word: Word) -> int:
    return round(100 * min(max(word.confidence, 0.0), 1.0))


def _page(page: Page, picture: str, language: str) -> str:
    number = page.index + 1
    text = "".join(_region(region, page) for region in page.regions)
    return f"""<section id="{page_id(page)}" aria-label="Page {number}" data-number="{number}">
<h2 lang="en">{number} <small>{_said(page.source)}</small></h2>
<div class="sheet" style="aspect-ratio:{page.width}/{page.height}">
<img src="{escape(picture)}" alt="" loading="lazy" width="{page.width}" height="{page.height}">
<div class="text"{_lang(language)}>{text}</div>
</div>
</section>
"""


def _region(region: Region, page: Page) -> str:
    lines = "".join(_line(line, page) for line in region.lines if line.words)
    return f"<p>{lines}</p>" if lines else ""


def _line(line: Line, page: Page) -> str:
    words = " ".join(
        _word(word, box, id_in_document(page, word_id), page)
        for word_id, word, box in zip(word_ids(line), line.words, _set(line, page), strict=True)
    )
    return f'<span class="line" id="{id_in_document(page, line.id)}">{words}\n</span>'


def _set(line: Line, page: Page) -> list[Box]:
    """Where words are shown: of one height in a line and on its baseline, lest their text dance.

    Lines on their side, and such whose baseline is not under their words, keep the words' boxes.
    """
    boxes = [word.box for word in line.words]
    xs, ys = np.array(line.baseline, np.float64).T
    level = np.diff(xs).min(initial=1.0) > 0 and np.ptp(xs) >= np.ptp(ys)
    feet = np.interp([(box.left + box.right) / 2 for box in boxes], xs, ys)
    above = np.percentile(feet - [box.top for box in boxes], 90)
    below = max(0.0, float(np.percentile([box.bottom for box in boxes] - feet, 90)))
    if not level or above <= below:
        return boxes
    tops = np.round(feet - above).astype(int).clip(0, page.height - 1)
    bottoms = np.round(feet + below).astype(int).clip(tops + 1, page.height)
    return [
        replace(box, top=top, bottom=bottom)
        for box, top, bottom in zip(boxes, tops.tolist(), bottoms.tolist(), strict=True)
    ]


def _word(word: Word, box: Box, part: str, page: Page) -> str:
    place = (
        f"left:{_share(box.left, page.width)};top:{_share(box.top, page.height)};"
        f"--w:{100 * box.width / page.width:.3f};--h:{_height(box, page)}"
    )
    certain = _percent(word)
    doubt = f";--d:{(100 - certain) / 100:g}" if word.confidence < DOUBTFUL else ""
    return f'<span class="w" id="{part}" style="{place}{doubt}">{_said(word.text)}</span>'


def _share(value: float, whole: int) -> str:
    return f"{100 * value / whole:.3f}%"


def _height(box: Box, page: Page) -> str:
    """In hundredths of the page's width, as fonts are measured."""
    return f"{100 * box.height / page.width:.3f}"
