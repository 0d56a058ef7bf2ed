"""PAGE XML: valid, and the same when read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import etree

from export.page_xml import NAMESPACE, page_xml, read_page_xml
from pipeline.document import Box, Page, Region, Step, Word
from pipeline.errors import InputError
from tests.export.pages import line, page

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STEPS = (Step("recognize", "0.1.0", {"beam": 1, "weights": "abc"}),)
SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "schemas" / "page-2019-07-15.xsd"


def xml(made: Page) -> bytes:
    return page_xml(made, STEPS, CREATED)


def two_regions() -> Page:
    body = page("Ma chère mère,", '𝒜 e̊x <&> "q"', index=3)
    margin = Region("r2", "margin", Box(5, 5, 90, 90).polygon(), (line("r2l1", "vu", 10, 50),))
    odd = Region("r3", "stamp", Box(500, 5, 600, 90).polygon())
    return replace(body, id="id 0001;é", skew=-1.25, regions=(margin, *body.regions, odd))


def unread() -> Page:
    made = page("a")
    empty = replace(made.regions[0].lines[0], words=(), confidence=0.0)
    return replace(made, regions=(replace(made.regions[0], lines=(empty,)),))


def crooked() -> Page:
    """Geometry that a schema or a viewer would refuse."""
    made = page("a")
    bad = replace(
        made.regions[0].lines[0],
        boundary=((-5.5, 10), (50, 60), (50, 10), (-5.5, 60)),
        baseline=((7.2, 7.1), (7.4, 7.3)),
        words=(Word("a\x00\ud800b\ufffe", Box(990, 1390, 1010, 1500), 1.7),),
    )
    return replace(made, regions=(replace(made.regions[0], boundary=((3, 3),), lines=(bad,)),))


@pytest.mark.parametrize("make", [page, two_regions, unread, crooked])
def test_it_is_valid(make: object) -> None:
    if not SCHEMA.is_file():
        pytest.skip(f"{SCHEMA} is not here")
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    schema.assertValid(etree.fromstring(xml(make())))


@pytest.mark.parametrize("make", [page, two_regions, unread])
def test_it_reads_back_the_same(make: object) -> None:
    made = make()
    assert read_page_xml(xml(made)) == made


def test_bad_geometry_and_characters_are_mended() -> None:
    (mended,) = read_page_xml(xml(crooked())).lines
    assert set(mended.boundary) == {(0, 10), (50, 10), (50, 60), (0, 60)}
    assert mended.baseline == ((7, 7), (8, 7))
    assert mended.words == (Word("ab", Box(990, 1390, 1000, 1400), 1.0),)


def test_text_comes_last_and_joins_what_it_covers() -> None:
    root = ElementTree.fromstring(xml(page("a b", "c")))
    (region,) = root.iter(f"{{{NAMESPACE}}}TextRegion")
    texts = [element[-1][0].text for element in [region, *region[1:-1]]]
    assert texts == ["a b\nc", "a b", "c"]
    assert region[-1].attrib == {"index": "1"}
    assert region[1][-1].attrib == {"index": "1", "conf": "0.8000"}


def test_the_steps_are_in_the_metadata() -> None:
    root = ElementTree.fromstring(xml(page()))
    (item,) = root.iter(f"{{{NAMESPACE}}}MetadataItem")
    assert item.attrib == {"type": "processingStep", "name": "recognize", "value": "0.1.0"}
    labels = {label.get("type"): label.get("value") for label in item[0]}
    assert labels == {"beam": "1", "weights": "abc"}


def test_a_moment_gives_the_same_bytes() -> None:
    assert xml(two_regions()) == xml(two_regions())


def test_a_peers_file_of_2013_is_read() -> None:
    peer = b"""<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15">
      <Metadata/><Page imageFilename="scans/0007.tif" imageWidth="100" imageHeight="200">
      <TextRegion id="b"><Coords points="0,0 9,0 9,9"/></TextRegion>
      <TextRegion id="a"><Coords points="0,0 9,0 9,9"/></TextRegion>
      </Page></PcGts>"""
    made = read_page_xml(peer)
    assert (made.id, made.source, made.ppi) == ("0007", "scans/0007.tif", 300)
    assert [region.id for region in made.regions] == ["b", "a"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<PcGts/>", id="no page"),
        pytest.param(b"<alto><Page/></alto>", id="another format"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a "b">]><PcGts/>', id="entities"),
        pytest.param(b'<!DOCTYPE x SYSTEM "http://x.invalid/x.dtd"><PcGts/>', id="outside DTD"),
    ],
)
def test_what_is_no_page_file_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"0001\.xml is not a PAGE file.*again"):
        read_page_xml(data, "0001.xml")
