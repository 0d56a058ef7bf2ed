"""The samples' word boxes: each holds its word's ink, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.settings import Settings
from pipeline.stages import Stopwatch, open_page, read_page
from recognize.reader import Reader
from tests.benchmarks.measure_words import CLEAN, WHOLE, measured
from tests.pipeline.test_load_samples import DOCUMENTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PRINTED = [
    document for document in DOCUMENTS if Path(document.name).name in ("report", "notices", "typed")
]


def test_boxes_of_printed_words_are_tight_to_their_ink() -> None:
    reader, settings = Reader.load("latin"), Settings()
    pages = [page for document in PRINTED for page in document.pages]
    assert pages
    for source in pages:
        image = open_page(source, settings)
        page = read_page(source, image, settings, reader, Stopwatch())
        words = measured(image.gray, list(page.lines))
        assert (words.held >= WHOLE).mean() >= 0.99
        assert (words.foreign <= CLEAN).mean() >= 0.99
        assert (words.margins > 0.1).any(axis=1).mean() <= 0.02
        assert words.cut.any(axis=1).mean() <= 0.01
