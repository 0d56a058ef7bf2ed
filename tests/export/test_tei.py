"""TEI: valid, and its text is the pages' text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import etree

from export.tei import NAMESPACE, XML_ID, tei
from pipeline.document import Page
from tests.export.pages import crooked, document, page, two_regions, unread

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@cache
def schema(path: Path) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(path))


@pytest.mark.slow  # libxml2 takes 20 s to load tei_all
@pytest.mark.parametrize("make", [page, two_regions, unread, crooked])
def test_it_is_valid(make: Callable[[], Page], shared: Path) -> None:
    data = tei(document(make()), CREATED, "fr")
    schema(shared / "schemas" / "tei_all.rng").assertValid(etree.fromstring(data))


def test_the_text_points_at_zones_that_are_there() -> None:
    pages = (page("Ma chère mère,", "fin"), page("deux", index=1))
    root = ElementTree.fromstring(tei(document(*pages), CREATED))
    zones = {e.get(XML_ID) for e in root.iter() if e.get(XML_ID)}
    aims = [e.get("facs", "") for e in root.iter() if e.get("facs")]
    assert {aim.removeprefix("#") for aim in aims} == zones
    assert {"p1", "p2", "p1_r1", "p1_r1l1", "p1_r1l1w2", "p2_r1l1w1"} <= zones
    words = [e.text for e in root.iter(f"{{{NAMESPACE}}}w")]
    assert words == ["Ma", "chère", "mère,", "fin", "deux"]


def test_the_steps_are_in_the_header() -> None:
    assert b"recognize 0.1.0: beam: 1; weights: abc" in tei(document(page()), CREATED)
