"""The tables of interchangeable parts, and how a page is read from end to end."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from export.alto import alto
from export.docx import docx
from export.hocr import hocr
from export.html_view import html_view
from export.hyphens import Lexicon
from export.iiif import CanvasPicture, manifest
from export.json_document import json_document
from export.markdown import markdown
from export.mets import ORIGINAL, FileRecord, mets
from export.page_source import ImageSource, Layer, PageSource, PdfPageSource
from export.page_xml import page_xml
from export.pdf import PdfParams, write_pdf
from export.pdf_attachments import Attachment
from export.reading_text import reading_text
from export.tei import tei
from export.text import document_text
from export.word_table import word_table
from pipeline.bitonal import ink_to_print
from pipeline.document import Alternative, Document, Line, Page, Region, Word
from pipeline.errors import InputError
from pipeline.load import PageImage, SourcePage, load_page
from pipeline.matching import Boxes, boxes_of
from pipeline.mentions import Mention
from pipeline.names import shown
from pipeline.placing import place_words
from pipeline.settings import Settings
from pipeline.web_picture import web_picture, web_size
from segment.arrays import Gray, Ink
from segment.clean import even_light
from segment.crop import LineCrop, crop_line, is_evenly_lit
from segment.page import Segmentation, segment_page

if TYPE_CHECKING:
    from recognize.alternatives import Rivals
    from recognize.reader import Reading  # slow: loads torch, which only workers need

LEAST_SIDE_PX = 16  # an image with a shorter side cannot hold a line of text
LINES_TRIED = 6  # where it is in doubt which way up a page is
SURELY_BETTER = 0.1  # confidence that a page must gain by being turned upside down
SURELY_READ = 0.9  # confidence from which a doubtful line is one
READ = 0.6  # and from which it is where so many others in its column are
IN_COLUMN = 2


class LineReader(Protocol):
    """Whatever reads line images; `recognize.reader.Reader` is the one that ships."""

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """One reading a line image."""
        ...

    def glance(self, lines: Sequence[Gray]) -> list[Reading]:
        """The same, less carefully: to judge what the images are."""
        ...


@dataclass(slots=True)
class Stopwatch:
    """Which stage a page is in, and the seconds that each has taken."""

    stage: str = "load"
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Time a stage; if it fails, `stage` tells which it was."""
        self.stage = stage
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(time.perf_counter() - start, 4)


def open_page(source: SourcePage, settings: Settings) -> PageImage:
    """Load a page and refuse one that is too small to hold text.

    Raises:
        InputError: if it cannot be loaded or is too small.
    """
    image = load_page(source, settings.load)
    if min(image.width, image.height) < LEAST_SIDE_PX:
        raise InputError(
            f"{shown(source.path)}: {image.width} x {image.height} pixels are too few for a page "
            "of text; scan it again or leave it out"
        )
    return image


def read_page(
    source: SourcePage,
    image: PageImage,
    settings: Settings,
    reader: LineReader,
    watch: Stopwatch,
) -> Page:
    """Find and read the lines of a loaded page.

    Returns:
        The page with regions, lines and words in page pixels; without regions if it is blank.
    """
    with watch.timing("segment"):
        found = segment_upright(image.gray, settings, reader)
        crops = crops_of(image.gray, found)
    with watch.timing("read"):
        readings = reader.read([crop.image for crop in crops])
    with watch.timing("words"):
        return page_with(source, image, found, lines_read(found, crops, readings))


def segment_upright(gray: Gray, settings: Settings, reader: LineReader) -> Segmentation:
    """Find a page's lines; reading tells what is a line, and which way up, where it is in doubt."""
    judge = partial(surely_read, reader)
    found = segment_page(gray, settings.segment, judge=judge)
    if found.turn.sure or not reads_upside_down(gray, found, reader):
        return found
    return segment_page(gray, settings.segment, (found.turn.degrees + 180) % 360, judge)


def surely_read(reader: LineReader, gray: Gray, lines: Sequence[Line]) -> list[bool]:
    """Which doubtful lines of a page hold text: what is read surely, and its like in its column."""
    crops = [crop_line(gray, line.boundary, line.baseline).image for line in lines]
    confidences = np.array([one.confidence if one.text else 0.0 for one in reader.glance(crops)])
    sure = confidences >= SURELY_READ
    like = _alike(boxes_of(line.boundary for line in lines))
    in_column = like[:, sure].sum(axis=1) >= IN_COLUMN
    return [bool(one) for one in sure | (in_column & (confidences >= READ))]


