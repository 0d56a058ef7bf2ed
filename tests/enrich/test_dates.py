from __future__ import annotations

from datetime import date

import pytest

from enrich.dates import find_dates, from_republican


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ye 3d of Jany 1785", "1785-01-03", id="old English"),
        pytest.param("le 5 Brumaire an III", "1794-10-26", id="Republic"),
        pytest.param("18 brumaire an 8", "1799-11-09", id="Republic in figures"),
        pytest.param("le 9 thermidor de l'an II", "1794-07-27", id="Republic with article"),
        pytest.param("3e jour complémentaire an V", "1797-09-19", id="complementary day"),
        pytest.param("Frimaire an VII", "1798-11", id="month of the Republic"),
        pytest.param("January 3rd, 1785", "1785-01-03", id="month first"),
        pytest.param("Novr ye 12th 1702", "1702-11-12", id="short month first"),
        pytest.param("le 1er août 1914", "1914-08-01", id="French"),
        pytest.param("le 14 7bre 1689", "1689-09-14", id="7bre"),
        pytest.param("ce 2 xbre 1641", "1641-12-02", id="xbre"),
        pytest.param("den 24. Dezember 1799", "1799-12-24", id="German"),
        pytest.param("den 24 . Dezember 1799", "1799-12-24", id="signs apart"),
        pytest.param("den 22 Januari 1898", "1898-01-22", id="Swedish"),
        pytest.param("el 4 de julio de 1808", "1808-07-04", id="Spanish"),
        pytest.param("31.12.1899", "1899-12-31", id="figures"),
        pytest.param("12/31/1899", "1899-12-31", id="figures, month first"),
        pytest.param("1899-12-31", "1899-12-31", id="ISO"),
        pytest.param("in May 1848", "1848-05", id="month and year"),
        pytest.param("on the 5th of November", "--11-05", id="no year"),
        pytest.param("en 1848", "1848", id="year after a preposition"),
    ],
)
def test_a_date_is_normalised(text: str, expected: str) -> None:
    assert [found.normal for found in find_dates(f"Given {text} at")] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "31 February 1785",
        "40 May",
        "you may 3 times",
        "page 1848",
        "45.13.1899",
        "5 Brumaire an XX",
    ],
)
def test_what_is_no_date_is_left(text: str) -> None:
    assert find_dates(text) == []


def test_the_place_of_a_date_is_its_own() -> None:
    text = "signed ye 3d of Jany 1785, and 4 May 1786."
    assert [text[found.start : found.end] for found in find_dates(text)] == [
        "3d of Jany 1785",
        "4 May 1786",
    ]


@pytest.mark.parametrize(
    ("republican", "expected"),
    [
        pytest.param((1, 1, 1), date(1792, 9, 22), id="first day"),
        pytest.param((3, 13, 6), date(1795, 9, 22), id="leap day"),
        pytest.param((4, 1, 1), date(1795, 9, 23), id="after a leap year"),
        pytest.param((14, 4, 10), date(1805, 12, 31), id="last day"),
        pytest.param((2, 13, 6), None, id="no leap year"),
        pytest.param((15, 1, 1), None, id="after its time"),
    ],
)
def test_republican_calendar(republican: tuple[int, int, int], expected: date | None) -> None:
    assert from_republican(*republican) == expected
