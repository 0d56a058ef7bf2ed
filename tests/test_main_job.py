"""The main job on real pages: what `make slow` shows of the whole, from scans to files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import bagit
import pytest
from docx import Document as open_docx
from jsonschema import Draft202012Validator
from lxml import etree
from pdfminer.high_level import extract_text
from rapidfuzz.distance import Indel

from export.json_document import SCHEMA, read_json_document
from pipeline.bag import bag_run
from pipeline.document import Document
from pipeline.stages import WRITERS, Finished
from tests.export.test_formats_agree import (
    CREATED,
    WITH_IDS,
    WITH_WORDS,
    from_manifest,
    parts_of,
)
from tests.export.test_hocr import complaints
from tests.export.test_iiif import as_prezi3_reads
from tests.export.test_mets import rules as mets_rules
from tests.export.test_pdfa import preflight
from tests.export.test_tei import schema as relax_ng

INKFOLIO = Path(sys.executable).with_name("inkfolio")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def scans(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every second of the val pages, which has pages of all corpora."""
    folder = tmp_path_factory.mktemp("scans") / "val"
    folder.mkdir()
    images = sorted(p for p in (shared / "data/pages/val").iterdir() if p.suffix != ".json")
    for image in images[::2]:
        shutil.copy(image, folder)
    return folder


@pytest.fixture(scope="module")
def converted(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages in every format; how well they are read is measured elsewhere."""
    out = tmp_path_factory.mktemp("out")
    command = [INKFOLIO, "convert", scans, "--out", out, "--jobs", "2"]
    command += ["--looks", "1", "--to", ",".join(WRITERS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@cache
def document_of(out: Path) -> Document:
    return read_json_document((out / "val.inkfolio.json").read_bytes())


def files_of(out: Path, name: str) -> dict[str, bytes]:
    """A format's files, by name."""
    done = Finished("val", document_of(out), (), CREATED, "")
    return {str(made.path): (out / made.path).read_bytes() for made in WRITERS[name](done)}


def test_every_page_is_written(converted: Path, scans: Path) -> None:
    images = {p.stem for p in scans.iterdir()}
    for suffix in (".xml", ".page2013.xml", ".alto.xml"):
        assert all((converted / "val" / f"{image}{suffix}").is_file() for image in images)


@pytest.mark.parametrize(
    ("name", "schema"),
    [("page", "page-2019-07-15"), ("page2013", "page-2013-07-15"), ("alto", "alto-4-4")],
)
def test_files_of_pages_are_valid(converted: Path, shared: Path, name: str, schema: str) -> None:
    checked = etree.XMLSchema(etree.parse(shared / "schemas" / f"{schema}.xsd"))
    for data in files_of(converted, name).values():
        checked.assertValid(etree.fromstring(data))


def test_tei_is_valid(converted: Path, shared: Path) -> None:
    (data,) = files_of(converted, "tei").values()
    tree = etree.fromstring(data, etree.XMLParser(huge_tree=True))
    relax_ng(shared / "schemas" / "tei_all.rng").assertValid(tree)


def test_mets_is_valid(converted: Path) -> None:
    (data,) = files_of(converted, "mets").values()
    mets_rules().assertValid(etree.fromstring(data))


def test_hocr_is_valid(converted: Path) -> None:
    (data,) = files_of(converted, "hocr").values()
    assert complaints(data) == []


def test_preflight_finds_nothing_against_1b(converted: Path, scans: Path, tmp_path: Path) -> None:
    """A PDF of the same pages, made from their JSON without reading again."""
    command = [
        INKFOLIO,
        "build",
        converted / "val.inkfolio.json",
        "--images",
        scans,
        "--out",
        tmp_path,
    ]
    done = subprocess.run([*command, "--to", "pdf", "--pdfa", "1b"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = preflight(tmp_path / "val.pdf")
    assert "is a valid PDF/A-1b file" in said, said


def test_the_bag_is_valid(converted: Path, tmp_path: Path) -> None:
    bag_run(converted, tmp_path / "bag")
    assert bagit.Bag(str(tmp_path / "bag")).validate()


def test_json_is_valid(converted: Path) -> None:
    (data,) = files_of(converted, "json").values()
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(json.loads(data))


def test_docx_can_be_opened(converted: Path) -> None:
    assert open_docx(str(converted / "val.docx")).paragraphs


def test_iiif_is_read_by_prezi3(converted: Path) -> None:
    as_prezi3_reads(json.loads((converted / "val.iiif" / "manifest.json").read_bytes()))


@pytest.mark.parametrize("name", WITH_IDS)
def test_ids_and_texts_are_the_same(converted: Path, name: str) -> None:
    expected = parts_of(document_of(converted).pages)
    if name in ("csv", "tsv"):
        expected = [lines for lines in expected if lines]
    assert WITH_IDS[name](files_of(converted, name)) == expected


def test_ids_and_texts_of_lines_are_the_same_in_iiif(converted: Path) -> None:
    pages = document_of(converted).pages
    expected = [[(line.id, line.text) for line in page.lines] for page in pages]
    assert from_manifest(files_of(converted, "iiif")) == expected


@pytest.mark.parametrize("name", sorted({*WITH_WORDS} - {"pdf"}))
def test_letters_are_the_same(converted: Path, name: str) -> None:
    """Words that a line's end broke may be whole now."""
    pages = document_of(converted).pages
    expected = "".join(word.text for p in pages for line in p.lines for word in line.words)
    found = "".join(WITH_WORDS[name](files_of(converted, name)))
    assert re.sub(r"[\W_]", "", found) == re.sub(r"[\W_]", "", expected)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler's pdftotext")
def test_poppler_finds_the_text_in_reading_order(converted: Path) -> None:
    command = ["pdftotext", "-raw", converted / "val.pdf", "-"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    written = (converted / "val.txt").read_text("utf-8").split()
    assert Indel.normalized_similarity(found, written) > 0.99


def test_pdfminer_finds_the_words(converted: Path) -> None:
    found = Counter(extract_text(converted / "val.pdf").split())
    written = Counter((converted / "val.txt").read_text("utf-8").split())
    assert (found & written).total() / written.total() > 0.98
