"""What a worker does: count a file's pages, picture or read a page, write a document.

It never raises. Files are opened in here alone, so that one that crashes a decoder or never lets
go of it costs its own page. What a worker writes lies in a scratch folder until the run puts it
in its place.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from traceback import format_exception
from typing import TYPE_CHECKING, assert_never

from export.mets import FileRecord
from export.page_source import Layer
from pipeline.document import Document, Page, Step
from pipeline.enrichers import all_outputs, with_mentions
from pipeline.errors import FileAccessError, InkfolioError, UsageError
from pipeline.executor import Loss
from pipeline.given_order import in_given_order, order_file
from pipeline.ledger import PageRow
from pipeline.load import Kind, PageImage, SourcePage, existing_text, page_frames
from pipeline.memory import forget_peak, give_back, keep_flat, peak_mib, taken
from pipeline.names import shown
from pipeline.packing import Packed, pack
from pipeline.remote import Mirror, upload
from pipeline.report import PageFailure, PageOutcome, no_pdfa
from pipeline.settings import Settings
from pipeline.stages import (
    Finished,
    Output,
    Stopwatch,
    crops_of,
    open_page,
    page_source,
    read_page,
    segment_upright,
    unread_page,
)
from pipeline.web_picture import line_picture, web_picture

if TYPE_CHECKING:
    from recognize.reader import Reader


# What OpenCV, torch and oneDNN say where Python would raise a MemoryError.
_WANT_OF_MEMORY = ("Insufficient memory", "can't allocate memory", "could not create a primitive")


@dataclass(frozen=True, slots=True)
class PrepareTask:
    """What is to be loaded before the first page.

    Attributes:
        model: name or path.
        lm: its language model, or "none".
        looks: at a line in doubt.
        memory_bytes: the most that the process may take for it and a page; 0 for no limit.
    """

    model: str
    lm: str = "none"
    looks: int = 4
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a model's card says, or why it cannot be used.

    Attributes:
        name: of the model.
        version: of the model.
        sha256: of its weights.
        languages: hash of the language models that help it; empty without any.
        failure: why it cannot be used.
    """

    name: str = ""
    version: str = ""
    sha256: str = ""
    languages: str = ""
    failure: PageFailure | None = None


@dataclass(frozen=True, slots=True)
class CountTask:
    """A file whose pages are to be counted."""

    path: Path
    kind: Kind


