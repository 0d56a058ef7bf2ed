"""Tables; `golden/tables.json` has the lines of each cell of three val pages, annotated by hand."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from enrich.rulings import Ruling, find_rulings
from enrich.tables import Table, find_table, table_csv
from export.line_parts import whole_line
from pipeline.document import Box, Line, Page, Region, Word
from tests.export.pages import line

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("tables.json").read_text())


def page_of(*lines: Line, width: int = 1000, height: int = 1000) -> Page:
    region = Region("r1", "text", Box(0, 0, width, height).polygon(), lines)
    return Page("p1", 0, width, height, 100.0, regions=(region,))


def texts(table: Table | None) -> list[list[str]]:
    assert table is not None
    return [[cell.text for cell in row] for row in table.rows]


def entries() -> Page:
    """Two entries of a register; the second takes two lines of its last column."""
    return page_of(
        line("a", "1 Vente", 100, 100, gap=200),
        line("b", "2", 100, 200),
        line("c", "Dépôt", 320, 202),
        line("d", "de pièces", 320, 300),
        line("e", "3 Legs", 100, 400, gap=200),
    )


def test_gaps_bound_columns_and_the_first_column_opens_rows() -> None:
    assert texts(find_table(entries())) == [
        ["1", "Vente"],
        ["2", "Dépôt\nde pièces"],
        ["3", "Legs"],
    ]


def test_rulings_go_before_gaps() -> None:
    upright = [Ruling(x, 0, 1000, 1000) for x in (50, 300, 900)]
    table = find_table(entries(), upright)
    assert table is not None
    assert table.bounds == (50, 300, 900)
    assert [row[0] for row in texts(table)] == ["1", "2", "3"]


def test_gaps_go_before_rulings_that_miss_columns() -> None:
    rows = [line(f"a{i}", f"{i} Vente Durand", 100, 100 * i, gap=200) for i in (1, 2, 3)]
    table = find_table(page_of(*rows), [Ruling(x, 0, 1000, 1000) for x in (10, 990)])
    assert texts(table)[0] == ["1", "Vente", "Durand"]


def test_ragged_ends_do_not_close_a_gap() -> None:
    # The longer word ends 4 px right of where the next column begins, in every row.
    rows = [
        made
        for i in range(1, 7)
        for made in (line(f"a{i}", "Depot", 100, 100 * i), line(f"b{i}", "Rue", 196, 100 * i))
    ]
    assert texts(find_table(page_of(*rows)))[0] == ["Depot", "Rue"]


def test_what_is_above_the_heads_ruling_is_the_head() -> None:
    made = page_of(
        line("h", "No Acte", 100, 90, gap=200),
        *(line(f"a{i}", f"{i} Vente", 100, 100 + 100 * i, gap=200) for i in (1, 2, 3, 4, 5, 6)),
    )
    upright = [Ruling(x, 40, 900, 860) for x in (50, 240, 900)]
    level = [Ruling(y, 50, 900, 850) for y in (45, 120)]
    table = find_table(made, upright, level)
    assert table is not None
    assert [cell.text for cell in table.head] == ["No", "Acte"]
    assert texts(table)[0] == ["1", "Vente"]


def test_text_in_one_column_is_no_table() -> None:
    assert find_table(page_of(line("a", "a line of text", 100, 100))) is None
    assert find_table(page_of()) is None


def test_a_spreadsheet_runs_nothing() -> None:
    made = page_of(*(line(f"a{i}", "1 =SUM(A1)", 100, 100 * i, gap=200) for i in (1, 2, 3)))
    table = find_table(made)
    assert table is not None
    rows = list(csv.reader(io.StringIO(table_csv(table))))
    assert rows[0] == ["1", "'=SUM(A1)", "0.9000"]


def test_rulings_of_a_drawn_form() -> None:
    gray = np.full((600, 800), 235, np.uint8)
    for x in (100, 400, 700):
        gray[50:550, x : x + 2] = 60
    gray[80:82, 100:700] = 60
    gray[300:320, 200:260] = 20  # a word
    upright, level = find_rulings(gray)
    assert [round(r.place, -1) for r in upright] == [100, 400, 700]
    assert [round(r.place, -1) for r in level] == [80]
    assert upright[0].inked == pytest.approx(500, abs=20)


def test_rulings_refuse_colour() -> None:
    with pytest.raises(ValueError, match="uint8"):
        find_rulings(np.zeros((10, 10, 3), np.uint8))


def annotated(folder: Path, name: str) -> Page:
    """A val page with the words of its transcript spread along its lines."""
    truth = json.loads((folder / f"{name}.json").read_text("utf-8"))
    found = (
        whole_line(
            f"l{number}",
            [(x, y) for x, y in one["polygon"]],
            [(x, y) for x, y in one["baseline"]],
            [Word(one["text"] or "?", Box(0, 0, 1, 1), 1.0)][:0],
            one["text"],
            1.0,
        )
        for number, one in enumerate(truth["lines"])
    )
    lines = tuple(one for one in found if one)
    return page_of(*lines, width=truth["width"], height=truth["height"])


def cells(rows: list[list[list[int]]]) -> set[tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """Each filled cell: its column, its lines, and those of its row's first filled cell."""
    found = set()
    for row in rows:
        first = next((tuple(cell) for cell in row if cell), ())
        found |= {(i, tuple(sorted(cell)), first) for i, cell in enumerate(row) if cell}
    return found


def cell_f1(table: Table | None, golden: list[list[list[int]]]) -> float:
    assert table is not None
    rows = [[[int(i[1:]) for i in cell.line_ids] for cell in row] for row in table.rows]
    read, truth = cells(rows), cells(golden)
    return 2 * len(read & truth) / (len(read) + len(truth))


NOTARY, LATER_NOTARY, BIRTHS = GOLDEN  # two of a notary's registers, and a table of births


@pytest.mark.parametrize(
    ("name", "ruled", "least"),
    [
        pytest.param(NOTARY, True, 0.99, id="notary"),
        pytest.param(LATER_NOTARY, True, 0.95, id="later notary"),
        pytest.param(BIRTHS, True, 0.99, id="births"),
        pytest.param(NOTARY, False, 0.75, id="notary by gaps"),
        pytest.param(LATER_NOTARY, False, 0.88, id="later notary by gaps"),
        pytest.param(BIRTHS, False, 0.99, id="births by gaps"),
    ],
)
def test_cells_of_real_registers(shared: Path, name: str, ruled: bool, least: float) -> None:
    folder = shared / "data" / "pages" / "val"
    gray = cv2.imread(str(folder / f"{name}.jpg"), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    upright, level = find_rulings(gray.astype(np.uint8)) if ruled else ([], [])
    assert cell_f1(find_table(annotated(folder, name), upright, level), GOLDEN[name]) >= least
