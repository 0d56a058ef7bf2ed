"""ALTO: valid, the same when read back, and peers' files read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import etree

from export.alto import NAMESPACE, alto, read_alto
from export.hyphens import Lexicon
from pipeline.document import Page, Step
from pipeline.errors import InputError
from tests.export.pages import crooked, doubted, page, two_regions, unread

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STEPS = (Step("read", "0.1.0", {"model": "latin", "sha256": "abc"}),)


def xml(made: Page) -> bytes:
    return alto(made, STEPS, CREATED)


@pytest.mark.parametrize("make", [page, two_regions, unread, crooked, doubted])
def test_it_is_valid(make: Callable[[], Page], shared: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared / "schemas" / "alto-4-4.xsd"))
    schema.assertValid(etree.fromstring(xml(make())))


@pytest.mark.parametrize("make", [page, two_regions, unread])
def test_it_reads_back_the_same(make: Callable[[], Page]) -> None:
    made = make()
    (read,) = read_alto(xml(made))
    # ALTO has no place for resolution and a line's confidence.
    assert without_confidence(replace(read, ppi=made.ppi)) == without_confidence(made)


def without_confidence(made: Page) -> Page:
    regions = (
        replace(r, lines=tuple(replace(line, confidence=0.0) for line in r.lines))
        for r in made.regions
    )
    return replace(made, regions=tuple(regions))


def elements(made: Page, tag: str, lexicon: Lexicon = Lexicon()) -> list[dict[str, str]]:
    root = ElementTree.fromstring(alto(made, STEPS, CREATED, lexicon))
    return [dict(element.attrib) for element in root.iter(f"{{{NAMESPACE}}}{tag}")]


def test_a_broken_word_is_told_whole_in_both_its_parts() -> None:
    made = page("un mot pour-", "suivi ici")
    parts = [e for e in elements(made, "String") if "SUBS_TYPE" in e]
    assert [(e["CONTENT"], e["SUBS_TYPE"], e["SUBS_CONTENT"]) for e in parts] == [
        ("pour", "HypPart1", "poursuivi"),
        ("suivi", "HypPart2", "poursuivi"),
    ]
    assert elements(made, "HYP") == [{"CONTENT": "-"}]
    assert read_alto(xml(made))[0].text == "un mot pour-\nsuivi ici"


def test_spaces_stand_between_words_only() -> None:
    root = ElementTree.fromstring(xml(page("a b c")))
    (line,) = root.iter(f"{{{NAMESPACE}}}TextLine")
    tags = [child.tag.rpartition("}")[2] for child in line]
    assert tags == ["Shape", "String", "SP", "String", "SP", "String"]


def test_provenance_names_software_model_and_settings() -> None:
    text = xml(page()).decode()
    for said in (">read<", "model: latin; sha256: abc", ">0.1.0<", ">Inkfolio<", ">scan.png<"):
        assert said in text


TESSERACT = b"""<alto xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Description>
 <MeasurementUnit>pixel</MeasurementUnit><sourceImageInformation><fileName>s/0001.png</fileName>
 </sourceImageInformation></Description><Layout><Page WIDTH="640" HEIGHT="480"
 PHYSICAL_IMG_NR="0" ID="page_0"><PrintSpace HPOS="0" VPOS="0" WIDTH="640" HEIGHT="480">
 <ComposedBlock ID="cblock_0" HPOS="36" VPOS="92" WIDTH="582" HEIGHT="269">
 <TextBlock ID="block_0" HPOS="36" VPOS="92" WIDTH="544" HEIGHT="30">
 <TextLine ID="line_0" HPOS="36" VPOS="92" WIDTH="544" HEIGHT="30">
 <String ID="string_0" HPOS="36" VPOS="92" WIDTH="60" HEIGHT="24" WC="0.95" CONTENT="This"/>
 <SP WIDTH="13" VPOS="92" HPOS="96"/>
 <String ID="string_1" HPOS="109" VPOS="92" WIDTH="20" HEIGHT="24" WC="0.5" CONTENT="is"/>
 </TextLine></TextBlock></ComposedBlock></PrintSpace></Page></Layout></alto>"""

ESCRIPTORIUM = b"""<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description>
 <MeasurementUnit>pixel</MeasurementUnit><sourceImageInformation><fileName>0002.jpg</fileName>
 </sourceImageInformation></Description><Tags><OtherTag ID="BT1" LABEL="MarginTextZone"
 DESCRIPTION="block type"/></Tags><Layout><Page WIDTH="800" HEIGHT="600" PHYSICAL_IMG_NR="2"
 ID="eSc_dummypage_"><PrintSpace HPOS="0" VPOS="0" WIDTH="800" HEIGHT="600">
 <TextBlock ID="eSc_textblock_1" TAGREFS="BT1"><Shape><Polygon POINTS="0 0 400 0 400 99 0 99"/>
 </Shape><TextLine ID="eSc_line_1" BASELINE="10 40 210 44" HPOS="10" VPOS="5" WIDTH="200"
 HEIGHT="45"><Shape><Polygon POINTS="10 5 210 9 210 50 10 46"/></Shape>
 <String CONTENT="une ligne" HPOS="10" VPOS="5" WIDTH="200" HEIGHT="45"/></TextLine></TextBlock>
 <TextBlock ID="eSc_dummyblock_"><TextLine ID="eSc_line_2" BASELINE="77"><String CONTENT=""/>
 </TextLine></TextBlock></PrintSpace></Page></Layout></alto>"""


def test_a_file_of_tesseract_is_read() -> None:
    (made,) = read_alto(TESSERACT)
    assert (made.id, made.index, made.width) == ("0001", 0, 640)
    (line,) = made.lines
    assert (line.id, line.text, line.confidence) == ("line_0", "This is", 0.725)
    assert line.baseline == ((36, 116), (580, 116)), "none was given"


def test_a_file_of_escriptorium_is_read() -> None:
    (made,) = read_alto(ESCRIPTORIUM)
    (region,) = made.regions
    assert (region.id, region.kind) == ("eSc_textblock_1", "margin")
    (line,) = region.lines
    assert [word.text for word in line.words] == ["une", "ligne"]
    assert line.words[0].box.right < line.words[1].box.left
    assert line.baseline == ((10, 40), (210, 44))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<PcGts/>", id="another format"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a "b">]><alto/>', id="entities"),
        pytest.param(TESSERACT.replace(b'"36"', b'"left"'), id="no number"),
    ],
)
def test_what_is_no_alto_file_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"0001\.xml is not an ALTO file.*again"):
        read_alto(data, "0001.xml")
