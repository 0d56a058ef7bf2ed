"""Scans to a model that reads their hands better, without a transcript: see recognize/adapt.py."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from pipeline.errors import InkfolioError, InputError
from pipeline.line_corpus import LineRow, encode_line, write_rows
from pipeline.load import SourcePage
from pipeline.names import shown
from pipeline.settings import Settings
from pipeline.sources import SourceDocument, find_documents
from pipeline.spread import spread
from pipeline.stages import crops_of, open_page, segment_upright
from recognize.adapt import AdaptParams, Told, adapt_model, part_of
from recognize.dataset import read_samples
from recognize.reader import Reader, use_threads

LINES = "lines.parquet"

_LOOKING = 0.1  # of the time, until all lines are there
PAGES = 40  # read at most, evenly spread over all

logger = logging.getLogger(__name__)


def adapt(
    sources: Sequence[Path],
    out: Path,
    settings: Settings,
    *,
    pages: int = PAGES,
    params: AdaptParams = AdaptParams(),
    leave: Collection[Path] = (),
    told: Told = lambda share: None,
) -> Path:
    """Read some pages, and teach the model that read them what it read.

    On one core: the same scans give the same model, to the byte. Started again it goes on where it
    stopped: with the lines in `out` if there are any, and the training's last checkpoint. A model
    that is there already stays as it is.

    Args:
        sources: images, PDFs and folders of them.
        out: folder of the run; made if need be, and not read where it lies in a source.
        settings: the model to begin from, how pages are loaded and lines are found.
        pages: read at most, evenly spread over all.
        params: how it is learnt.
        leave: what else is not to be read.
        told: is told now and then how far it is.

    Returns:
        The model's safetensors file.

    Raises:
        InputError: if a source or the model is not there, or no line is read surely enough.
        FileAccessError: if `out` cannot be written.
    """
    use_threads(1)
    lines = out / LINES
    if not lines.exists():
        documents = find_documents(sources, settings.load, [out, *leave])
        rows = list(_read(documents, settings, pages, part_of(told, 0.0, _LOOKING)))
        if not rows:
            raise InputError(f"{', '.join(map(shown, sources))}: no line of text was found")
        out.mkdir(parents=True, exist_ok=True)
        write_rows(rows, lines)
        logger.info("%d lines", len(rows))
    samples = read_samples([lines], "train")
    learning = part_of(told, _LOOKING, 1.0)
    return adapt_model(samples, out, settings.model, params, told=learning)


def _read(
    documents: Sequence[SourceDocument], settings: Settings, most: int, told: Told
) -> Iterator[LineRow]:
    """The lines of some pages of all documents; a page that cannot be read is told and left out.

    One look tells whether a line has writing in it; what it says is read when it is learnt.
    """
    reader = Reader.load(settings.model)
    pages = [(document.name, page) for document in documents for page in document.pages]
    chosen = spread(pages, most)
    for number, (name, page) in enumerate(chosen, 1):
        try:
            yield from _read_page(name, page, settings, reader)
        except InkfolioError as error:
            logger.warning("%s", error)
        told(number / len(chosen))


def _read_page(
    document: str, page: SourcePage, settings: Settings, reader: Reader
) -> Iterator[LineRow]:
    gray = open_page(page, settings).gray
    crops = [crop.image for crop in crops_of(gray, segment_upright(gray, settings, reader))]
    name = f"{document}/{page.id}"
    for number, (crop, reading) in enumerate(zip(crops, reader.glance(crops), strict=True)):
        picture = encode_line(crop)
        if picture and reading.text:
            yield LineRow(picture, reading.text, document, name, number, "", "hand", "train")
