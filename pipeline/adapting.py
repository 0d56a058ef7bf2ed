"""Scans to a model that reads their hands better, without a transcript: see recognize/adapt.py."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.answers import spread
from pipeline.errors import InkfolioError, InputError
from pipeline.line_corpus import LineRow, encode_line, write_rows
from pipeline.load import SourcePage
from pipeline.names import shown
from pipeline.settings import Settings
from pipeline.sources import SourceDocument, find_documents
from pipeline.stages import crops_of, open_page, segment_upright
from recognize.adapt import adapt_model
from recognize.dataset import read_samples
from recognize.reader import Reader, use_threads

LINES, MODEL = "lines.parquet", "adapted.safetensors"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AdaptParams:
    """Settings of `adapt`.

    Attributes:
        pages: read at most, evenly spread over all.
        least_confidence: of the lines that are learnt from.
    """

    pages: int = 40
    least_confidence: float = 0.6


def adapt(
    sources: Sequence[Path],
    out: Path,
    settings: Settings,
    params: AdaptParams = AdaptParams(),
    leave: Collection[Path] = (),
) -> Path:
    """Read some pages, and teach the model that read them what it read.

    On one core: the same scans give the same model, to the byte. Started again it goes on where it
    stopped: with the lines in `out` if there are any, and the training's last checkpoint. A model
    that is there already stays as it is.

    Args:
        sources: images, PDFs and folders of them.
        out: folder of the run; made if need be, and not read where it lies in a source.
        settings: the model to begin from, the language model that helps, how lines are found.
        params: see `AdaptParams`.
        leave: what else is not to be read.

    Returns:
        The model's safetensors file.

    Raises:
        InputError: if a source or the model is not there, or no line is read surely enough.
        FileAccessError: if `out` cannot be written.
    """
    lines, model = out / LINES, out / MODEL
    if model.exists() and model.with_suffix(".json").exists():
        return model
    use_threads(1)
    if not lines.exists():
        rows = list(_read(find_documents(sources, settings.load, [out, *leave]), settings, params))
        if not rows:
            raise InputError(
                f"{', '.join(map(shown, sources))}: no line is read surely enough to learn from; "
                "transcribe some pages and teach the hand by inkfolio train"
            )
        out.mkdir(parents=True, exist_ok=True)
        write_rows(rows, lines)
        logger.info("%d lines to learn from", len(rows))
    return adapt_model(read_samples([lines], "train"), out, settings.model)


def _read(
    documents: Sequence[SourceDocument], settings: Settings, params: AdaptParams
) -> Iterator[LineRow]:
    """The lines of some pages of all documents; a page that cannot be read is told and left out."""
    reader = Reader.load(settings.model, settings.lm)
    pages = [(document.name, page) for document in documents for page in document.pages]
    for name, page in spread(pages, params.pages):
        try:
            yield from _read_page(name, page, settings, reader, params.least_confidence)
        except InkfolioError as error:
            logger.warning("%s", error)


def _read_page(
    document: str, page: SourcePage, settings: Settings, reader: Reader, least: float
) -> Iterator[LineRow]:
    gray = open_page(page, settings).gray
    crops = [crop.image for crop in crops_of(gray, segment_upright(gray, settings, reader))]
    name = f"{document}/{page.id}"
    for number, (crop, reading) in enumerate(zip(crops, reader.read(crops), strict=True)):
        picture = encode_line(crop)
        if picture and reading.text and reading.confidence >= least:
            yield LineRow(picture, reading.text, document, name, number, "", "hand", "train")
