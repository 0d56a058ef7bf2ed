from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from export.page_xml import page_xml, read_page_xml
from pipeline.document import Box, Line, Page, Region, Word
from pipeline.errors import InputError
from pipeline.given_order import arranged_like, check_order_folder, in_given_order, order_file
from pipeline.load import SourcePage
from pipeline.runner import convert
from pipeline.settings import Settings
from tests.pipeline.test_runner import draw_page

CREATED = datetime(2026, 11, 23, tzinfo=UTC)
SIDES = [("a", 20), ("b", 320)]


def line(name: str, left: int, base: int) -> Line:
    box = Box(left, base - 20, left + 200, base + 5)
    baseline = ((left, base), (left + 200, base))
    return Line(name, box.polygon(), baseline, (Word(name, box, 0.9),), 0.9)


def region(name: str, box: Box, *lines: Line, kind: str = "text") -> Region:
    return Region(name, kind, box.polygon(), lines)


def page(*regions: Region) -> Page:
    return Page("p", 0, 600, 400, 300.0, source="p.png", regions=regions)


def texts(given: Page) -> list[list[str]]:
    return [[found.text for found in one.lines] for one in given.regions]


ROWS = [line(f"{side}{row}", x, 50 + 40 * row) for row in (1, 2, 3) for side, x in SIDES]
# Two columns that were read across.
ACROSS = page(region("r1", Box(10, 10, 590, 200), *ROWS))
LEFT, RIGHT = Box(10, 10, 300, 300), Box(301, 10, 590, 300)


def test_lines_follow_the_stated_regions() -> None:
    given = page(region("x", RIGHT), region("y", LEFT, kind="margin"))
    made = arranged_like(ACROSS, given)
    assert texts(made) == [["b1", "b2", "b3"], ["a1", "a2", "a3"]]
    assert [(one.id, one.kind) for one in made.regions] == [("r1", "text"), ("r2", "margin")]
    assert [one.id for one in made.lines] == ["r1l1", "r1l2", "r1l3", "r2l1", "r2l2", "r2l3"]


def test_lines_follow_the_stated_lines_of_their_region() -> None:
    rows = [line(f"g{row}", 25, 52 + 40 * row) for row in (3, 1, 2)]
    made = arranged_like(ACROSS, page(region("x", LEFT, *rows), region("y", RIGHT)))
    assert texts(made) == [["a3", "a1", "a2"], ["b1", "b2", "b3"]]


def test_lines_outside_all_regions_come_last() -> None:
    made = arranged_like(ACROSS, page(region("x", RIGHT)))
    assert texts(made) == [["b1", "b2", "b3"], ["a1", "a2", "a3"]]
    assert texts(arranged_like(ACROSS, page())) == texts(ACROSS)


def test_the_smallest_region_around_a_line_has_it() -> None:
    within = region("x", Box(10, 70, 300, 100))
    made = arranged_like(ACROSS, page(region("y", Box(0, 0, 600, 400)), within))
    assert texts(made) == [["b1", "a2", "b2", "a3", "b3"], ["a1"]]


def test_words_and_geometry_stay() -> None:
    made = arranged_like(ACROSS, page(region("x", RIGHT), region("y", LEFT)))
    assert {(one.boundary, one.baseline, one.words) for one in made.lines} == {
        (one.boundary, one.baseline, one.words) for one in ACROSS.lines
    }


def written(path: Path, given: Page) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page_xml(given, (), CREATED))
    return path


def test_a_file_about_a_smaller_scan_is_scaled(tmp_path: Path) -> None:
    half = [region("x", Box(150, 5, 295, 150)), region("y", Box(5, 5, 149, 150))]
    path = written(tmp_path / "p.xml", replace(page(*half), width=300, height=200))
    assert texts(in_given_order(ACROSS, path)) == [["b1", "b2", "b3"], ["a1", "a2", "a3"]]


def test_a_file_about_another_page_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "p.xml", replace(page(region("x", LEFT)), height=900))
    with pytest.raises(InputError, match=r"p\.xml: is about a page of 600 x 900"):
        in_given_order(ACROSS, path)


def test_a_file_that_is_no_page_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.xml").write_text("<svg/>")
    with pytest.raises(InputError, match=r"p\.xml is not a PAGE file"):
        in_given_order(ACROSS, tmp_path / "p.xml")


@pytest.mark.parametrize("place", ["letters/p.xml", "p.xml", "page/p.xml"])
def test_where_the_file_of_a_page_is(tmp_path: Path, place: str) -> None:
    source = SourcePage(Path("scans/p.png"), 0, "image", "p", 0)
    assert order_file(str(tmp_path), "letters", source) is None
    path = written(tmp_path / place, page())
    assert order_file(str(tmp_path), "letters", source) == path
    assert order_file("", "letters", source) is None


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing: is no folder of PAGE files"):
        check_order_folder(str(tmp_path / "missing"))


def test_a_run_takes_the_order_and_notices_when_it_changes(
    tmp_path: Path, tiny_model: Path
) -> None:
    draw_page(tmp_path / "scans" / "p.png")
    orders = tmp_path / "orders"
    orders.mkdir()
    settings = Settings(model=str(tiny_model), formats=("page",), order_from=str(orders))
    convert([tmp_path / "scans"], tmp_path / "out", settings)
    made = tmp_path / "out" / "scans" / "p.xml"
    ours = read_page_xml(made.read_bytes())
    bases = [one.baseline[0][1] for one in ours.lines]
    assert bases == sorted(bases)
    width, middle = ours.width, int(bases[3]) + 5
    lower = region("x", Box(0, middle, width, ours.height))
    upper = region("y", Box(0, 0, width, middle))
    written(orders / "p.xml", replace(ours, regions=(lower, upper)))
    convert([tmp_path / "scans"], tmp_path / "out", settings)
    changed = [one.baseline[0][1] for one in read_page_xml(made.read_bytes()).lines]
    assert changed == [*bases[4:], *bases[:4]]
