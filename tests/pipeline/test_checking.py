"""What a proofreader is shown."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from pipeline.alignment import align
from pipeline.checking import Finding, findings, findings_csv, findings_html
from pipeline.transcript import transcript_of
from tests.pipeline.test_alignment import FIRST, seen
from tests.recognize.peaks import LETTERS


def found_in(text: str) -> list[Finding]:
    return findings(align([seen(FIRST)], transcript_of(text), LETTERS))


def test_a_right_text_has_no_findings() -> None:
    assert found_in(" ".join(FIRST)) == []


def test_a_wrong_word_comes_with_what_is_read_in_its_place() -> None:
    (one, *_) = found_in(" ".join(FIRST).replace("mother", "cousin"))
    assert (one.kind, one.text, one.seen, one.line) == ("word", "cousin", "mother", "l0")
    assert one.severity > 0.4 and one.box


def test_an_invented_line_and_a_dropped_one_come_first() -> None:
    text = f"{FIRST[0]} {FIRST[1]} nobody has ever written that"
    first, second, *_ = found_in(text)
    assert {first.kind, second.kind} <= {"not on the page", "not in the text", "word"}
    kinds = {one.kind for one in found_in(f"{FIRST[0]} {FIRST[2]}")}
    assert "not in the text" in kinds


def test_the_gravest_comes_first() -> None:
    severities = [one.severity for one in found_in("my dear zzzzzz " + " ".join(FIRST[1:]))]
    assert severities == sorted(severities, reverse=True)


def test_a_finding_names_its_word_of_the_text() -> None:
    (one, *_) = found_in(" ".join(FIRST).replace("mother", "cousin"))
    assert one.word == 2
    (passage,) = [f for f in found_in("no such heading " + " ".join(FIRST)) if not f.seen]
    assert passage.word == 0


def test_where_much_fails_to_fit_each_place_is_less_grave() -> None:
    invented = "nobody has ever written that"
    (alone,) = [f for f in found_in(f"{' '.join(FIRST)} {invented}") if f.word and not f.seen]
    text = f"qqq zzz vvv {FIRST[0]} zqz vqv qvq {FIRST[1]} qqz vvz {FIRST[2]} {invented}"
    among = next(f for f in found_in(text) if invented in f.text)
    assert among.severity < 0.7 * alone.severity


def test_the_table_has_no_formulas() -> None:
    made = align([seen(FIRST)], transcript_of(" ".join(FIRST)), LETTERS)
    one = Finding(0.9, "not on the page", 0, "", "=1+1", "", None)
    (row,) = csv.DictReader(io.StringIO(findings_csv([one], made.pages).decode()))
    assert not row["text"].startswith("=") and row["page"] == "p0"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><b>'])
def test_the_page_escapes_what_it_shows(text: str) -> None:
    made = align([seen(FIRST)], transcript_of(" ".join(FIRST)), LETTERS)
    one = Finding(0.9, "word", 0, "l1", text, text, None)
    html = findings_html([one, replace(one, line="")], made.pages, text, "v/index.html").decode()
    assert text not in html and "default-src 'none'" in html
    assert 'href="v/index.html#p1_l1"' in html
