"""Rebuilding: corrected files and images into every format."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject
from typer.testing import CliRunner

from export.alto import alto, read_alto
from export.hocr import hocr
from export.json_document import json_document, read_json_document
from export.mets import METS, XLINK
from export.page_xml import page_xml, read_page_xml
from export.pdf import PdfParams
from pipeline.build import BuildParams, build
from pipeline.cli import app
from pipeline.corrected import read_corrected
from pipeline.document import Document, Page
from pipeline.errors import FileAccessError, InputError, SettingsError
from pipeline.page_images import ImageFolder, scaled
from tests.export.pages import document, page
from tests.export.test_alto import ESCRIPTORIUM
from tests.export.test_alto import TESSERACT as TESSERACT_ALTO
from tests.export.test_hocr import KRAKEN
from tests.export.test_hocr import TESSERACT as TESSERACT_HOCR

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def letter() -> Document:
    """Two pages on images of their own."""
    first = replace(page("Ma chère mère,"), id="p1", source="p1.png")
    second = replace(page("fin", index=1), id="p2", source="p2.png")
    return replace(document(first, second), title="letters")


def scans(folder: Path) -> Path:
    folder.mkdir()
    for name in ("p1.png", "p2.png"):
        Image.new("L", (1000, 1400), 255).save(folder / name, dpi=(100, 100))
    return folder


def corrected(folder: Path, form: str) -> Path:
    """The letter in a folder, in one of the formats that are read."""
    folder.mkdir()
    made = letter()
    if form == "json":
        (folder / "letters.inkfolio.json").write_bytes(json_document(made))
    elif form == "hocr":
        (folder / "letters.hocr").write_bytes(hocr(made))
    else:
        for part in made.pages:
            data = alto(part, (), CREATED) if form == "alto" else page_xml(part, (), CREATED)
            (folder / f"{part.id}.xml").write_bytes(data)
    return folder


@pytest.mark.parametrize("form", ["page", "alto", "hocr", "json"])
def test_every_form_makes_a_pdf_and_text(tmp_path: Path, form: str) -> None:
    source = corrected(tmp_path / "letters", form)
    out = tmp_path / "out"
    made = build([source], scans(tmp_path / "scans"), out, BuildParams(("pdf", "txt"))).files
    assert made == (out / "letters.pdf", out / "letters.txt")
    assert made[1].read_text("utf-8") == "Ma chère mère,\n\ffin\n"
    with pypdfium2.PdfDocument(made[0]) as pdf:
        texts = [pdf[i].get_textpage().get_text_range() for i in range(len(pdf))]
    assert texts == ["Ma chère mère,", "fin"]


@pytest.mark.parametrize("form", ["page", "alto", "hocr", "json"])
def test_ids_survive(tmp_path: Path, form: str) -> None:
    source = corrected(tmp_path / "letters", form)
    (made,) = build([source], None, tmp_path / "out", BuildParams(("json",))).files
    pages = read_json_document(made.read_bytes()).pages
    assert [[line.id for line in part.lines] for part in pages] == [["r1l1"], ["r1l1"]]
    assert [(part.id, part.index) for part in pages] == [("p1", 0), ("p2", 1)]


def test_images_lie_beside_or_above_if_none_are_named(tmp_path: Path) -> None:
    """Transkribus puts PAGE into `page`, below the images."""
    folder = scans(tmp_path / "letters")
    corrected(folder / "page", "page")
    made = build([folder / "page"], None, tmp_path / "out").files
    assert [path.name for path in made] == ["letters.pdf", "letters.txt"]


def test_provenance_names_the_files(tmp_path: Path) -> None:
    source = corrected(tmp_path / "letters", "page")
    (made,) = build([source], None, tmp_path / "out", BuildParams(("json",))).files
    (step,) = read_json_document(made.read_bytes()).steps
    assert (step.name, sorted(step.parameters)) == ("build", ["p1.xml", "p2.xml"])


def test_text_needs_no_images_but_a_pdf_does(tmp_path: Path) -> None:
    source = corrected(tmp_path / "letters", "page")
    assert build([source], None, tmp_path / "out", BuildParams(("txt",)))
    with pytest.raises(InputError, match=r"p1\.png: the image is not there.*--images"):
        build([source], None, tmp_path / "out", BuildParams(("pdf",)))


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    source = corrected(tmp_path / "letters", "page")
    params = BuildParams(("txt",))
    build([source], None, tmp_path / "out", params)
    with pytest.raises(FileAccessError, match=r"letters\.txt: is there already"):
        build([source], None, tmp_path / "out", params)
    assert build([source], None, tmp_path / "out", replace(params, overwrite=True)).files


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="unknown format doc"):
        build([tmp_path], None, tmp_path / "out", BuildParams(("doc",)))


def test_places_follow_the_images_size(tmp_path: Path) -> None:
    """A page written for half the size, as servers hand them out."""
    source = corrected(tmp_path / "letters", "page")
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("p1.tif", "p2.tif"):
        Image.new("L", (2000, 2800), 255).save(folder / name, dpi=(200, 200))
    params = BuildParams(("alto",))
    first, _ = build([source], folder, tmp_path / "out", params).files
    (read,) = read_alto(first.read_bytes())
    assert (read.width, read.height, read.source) == (2000, 2800, "p1.tif")
    assert next(read.lines).words[0].box.left == 200


def test_an_image_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match=r"is 1000 x 1000, but .* 1000 x 1400"):
        scaled(page("a"), 1000, 1000)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/secret.png", "link.png", "..\\secret.png"])
def test_no_image_outside_the_folder_is_opened(tmp_path: Path, name: str) -> None:
    folder = scans(tmp_path / "scans")
    (tmp_path / "secret.png").write_bytes((folder / "p1.png").read_bytes())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    assert ImageFolder.of(folder).find(replace(page(), id="x", source=name)) is None


def test_two_images_of_a_name_are_not_chosen_between(tmp_path: Path) -> None:
    folder = scans(tmp_path / "scans")
    scans(folder / "more")
    found = ImageFolder.of(folder)
    assert found.find(replace(page(), source="more/p1.png")) == folder.resolve() / "more/p1.png"
    with pytest.raises(InputError, match="2 images of that name"):
        found.find(replace(page(), source="other/p2.png"))


def hostile(path: Path, made: Page) -> Path:
    path.write_bytes(page_xml(made, (), CREATED))
    return path


def test_a_pages_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    source = hostile(tmp_path / "x.xml", replace(page("a"), id="../../../evil"))
    (made,) = build([source], None, tmp_path / "out", BuildParams(("page",))).files
    assert made.resolve().is_relative_to(tmp_path / "out")


def test_ids_become_distinct_names(tmp_path: Path) -> None:
    made = page("a", "b")
    lines = tuple(replace(line, id="1 l") for line in made.regions[0].lines)
    pages = (replace(made, regions=(replace(made.regions[0], lines=lines),)),)
    path = tmp_path / "x.hocr"
    path.write_bytes(hocr(document(*pages)))
    (read,) = read_corrected([path])
    assert [line.id for line in read.document.pages[0].lines] == ["_1_l", "_1_l_2"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"<mets/>", "is not PAGE", id="another format"),
        pytest.param(b"{}", "is not PAGE", id="another JSON"),
        pytest.param(b"nothing", "not readable XML", id="no XML"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "c">]><alto/>', "has a DTD", id="DTD"),
        pytest.param(
            page_xml(page("a"), (), CREATED).replace(b'points="100,', b'points="nan,'),
            "off all measure|cannot convert",
            id="no number",
        ),
        pytest.param(
            page_xml(page("a"), (), CREATED).replace(b'points="100,', b'points="9e30,'),
            "off all measure",
            id="far away",
        ),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said):
        read_corrected([path])


def test_in_folders_other_files_are_passed_over(tmp_path: Path) -> None:
    source = corrected(tmp_path / "letters", "page")
    (source / "mets.xml").write_bytes(b"<mets/>")
    (read,) = read_corrected([source])
    assert len(read.document.pages) == 2


def test_two_files_of_a_page_are_not_chosen_between(tmp_path: Path) -> None:
    source = corrected(tmp_path / "letters", "page")
    made = letter().pages[0]
    (source / "p1.alto.xml").write_bytes(alto(made, (), CREATED))
    with pytest.raises(InputError, match=r"p1\.alto\.xml and p1\.xml: are both about page p1"):
        read_corrected([source])
    assert len(read_corrected([source / "p1.xml", source / "p2.xml"])) == 1


def test_of_our_own_formats_of_a_page_one_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As `convert --to page,page2013,alto` writes them; PAGE says most."""
    source = corrected(tmp_path / "letters", "page")
    for made in letter().pages:
        (source / f"{made.id}.alto.xml").write_bytes(alto(made, (), CREATED))
        (source / f"{made.id}.page2013.xml").write_bytes(page_xml(made, (), CREATED))
    (source / "p3.alto.xml").write_bytes(alto(page("alone", index=2), (), CREATED))
    (read,) = read_corrected([source], one_format=True)
    assert [path.name for path in read.files] == ["p1.xml", "p2.xml", "p3.alto.xml"]
    assert "p1.alto.xml: is left out for p1.xml" in caplog.text


