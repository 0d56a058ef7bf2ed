"""What writing each format costs, beside what reading does, in seconds of one processor.

    python tests/benchmarks/measure_formats.py ../shared/data/pages/val --every 7

Processor time, so that other work on the machine matters little. The first page is read twice and
counted once: the network's kernels are made for it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import UTC, datetime
from io import BytesIO

import cv2
from chosen import chosen_pages

from pipeline.document import Document, Page
from pipeline.load import SourcePage
from pipeline.settings import Settings
from pipeline.stages import (
    WRITERS,
    Finished,
    Stopwatch,
    open_page,
    outputs_of,
    page_source,
    read_page,
)
from recognize.reader import Reader, use_threads


def main() -> None:
    """Read some pages, write all formats, print the seconds a page."""
    sources = chosen_pages(__doc__)
    use_threads(1)
    cv2.setNumThreads(1)
    reader, settings = Reader.load("latin"), Settings()
    _read(sources[0], settings, reader)
    start = time.process_time()
    pages = [_read(source, settings, reader) for source in sources]
    reading = time.process_time() - start
    costs = _costs(pages, sources)
    writing = sum(costs.values())
    print(f"{len(pages)} pages, seconds a page: reading {reading / len(pages):.3f}")
    for name, cost in sorted(costs.items(), key=lambda item: -item[1]):
        print(f"{name:10} {cost / len(pages):.4f}")
    print(f"all formats {writing / len(pages):.3f}: {writing / (reading + writing):.1%} of the run")


def _read(source: SourcePage, settings: Settings, reader: Reader) -> Page:
    return read_page(source, open_page(source, settings), settings, reader, Stopwatch())


def _costs(pages: list[Page], sources: tuple[SourcePage, ...]) -> dict[str, float]:
    """Seconds by format."""
    done = Finished(
        name="pages",
        document=Document("pages", pages),
        sources=tuple(page_source(source) for source in sources),
        created=datetime(2026, 1, 1, tzinfo=UTC),
        language="",
        base_url="http://localhost:8000",
    )
    costs: defaultdict[str, float] = defaultdict(float)
    start = time.process_time()
    for name, output in outputs_of(done, list(WRITERS)):
        output.write(BytesIO())
        costs[name] += time.process_time() - start
        start = time.process_time()
    return costs


if __name__ == "__main__":
    main()
