"""Tables of words: what a spreadsheet sees, and what it must not run."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.word_table import COLUMNS, Separator, guarded, unguarded, word_table
from tests.export.pages import document, page


@pytest.mark.parametrize("separator", [",", "\t"])
def test_a_row_a_word(separator: Separator) -> None:
    text = word_table(document(page('a,b "q"'), page("=1+1", index=1)), separator)
    names, *rows = csv.reader(io.StringIO(text), delimiter=separator)
    assert tuple(names) == COLUMNS
    assert [row[7] for row in rows] == ["a,b", '"q"', "'=1+1"]
    first = ["1", "p1", "scan.png", "r1", "text", "r1l1", "r1l1w1", "a,b", "0.9000"]
    assert rows[0] == [*first, "100", "160", "160", "200"]


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "'=x", "\tx", "＝x"])
def test_formulas_are_guarded(text: str) -> None:
    assert guarded(text)[0] == "'"


@given(st.text(st.sampled_from("'=+-@ab\t"), max_size=6))
def test_what_is_guarded_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