def test_the_command_lists_what_it_made(tmp_path: Path) -> None:
    source = corrected(tmp_path / "letters", "page")
    words = ["build", str(source), "--out", str(tmp_path / "out"), "--to", "txt,md"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    names = [Path(line).name for line in result.stdout.splitlines()]
    assert names == ["letters.txt", "letters.md"]


def test_the_command_has_help_with_an_example() -> None:
    result = CliRunner().invoke(app, ["build", "--help"])
    assert "Example: inkfolio build" in " ".join(result.stdout.split())


def test_a_multi_page_tiff_gives_each_page_its_frame(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    first, second = (Image.new("L", (1000, 1400), shade) for shade in (255, 0))
    first.save(folder / "all.tif", save_all=True, append_images=[second], dpi=(100, 100))
    made = letter()
    pages = tuple(replace(part, source="all.tif") for part in made.pages)
    path = tmp_path / "all.json"
    path.write_bytes(json_document(replace(made, pages=pages)))
    (pdf_path,) = build([path], folder, tmp_path / "out", BuildParams(("pdf",))).files
    with pypdfium2.PdfDocument(io.BytesIO(pdf_path.read_bytes())) as pdf:
        shades = [pdf[i].render().to_pil().convert("L").getpixel((500, 900)) for i in (0, 1)]
    assert shades == [255, 0]


def with_script(path: Path) -> Path:
    """A PDF of two pages that runs something, as no PDF/A may."""
    writer = PdfWriter()
    for _ in range(2):
        writer.add_blank_page(720, 1008)
    action = DictionaryObject({NameObject("/S"): NameObject("/JavaScript")})
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): action})
    writer.write(path)
    return path