def _alike(boxes: Boxes) -> NDArray[np.bool_]:
    """Which boxes stand in one column and are about as long, (N, N)."""
    left, right = boxes[:, 0], boxes[:, 2]
    shared = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    longer = np.maximum.outer(right - left, right - left)
    return np.asarray(shared > 0.5 * longer)


def crops_of(gray: Gray, found: Segmentation) -> list[LineCrop]:
    """The crops of a page's lines, in reading order, without the shadows that cross them."""
    lines = found.lines
    crops = [crop_line(gray, line.boundary, line.baseline) for line in lines]
    shaded = [n for n, crop in enumerate(crops) if not is_evenly_lit(crop.image)]
    light = even_light(gray) if shaded else gray
    for n in shaded:
        crops[n] = crop_line(light, lines[n].boundary, lines[n].baseline)
    return crops


def lines_read(
    found: Segmentation, crops: Sequence[LineCrop], readings: Sequence[Reading]
) -> dict[str, Line]:
    """A page's lines by their IDs, with the words of their readings."""
    return {
        line.id: with_words(line, crop, reading, found.ink, found.turn.degrees)
        for line, crop, reading in zip(found.lines, crops, readings, strict=True)
    }


def page_with(
    source: SourcePage, image: PageImage, found: Segmentation, lines: Mapping[str, Line]
) -> Page:
    """A page with its lines as read; what turned out to hold no text is dropped."""
    regions = tuple(_filled(found.regions, lines))
    return replace(unread_page(source, image), skew=found.skew, regions=regions)


def unread_page(source: SourcePage, image: PageImage) -> Page:
    """A page as loaded, before anything is found on it."""
    return Page(
        id=source.id,
        index=source.index,
        width=image.width,
        height=image.height,
        ppi=image.ppi,
        source=source.path.name,
    )


def reads_upside_down(gray: Gray, found: Segmentation, reader: LineReader) -> bool:
    """Whether the longest lines of a page read much better upside down than as found."""
    lines = sorted(
        found.lines,
        key=lambda line: -math.dist(line.baseline[0], line.baseline[-1]),
    )[:LINES_TRIED]
    if not lines:
        return False
    crops = [crop_line(gray, line.boundary, line.baseline).image for line in lines]
    flipped = [np.ascontiguousarray(crop[::-1, ::-1]) for crop in crops]
    readings = reader.glance([*crops, *flipped])
    gain = sum(one.confidence for one in readings[len(lines) :])
    gain -= sum(one.confidence for one in readings[: len(lines)])
    return gain > SURELY_BETTER * len(lines)


def with_words(line: Line, crop: LineCrop, reading: Reading, ink: Ink, turned: int = 0) -> Line:
    """The line with the words of its reading, each on its ink.

    Args:
        line: in page pixels.
        crop: of the line.
        reading: of the crop.
        ink: bool (H, W), of the page.
        turned: degrees by which the page's text is turned counter-clockwise: 0, 90, 180 or 270.
            Characters have spans on pages that are not turned only.
    """
    spans = [reading.spans[start:end] for start, end in reading.words]
    placed = place_words(line, crop, spans, ink, turned)
    words = [
        Word(reading.text[start:end], box, reading.word_confidence(start, end), span)
        for (start, end), (box, span) in zip(reading.words, placed, strict=True)
    ]
    if reading.rivals:
        words = [with_rivals(*pair) for pair in zip(words, reading.rivals, strict=True)]
    return replace(line, words=tuple(words), confidence=reading.confidence)


def with_rivals(word: Word, rivals: Rivals) -> Word:
    """The word with what else it may be, given as odds against it."""
    others = (Alternative(text, word.confidence * odds) for text, odds in rivals)
    return replace(word, alternatives=tuple(others))


def _filled(regions: Sequence[Region], lines: Mapping[str, Line]) -> Iterator[Region]:
    for region in regions:
        kept = tuple(lines[line.id] for line in region.lines if lines[line.id].words)
        if kept:
            yield replace(region, lines=kept)


