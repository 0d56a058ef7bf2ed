"""METS: its schema, and what it says of the files."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from lxml import etree

from export.mets import ORIGINAL, FileRecord, mets
from pipeline.document import Document
from tests.export.pages import document, page

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = {
    "m": "http://www.loc.gov/METS/",
    "x": "http://www.w3.org/1999/xlink",
    "p": "http://www.loc.gov/premis/v3",
}


def letters() -> tuple[Document, list[FileRecord]]:
    made = document(page("a"), page("b", index=1))
    records = [
        FileRecord("all.pdf", ORIGINAL, "0" * 64, 10, "p1"),
        FileRecord("all.pdf", ORIGINAL, "0" * 64, 10, "p2"),
        FileRecord("letters.pdf", "pdf", "1" * 64, 20),
        FileRecord("letters/p1.alto.xml", "alto", "2" * 64, 30, "p1"),
        FileRecord("letters/p 2.alto.xml", "alto", "3" * 64, 40, "p2"),
    ]
    return made, records


@pytest.fixture
def root() -> Any:
    return etree.fromstring(mets(*letters(), CREATED))


LINKS = """<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xlink="http://www.w3.org/1999/xlink" targetNamespace="http://www.w3.org/1999/xlink">
<xsd:attribute name="href" type="xsd:anyURI"/>
{attributes}
<xsd:attributeGroup name="simpleLink"><xsd:attribute ref="xlink:href"/></xsd:attributeGroup>
<xsd:attributeGroup name="extendedLink"/>
<xsd:attributeGroup name="locatorLink"/>
<xsd:attributeGroup name="arcLink"/>
</xsd:schema>"""


@cache
def rules() -> etree.XMLSchema:
    """METS 1.12's schema as metsrw brings it, with as much of XLink as it refers to."""
    names = ("label", "title", "role", "arcrole", "show", "actuate", "from", "to")
    declared = "".join(f'<xsd:attribute name="{name}" type="xsd:string"/>' for name in names)
    schema = etree.parse(str(files("metsrw") / "resources" / "mets.xsd"))
    with TemporaryDirectory() as folder:
        links = Path(folder, "xlink.xsd")
        links.write_text(LINKS.format(attributes=declared))
        for element in schema.iter("{http://www.w3.org/2001/XMLSchema}import"):
            element.set("schemaLocation", links.as_uri())
        return etree.XMLSchema(schema)


@pytest.mark.parametrize("made", [letters(), (Document("", ()), [])], ids=["letters", "nothing"])
def test_it_is_valid(made: tuple[Document, list[FileRecord]]) -> None:
    rules().assertValid(etree.fromstring(mets(*made, CREATED)))


def test_files_stand_in_groups(root: Any) -> None:
    groups = {
        group.get("USE"): [place.get(f"{{{NAMES['x']}}}href") for place in group.iter("{*}FLocat")]
        for group in root.iterfind(".//m:fileGrp", NAMES)
    }
    assert groups == {
        "ORIGINAL": ["all.pdf"],
        "DOWNLOAD": ["letters.pdf"],
        "FULLTEXT": ["letters/p1.alto.xml", "letters/p%202.alto.xml"],
    }


def test_a_file_has_its_sum_size_and_type(root: Any) -> None:
    file = root.find(".//m:fileGrp[@USE='FULLTEXT']/m:file", NAMES)
    assert (file.get("CHECKSUM"), file.get("CHECKSUMTYPE")) == ("2" * 64, "SHA-256")
    assert (file.get("SIZE"), file.get("MIMETYPE")) == ("30", "application/alto+xml")


def test_pages_point_at_their_files(root: Any) -> None:
    names = {
        file.get("ID"): file[0].get(f"{{{NAMES['x']}}}href")
        for file in root.iterfind(".//m:file", NAMES)
    }
    pages = [
        [names[pointer.get("FILEID")] for pointer in division.iterfind("m:fptr", NAMES)]
        for division in root.iterfind(".//m:div", NAMES)
    ]
    assert pages == [
        ["letters.pdf"],
        ["all.pdf", "letters/p1.alto.xml"],
        ["all.pdf", "letters/p%202.alto.xml"],
    ]


def test_steps_are_premis_events(root: Any) -> None:
    event = root.find(".//p:event", NAMES)
    assert event.findtext("p:eventType", namespaces=NAMES) == "recognize"
    assert event.findtext(".//p:eventDetail", namespaces=NAMES) == "beam: 1; weights: abc"
    agent = event.findtext(".//p:linkingAgentIdentifierValue", namespaces=NAMES)
    assert agent == "Inkfolio 0.1.0"
