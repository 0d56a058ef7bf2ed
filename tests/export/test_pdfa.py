"""PDF/A: our own rules on what we make, PDFBox Preflight on 1b, and what cannot be."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageCms
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
)

from export.page_source import ImageSource, PageSource, PdfPageSource
from export.pdf import Archive, PdfParams, write_pdf
from export.pdf_attachments import Attachment
from export.srgb import srgb_profile
from pipeline.document import Document, Step
from tests.export.pages import document, page, two_regions
from tests.export.test_pdf import CREATED_2026, scan

JARS = "/usr/share/java/"
CLASS_PATH = ":".join(
    f"{JARS}{name}.jar"
    for name in (
        *("preflight", "pdfbox2", "fontbox2", "xmpbox"),
        *("commons-logging", "commons-io", "javax.activation", "jaxb-api"),
    )
)
XAP = "http://ns.adobe.com/xap/1.0"
EVENT = ("softwareAgent", "parameters")
VALIDATOR = "org.apache.pdfbox.preflight.Validator_A1b"


def made_pdf(
    archive: Archive, *sources: PageSource, tagged: bool = False, made: Document | None = None
) -> tuple[bytes, list[str]]:
    target = io.BytesIO()
    pages = (page("Ma chère mère,", "𝒜 e̊ fin", index=i) for i in range(len(sources)))
    made = made or document(*pages)
    params = PdfParams(archive, tagged)
    reasons = write_pdf(made, sources, target, CREATED_2026, "fr", params)
    return target.getvalue(), reasons


def catalog(data: bytes) -> DictionaryObject:
    return PdfReader(io.BytesIO(data)).trailer["/Root"]


def xmp(data: bytes) -> str:
    return catalog(data)["/Metadata"].get_data().decode()


def preflight(path: Path) -> str:
    jars = [Path(jar) for jar in CLASS_PATH.split(":")]
    if shutil.which("java") is None or not all(jar.is_file() for jar in jars):
        pytest.skip("PDFBox Preflight is not installed")
    done = subprocess.run(
        ["java", "-Xshare:auto", "-cp", CLASS_PATH, VALIDATOR, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def pictures(folder: Path) -> list[ImageSource]:
    """A grey PNG, a JPEG, fax, a palette, and a JPEG with a profile."""
    size = (1000, 1400)
    Image.new("L", size, 200).save(folder / "a.png")
    Image.new("RGB", size, "beige").save(folder / "b.jpg")
    Image.new("1", size, 1).save(folder / "c.tif")
    Image.new("P", size, 3).save(folder / "d.png")
    Image.new("RGB", size, "beige").save(folder / "e.jpg", icc_profile=srgb_profile())
    return [ImageSource(folder / name) for name in ("a.png", "b.jpg", "c.tif", "d.png", "e.jpg")]


@pytest.mark.parametrize("tagged", [False, True], ids=["plain", "tagged"])
def test_preflight_finds_nothing_against_1b(tmp_path: Path, tagged: bool) -> None:
    data, reasons = made_pdf("1b", *pictures(tmp_path), tagged=tagged)
    assert reasons == []
    path = tmp_path / "out.pdf"
    path.write_bytes(data)
    said = preflight(path)
    assert "is a valid PDF/A-1b file" in said, said


@pytest.mark.slow
@pytest.mark.parametrize("tagged", [False, True], ids=["plain", "tagged"])
@pytest.mark.parametrize("archive", ["1b", "2b", "3b"])
def test_verapdf_finds_nothing_against_it(tmp_path: Path, archive: Archive, tagged: bool) -> None:
    program = shutil.which("verapdf")
    if program is None:
        pytest.skip("veraPDF is not installed; verapdf.org has it")
    data, reasons = made_pdf(archive, *pictures(tmp_path), tagged=tagged)
    assert reasons == []
    path = tmp_path / "out.pdf"
    path.write_bytes(data)
    command = [program, "--flavour", archive, "--format", "text", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("PASS"), done.stdout + done.stderr


@pytest.mark.parametrize(("archive", "part"), [("1b", 1), ("2b", 2), ("3b", 3)])
def test_the_claim_and_what_belongs_to_it(tmp_path: Path, archive: Archive, part: int) -> None:
    data, reasons = made_pdf(archive, *pictures(tmp_path))
    assert reasons == []
    assert f"<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>B<" in xmp(data)
    (intent,) = (entry.get_object() for entry in catalog(data)["/OutputIntents"])
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_data() == srgb_profile()
    reader = PdfReader(io.BytesIO(data))
    assert data.startswith(b"%PDF-1.4" if part == 1 else b"%PDF-1.7")
    assert re.match(rb"%PDF-1\.\d\n%[\x80-\xff]{4,}", data), "a comment of high bytes follows"
    assert "/Encrypt" not in reader.trailer and len(reader.trailer["/ID"]) == 2
    assert "/Filter" not in catalog(data)["/Metadata"], "metadata can be read without a filter"


def test_information_and_xmp_agree(tmp_path: Path) -> None:
    made = Document("a <b> & \x01c", (page("a"),))
    data, _ = made_pdf("2b", scan(tmp_path), made=made)
    information = PdfReader(io.BytesIO(data)).metadata
    assert information["/Title"] == "a <b> & c"
    assert ">a &lt;b&gt; &amp; c</rdf:li>" in xmp(data)
    assert f"<xmp:CreatorTool>{information['/Creator']}<" in xmp(data)
    assert f"<pdf:Producer>{information['/Producer']}<" in xmp(data)
    assert information["/CreationDate"] == "D:20260102030405+00'00'"
    assert "<xmp:CreateDate>2026-01-02T03:04:05+00:00<" in xmp(data)


def test_xmp_says_how_it_was_made(tmp_path: Path) -> None:
    steps = (Step("segment", "0.1", {"finder": "net"}), Step("read", "0.1", {"sha256": "ab<c"}))
    data, reasons = made_pdf("2b", scan(tmp_path), made=Document("a", (page("a"),), steps))
    assert reasons == []
    spaces = {"rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "mm": f"{XAP}/mm/"}
    spaces["evt"] = f"{XAP}/sType/ResourceEvent#"
    events = ElementTree.fromstring(xmp(data)).findall(".//mm:History/rdf:Seq/rdf:li", spaces)
    told = [
        [event.findtext(f"evt:{name}", "", spaces) for name in ("action", *EVENT)]
        for event in events
    ]
    assert told == [
        ["segment", "Inkfolio 0.1", "finder: net"],
        ["read", "Inkfolio 0.1", "sha256: ab<c"],
    ]


def test_none_claims_nothing(tmp_path: Path) -> None:
    data, reasons = made_pdf("none", scan(tmp_path))
    assert reasons == [] and "pdfaid:part" not in xmp(data)


def test_our_profile_is_one_that_others_read() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    assert ImageCms.getProfileName(profile).strip() == "sRGB IEC61966-2.1"
    colors = np.array([[(0, 0, 0), (200, 30, 90), (255, 255, 255)]], np.uint8)
    image = Image.fromarray(colors)
    same = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"))
    assert np.abs(np.asarray(same).astype(int) - colors).max() <= 1


def cmyk(folder: Path) -> PageSource:
    Image.new("CMYK", (1000, 1400)).save(folder / "x.jpg")
    return ImageSource(folder / "x.jpg")


def jpeg2000(folder: Path) -> PageSource:
    Image.new("L", (1000, 1400)).save(folder / "x.jp2")
    return ImageSource(folder / "x.jp2")


def deep(folder: Path) -> PageSource:
    Image.new("I;16", (1000, 1400)).save(folder / "x.png")
    return ImageSource(folder / "x.png")


def pdf_page(folder: Path, drawing: bytes = b"", **entries: object) -> PageSource:
    writer = PdfWriter()
    added = writer.add_blank_page(720, 1008)
    stream = DecodedStreamObject()
    stream.set_data(drawing)
    added[NameObject("/Contents")] = writer._add_object(stream)
    added.update({NameObject(f"/{name}"): value for name, value in entries.items()})
    writer.write(folder / "in.pdf")
    return PdfPageSource(folder / "in.pdf", 0)


def named(**entries: object) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in entries.items()})


def unembedded(folder: Path, drawing: bytes = b"BT /F 9 Tf (a) Tj ET") -> PageSource:
    font = named(
        Type=NameObject("/Font"), Subtype=NameObject("/Type1"), BaseFont=NameObject("/Arial")
    )
    return pdf_page(folder, drawing, Resources=named(Font=named(F=font)))


def cmyk_drawing(folder: Path) -> PageSource:
    return pdf_page(folder, b"0 0 0 1 k 0 0 9 9 re f")


def scripted(folder: Path) -> PageSource:
    return pdf_page(folder, AA=named(O=named(S=NameObject("/JavaScript"))))


def hidden_note(folder: Path) -> PageSource:
    note = named(
        Type=NameObject("/Annot"), Subtype=NameObject("/Text"), F=NumberObject(2), AP=named()
    )
    return pdf_page(folder, Annots=ArrayObject([note]))


@pytest.mark.parametrize(
    ("archive", "make", "reason"),
    [
        ("2b", cmyk, "CMYK colours without a profile"),
        ("1b", jpeg2000, "JPEG 2000"),
        ("1b", deep, "16 bits a channel"),
        ("2b", unembedded, "the font Arial not embedded"),
        ("2b", cmyk_drawing, "CMYK colours without a profile"),
        ("2b", scripted, "actions on events"),
        ("2b", hidden_note, "an annotation that does not print"),
    ],
)
def test_what_cannot_be_is_said_and_not_claimed(
    tmp_path: Path, archive: Archive, make: object, reason: str
) -> None:
    data, reasons = made_pdf(archive, make(tmp_path))
    assert reason in reasons
    assert "pdfaid:part" not in xmp(data)
    assert "/OutputIntents" not in catalog(data)


@pytest.mark.parametrize(
    ("archive", "drawing", "count"),
    [
        pytest.param("2b", b"BT /F 9 Tf ET", 0, id="named, not used"),
        pytest.param("2b", b"BT 3 Tr /F 9 Tf (a) Tj ET", 0, id="invisible"),
        pytest.param("1b", b"BT 3 Tr /F 9 Tf (a) Tj ET", 1, id="invisible in part 1"),
        pytest.param("2b", b"q 3 Tr Q BT /F 9 Tf (a) Tj ET", 1, id="visible again"),
    ],
)
def test_only_fonts_that_show_text_must_be_embedded(
    tmp_path: Path, archive: Archive, drawing: bytes, count: int
) -> None:
    assert len(made_pdf(archive, unembedded(tmp_path, drawing))[1]) == count


@pytest.mark.parametrize(
    ("drawing", "entries"),
    [
        pytest.param(b"BT /x Tr /F Tf (a) Tj ET", {}, id="operands"),
        pytest.param(b"BT /F 9 Tf (a) Tj ET", {"Resources": NumberObject(1)}, id="resources"),
        pytest.param(b"", {"Type": NameObject("/Annot"), "F": NameObject("/x")}, id="flags"),
    ],
)
def test_nonsense_is_no_pdfa_but_no_failure(
    tmp_path: Path, drawing: bytes, entries: dict[str, object]
) -> None:
    if "F" in entries:
        entries = {"Annots": ArrayObject([named(**entries)])}
    assert made_pdf("2b", pdf_page(tmp_path, drawing, **entries))[1] != []


@pytest.mark.parametrize("make", [jpeg2000, deep])
def test_2b_takes_what_1b_does_not(tmp_path: Path, make: object) -> None:
    assert made_pdf("2b", make(tmp_path))[1] == []


def test_a_scanned_pdf_becomes_pdfa(tmp_path: Path) -> None:
    link = named(Type=NameObject("/Annot"), Subtype=NameObject("/Link"))
    source = pdf_page(tmp_path, b"q 0.5 g 0 0 9 9 re f Q", Annots=ArrayObject([link]))
    data, reasons = made_pdf("2b", source)
    assert reasons == []
    (annotation,) = PdfReader(io.BytesIO(data)).pages[0]["/Annots"]
    assert annotation.get_object()["/F"] == 4


def test_3b_carries_files_and_2b_does_not(tmp_path: Path) -> None:
    one = Attachment("p1.xml", b"<PcGts/>", "text/xml", "PAGE XML of page 1")
    for archive, reasons in (("3b", []), ("2b", ["attached files"])):
        target = io.BytesIO()
        made, params = document(page("a")), PdfParams(archive)
        found = write_pdf(made, [scan(tmp_path)], target, CREATED_2026, "fr", params, [one])
        assert found == reasons
        reader = PdfReader(target)
        assert reader.attachments["p1.xml"] == [b"<PcGts/>"]
        (file,) = (entry.get_object() for entry in reader.trailer["/Root"]["/AF"])
        assert file["/AFRelationship"] == "/Supplement"
        assert file["/EF"]["/F"]["/Subtype"] == "/text/xml"
        assert b"/text#2Fxml" in target.getvalue()


def test_the_outline_has_an_entry_a_file_and_pages_keep_their_numbers(tmp_path: Path) -> None:
    from dataclasses import replace

    parts = [
        replace(page("a", index=0), source="one.tif"),
        replace(page("b", index=1), source="one.tif"),
        replace(page("c", index=4), source="two é.tif"),
    ]
    sources = [scan(tmp_path, f"{i}.png") for i in range(3)]
    data, _ = made_pdf("2b", *sources, made=document(*parts))
    reader = PdfReader(io.BytesIO(data))
    entries = [(entry.title, reader.get_destination_page_number(entry)) for entry in reader.outline]
    assert entries == [("one", 0), ("two é", 2)]
    assert reader.page_labels == ["1", "2", "5"]


def test_tags_are_paragraphs_in_reading_order(tmp_path: Path) -> None:
    data, reasons = made_pdf("2b", scan(tmp_path), tagged=True, made=document(two_regions()))
    assert reasons == []
    root = catalog(data)
    assert root["/MarkInfo"]["/Marked"].value is True and root["/Lang"] == "fr"
    (text,) = [root["/StructTreeRoot"]["/K"]]
    paragraphs = [entry.get_object() for entry in text["/K"]]
    assert [p["/S"] for p in paragraphs] == ["/P", "/P"], "a region without text has none"
    assert [p["/K"] for p in paragraphs] == [0, 1]
    content = PdfReader(io.BytesIO(data)).pages[0].get_contents().get_data().decode()
    assert content.startswith("/Artifact BMC\nq ")
    order = re.findall(r"/Artifact|/P <</MCID \d>> BDC|BT|EMC", content)
    assert order == [
        *("/Artifact", "EMC"),
        *("/P <</MCID 0>> BDC", "BT", "EMC"),
        *("/P <</MCID 1>> BDC", "BT", "BT", "EMC"),
    ]