@dataclass(frozen=True, slots=True)
class Counted:
    """The indexes of a file's pages, or why there are none."""

    frames: tuple[int, ...]
    failure: PageFailure | None = None


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A page to be read.

    Attributes:
        document: its document's name.
        page: the page.
        key: under which it is kept.
        answer: what a remote reader says of it; None without one.
        unanswered: why one that was asked says nothing.
    """

    document: str
    page: SourcePage
    key: str
    answer: str | None = None
    unanswered: str = ""


@dataclass(frozen=True, slots=True)
class PictureTask:
    """A page of which pictures are to be made for a remote reader.

    Attributes:
        page: the page.
        key: of the question.
        by_line: whether each line is a picture, or the whole page one.
    """

    page: SourcePage
    key: str
    by_line: bool = False


@dataclass(frozen=True, slots=True)
class Pictured:
    """Pictures of a page, or of its lines in reading order.

    Attributes:
        task: what was to be pictured.
        pictures: JPEGs, upright; None if none can be made or the page is left as it is.
    """

    task: PictureTask
    pictures: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class WriteTask:
    """A document to be written.

    Attributes:
        name: base name of its files.
        sources: where its pages come from.
        pages: the pages as read, packed.
        steps: provenance.
        created: the date that the files bear.
        key: under which it is kept.
        scratch: folder for the files; theirs alone.
        upload: URL below which the files are sent then; empty if the run can see the folder.
    """

    name: str
    sources: tuple[SourcePage, ...]
    pages: tuple[bytes, ...]
    steps: tuple[Step, ...]
    created: datetime
    key: str
    scratch: Path
    upload: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A file that waits to be put in its place.

    Attributes:
        path: where it belongs, in the run's folder.
        scratch: where it lies.
        sha256: of its bytes.
        uploaded: the URL where it lies instead, if it was sent to one.
        shortfall: what to tell if it was to be PDF/A and is not.
    """

    path: str
    scratch: Path
    sha256: str
    uploaded: str = ""
    shortfall: PageFailure | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a document as far as they could be made."""

    task: WriteTask
    files: tuple[Made, ...] = ()
    failure: PageFailure | None = None


WorkTask = ReadTask | WriteTask
WorkResult = PageRow | Written


def work(settings: Settings, mirror: Mirror, task: WorkTask) -> WorkResult:
    """Do a task; whatever goes wrong becomes its failure."""
    forget_peak()
    try:
        match task:
            case ReadTask():
                return _read(settings, mirror, task)
            case WriteTask():
                return _write(settings, mirror, task)
        assert_never(task)
    finally:
        give_back()


def lost(mirror: Mirror, task: WorkTask, loss: Loss) -> WorkResult:
    """The result of a task that took its process down, or never ended, twice."""
    match task:
        case ReadTask():
            failure = _loss(_place(task.page, mirror), loss)
            # Its process is gone; the memory of this one says nothing of it.
            return _row(task, _outcome(task.page, mirror, None, {}, failure, peak=0.0))
        case WriteTask():
            return Written(task, failure=_loss(shown(task.name), loss))
    assert_never(task)


def size(task: WorkTask) -> int:
    """How many pages' time a task may take."""
    return len(task.pages) if isinstance(task, WriteTask) else 1


def prepare(task: PrepareTask) -> Prepared:
    """Load the model."""
    try:
        from recognize.language import fingerprint  # slow: loads torch
        from recognize.weights import find_weights, read_card

        card = read_card(find_weights(task.model).with_suffix(".json"))
        _reader(task.model, task.lm, task.looks)
        languages = fingerprint(task.lm)
        if 0 < task.memory_bytes < taken():
            raise UsageError(
                f"--max-memory-per-page: {task.memory_bytes >> 20} MB are less than the "
                f"{taken() >> 20} MB that the model takes without any page; raise it"
            )
    except Exception as error:
        return Prepared(failure=failure_of(error, "model", shown(task.model)))
    return Prepared(card.name, card.version, card.sha256, languages)


def unprepared(task: PrepareTask, loss: Loss) -> Prepared:
    """What is known of a model that could not be loaded."""
    return Prepared(failure=_loss(shown(task.model), loss))


def count(settings: Settings, mirror: Mirror, task: CountTask) -> Counted:
    """Count a file's pages."""
    try:
        with mirror.file_here(task.path) as path:
            return Counted(page_frames(path, task.kind, settings.load))
    except Exception as error:
        return Counted((), failure_of(error, "count", shown(task.path)))


def uncounted(task: CountTask, loss: Loss) -> Counted:
    """What is known of a file that could not be counted."""
    return Counted((), _loss(shown(task.path), loss))


def picture(settings: Settings, mirror: Mirror, task: PictureTask) -> Pictured:
    """Make the pictures of a page; of one that cannot be opened reading will tell."""
    try:
        with mirror.here(task.page) as page_here:
            if _is_left(page_here, settings):
                return Pictured(task)
            return Pictured(task, tuple(_pictures(page_here, settings, task.by_line)))
    except Exception:
        return Pictured(task)


def _pictures(page: SourcePage, settings: Settings, by_line: bool) -> Iterator[bytes]:
    """Of the page, or of each of its lines; the right way up as far as we can tell."""
    gray = open_page(page, settings).gray
    found = segment_upright(gray, settings, _reader(settings.model, settings.lm, settings.looks))
    if not by_line:
        yield web_picture(page_source(page), settings.load, found.turn.degrees)
        return
    for crop in crops_of(gray, found):
        yield line_picture(crop.image)


