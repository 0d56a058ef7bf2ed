"""IIIF manifests: what stands in them, and what iiif-prezi3 says of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from export.iiif import CanvasPicture, manifest
from pipeline.document import Document
from tests.export.pages import document, page, two_regions, unread

ROOT = Path(__file__).resolve().parents[2]
# iiif-prezi3 wants an older Pillow than we have, hence an environment of its own.
PYTHON = Path(os.environ.get("IIIF_PYTHON", ROOT / ".venv-iiif" / "bin" / "python"))
CHECK = (
    "import json, sys; from iiif_prezi3 import Manifest;"
    "manifest = Manifest(**json.load(sys.stdin)); print(manifest.json())"
)
URL = "https://archive.example/out/letters.iiif"


def table_of(made: Document, language: str = "fr") -> dict[str, Any]:
    pictures = [CanvasPicture(f"pages/{p.id}.jpg", 500, 700) for p in made.pages]
    return json.loads(manifest(made, pictures, URL, language))


def as_prezi3_reads(table: dict[str, Any]) -> dict[str, Any]:
    if not PYTHON.is_file():
        pytest.skip(f"iiif-prezi3 is not installed at {PYTHON}; .ci/run does it")
    done = subprocess.run(
        [PYTHON, "-c", CHECK], input=json.dumps(table), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_prezi3_reads_it_and_loses_nothing() -> None:
    table = table_of(document(two_regions(), unread(), page()))
    read = as_prezi3_reads(table)
    assert {*table} == {*read}
    assert read["items"] == [without_granularity(canvas) for canvas in table["items"]]


def without_granularity(canvas: dict[str, Any]) -> dict[str, Any]:
    """The canvas without what an extension brings, which prezi3 does not know."""
    for texts in canvas.get("annotations", []):
        for line in texts["items"]:
            del line["textGranularity"]
    return canvas


def test_prezi3_is_asked_in_earnest() -> None:
    table = table_of(document(page("a")))
    del table["items"][0]["items"][0]["items"][0]["target"]
    with pytest.raises(AssertionError, match="target"):
        as_prezi3_reads(table)


def test_a_canvas_is_as_large_as_the_page_and_its_picture_is_painted_on_all_of_it() -> None:
    (canvas,) = table_of(document(page("a")))["items"]
    (painting,) = canvas["items"][0]["items"]
    assert (canvas["width"], canvas["height"]) == (1000, 1400)
    assert (painting["motivation"], painting["target"]) == ("painting", canvas["id"])
    assert painting["body"]["id"] == f"{URL}/pages/p1.jpg"
    assert (painting["body"]["width"], painting["body"]["height"]) == (500, 700)


def test_a_line_is_an_annotation_on_its_place() -> None:
    (canvas,) = table_of(document(page("Ma mère,", "fin")))["items"]
    first, last = canvas["annotations"][0]["items"]
    assert first["body"]["value"] == "Ma mère,"
    assert (first["textGranularity"], first["motivation"]) == ("line", "supplementing")
    assert first["target"] == f"{canvas['id']}#xywh=100,160,160,50"
    assert first["body"]["language"] == "fr"
    assert last["id"].endswith("/r1l2")


def test_names_are_escaped_in_addresses() -> None:
    (canvas,) = table_of(document(two_regions()))["items"]
    (painting,) = canvas["items"][0]["items"]
    assert painting["body"]["id"] == f"{URL}/pages/id%200001%3B%C3%A9.jpg"


def test_a_page_without_text_has_no_annotations() -> None:
    (canvas,) = table_of(document(unread()))["items"]
    assert "annotations" not in canvas


def test_it_tells_how_it_was_made() -> None:
    (step,) = table_of(document(page("a")))["metadata"]
    assert step["label"] == {"en": ["Processing: recognize"]}
    assert step["value"] == {"none": ["0.1.0: beam: 1; weights: abc"]}
