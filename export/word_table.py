"""Document -> a table of its words, CSV or TSV, that spreadsheets can open without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Literal

from export.ids import word_ids
from pipeline.document import Document

COLUMNS = (
    "page",
    "page_id",
    "source",
    "region",
    "kind",
    "line",
    "word",
    "text",
    "confidence",
    "left",
    "top",
    "right",
    "bottom",
)
FORMULA = frozenset("=+-@\t\r\n＝＋－＠")  # what a spreadsheet takes for a formula's start
Separator = Literal[",", "\t"]


def word_table(document: Document, separator: Separator = ",") -> str:
    """A row a word under a row of names; pages are counted from 1, boxes are in page pixels.

    A cell that a spreadsheet would run as a formula, or that looks guarded already, gets an
    apostrophe in front; `unguarded` takes it off.
    """
    table = io.StringIO()
    writer = csv.writer(table, delimiter=separator, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(document))
    return table.getvalue()


def _rows(document: Document) -> Iterator[tuple[str | int, ...]]:
    for page in document.pages:
        about = (page.index + 1, guarded(page.id), guarded(page.source))
        for region in page.regions:
            for line in region.lines:
                place = (region.id, guarded(region.kind), line.id)
                for word_id, word in zip(word_ids(line), line.words, strict=True):
                    box = word.box
                    yield (
                        *(*about, *place, word_id, guarded(word.text), f"{word.confidence:.4f}"),
                        *(box.left, box.top, box.right, box.bottom),
                    )


def guarded(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.lstrip("'")[:1] in FORMULA and text.strip("'") else text


def unguarded(cell: str) -> str:
    """The text that `guarded` made a cell of."""
    is_guarded = cell[:1] == "'" and cell.lstrip("'")[:1] in FORMULA and cell.strip("'")
    return cell[1:] if is_guarded else cell
