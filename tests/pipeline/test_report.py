from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.report import DocumentOutcome, PageFailure, PageOutcome, Report, no_pdfa

DONE = PageOutcome("p1", "p1.png", 1, ppi=300, lines=2, words=9, confidence=0.9)
BLANK = PageOutcome("p2", "p2.png", 2, ppi=200, ppi_assumed=True)
BROKEN = PageOutcome("p3", "p3.png", 3, failure=PageFailure("load", "InputError", "p3: no", 2))
LOCKED = PageOutcome("p4", "p4.pdf", 1, failure=PageFailure("load", "Locked", "p4: no", 8))
UNWRITTEN = PageFailure("export", "FileAccessError", "full", 5)


def report(*pages: PageOutcome, failure: PageFailure | None = None) -> Report:
    return Report((DocumentOutcome("d", "d", pages, (), failure),), 60.0)


@pytest.mark.parametrize(
    ("run", "code"),
    [
        pytest.param(report(DONE, BLANK), 0, id="all well"),
        pytest.param(report(DONE, BROKEN), 16, id="some failed"),
        pytest.param(report(BROKEN), 2, id="the only page failed"),
        pytest.param(report(LOCKED), 8, id="the only page is encrypted"),
        pytest.param(report(BROKEN, LOCKED), 16, id="all failed in different ways"),
        pytest.param(report(DONE, failure=UNWRITTEN), 5, id="nothing could be written"),
        pytest.param(report(DONE, failure=no_pdfa("d.pdf", ["x"])), 10, id="no PDF/A"),
        pytest.param(report(BROKEN, failure=no_pdfa("d.pdf", ["x"])), 16, id="and a failure"),
    ],
)
def test_exit_code(run: Report, code: int) -> None:
    assert run.exit_code == code


def test_summary_says_what_people_must_know() -> None:
    summary = report(DONE, BLANK, BROKEN).summary()
    assert "3 pages in 1 document: 1 read, 1 without text, 1 failed" in summary
    assert "200 ppi" in summary
    assert "p2: no text found" in summary
    assert "failed: p3: no" in summary


def test_long_lists_are_shortened() -> None:
    assert "and 80 more" in report(*[BROKEN] * 100).summary()


def test_dictionary_is_plain_json() -> None:
    table = json.loads(json.dumps(report(DONE, BROKEN).as_dict()))
    first, second = table["documents"][0]["pages"]
    assert (first["status"], second["failure"]["exit_code"]) == ("done", 2)
    assert table["pages"] == {"done": 1, "blank": 0, "skipped": 0, "failed": 1}


def test_pages_without_an_answer_and_what_answers_invent_are_told() -> None:
    silent = replace(DONE, unanswered="host: HTTP 500")
    made = report(silent, replace(DONE, not_there=("nobody wrote this",)))
    assert made.exit_code == 16
    assert "1 page without an answer, read by ourselves: host: HTTP 500" in made.summary()
    assert "1 passage of the answers left out" in made.summary()
