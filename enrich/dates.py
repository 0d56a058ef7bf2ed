"""Dates in running text -> ISO 8601: modern, abbreviated and historical forms, the Republic's too.

A grammar of our own finds them, since parsers for dates take numbers and single words for dates
and know neither "ye 3d of Jany" nor "an III".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

# Full names and the short ones of old hands, by month; German, English, French, Italian, Latin,
# Spanish, Swedish.
MONTHS = (
    "january jan jany janry januar janvier janv januari jänner jenner gennaio enero januarii",
    "february feb feby febry februar février fevrier févr fevr fév februari febbraio febrero feber",
    "march mar märz maerz mars marzo martii mrz",
    "april apr apl avril avr aprile abril aprilis",
    "may mai maj maggio mayo mey maii",
    "june jun juni juin junius giugno junio junij",
    "july jul juli juillet juil luglio julio jly julij",
    "august aug augt août aout augusti agosto",
    "september sept sep septr 7ber 7bre septembre settembre septiembre setiembre september",
    "october oct octr octob okt oktober octobre 8ber 8bre ottobre octubre",
    "november nov novr novbr novembre 9ber 9bre noviembre",
    "december dec decr decbr dez dezember décembre decembre déc xber xbre 10ber 10bre "
    "dicembre diciembre",
)
REPUBLICAN = (
    "vendémiaire vendemiaire vend",
    "brumaire brum",
    "frimaire frim",
    "nivôse nivose niv",
    "pluviôse pluviose pluv",
    "ventôse ventose vent",
    "germinal germ",
    "floréal floreal flor",
    "prairial prair",
    "messidor mess",
    "thermidor therm",
    "fructidor fruct",
)
COMPLEMENTARY = 13  # the five or six days after Fructidor
# 1 Vendémiaire of the years I to XIV, a day of September.
_REPUBLICAN_NEW_YEAR = (22, 22, 22, 23, 22, 22, 22, 23, 23, 23, 23, 24, 23, 23)
_ALSO_WORDS = frozenset(("may", "march", "mar", "sept"))  # unless they bear a capital
_FIRST_YEAR, _LAST_YEAR = 1000, 2099
_ROMAN = {"i": 1, "v": 5, "x": 10}

Reader = Callable[[re.Match[str]], str]  # what a match says, in ISO 8601; empty if nothing


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text.

    Attributes:
        start: of its first character.
        end: past its last.
        normal: ISO 8601: 1785-01-03, 1785-01, or --01-03 where the year is not said.
    """

    start: int
    end: int
    normal: str


def find_dates(text: str) -> list[FoundDate]:
    """The dates in a text in order, none within another; impossible ones are left out."""
    found: list[FoundDate] = []
    for pattern, read in _forms():
        for match in pattern.finditer(text):
            start, end = match.span("date")
            if all(end <= other.start or start >= other.end for other in found):
                found.append(FoundDate(start, end, read(match)))
    # What cannot be was kept so far, so that no part of it became a date.
    return sorted((date for date in found if date.normal), key=lambda date: date.start)


@cache
def _forms() -> tuple[tuple[re.Pattern[str], Reader], ...]:
    """The forms, those that say more before those that say less."""
    month = _alternatives(MONTHS)
    republican = _alternatives(REPUBLICAN)
    day = r"(?P<day>[0-3]?\d)\s?(?:st|nd|rd|[dhte]|th|er|re|ten|º|°|o)?\b"
    of = r"(?:\s?\.)?(?:\s+(?:day|jour))?(?:\s+(?:of|de|du|d\s?['’]|des|di))?\s*"
    year = r"(?P<year>1\d{3}|20\d\d)"
    before = r"(?:\s?[.,])*(?:\s+(?:of|de|del|anno|im\s+Jahre|år|A\s?\.\s?D\s?\.))?\s+"
    an = r"(?:\s?[.,])*\s+(?:de\s+l\s?['’]\s?)?(?:an|année)\s+(?P<an>[IVX]{1,4}|[1-9]|1[0-4]|1er)\b"
    complementary = r"(?:jours?\s+)?(?:complémentaires?|complementaires?|compl|sans-?culottides?)"
    forms = (
        (rf"\b(?P<date>{day}{of}(?P<republican>{republican})\b{an})", _republican),
        (rf"\b(?P<date>{day}\s+(?P<complementary>{complementary})\b{an})", _republican),
        (
            r"\b(?P<date>(?P<year>1\d{3}|20\d\d)\s?-\s?(?P<m>[01]?\d)\s?-\s?(?P<day>[0-3]?\d))\b",
            _usual,
        ),
        (rf"\b(?P<date>{day}{of}(?P<month>{month})\b{before}{year})\b", _usual),
        (
            rf"\b(?P<date>(?P<month>{month})\b(?:\s?\.)?\s+(?:the\s+|ye\s+)?{day}{before}{year})\b",
            _usual,
        ),
        (rf"\b(?P<date>[0-3]?\d\s?[./]\s?[0-3]?\d\s?[./]\s?{year})\b", _numbers),
        (rf"\b(?P<date>(?P<month>{month})\b{before}{year})\b", _usual),
        (rf"\b(?P<date>(?P<republican>{republican})\b{an})", _republican),
        (rf"\b(?P<date>{day}{of}(?P<month>{month}))\b", _usual),
        (rf"\b(?P<date>(?P<month>{month})\b(?:\s?\.)?\s+(?:the\s+|ye\s+)?{day})(?![\d:])", _usual),
        (
            rf"\b(?:anno|year|année|année\s+de|im\s+Jahre|in|en|år|since|depuis|seit)\s+(?P<date>{year})\b",
            _year,
        ),
    )
    return tuple((re.compile(form, re.IGNORECASE), read) for form, read in forms)


