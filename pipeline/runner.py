"""Sources to pages to documents to files; the one place where any exception is caught."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

from pipeline.document import Document, Page, Step
from pipeline.errors import FileAccessError, InkfolioError, SettingsError
from pipeline.executor import Executor, Processes, serial
from pipeline.files import replacing, write_bytes
from pipeline.load import SourcePage
from pipeline.names import shown
from pipeline.report import DocumentOutcome, PageFailure, PageOutcome, Report
from pipeline.settings import Settings
from pipeline.sources import SourceDocument, find_documents
from pipeline.stages import (
    WRITERS,
    Finished,
    Output,
    Stopwatch,
    open_page,
    page_source,
    read_page,
    unread_page,
)
from pipeline.tables import to_table
from recognize.reader import Reader, use_threads
from recognize.weights import find_weights, read_card
from segment.page import finder_weights

logger = logging.getLogger(__name__)

REPORT_NAME = "report.json"


@dataclass(frozen=True, slots=True)
class PageTask:
    """A page to be read, and the document's place in the run."""

    document: int
    page: SourcePage


@dataclass(frozen=True, slots=True)
class PageResult:
    """A page as far as it could be read; `page` is None if not even its pixels could."""

    task: PageTask
    outcome: PageOutcome
    page: Page | None = None