def test_a_pdf_that_cannot_be_pdfa_is_kept_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    with_script(folder / "all.pdf")
    made = letter()
    pages = tuple(replace(part, source="all.pdf") for part in made.pages)
    path = tmp_path / "all.json"
    path.write_bytes(json_document(replace(made, pages=pages)))
    words = ["build", str(path), "--images", str(folder), "--out", str(tmp_path), "--to", "pdf"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 10
    assert "is not PDF/A, for it has actions on events" in result.stderr
    assert (tmp_path / "all.pdf").is_file()


def test_an_unknown_pdfa_is_code_9(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["build", str(tmp_path), "--pdfa", "4"])
    assert (result.exit_code, "1b, 2b, 3b, none" in result.stderr) == (9, True)


def test_scans_become_smaller_on_request(tmp_path: Path) -> None:
    source, images = corrected(tmp_path / "letters", "page"), scans(tmp_path / "scans")
    words = ["build", str(source), "--images", str(images), "--to", "pdf", "--overwrite"]
    words += ["--out", str(tmp_path), "--image"]
    filters = {}
    for wish in ("original", "bitonal", "jpeg:1000"):
        result = CliRunner().invoke(app, [*words, wish])
        if result.exit_code == 0:
            objects = PdfReader(tmp_path / "letters.pdf").pages[0]["/Resources"]["/XObject"]
            filters[wish] = objects["/Page"]["/Filter"]
    fax = ["/FlateDecode", "/CCITTFaxDecode"]
    assert filters == {"original": "/FlateDecode", "bitonal": fax}
    assert (result.exit_code, "jpeg:1 to jpeg:95" in result.stderr) == (9, True)


def test_pdfa_3_carries_the_page_files(tmp_path: Path) -> None:
    source = corrected(tmp_path / "letters", "alto")
    params = BuildParams(("pdf",), pdf=PdfParams("3b"))
    built = build([source], scans(tmp_path / "scans"), tmp_path / "out", params)
    assert built.shortfalls == ()
    attached = PdfReader(built.files[0]).attachments
    assert sorted(attached) == ["p1.xml", "p2.xml"]
    assert read_page_xml(attached["p1.xml"][0]).text == "Ma chère mère,"


def test_mets_names_every_other_file_with_its_sum(tmp_path: Path) -> None:
    """Whatever its place among the formats: it is written last."""
    source = corrected(tmp_path / "letters", "page")
    images = scans(tmp_path / "scans")
    made = build([source], images, tmp_path / "out", BuildParams(("mets", "txt", "alto"))).files
    assert made[-1].name == "letters.mets.xml"
    root = ElementTree.parse(made[-1]).getroot()
    found = {
        unquote(file[0].attrib[f"{{{XLINK}}}href"]): file.attrib["CHECKSUM"]
        for file in root.iter(f"{{{METS}}}file")
    }
    files = {path.relative_to(tmp_path / "out").as_posix(): path for path in made[:-1]}
    files |= {path.name: path for path in images.iterdir()}
    expected = {name: sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert found == expected


def test_iiif_takes_the_address_that_is_given(tmp_path: Path) -> None:
    source = corrected(tmp_path / "letters", "page")
    words = ["build", str(source), "--images", str(scans(tmp_path / "scans"))]
    words += ["--out", str(tmp_path / "out"), "--to", "iiif", "--base-url", "https://a.example/x/"]
    assert CliRunner().invoke(app, words).exit_code == 0
    folder = tmp_path / "out" / "letters.iiif"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["id"] == "https://a.example/x/letters.iiif/manifest.json"
    body = manifest["items"][0]["items"][0]["items"][0]["body"]
    picture = folder / body["id"].removeprefix("https://a.example/x/letters.iiif/")
    assert Image.open(picture).size == (body["width"], body["height"]) == (1000, 1400)


TRANSKRIBUS = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15">
<Metadata><Creator>prov=READ-COOP</Creator><TranskribusMetadata docId="1" pageNr="1"/></Metadata>
<Page imageFilename="0007.jpg" imageWidth="800" imageHeight="600"><ReadingOrder>
<OrderedGroup id="ro"><RegionRefIndexed index="0" regionRef="r1"/></OrderedGroup></ReadingOrder>
<TextRegion id="r1" custom="readingOrder {index:0;}"><Coords points="9,9 790,9 790,200 9,200"/>
<TextLine id="r1l1" custom="readingOrder {index:0;}"><Coords points="10,10 400,10 400,60 10,60"/>
<Baseline points="10,50 400,52"/><TextEquiv><Unicode>le mot juste</Unicode></TextEquiv>
</TextLine></TextRegion></Page></PcGts>"""


@pytest.mark.parametrize(
    ("data", "image", "size", "text"),
    [
        pytest.param(TRANSKRIBUS, "0007.jpg", (800, 600), "le mot juste", id="Transkribus PAGE"),
        pytest.param(ESCRIPTORIUM, "0002.jpg", (800, 600), "une ligne", id="eScriptorium ALTO"),
        pytest.param(TESSERACT_ALTO, "0001.png", (640, 480), "This is", id="Tesseract ALTO"),
        pytest.param(TESSERACT_HOCR, "0001.png", (640, 480), "This is", id="Tesseract hOCR"),
        pytest.param(KRAKEN, "x.png", (99, 99), "deux mots", id="kraken hOCR"),
    ],
)
def test_a_peers_file_becomes_a_searchable_pdf(
    tmp_path: Path, data: bytes, image: str, size: tuple[int, int], text: str
) -> None:
    source = tmp_path / ("page.hocr" if b"ocr_page" in data else "page.xml")
    source.write_bytes(data)
    Image.new("L", size, 255).save(tmp_path / image)
    (made,) = build([source], tmp_path, tmp_path / "out", BuildParams(("pdf",))).files
    with pypdfium2.PdfDocument(made) as pdf:
        assert pdf[0].get_textpage().get_text_range() == text
