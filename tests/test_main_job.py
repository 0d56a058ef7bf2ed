"""The main job on real pages: what `make slow` shows of the whole, from scans to files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree
from pdfminer.high_level import extract_text
from rapidfuzz.distance import Indel

INKFOLIO = Path(sys.executable).with_name("inkfolio")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def converted(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    command = [INKFOLIO, "convert", shared / "data/pages/val", "--out", out, "--jobs", "2"]
    done = subprocess.run([*command, "--to", "pdf,txt,page"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def test_every_page_is_written(converted: Path, shared: Path) -> None:
    images = {p.stem for p in (shared / "data/pages/val").iterdir() if p.suffix != ".json"}
    assert {path.stem for path in (converted / "val").glob("*.xml")} == images


def test_every_page_file_validates(converted: Path, shared: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared / "schemas/page-2019-07-15.xsd"))
    for path in (converted / "val").glob("*.xml"):
        schema.assertValid(etree.parse(path))


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