def convert(
    sources: Sequence[Path],
    out: Path,
    settings: Settings = Settings(),
    *,
    jobs: int = 1,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Read all pages of some files and folders, and write their documents to a folder.

    Args:
        sources: images, PDFs and folders.
        out: folder for the outputs; made if it is missing.
        settings: how to read and what to write.
        jobs: processes, of one thread each; 1 works in this process.
        overwrite: whether files that no earlier run wrote may be replaced.
        progress: told the number of pages done and of all pages.

    Returns:
        What became of every page; written to `report.json` too.

    Raises:
        InputError: if a source does not exist, or no source holds any page.
        FileAccessError: if `out` cannot be written, or holds files that are not ours.
        SettingsError: if a format is unknown.
    """
    start = time.monotonic()
    _check_formats(settings)
    find_weights(settings.model)
    documents = find_documents(sources, settings.load, exclude=[out])
    ours = _files_of_last_run(out)
    if not overwrite:
        _refuse_strangers(documents, out, settings, ours)
    executor: Executor = Processes(jobs) if jobs > 1 else serial
    outcomes: dict[int, DocumentOutcome] = {}
    results = _read_all(documents, settings, executor, progress)
    for index, pages in _by_document(documents, results):
        outcomes[index] = _finish(documents[index], pages, out, settings)
    seconds = time.monotonic() - start
    report = Report(tuple(outcomes[i] for i in range(len(documents))), seconds)
    _write_report(report, out, settings, ours)
    return report


def read_one(settings: Settings, task: PageTask) -> PageResult:
    """Read one page; whatever goes wrong becomes its failure."""
    watch = Stopwatch()
    page = None
    assumed = False
    failure = None
    try:
        with watch.timing("load"):
            image = open_page(task.page, settings)
        page, assumed = unread_page(task.page, image), image.ppi_assumed
        page = read_page(task.page, image, settings, _reader(settings.model), watch)
    except Exception as error:  # the page's border: nothing of one page stops the others
        logger.debug("%s failed", shown(task.page.path), exc_info=True)
        failure = _failure(task, watch.stage, error)
    return PageResult(task, _outcome(task, page, assumed, watch.seconds, failure), page)


@cache
def _reader(model: str) -> Reader:
    """One reader per process and model, on one thread: the same bytes whatever the jobs."""
    use_threads(1)
    return Reader.load(model)


def _outcome(
    task: PageTask,
    page: Page | None,
    assumed: bool,
    seconds: dict[str, float],
    failure: PageFailure | None,
) -> PageOutcome:
    outcome = PageOutcome(
        id=task.page.id,
        source=str(task.page.path),
        number=task.page.index + 1,
        seconds=seconds,
        peak_mib=_peak_mib(),
        failure=failure,
    )
    if page is None:
        return outcome
    lines = list(page.lines)
    return replace(
        outcome,
        ppi=round(page.ppi, 2),
        ppi_assumed=assumed,
        lines=len(lines),
        words=sum(len(line.words) for line in lines),
        confidence=round(sum(line.confidence for line in lines) / max(1, len(lines)), 4),
    )


def _peak_mib() -> float:
    """The most memory that this process has had; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def _failure(task: PageTask, stage: str, error: Exception) -> PageFailure:
    if isinstance(error, InkfolioError):
        return PageFailure(stage, type(error).__name__, str(error), error.exit_code)
    where = f"{shown(task.page.path)}, page {task.page.frame + 1}"
    message = f"{where}: {type(error).__name__}: {error}; please report this with --verbose"
    return PageFailure(stage, type(error).__name__, message)


def _crashed(task: PageTask) -> PageResult:
    """The result of a page that took its process down twice."""
    message = (
        f"{shown(task.page.path)}, page {task.page.frame + 1}: the worker died reading it, "
        "perhaps for want of memory; try fewer --jobs or leave it out"
    )
    failure = PageFailure("worker", "BrokenProcessPool", message)
    return PageResult(task, _outcome(task, None, False, {}, failure))


def _read_all(
    documents: Sequence[SourceDocument],
    settings: Settings,
    executor: Executor,
    progress: Callable[[int, int], None],
) -> Iterator[PageResult]:
    tasks = [
        PageTask(number, page)
        for number, document in enumerate(documents)
        for page in document.pages
    ]
    progress(0, len(tasks))
    results = executor(partial(read_one, settings), tasks, _crashed)
    for done, result in enumerate(results, 1):
        if result.outcome.failure:
            logger.warning("%s", result.outcome.failure.message)
        yield result
        progress(done, len(tasks))


def _by_document(
    documents: Sequence[SourceDocument], results: Iterable[PageResult]
) -> Iterator[tuple[int, list[PageResult]]]:
    """Documents as they become complete, their pages in order."""
    waiting: dict[int, list[PageResult]] = {}
    for result in results:
        index = result.task.document
        pages = waiting.setdefault(index, [])
        pages.append(result)
        if len(pages) == len(documents[index].pages):
            yield index, sorted(waiting.pop(index), key=lambda r: r.task.page.index)


def _finish(
    source: SourceDocument, results: Sequence[PageResult], out: Path, settings: Settings
) -> DocumentOutcome:
    """Write a document's files; a failure is the document's, not the run's."""
    outcome = DocumentOutcome(source.name, str(source.path), tuple(r.outcome for r in results))
    read = [result for result in results if result.page]
    if not read:
        return outcome
    done = Finished(
        name=source.name,
        document=Document(
            title=Path(source.name).name,
            pages=tuple(result.page for result in read if result.page),
            steps=_steps(settings),
        ),
        sources=tuple(page_source(result.task.page) for result in read),
        created=_created([result.task.page.path for result in read]),
        language=settings.language,
    )
    written: list[str] = []
    try:
        for output in _outputs(done, settings):
            with replacing(out / output.path) as file:
                output.write(file)
            written.append(str(output.path))
    except Exception as error:  # the document's border
        logger.exception("%s could not be written", shown(source.name))
        code = error.exit_code if isinstance(error, InkfolioError) else 15
        message = f"{shown(source.name)}: {error}"
        failure = PageFailure("export", type(error).__name__, message, code)
        return replace(outcome, outputs=tuple(written), failure=failure)
    return replace(outcome, outputs=tuple(written))


def _outputs(done: Finished, settings: Settings) -> Iterator[Output]:
    return (output for name in settings.formats for output in WRITERS[name](done))


def _steps(settings: Settings) -> tuple[Step, ...]:
    """Provenance: what was done with the document, by which version and weights."""
    inkfolio = version("inkfolio")
    table = to_table(settings)
    card = read_card(find_weights(settings.model).with_suffix(".json"))
    weights: dict[str, object] = {
        "model": card.name,
        "version": card.version,
        "sha256": card.sha256,
    }
    return (
        Step("load", inkfolio, table["load"]),
        Step("segment", inkfolio, table["segment"] | finder_weights(settings.segment)),
        Step("read", inkfolio, weights),
    )


def _created(paths: Iterable[Path]) -> datetime:
    """The newest input's date, or SOURCE_DATE_EPOCH: the same input gives the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    seconds = int(epoch) if epoch else max(int(path.stat().st_mtime) for path in paths)
    return datetime.fromtimestamp(seconds, UTC)


def _check_formats(settings: Settings) -> None:
    unknown = [name for name in settings.formats if name not in WRITERS]
    if unknown or not settings.formats:
        wrong = ", ".join(unknown) or "none"
        raise SettingsError(f"unknown format {wrong}; there are: {', '.join(WRITERS)}")


def _files_of_last_run(out: Path) -> dict[str, str]:
    """Path and SHA-256 of the files that the last run into this folder wrote."""
    try:
        report = json.loads((out / REPORT_NAME).read_text("utf-8"))
        return dict(report["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _refuse_strangers(
    documents: Sequence[SourceDocument], out: Path, settings: Settings, ours: dict[str, str]
) -> None:
    """Stop before a file is overwritten that an earlier run did not write, or that was changed."""
    for document in documents:
        pages = tuple(
            Page(id=page.id, index=page.index, width=1, height=1, ppi=1) for page in document.pages
        )
        planned = Finished(document.name, Document("", pages), (), datetime.now(UTC), "")
        for output in _outputs(planned, settings):
            path = out / output.path
            if path.exists() and ours.get(str(output.path)) != _sha256(path):
                raise FileAccessError(
                    f"{shown(path)}: is there already and not from an earlier run, or was changed "
                    "since; choose another --out, or give --overwrite"
                )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_report(report: Report, out: Path, settings: Settings, ours: dict[str, str]) -> None:
    """Write `report.json`: outcomes, settings, and the hashes of this and earlier runs' files."""
    written = [name for document in report.documents for name in document.outputs]
    table = {
        "inkfolio": version("inkfolio"),
        **report.as_dict(),
        "settings": to_table(settings),
        "files": ours | {name: _sha256(out / name) for name in written},
    }
    text = json.dumps(table, ensure_ascii=False, indent=2) + "\n"
    write_bytes(out / REPORT_NAME, text.encode("utf-8", "surrogateescape"))