def unpictured(task: PictureTask, loss: Loss) -> Pictured:
    """What there is of a page that took its process down."""
    return Pictured(task)


def _is_left(page: SourcePage, settings: Settings) -> bool:
    """Whether a page is left as it is, for it has text."""
    return settings.existing_text == "skip" and existing_text(page) != "none"


def _read(settings: Settings, mirror: Mirror, task: ReadTask) -> PageRow:
    watch = Stopwatch()
    page = None
    assumed = skipped = False
    failure = None
    expected_cer: float | None = 0.0
    not_there: tuple[str, ...] = ()
    try:
        with watch.timing("load"), mirror.here(task.page) as page_here:
            image = open_page(page_here, settings)
            skipped = _is_left(page_here, settings)
        page, assumed = unread_page(task.page, image), image.ppi_assumed
        if not skipped:
            reader = _reader(settings.model, settings.lm, settings.looks)
            page, not_there = _read_page(task, image, settings, reader, watch)
            order = order_file(settings.order_from, task.document, task.page)
            page = in_given_order(page, order) if order else page
            expected_cer = None if task.answer is not None else _expected_cer(page, reader)
    except Exception as error:  # the page's border: nothing of one page stops the others
        failure = failure_of(error, watch.stage, _place(task.page, mirror))
    outcome = replace(
        _outcome(task.page, mirror, page, watch.seconds, failure, peak_mib()),
        ppi_assumed=assumed,
        skipped=skipped,
        expected_cer=expected_cer,
        unanswered="" if skipped else task.unanswered,
        not_there=not_there,
    )
    return _row(task, outcome, page)


def _expected_cer(page: Page, reader: Reader) -> float:
    read = [(line.confidence, len(line.text)) for line in page.lines]
    return round(reader.calibration.expected_cer(read), 4)


def _read_page(
    task: ReadTask, image: PageImage, settings: Settings, reader: Reader, watch: Stopwatch
) -> tuple[Page, tuple[str, ...]]:
    """The page as read, and what of a remote reader's answer is not on it."""
    if task.answer is None:
        return read_page(task.page, image, settings, reader, watch), ()
    from pipeline.answered import read_answered  # slow: loads torch

    return read_answered(task.page, image, settings, reader, task.answer, watch)


@cache
def _reader(model: str, lm: str, looks: int) -> Reader:
    """One reader per process and model, on one thread: the same bytes whatever the jobs."""
    from recognize.reader import Reader, use_threads  # slow: loads torch

    use_threads(1)
    keep_flat()
    return Reader.load(model, lm, looks)


def _write(settings: Settings, mirror: Mirror, task: WriteTask) -> Written:
    files: list[Made] = []
    try:
        with _scratch(task) as folder:
            tempfile.tempdir = str(folder)  # /tmp may be small, and is not cleared after a kill
            sources = mirror.all_here(task.sources, folder)
            done, records = _finished(task, sources, settings), list[FileRecord]()
            done = with_mentions(done, settings.enrich)
            for name, output in all_outputs(done, settings.formats, settings.enrich, records):
                made = _make(output, folder / f"{len(files)}")
                size = made.scratch.stat().st_size
                records.append(FileRecord(made.path, name, made.sha256, size, output.page))
                files.append(_sent(made, task.upload) if task.upload else made)
    except Exception as error:  # the document's border
        return Written(task, (), failure_of(error, "export", shown(task.name)))
    finally:
        tempfile.tempdir = None
    return Written(task, tuple(files))


@contextmanager
def _scratch(task: WriteTask) -> Iterator[Path]:
    """The document's folder; one of this machine's own if its files are sent on."""
    if task.upload:
        with tempfile.TemporaryDirectory(prefix="inkfolio-made-") as folder:
            yield Path(folder)
    else:
        task.scratch.mkdir(parents=True, exist_ok=True)
        yield task.scratch


