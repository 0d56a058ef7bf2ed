from __future__ import annotations

import pytest

from pipeline.document import Box, Line, Page, Region, Word
from pipeline.packing import Packed, pack, unpack
from pipeline.report import DocumentOutcome, PageFailure, PageOutcome

WORD = Word("né😀", Box(1, 2, 30, 40), 0.1 + 0.2, ((1.5, 2), (2.0, 3.25)))
LINE = Line("r1l1", ((0, 0), (9.5, 0), (9, 9)), ((0, 5), (9, 5.5)), (WORD, WORD), 1 / 3)
PAGE = Page("p1", 0, 100, 200, 300.0, -0.5, "p1.jpg", (Region("r1", "text", (), (LINE,)),))
FAILURE = PageFailure("load", "InputError", "\udcff is no letter", 2)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(PAGE, id="page"),
        pytest.param(PageOutcome("p", "\udcff.png", 1, seconds={"load": 0.1}), id="odd name"),
        pytest.param(DocumentOutcome("d", "d", (), ("a", "b"), FAILURE), id="failure"),
    ],
)
def test_what_is_packed_comes_back(record: object) -> None:
    back = unpack(pack(record), type(record))
    assert back == record
    assert repr(back) == repr(record)  # 2 stays 2, and 2.0 stays 2.0


def test_packed_pages_are_a_sequence() -> None:
    pages = Packed([pack(PAGE)] * 3, Page)
    assert (len(pages), list(pages), pages[-1]) == (3, [PAGE] * 3, PAGE)
    assert list(pages[1:]) == [PAGE] * 2


def test_packed_pages_are_shown_by_their_content() -> None:
    other = Page("p2", 0, 100, 200, 300.0)
    assert repr(Packed([pack(PAGE)], Page)) == repr(Packed([pack(PAGE)], Page))
    assert repr(Packed([pack(PAGE)], Page)) != repr(Packed([pack(other)], Page))


@pytest.mark.parametrize("data", [b"", b"no zlib", pack(FAILURE)], ids=["none", "noise", "other"])
def test_damage_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="Page"):
        unpack(data, Page)
