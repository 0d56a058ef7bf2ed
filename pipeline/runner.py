"""Sources to pages to documents to files: a run, which may be stopped and gone on with."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path

from pipeline.answers import Answers
from pipeline.cluster import open_cluster
from pipeline.document import Document, Page, Step
from pipeline.enrichers import check_enrichers, enricher
from pipeline.errors import FileAccessError, InputError, SettingsError
from pipeline.executor import Executor, Limits, Loss, Result, Task, open_executor
from pipeline.given_order import check_order_folder
from pipeline.interruption import interruptible
from pipeline.keys import code_version, keys_of
from pipeline.ledger import Ledger, PageRow, open_ledger
from pipeline.load import Kind, LoadParams
from pipeline.names import shown
from pipeline.outputs import Outputs
from pipeline.packing import unpack
from pipeline.plan import Plan
from pipeline.remote import Mirror, mirrored, place, refuse_memory, run_folder
from pipeline.remote_reader import RemoteParams, RemoteReader
from pipeline.report import DocumentOutcome, PageFailure, PageOutcome, Report
from pipeline.review import needs_review, page_table
from pipeline.settings import Settings
from pipeline.sources import SourceDocument, find_documents
from pipeline.stages import WRITERS, Finished
from pipeline.tables import to_table
from pipeline.worker import (
    CountTask,
    Prepared,
    PrepareTask,
    WorkResult,
    Written,
    count,
    lost,
    picture,
    prepare,
    size,
    uncounted,
    unpictured,
    unprepared,
    work,
)
from segment.page import finder_weights

logger = logging.getLogger(__name__)

REPORT_JSON = "report.json"
REPORT_CSV = "report.csv"


def convert(
    sources: Sequence[Path | str],
    out: Path | str,
    settings: Settings = Settings(),
    *,
    jobs: int = 0,
    limits: Limits = Limits(),
    cluster: str = "",
    overwrite: bool = False,
    retry: bool = True,
    leave: Collection[Path] = (),
    remote: RemoteReader | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Read all pages of some files and folders, and write their documents to a folder.

    What an earlier run into the same folder has done, and is intact, is not done again.

    Args:
        sources: images, PDFs and folders, or URLs of some.
        out: folder for the outputs, made if it is missing; or the URL of one, whose ledger stays
            on this machine.
        settings: how to read and what to write.
        jobs: processes, of one thread each; 0 works in this process, without limits.
        limits: what a page may take.
        cluster: address of a Dask scheduler, or "local" for one with `jobs` workers; empty for
            processes of this machine.
        overwrite: whether files that no earlier run wrote may be replaced.
        retry: whether pages that failed before are tried again.
        leave: files not to read, though they are in a folder of `sources`.
        remote: whom to ask for the pages' text; nobody unless it is given.
        progress: told the number of pages done and of all pages.

    Returns:
        What became of every page; written to `report.json` and `report.csv` too.

    Raises:
        InputError: if a source does not exist, no source holds any page, there is no model, or no
            folder `order_from`.
        FileAccessError: if `out` cannot be written, another run is writing into it, or it holds
            files that are not ours.
        SettingsError: if a format is unknown.
        UsageError, DependencyError, ClusterError: if the cluster or a URL cannot be used.
        KeyboardInterrupt: if the run was interrupted; what was in hand has been finished.
    """
    began = time.monotonic()
    check_formats(settings)
    check_order_folder(settings.order_from)
    places, target = [place(source) for source in sources], place(out)
    if jobs or cluster:
        refuse_memory([*places, target])
    folder = run_folder(target)
    most = limits.memory_bytes if jobs or cluster else 0
    wanted = PrepareTask(settings.model, settings.lm, settings.looks, most)
    with (
        mirrored(places) as (paths, mirror),
        interruptible() as stopping,
        _executor(cluster, jobs, limits, stopping, partial(prepare, wanted)) as executor,
    ):
        model = _once(executor, prepare, wanted, unprepared)
        _raise(model.failure)
        documents = find_apart(executor, paths, mirror, settings, [folder, *leave])
        with open_ledger(folder) as ledger:
            outputs = Outputs(folder, ledger, overwrite, target if isinstance(target, str) else "")
            outputs.clear_scratch()
            outputs.refuse_strangers([*_planned(documents, settings), REPORT_JSON, REPORT_CSV])
            finder = json.dumps(finder_weights(settings.segment), sort_keys=True)
            asked = remote.params.asked if remote else ()
            keys = keys_of(settings, model.sha256 + model.languages + finder, asked)
            answers = None
            if remote:
                answers = Answers(remote, ledger, settings.load)
                _ask(answers, documents, settings, mirror, executor, stopping)
            steps = _steps(settings, model, remote)
            plan = Plan(documents, keys, steps, outputs, retry, progress, answers)
            ledger.note(pages=plan.total, started=datetime.now(UTC).isoformat(timespec="seconds"))
            _do(plan, settings, mirror, executor, outputs, stopping)
            report = _report(documents, mirror, ledger, time.monotonic() - began)
            _write_report(report, settings, outputs)
            outputs.clear_scratch()
    return report


