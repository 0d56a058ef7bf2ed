"""JSON: as its schema says, and the same document when read back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from export.json_document import SCHEMA, json_document, read_json_document
from pipeline.document import Box, Document, Page, Word
from pipeline.errors import InputError
from tests.export.pages import document, doubted, page, two_regions, unread


def schema() -> Draft202012Validator:
    table = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(table)
    return Draft202012Validator(table)


def rich() -> Document:
    """Half pixels, spans of graphemes, a file name that is no UTF-8."""
    made = page("a b")
    (line,) = made.lines
    word = Word("e̊𝒜", Box(1, 2, 30, 40), 0.123456789, ((1.5, 7.25), (8.0, 29.0)))
    line = replace(line, boundary=((0.5, 1.25), (9, 1), (9, 9)), words=(word, *line.words))
    region = replace(made.regions[0], lines=(line,))
    return document(replace(made, regions=(region,), source="x\udcff\n.png", skew=-0.1))


@pytest.mark.parametrize("make", [page, two_regions, unread, doubted])
def test_it_is_valid_and_reads_back_the_same(make: Any) -> None:
    made = document(make())
    data = json_document(made)
    schema().validate(json.loads(data))
    assert read_json_document(data) == made


def test_nothing_is_lost() -> None:
    data = json_document(rich())
    schema().validate(json.loads(data))
    assert read_json_document(data) == rich()


@given(st.floats(allow_nan=False, allow_infinity=False), st.text())
def test_any_number_and_text_reads_back(number: float, text: str) -> None:
    made = replace(rich(), title=text, pages=(replace(rich().pages[0], skew=number),))
    assert read_json_document(json_document(made)) == made


def broken(**changes: object) -> bytes:
    table = json.loads(json_document(document(page("a"))))
    return json.dumps(table | changes).encode()


def with_word(**changes: object) -> bytes:
    table = json.loads(json_document(document(page("a"))))
    table["pages"][0]["regions"][0]["lines"][0]["words"][0] |= changes
    return json.dumps(table).encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(broken(version=2), id="another version"),
        pytest.param(broken(pages=[{}]), id="a page of nothing"),
        pytest.param(broken(title=None), id="no title"),
        pytest.param(with_word(box=[3, 3, 3, 3]), id="empty box"),
        pytest.param(with_word(text="two words"), id="two words in one"),
        pytest.param(with_word(spans=[[1]]), id="half a span"),
    ],
)
def test_what_is_no_document_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"x\.json is not an Inkfolio document.*again"):
        read_json_document(data, "x.json")


def test_pages_are_typed() -> None:
    (made,) = read_json_document(json_document(rich())).pages
    assert isinstance(made, Page) and isinstance(made.index, int)