@dataclass(frozen=True, slots=True)
class Output:
    """A file to be written.

    Attributes:
        path: where, within the run's folder.
        write: fills it; returns why it is not PDF/A though it was to be, else nothing.
        page: ID of the page it is about; empty if it is about the whole document.
    """

    path: PurePosixPath
    write: Callable[[BinaryIO], list[str] | None]
    page: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A document that is ready to be written.

    Attributes:
        name: base name of its files, a relative POSIX path.
        document: the pages that could be loaded.
        sources: what each page is drawn from.
        created: the date that the files bear.
        language: BCP 47 code, or empty.
        pdf: how the PDF is made.
        base_url: address under which the run's folder will be on the web, for IIIF.
        files: what has been made of it so far, for METS.
        mentions: names and dates, for the formats that have tags for them.
    """

    name: str
    document: Document
    sources: tuple[PageSource, ...]
    created: datetime
    language: str
    pdf: PdfParams = PdfParams()
    base_url: str = ""
    files: tuple[FileRecord, ...] = ()
    mentions: tuple[Mention, ...] = ()


def page_source(page: SourcePage, layer: Layer = "add") -> PageSource:
    """What the PDF's page is drawn from; `layer` says what becomes of text on a PDF's page."""
    if page.kind == "pdf":
        return PdfPageSource(page.path, page.frame, layer)
    return ImageSource(page.path, page.frame)


def _attachments(done: Finished) -> Iterator[Attachment]:
    """The pages' PAGE files, which PDF/A-3 can carry."""
    if done.pdf.archive == "3b":
        for page in done.document.pages:
            data = page_xml(page, done.document.steps, done.created)
            about = f"PAGE XML of page {page.index + 1}"
            yield Attachment(f"{page.id}.xml", data, "text/xml", about)


def pdf_outputs(done: Finished) -> Iterator[Output]:
    """One searchable PDF; if it is PDF/A-3, with the pages' PAGE files in it."""

    def write(file: BinaryIO) -> list[str]:
        return write_pdf(
            done.document,
            done.sources,
            file,
            done.created,
            done.language,
            done.pdf,
            tuple(_attachments(done)),
            ink_to_print,
        )

    yield Output(PurePosixPath(f"{done.name}.pdf"), write)


def text_outputs(done: Finished) -> Iterator[Output]:
    """One text file, UTF-8, a form feed between pages."""

    def write(file: BinaryIO) -> None:
        file.write(document_text(done.document).encode())

    yield Output(PurePosixPath(f"{done.name}.txt"), write)


def page_outputs(done: Finished) -> Iterator[Output]:
    """A PAGE XML file for each page, in a folder named after the document."""
    for page in done.document.pages:

        def write(file: BinaryIO, page: Page = page) -> None:
            file.write(page_xml(page, done.document.steps, done.created))

        yield Output(PurePosixPath(done.name) / f"{page.id}.xml", write, page.id)


Writer = Callable[[Finished], Iterator[Output]]


def each_page(suffix: str, make: Callable[[Finished, Page], bytes]) -> Writer:
    """A writer of a file for each page, in a folder named after the document."""

    def outputs(done: Finished) -> Iterator[Output]:
        for page in done.document.pages:

            def write(file: BinaryIO, page: Page = page) -> None:
                file.write(make(done, page))

            yield Output(PurePosixPath(done.name) / f"{page.id}{suffix}", write, page.id)

    return outputs


def one_file(suffix: str, make: Callable[[Finished], bytes]) -> Writer:
    """A writer of one file a document."""

    def outputs(done: Finished) -> Iterator[Output]:
        def write(file: BinaryIO) -> None:
            file.write(make(done))

        yield Output(PurePosixPath(f"{done.name}{suffix}"), write)

    return outputs


def alto_outputs(done: Finished) -> Iterator[Output]:
    """An ALTO file for each page; words broken at a line's end by the document's own words."""
    lexicon = Lexicon.of(done.document)

    def make(done: Finished, page: Page) -> bytes:
        mentions = [mention for mention in done.mentions if mention.page == page.index]
        return alto(page, done.document.steps, done.created, lexicon, mentions)

    return each_page(".alto.xml", make)(done)