def _sent(made: Made, url: str) -> Made:
    """A file that has been sent on."""
    uploaded = f"{url}/{made.scratch.name}"
    upload(made.scratch, uploaded)
    made.scratch.unlink()
    return replace(made, uploaded=uploaded)


def _finished(task: WriteTask, sources: Sequence[SourcePage], settings: Settings) -> Finished:
    return Finished(
        name=task.name,
        document=Document(Path(task.name).name, Packed(task.pages, Page), task.steps),
        sources=tuple(page_source(page, _layer(page, settings)) for page in sources),
        created=task.created,
        language=settings.language,
        pdf=settings.pdf,
        base_url=settings.base_url,
    )


def _layer(page: SourcePage, settings: Settings) -> Layer:
    """What becomes of our text on a page that may have some already."""
    found = existing_text(page) if settings.existing_text != "keep" else "none"
    if found == "none":
        return "add"
    return "replace" if found == "hidden" and settings.existing_text == "redo" else "none"


def _make(output: Output, scratch: Path) -> Made:
    """Write a file to the disk, under another name than it will have."""
    try:
        with scratch.open("wb") as file:
            reasons = output.write(file)
            file.flush()
            os.fsync(file.fileno())
        with scratch.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileAccessError(
            f"{shown(str(output.path))}: cannot be written ({error.strerror or error}); "
            "make room or change the folder's permissions"
        ) from error
    shortfall = no_pdfa(shown(str(output.path)), reasons) if reasons else None
    return Made(str(output.path), scratch, sha256, shortfall=shortfall)


def failure_of(error: Exception, stage: str, place: str) -> PageFailure:
    """What to tell of an error: as it is if it was made for users, else with the place."""
    kind = type(error).__name__
    if isinstance(error, InkfolioError):
        return PageFailure(stage, kind, str(error), error.exit_code)
    if isinstance(error, MemoryError) or any(told in str(error) for told in _WANT_OF_MEMORY):
        advice = "does not fit into memory; raise --max-memory-per-page or scan it smaller"
        return PageFailure(stage, kind, f"{place}: {advice}")
    message = f"{place}: {kind}: {shown(str(error))}; please report this with --verbose"
    return PageFailure(stage, kind, message, traceback="".join(format_exception(error)))


def _loss(place: str, loss: Loss) -> PageFailure:
    if loss == "late":
        advice = "takes longer than --page-timeout allows, twice; raise it or leave the page out"
        return PageFailure("worker", "Timeout", f"{place}: {advice}")
    advice = (
        "the worker died of it, twice, perhaps for want of memory; try fewer --jobs or leave it out"
    )
    return PageFailure("worker", "WorkerDied", f"{place}: {advice}")


def _place(page: SourcePage, mirror: Mirror) -> str:
    return f"{shown(mirror.name(page.path))}, page {page.frame + 1}"


def _row(task: ReadTask, outcome: PageOutcome, page: Page | None = None) -> PageRow:
    return PageRow(
        document=task.document,
        id=task.page.id,
        number=outcome.number,
        key=task.key,
        status=outcome.status,
        seconds=sum(outcome.seconds.values()),
        error=outcome.failure.message if outcome.failure else "",
        outcome=pack(outcome),
        page=pack(page) if page else None,
    )


def _outcome(
    source: SourcePage,
    mirror: Mirror,
    page: Page | None,
    seconds: dict[str, float],
    failure: PageFailure | None,
    peak: float,
) -> PageOutcome:
    outcome = PageOutcome(
        id=source.id,
        source=mirror.name(source.path),
        number=source.index + 1,
        seconds=seconds,
        peak_mib=peak,
        failure=failure,
    )
    if page is None:
        return outcome
    lines = list(page.lines)
    return replace(
        outcome,
        ppi=round(page.ppi, 2),
        lines=len(lines),
        words=sum(len(line.words) for line in lines),
        confidence=round(sum(line.confidence for line in lines) / max(1, len(lines)), 4),
    )