def _executor(
    cluster: str,
    jobs: int,
    limits: Limits,
    stopping: Callable[[], bool],
    start: Callable[[], object],
) -> AbstractContextManager[Executor]:
    if cluster:
        return open_cluster(cluster, jobs, code_version, stopping, limits, start)
    return open_executor(jobs, limits, stopping, start)


def find_apart(
    executor: Executor,
    sources: Sequence[Path],
    mirror: Mirror,
    settings: Settings,
    leave: Collection[Path] = (),
) -> list[SourceDocument]:
    """Find documents as `find_documents` does; files are opened by the executor alone."""
    counter = partial(_count_apart, executor, settings, mirror)
    return find_documents(sources, settings.load, exclude=leave, count=counter)


def _count_apart(
    executor: Executor,
    settings: Settings,
    mirror: Mirror,
    path: Path,
    kind: Kind,
    params: LoadParams,
) -> tuple[int, ...]:
    """Count a file's pages where it can do no harm."""
    counted = _once(executor, partial(count, settings, mirror), CountTask(path, kind), uncounted)
    _raise(counted.failure)
    return counted.frames


def _once(
    executor: Executor,
    work: Callable[[Task], Result],
    task: Task,
    lost: Callable[[Task, Loss], Result],
) -> Result:
    """Do a single task before the others can begin."""
    for result in executor(work, [task], lost):
        return result
    raise KeyboardInterrupt  # it was not even begun


def _raise(failure: PageFailure | None) -> None:
    if failure:
        raise InputError(failure.message)


def _ask(
    answers: Answers,
    documents: Sequence[SourceDocument],
    settings: Settings,
    mirror: Mirror,
    executor: Executor,
    stopping: Callable[[], bool],
) -> None:
    """Ask for all pages that have no answer yet.

    Raises:
        KeyboardInterrupt: if the run is to stop; what came until then is kept.
    """
    pages = (page for document in documents for page in document.pages)
    questions = takewhile(lambda _: not stopping(), answers.questions(pages))
    answers.ask(executor(partial(picture, settings, mirror), questions, unpictured), stopping)
    if stopping():
        raise KeyboardInterrupt


def _do(
    plan: Plan,
    settings: Settings,
    mirror: Mirror,
    executor: Executor,
    outputs: Outputs,
    stopping: Callable[[], bool],
) -> None:
    """Do what is planned, and what becomes possible by it.

    Raises:
        KeyboardInterrupt: if the run is to stop; what was in hand has been finished.
    """
    rounds = 0
    while not rounds or plan.is_waiting:
        rounds += 1
        tasks = takewhile(lambda _: not stopping(), plan.tasks())
        do, give_up = partial(work, settings, mirror), partial(lost, mirror)
        for result in executor(do, tasks, give_up, size):
            _take(result, plan, outputs)
        if stopping():
            raise KeyboardInterrupt


def _take(result: WorkResult, plan: Plan, outputs: Outputs) -> None:
    if isinstance(result, PageRow):
        _log(result)
        outputs.ledger.record_page(result)
        plan.page_is_there(result.document)
    elif isinstance(result, Written):
        _publish(result, plan, outputs)


def _log(row: PageRow) -> None:
    about = {"document": row.document, "page": row.id, "status": row.status}
    level = logging.WARNING if row.error else logging.INFO
    told = row.error or f"{row.document}, page {row.number}: {row.status}"
    logger.log(level, "%s", told, extra={**about, "seconds": round(row.seconds, 3)})
    if row.error:
        failure = unpack(row.outcome, PageOutcome).failure
        if failure and failure.traceback:
            logger.debug("%s", failure.traceback)


