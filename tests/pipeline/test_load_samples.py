"""The pages in samples/: found, loaded, and in step with their ground truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.load import SourcePage, load_page
from pipeline.sources import find_documents

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
DOCUMENTS = find_documents([SAMPLES])
PAGES = [page for document in DOCUMENTS for page in document.pages]


def truth_of(page: SourcePage) -> dict[str, Any]:
    path = page.path.parent / f"{page.id}.json"
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return truth


def test_documents() -> None:
    assert {document.name: len(document.pages) for document in DOCUMENTS} == {
        "samples/notices": 2,
        "samples/report": 2,
        "samples/letters": 3,
        "samples/photo": 1,
        "samples/register": 1,
        "samples/stained": 1,
        "samples/typed": 1,
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.id)
def test_truth_fits_the_page(page: SourcePage) -> None:
    truth, loaded = truth_of(page), load_page(page)
    assert (loaded.width, loaded.height) == (truth["width"], truth["height"])
    assert (truth["image"], truth["frame"]) == (page.path.name, page.frame)
    assert round(loaded.ppi) in (150, 200, 300)
    assert not loaded.ppi_assumed
    for line in truth["lines"]:
        points = np.array(line["polygon"])
        assert (points >= 0).all()
        assert (points < (loaded.width, loaded.height)).all()
        (left, top), (right, bottom) = points.min(0), points.max(0)
        inside = loaded.gray[top:bottom, left:right]
        assert inside.min() < np.median(inside) - 40, f"no ink in {line['text']!r}"


def test_languages_and_kinds() -> None:
    truths = [truth_of(page) for page in PAGES]
    assert {truth["lang"] for truth in truths} == {"eng", "fra", "deu", "spa"}
    assert {truth["kind"] for truth in truths} == {"hand", "print", "typed"}


def test_samples_are_small() -> None:
    assert [path.name for path in SAMPLES.rglob("*") if path.stat().st_size > 250_000] == []
