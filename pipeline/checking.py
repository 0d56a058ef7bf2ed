"""An alignment -> what in the text the ink does not bear out, the gravest first.

A word is as grave as the network's own reading is likelier, counted by the root of its letters,
as a test of significance counts, and the less, the less likely the page's words are on the whole.
A passage without ink, and ink without text, is as grave as it is long, and the less, the more
such places there are for each line of the page: where much fails to fit, each tells little.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import quote

from export.ids import id_in_document, page_id
from export.word_table import guarded
from export.xml_text import legal
from pipeline.alignment import Alignment, Borne
from pipeline.document import Box, Page

Kind = Literal["word", "not on the page", "not in the text"]

# Where 4 of 5 findings are right on some of shared/data/pages/train, see docs/benchmarks.md.
WORD_AT_HALF = 4.5
PASSAGE_AT_HALF = 2.4
USUAL_PLACES = 0.1  # for each line, that do not fit: as many make each half as grave
DOUBT = 0.5  # how much less grave a word is on a page that is doubted as a whole
FIGURE = 0.5  # letters that a figure or a sign counts for: the network and writers are free there
LEAST_SEVERITY = 0.2  # what is less grave is hardly ever an error


@dataclass(frozen=True, slots=True)
class Finding:
    """A place that a proofreader should look at.

    Attributes:
        severity: in [0, 1]; of those at 0.5 four in five were errors where it was measured.
        kind: a word that the ink does not support; words without ink; ink without words.
        page: index of the page.
        line: ID of the line, or of that after which a passage is missing; empty if there is none.
        text: what the transcription has.
        seen: what the network reads there.
        box: where, in page pixels; None for words without ink.
        word: number of the text's word, or the first of them; None for ink without words.
    """

    severity: float
    kind: Kind
    page: int
    line: str
    text: str
    seen: str
    box: Box | None
    word: int | None = None


def findings(alignment: Alignment) -> list[Finding]:
    """What the ink does not bear out, the gravest first."""
    weights = _weights(alignment)
    found = [*_words(alignment), *_passages(alignment, weights), *_ink(alignment, weights)]
    kept = [one for one in found if one.severity >= LEAST_SEVERITY]
    return sorted(kept, key=lambda one: (-one.severity, one.page, one.line, one.text))


def _words(alignment: Alignment) -> Iterator[Finding]:
    parts: defaultdict[int, list[Borne]] = defaultdict(list)
    for one in alignment.borne:
        parts[one.number].append(one)
    doubts = _doubts(alignment)
    for whole in parts.values():
        letters = sum(len(one.word.text) for one in whole)
        worst = max(whole, key=lambda one: one.against)
        against = sum(one.against for one in whole) / math.sqrt(letters)
        severity = _severity(against / (1 + DOUBT * doubts[worst.page]), WORD_AT_HALF)
        text = "".join(one.word.text for one in whole)
        seen = "".join(one.seen for one in whole)
        place = worst.word.box
        yield Finding(severity, "word", worst.page, worst.line, text, seen, place, worst.number)


def _doubts(alignment: Alignment) -> dict[int, float]:
    """For each page how much likelier the network's own reading is, a letter."""
    against: defaultdict[int, float] = defaultdict(float)
    letters: defaultdict[int, int] = defaultdict(int)
    for one in alignment.borne:
        against[one.page] += one.against
        letters[one.page] += len(one.word.text)
    return {page: against[page] / letters[page] for page in letters}


def _passages(alignment: Alignment, weights: Mapping[int, float]) -> Iterator[Finding]:
    for one in alignment.unwritten:
        text = " ".join(one.words)
        severity = _severity(_length(text) * weights[one.page], PASSAGE_AT_HALF)
        yield Finding(severity, "not on the page", one.page, one.line, text, "", None, one.first)


def _ink(alignment: Alignment, weights: Mapping[int, float]) -> Iterator[Finding]:
    for one in alignment.untold:
        severity = _severity(_length(one.seen) * weights[one.page], PASSAGE_AT_HALF)
        yield Finding(severity, "not in the text", one.page, one.line, "", one.seen, one.box)


def _length(text: str) -> float:
    """Letters, figures and signs counted for less."""
    letters = sum(character.isalpha() for character in text)
    return letters + FIGURE * (len("".join(text.split())) - letters)


def _weights(alignment: Alignment) -> dict[int, float]:
    """For each page what a place that does not fit counts for, beside the others there."""
    places = Counter(one.page for one in alignment.unwritten)
    places.update(one.page for one in alignment.untold if one.whole)
    return {
        page.index: 1 / (1 + max(0, places[page.index] - 1) / lines / USUAL_PLACES)
        for page in alignment.pages
        for lines in [max(1, len(list(page.lines)))]
    }


def _severity(weight: float, at_half: float) -> float:
    return weight / (weight + at_half)


def findings_csv(found: Sequence[Finding], pages: Sequence[Page]) -> bytes:
    """A table of findings, a row each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["severity", "kind", "page", "line", "text", "read_as", "left", "top", "right", "bottom"]
    )
    for one in found:
        box = one.box
        corners = [box.left, box.top, box.right, box.bottom] if box else [""] * 4
        told = [guarded(part) for part in (pages[one.page].id, one.line, one.text, one.seen)]
        writer.writerow([f"{one.severity:.3f}", one.kind, *told, *corners])
    return text.getvalue().encode()


_STYLE = """body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem;
 padding: 0 1rem; color-scheme: light dark; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8886; }
td.n { font-variant-numeric: tabular-nums; }
meter { width: 5rem; }"""


def findings_html(found: Sequence[Finding], pages: Sequence[Page], title: str, view: str) -> bytes:
    """A page that lists findings and leads to each page in the view of the document.

    Args:
        found: in the order to show.
        pages: of the document, as they are in the view.
        title: of the document.
        view: address of the document's HTML view, relative to this page.
    """
    rows = "".join(_row(one, pages, view) for one in found)
    about = escape(legal(title))
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>To check: {about}</title>
<style>
{_STYLE}
</style>
</head>
<body>
<h1>To check: {about}</h1>
<p>{len(found)} places that the ink does not bear out, the gravest first. In the view of the pages,
words are shaded by how little the ink supports them.</p>
<table>
<thead><tr><th>Severity</th><th>What</th><th>Text</th><th>Read as</th><th>Where</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
</body>
</html>
"""
    return text.encode()


_SAID = {
    "word": "word without support",
    "not on the page": "in the text, not on the page",
    "not in the text": "on the page, not in the text",
}


def _row(one: Finding, pages: Sequence[Page], view: str) -> str:
    page = pages[one.page]
    place = f"{page.id}{', ' if one.line else ''}{one.line}"
    in_view = any(line.id == one.line for line in page.lines)
    target = id_in_document(page, one.line) if in_view else page_id(page)
    link = f'<a href="{escape(quote(view))}#{escape(target)}">{escape(legal(place))}</a>'
    return (
        f'<tr><td class="n"><meter max="1" value="{one.severity:.3f}"></meter> '
        f"{one.severity:.2f}</td><td>{_SAID[one.kind]}</td><td>{escape(legal(one.text))}</td>"
        f"<td>{escape(legal(one.seen))}</td>"
        f"<td>{link}</td></tr>\n"
    )