def _publish(written: Written, plan: Plan, outputs: Outputs) -> None:
    """Put a document's files in their places; a failure is the document's, not the run's."""
    task, failure = written.task, written.failure
    paths = tuple(file.path for file in written.files)
    if not failure:
        try:
            outputs.put_in_place(task.name, written.files)
        except FileAccessError as error:
            message = f"{shown(task.name)}: {error}"
            failure = PageFailure("export", type(error).__name__, message, error.exit_code)
    outputs.clear_scratch(task.scratch)
    if failure:
        logger.warning("%s", failure.message, extra={"document": task.name})
        logger.debug("%s", failure.traceback)
    shortfall = next((file.shortfall for file in written.files if file.shortfall), None)
    plan.record(task.name, task.key, () if failure else paths, failure or shortfall)


def _report(
    documents: Sequence[SourceDocument], mirror: Mirror, ledger: Ledger, seconds: float
) -> Report:
    return Report(tuple(_outcome(document, mirror, ledger) for document in documents), seconds)


def _outcome(document: SourceDocument, mirror: Mirror, ledger: Ledger) -> DocumentOutcome:
    """What the ledger tells of a document and its pages."""
    rows = [ledger.page(document.name, page.id) for page in document.pages]
    pages = tuple(unpack(row.outcome, PageOutcome) for row in rows if row)
    source = mirror.name(document.path)
    found = ledger.document(document.name)
    if not found:
        return DocumentOutcome(document.name, source, pages)
    outcome = unpack(found.outcome, DocumentOutcome)
    return DocumentOutcome(document.name, source, pages, outcome.outputs, outcome.failure)


def _steps(settings: Settings, model: Prepared, remote: RemoteReader | None) -> tuple[Step, ...]:
    """Provenance: what was done with the document, by which version, weights and other reader."""
    inkfolio = version("inkfolio")
    table = to_table(settings)
    weights: dict[str, object] = {
        "model": model.name,
        "version": model.version,
        "sha256": model.sha256,
    }
    return (
        Step("load", inkfolio, table["load"]),
        Step("segment", inkfolio, table["segment"] | finder_weights(settings.segment)),
        Step("read", inkfolio, weights),
        *([Step("ask", inkfolio, _about(remote.params))] if remote else []),
    )


def _about(remote: RemoteParams) -> dict[str, object]:
    sends = "lines" if remote.by_line else "page"
    return {"host": remote.host, "model": remote.model, "sends": sends}


def check_formats(settings: Settings) -> None:
    """Refuse formats that nobody writes.

    Raises:
        SettingsError: if a format is unknown, or there is none, or so for what is to be enriched.
        DependencyError: if what is to be enriched needs a part that is not installed.
    """
    check_enrichers(settings.enrich, settings.language)
    unknown = [name for name in settings.formats if name not in WRITERS]
    if unknown or not settings.formats:
        wrong = ", ".join(unknown) or "none"
        raise SettingsError(f"unknown format {wrong}; there are: {', '.join(WRITERS)}")


def _planned(documents: Sequence[SourceDocument], settings: Settings) -> Iterator[str]:
    """The files that will be written if all goes well."""
    for document in documents:
        pages = tuple(
            Page(id=page.id, index=page.index, width=1, height=1, ppi=1) for page in document.pages
        )
        empty = Finished(document.name, Document("", pages), (), datetime.now(UTC), "")
        writers = [WRITERS[name] for name in settings.formats]
        writers += [enricher(name).writer for name in settings.enrich]
        for writer in writers:
            yield from (str(output.path) for output in writer(empty))


def _write_report(report: Report, settings: Settings, outputs: Outputs) -> None:
    """Write `report.json` (outcomes, settings, the hashes of all files) and `report.csv`."""
    hashes = {
        path: sha256
        for document in report.documents
        for path, sha256 in outputs.ledger.files(document.name)
    }
    table = {
        "inkfolio": version("inkfolio"),
        **report.as_dict(),
        "needs_review": needs_review(report),
        "settings": to_table(settings),
        "files": hashes,
    }
    text = json.dumps(table, ensure_ascii=False, indent=2) + "\n"
    outputs.write(REPORT_JSON, text.encode("utf-8", "surrogateescape"))
    outputs.write(REPORT_CSV, page_table(report).encode("utf-8"))
