"""A run's report as rows: a table of all pages, and those that a person should look at first."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from pipeline.names import shown
from pipeline.report import PageOutcome, Report

REVIEW_ABOVE = 0.15  # expected CER: of a page that is worse, whole words are often lost
# Confidence of a page with a remote reader's answer: true answers had 0.52 to 0.99 on val, those
# with every seventh word wrong 0.38 to 0.81.
REVIEW_BELOW = 0.5
STAGES = ("load", "segment", "read", "words")
COLUMNS = (
    "document",
    "page",
    "number",
    "source",
    "status",
    "lines",
    "words",
    "confidence",
    "expected_cer",
    "ppi",
    "seconds",
    *(f"seconds_{stage}" for stage in STAGES),
    "peak_mib",
    "error",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def page_table(report: Report) -> str:
    """CSV with a row a page, safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for document in report.documents:
        for page in document.pages:
            writer.writerow(_row(document.name, page))
    return text.getvalue()


def _row(document: str, page: PageOutcome) -> list[object]:
    seconds = sum(page.seconds.values())
    return [
        _cell(document),
        _cell(page.id),
        page.number,
        _cell(page.source),
        page.status,
        page.lines,
        page.words,
        page.confidence,
        "" if page.expected_cer is None else page.expected_cer,
        page.ppi,
        round(seconds, 3),
        *(round(page.seconds.get(stage, 0.0), 3) for stage in STAGES),
        page.peak_mib,
        _cell(page.failure.message if page.failure else ""),
    ]


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula; control characters escaped."""
    safe = shown(text)
    return f"'{safe}" if safe.startswith(_FORMULA) else safe


def needs_review(report: Report) -> list[dict[str, object]]:
    """Pages to look at, worst first: failed ones, doubtful ones, those without text."""
    ranked = sorted(_doubtful(report), key=lambda found: found[0])
    return [row for _, row in ranked]


def _doubtful(report: Report) -> Iterator[tuple[tuple[float, int], dict[str, object]]]:
    place = 0
    for document in report.documents:
        for page in document.pages:
            place += 1
            rank = _rank(page)
            if rank is None:
                continue
            yield (
                (rank, place),
                {
                    "document": document.name,
                    "page": page.id,
                    "number": page.number,
                    "status": page.status,
                    "confidence": page.confidence,
                    "expected_cer": page.expected_cer,
                    "reason": _reason(page),
                },
            )


def _rank(page: PageOutcome) -> float | None:
    """Lower is worse; None for a page that is fine."""
    if page.status == "failed":
        return -2.0
    if page.status == "blank":
        return 1.0
    if page.expected_cer is None:
        doubted = page.confidence < REVIEW_BELOW or page.not_there
        return page.confidence - 1 if doubted else None
    return -page.expected_cer if page.expected_cer > REVIEW_ABOVE else None


def _reason(page: PageOutcome) -> str:
    if page.failure:
        return page.failure.message
    if page.status == "blank":
        return "no text found"
    if page.expected_cer is None:
        return "the answer and the ink differ"
    return "likely misread"
