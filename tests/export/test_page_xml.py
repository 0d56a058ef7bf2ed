"""PAGE XML: valid, and the same when read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import etree

from export.page_xml import NAMESPACE, Edition, page_xml, read_page_xml
from pipeline.document import Box, Page, Step, Word
from pipeline.errors import InputError
from tests.export.pages import crooked, doubted, page, two_regions, unread

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STEPS = (Step("recognize", "0.1.0", {"beam": 1, "weights": "abc"}),)
EDITIONS: tuple[Edition, ...] = ("2019-07-15", "2013-07-15")


def xml(made: Page) -> bytes:
    return page_xml(made, STEPS, CREATED)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("make", [page, two_regions, unread, crooked, doubted])
def test_it_is_valid(make: Callable[[], Page], edition: Edition, shared: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared / "schemas" / f"page-{edition}.xsd"))
    schema.assertValid(etree.fromstring(page_xml(make(), STEPS, CREATED, edition)))


def test_2013_says_the_steps_in_a_comment_and_reads_back() -> None:
    made = replace(two_regions(), ppi=300.0, skew=0.0)  # it has no place for these
    data = page_xml(made, STEPS, CREATED, "2013-07-15")
    assert b"recognize 0.1.0: beam: 1; weights: abc" in data
    assert read_page_xml(data) == made


@pytest.mark.parametrize("make", [page, two_regions, unread])
def test_it_reads_back_the_same(make: Callable[[], Page]) -> None:
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


def peers(line: str) -> bytes:
    return f"""<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15">
      <Metadata/><Page imageFilename="0007.tif" imageWidth="1000" imageHeight="200">
      <TextRegion id="b"><Coords points="0,0 900,0 900,90"/>{line}</TextRegion></Page></PcGts>
      """.encode()


def test_transkribus_lines_without_words_are_spread_in_its_order() -> None:
    """Transkribus writes lines as corrected, the order in `custom`."""
    made = read_page_xml(
        peers(
            """<TextLine id="l2" custom="readingOrder {index:1;}"><Coords points="0,50 90,50 90,90
            0,90"/><Baseline points="0,80 90,80"/><TextEquiv><Unicode>fin</Unicode></TextEquiv>
            </TextLine><TextLine id="l1" custom="readingOrder {index:0;} structure {type:x;}">
            <Coords points="0,0 70,0 70,40 0,40"/><Baseline points="0,30 70,30"/>
            <TextEquiv><Unicode>le mot</Unicode></TextEquiv></TextLine>"""
        )
    )
    assert made.text == "le mot\nfin"
    first = next(made.lines)
    assert [w.box for w in first.words] == [Box(0, 0, 23, 40), Box(35, 0, 70, 40)]


def test_a_corrected_line_goes_before_its_words() -> None:
    text = "<TextEquiv><Unicode>{1}</Unicode></TextEquiv>"
    word = f'<Word id="w{{0}}"><Coords points="{{0}},0 {{0}}9,0 {{0}}9,40"/>{text}</Word>'
    words = word.format(1, "le") + word.format(3, "rnot")
    made = read_page_xml(
        peers(
            f"""<TextLine id="l"><Coords points="0,0 70,0 70,40 0,40"/>{words}
            <TextEquiv><Unicode>le mot</Unicode></TextEquiv></TextLine>"""
        )
    )
    (line,) = made.lines
    assert [(w.text, w.box.left) for w in line.words] == [("le", 1), ("mot", 3)]
    assert line.baseline == ((0, 32.0), (70, 32.0)), "none was given"


def test_escriptorium_lines_in_a_region_without_coordinates() -> None:
    """What eScriptorium writes for lines that are in no region, and for unread ones."""
    data = peers("").replace(
        b'<TextRegion id="b"><Coords points="0,0 900,0 900,90"/>',
        b"""<TextRegion id="eSc_dummyblock_"><TextLine id="l" custom="structure {type:default;}">
        <Coords points="1,2 70,2 70,40"/><Baseline points="1,30 70,30"/></TextLine>""",
    )
    (region,) = read_page_xml(data).regions
    assert region.boundary == ((1, 2), (70, 2), (70, 40), (1, 40))
    assert region.lines[0].words == ()


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
