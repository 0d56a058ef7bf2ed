"""What a run would do, and an estimate of its time and disk from a few pages; nothing is kept."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline.answers import SAMPLES, plan_requests
from pipeline.executor import Limits, open_executor
from pipeline.ledger import PageRow
from pipeline.remote import mirrored, place, run_folder
from pipeline.remote_reader import RemoteParams
from pipeline.runner import check_formats, find_apart
from pipeline.settings import Settings
from pipeline.sources import SourceDocument
from pipeline.spread import spread
from pipeline.worker import (
    PrepareTask,
    ReadTask,
    WriteTask,
    Written,
    lost,
    picture,
    prepare,
    size,
    unpictured,
    work,
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would do.

    Attributes:
        documents: name and number of pages of each.
        inputs: number of files by suffix.
        formats: that would be written.
        samples: pages that were read for the estimate.
        failed: how many of them could not be read.
        seconds: that reading and writing would take.
        disk_bytes: that the outputs would take.
        requests: what would be sent to a remote reader, for people; empty without one.
    """

    documents: tuple[tuple[str, int], ...]
    inputs: dict[str, int]
    formats: tuple[str, ...]
    samples: int
    failed: int
    seconds: float
    disk_bytes: int
    requests: str = ""

    def lines(self) -> list[str]:
        """For people: a line a document, then the sums."""
        pages = sum(count for _, count in self.documents)
        inputs = ", ".join(f"{count} {suffix}" for suffix, count in sorted(self.inputs.items()))
        hours, minutes = divmod(round(self.seconds / 60), 60)
        return [
            *(f"{name}\t{count}" for name, count in self.documents),
            f"{len(self.documents)} documents, {pages} pages from {inputs}, "
            f"written as {', '.join(self.formats)}",
            f"about {hours} h {minutes:02} min and {self.disk_bytes / 1e6:.0f} MB, judged by "
            f"{self.samples} pages, of which {self.failed} could not be read",
            *([self.requests] if self.requests else []),
        ]


def estimate(
    sources: Sequence[Path | str],
    out: Path | str,
    settings: Settings = Settings(),
    *,
    jobs: int = 0,
    limits: Limits = Limits(),
    remote: RemoteParams | None = None,
) -> Estimate:
    """Find what `convert` would read, read a few pages of it, and extrapolate; nothing is sent.

    Raises:
        InputError: if a source does not exist, or no source holds any page.
        SettingsError: if a format is unknown.
    """
    check_formats(settings)
    load = partial(prepare, PrepareTask(settings.model, settings.lm, settings.looks))
    with (
        mirrored([place(source) for source in sources]) as (paths, mirror),
        open_executor(jobs, limits, start=load) as executor,
        tempfile.TemporaryDirectory(prefix="inkfolio-") as scratch,
    ):
        documents = find_apart(executor, paths, mirror, settings, [run_folder(place(out))])
        samples = _samples(documents)
        do, give_up = partial(work, settings, mirror), partial(lost, mirror)
        rows = list(executor(do, samples, give_up, size))
        seconds = sum(row.seconds for row in rows if isinstance(row, PageRow))
        tasks = list(_to_write(samples, rows, Path(scratch)))
        made = _sizes(executor(do, tasks, give_up, size))
        pages = [page for document in documents for page in document.pages]
        folder = run_folder(place(out))
        requests = ""
        if remote:
            draw = partial(picture, settings, mirror)
            requests = plan_requests(
                pages, folder, settings.load, remote, lambda some: executor(draw, some, unpictured)
            )
    share = len(pages) / len(samples)
    files = {page.path for page in pages}
    return Estimate(
        documents=tuple((document.name, len(document.pages)) for document in documents),
        inputs=dict(Counter(path.suffix.lower() or "other" for path in files)),
        formats=settings.formats,
        samples=len(samples),
        failed=sum(isinstance(row, PageRow) and row.status == "failed" for row in rows),
        seconds=seconds * share / max(1, jobs),
        disk_bytes=round(sum(made) * share),
        requests=requests,
    )


def _samples(documents: Sequence[SourceDocument]) -> list[ReadTask]:
    """A few pages, spread evenly over all."""
    pages = [(document.name, page) for document in documents for page in document.pages]
    chosen = enumerate(spread(pages, SAMPLES))
    return [ReadTask(name, page, str(number)) for number, (name, page) in chosen]


def _to_write(
    samples: Sequence[ReadTask], rows: Sequence[object], scratch: Path
) -> Iterator[WriteTask]:
    """Each sample that could be read, as its own document."""
    packed = {row.key: row.page for row in rows if isinstance(row, PageRow) and row.page}
    for sample in samples:
        if sample.key in packed:
            yield WriteTask(
                name=sample.page.id,
                sources=(sample.page,),
                pages=(packed[sample.key],),
                steps=(),
                created=datetime.fromtimestamp(0, UTC),
                key=sample.key,
                scratch=scratch / sample.key,
            )


def _sizes(made: Iterable[object]) -> list[int]:
    """Bytes of all formats of each document."""
    return [
        sum(file.scratch.stat().st_size for file in written.files)
        for written in made
        if isinstance(written, Written)
    ]