def html_outputs(done: Finished) -> Iterator[Output]:
    """A folder to look at: `index.html` and a picture a page."""
    folder = PurePosixPath(f"{done.name}.view")

    def write(file: BinaryIO) -> None:
        names = [quote(_picture_name(page)) for page in done.document.pages]
        file.write(html_view(done.document, names, done.language))

    yield Output(folder / "index.html", write)
    yield from _picture_outputs(done, folder)


def _picture_name(page: Page) -> str:
    return f"pages/{page.id}.jpg"


def _picture_outputs(done: Finished, folder: PurePosixPath) -> Iterator[Output]:
    """A picture a page, as browsers show them."""
    for place, page in enumerate(done.document.pages):

        def write(file: BinaryIO, place: int = place) -> None:
            file.write(web_picture(done.sources[place]))

        yield Output(folder / _picture_name(page), write, page.id)


def iiif_outputs(done: Finished) -> Iterator[Output]:
    """A folder for a web server: the manifest and a picture a page."""
    folder = PurePosixPath(f"{done.name}.iiif")

    def write(file: BinaryIO) -> None:
        pictures = [
            CanvasPicture(_picture_name(page), *web_size(page.width, page.height))
            for page in done.document.pages
        ]
        url = f"{done.base_url.rstrip('/')}/{quote(str(folder), errors='replace')}"
        file.write(manifest(done.document, pictures, url, done.language))

    yield Output(folder / "manifest.json", write)
    yield from _picture_outputs(done, folder)


def mets_outputs(done: Finished) -> Iterator[Output]:
    """The record of the document's scans and of the files that were made of it before."""
    path = PurePosixPath(f"{done.name}.mets.xml")

    def write(file: BinaryIO) -> None:
        made = [
            replace(record, path=PurePosixPath(record.path).relative_to(path.parent).as_posix())
            for record in done.files
        ]
        file.write(mets(done.document, [*_scans(done), *made], done.created))

    yield Output(path, write)


def _scans(done: Finished) -> Iterator[FileRecord]:
    """What the pages were read from, under the names that all formats have for it."""
    sums: dict[Path, str] = {}
    for page, source in zip(done.document.pages, done.sources, strict=True):
        if source.path not in sums:
            with source.path.open("rb") as file:
                sums[source.path] = hashlib.file_digest(file, "sha256").hexdigest()
        size = source.path.stat().st_size
        yield FileRecord(page.source, ORIGINAL, sums[source.path], size, page.id)


def outputs_of(
    done: Finished, formats: Sequence[str], made: Sequence[FileRecord] = ()
) -> Iterator[tuple[str, Output]]:
    """The files of a document, each with its format's name.

    Args:
        done: the document.
        formats: names of `WRITERS`; METS comes last, whatever its place.
        made: what has been made of it; may be added to as the files are written.
    """
    for name in sorted(formats, key=lambda name: name == "mets"):
        for output in WRITERS[name](replace(done, files=tuple(made))):
            yield name, output


def _page_2013(done: Finished, page: Page) -> bytes:
    return page_xml(page, done.document.steps, done.created, "2013-07-15")


WRITERS: dict[str, Writer] = {
    "pdf": pdf_outputs,
    "txt": text_outputs,
    "page": page_outputs,
    "html": html_outputs,
    "iiif": iiif_outputs,
    "mets": mets_outputs,
    "page2013": each_page(".page2013.xml", _page_2013),
    "alto": alto_outputs,
    "hocr": one_file(".hocr", lambda d: hocr(d.document, d.language)),
    "tei": one_file(".tei.xml", lambda d: tei(d.document, d.created, d.language, d.mentions)),
    "reading": one_file(".reading.txt", lambda d: reading_text(d.document).encode()),
    "md": one_file(".md", lambda d: markdown(d.document).encode()),
    "docx": one_file(".docx", lambda d: docx(d.document, d.created, d.language)),
    "json": one_file(".inkfolio.json", lambda d: json_document(d.document)),
    "csv": one_file(".words.csv", lambda d: word_table(d.document).encode()),
    "tsv": one_file(".words.tsv", lambda d: word_table(d.document, "\t").encode()),
}