def _usual(match: re.Match[str]) -> str:
    """Day, month and year, as far as they are said."""
    said = match.groupdict()
    if said.get("month") in _ALSO_WORDS and not said.get("year"):
        return ""
    month = int(said["m"]) if said.get("m") else _number(said.get("month") or "", MONTHS)
    return _iso(int(said.get("year") or 0), month, int(said.get("day") or 0))


def _numbers(match: re.Match[str]) -> str:
    """3.4.1785 and 3/4/1785: the day first, unless that cannot be."""
    day, month, year = (int(number) for number in re.findall(r"\d+", match["date"]))
    return _iso(year, month, day) or _iso(year, day, month)


def _year(match: re.Match[str]) -> str:
    return match["year"]


def _republican(match: re.Match[str]) -> str:
    """A date of the French Republic, in the Gregorian calendar; a month as its first day's."""
    said = match.groupdict()
    is_rest = bool(said.get("complementary"))
    month = COMPLEMENTARY if is_rest else _number(said["republican"], REPUBLICAN)
    year = _ordinal(said["an"])
    day = int(said.get("day") or 0)
    found = from_republican(year, month, day or 1)
    if not found or day > 30:
        return ""
    return found.isoformat() if day else found.isoformat()[:7]


def from_republican(year: int, month: int, day: int) -> date | None:
    """A day of the French Republic's calendar in the Gregorian one.

    Args:
        year: 1 to 14, as it was in use.
        month: 1 to 12, or `COMPLEMENTARY`.
        day: from 1.

    Returns:
        The day; None if there was none.
    """
    if not 1 <= year <= len(_REPUBLICAN_NEW_YEAR) or not 1 <= month <= COMPLEMENTARY:
        return None
    last = 30 if month < COMPLEMENTARY else 6 if year in (3, 7, 11) else 5
    if not 1 <= day <= last:
        return None
    new_year = date(1791 + year, 9, _REPUBLICAN_NEW_YEAR[year - 1])
    return new_year + timedelta(days=30 * (month - 1) + day - 1)


def _iso(year: int, month: int, day: int) -> str:
    """ISO 8601 of what is known; empty if there is no such day."""
    if not 1 <= month <= 12 or (year and not _FIRST_YEAR <= year <= _LAST_YEAR):
        return ""
    if day:
        try:
            date(year or 2000, month, day)
        except ValueError:
            return ""
    return (f"{year:04}" if year else "-") + f"-{month:02}" + (f"-{day:02}" if day else "")


def _ordinal(text: str) -> int:
    """The value of an Arabic or Roman number."""
    if text[0].isdigit():
        return int(text.removesuffix("er"))
    values = [_ROMAN[letter] for letter in text.lower()]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < after else value for value, after in pairs)


def _number(name: str, months: tuple[str, ...]) -> int:
    """Which month a name is, from 1."""
    wanted = name.lower()
    return next((i for i, names in enumerate(months, 1) if wanted in names.split()), 0)


def _alternatives(months: tuple[str, ...]) -> str:
    """A pattern of all names, longer ones first."""
    names = {name for month in months for name in month.split()}
    return "|".join(sorted(names, key=lambda name: (-len(name), name)))
