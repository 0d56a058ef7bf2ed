from __future__ import annotations

import csv
import io
from dataclasses import replace

from pipeline.report import DocumentOutcome, PageFailure, PageOutcome, Report
from pipeline.review import COLUMNS, needs_review, page_table

GOOD = PageOutcome("p1", "p1.png", 1, lines=2, words=9, confidence=0.95, seconds={"read": 1.25})
POOR = PageOutcome("p2", "p2.png", 2, lines=2, words=9, confidence=0.5, expected_cer=0.3)
WORSE = PageOutcome("p3", "p3.png", 3, lines=2, words=9, confidence=0.3, expected_cer=0.6)
BLANK = PageOutcome("p4", "p4.png", 4)
FAILED = PageOutcome("p5", "p5.png", 5, failure=PageFailure("load", "InputError", "p5: no", 2))


def report(*pages: PageOutcome) -> Report:
    return Report((DocumentOutcome("d", "d", pages),))


def rows(found: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(page_table(found))))


def test_every_page_is_a_row() -> None:
    good, failed = rows(report(GOOD, FAILED))
    assert tuple(good) == COLUMNS
    assert (good["status"], good["confidence"], good["expected_cer"]) == ("done", "0.95", "0.0")
    assert good["seconds_read"] == "1.25"
    assert (failed["status"], failed["error"]) == ("failed", "p5: no")


def test_names_are_no_formulas_and_no_control_characters() -> None:
    odd = PageOutcome("=1+1", "-a\n\x1b\udcff.png", 1)
    (row,) = rows(report(odd))
    assert (row["page"], row["source"]) == ("'=1+1", "'-a\\n\\x1b\\udcff.png")


def test_a_page_that_was_read_badly_is_said_to_be_so() -> None:
    (row,) = needs_review(report(POOR))
    assert (row["expected_cer"], row["reason"]) == (0.3, "likely misread")


def test_worst_comes_first_and_the_good_not_at_all() -> None:
    ranked = needs_review(report(GOOD, POOR, BLANK, WORSE, FAILED))
    assert [row["page"] for row in ranked] == ["p5", "p3", "p2", "p4"]
    assert ranked[0]["reason"] == "p5: no"


def test_a_page_with_an_answer_is_doubted_by_its_ink_alone() -> None:
    borne = replace(GOOD, expected_cer=None, confidence=0.7)
    unborne = replace(borne, id="p6", confidence=0.4)
    invented = replace(borne, id="p7", not_there=("never written",))
    ranked = needs_review(report(borne, unborne, invented))
    assert [row["page"] for row in ranked] == ["p6", "p7"]
    assert rows(report(borne))[0]["expected_cer"] == ""
