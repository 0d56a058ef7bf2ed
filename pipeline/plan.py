"""Which pages are still to be read and which documents to be written, as results come in."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.answers import Answers
from pipeline.document import Step
from pipeline.keys import Keys
from pipeline.ledger import DocumentRow
from pipeline.load import SourcePage
from pipeline.outputs import Outputs
from pipeline.packing import pack, unpack
from pipeline.report import DocumentOutcome, PageFailure
from pipeline.sources import SourceDocument
from pipeline.worker import ReadTask, WriteTask


class Plan:
    """The work of a run, less what the ledger says is done and intact.

    A document is written when the last of its pages is there, while others are being read.
    """

    def __init__(
        self,
        documents: Sequence[SourceDocument],
        keys: Keys,
        steps: tuple[Step, ...],
        outputs: Outputs,
        retry: bool,
        progress: Callable[[int, int], None],
        answers: Answers | None = None,
    ) -> None:
        """A plan for documents with distinct names; `answers` if a remote reader was asked."""
        self._documents = {document.name: document for document in documents}
        self._keys = keys
        self._steps = steps
        self._ledger = outputs.ledger
        self._outputs = outputs
        self._retry = retry
        self._progress = progress
        self._answers = answers
        self._missing = {document.name: len(document.pages) for document in documents}
        self._complete: deque[SourceDocument] = deque()
        self._pages = self._pages_to_read()
        self._done = 0
        self._total = sum(self._missing.values())
        progress(0, self._total)

    @property
    def total(self) -> int:
        """Number of pages, done or not."""
        return self._total

    @property
    def is_waiting(self) -> bool:
        """Whether documents have become complete since `tasks` ended."""
        return bool(self._complete)

    def tasks(self) -> Iterator[ReadTask | WriteTask]:
        """What can be done now; complete documents go before further pages."""
        while True:
            while self._complete:
                yield from self._to_write(self._complete.popleft())
            page = next(self._pages, None)
            if page:
                yield page
            elif not self._complete:
                return

    def page_is_there(self, name: str) -> None:
        """Count a page of a document as read, or as failed."""
        self._missing[name] -= 1
        if not self._missing[name]:
            self._complete.append(self._documents[name])
            del self._missing[name]
        self._done += 1
        self._progress(self._done, self._total)

    def record(
        self, name: str, key: str, outputs: tuple[str, ...], failure: PageFailure | None
    ) -> None:
        """Keep what became of a document."""
        document = self._documents[name]
        outcome = DocumentOutcome(name, "", (), outputs, failure)
        self._ledger.record_document(
            DocumentRow(
                name=name,
                pages=len(document.pages),
                key=key,
                status="failed" if failure else "done",
                error=failure.message if failure else "",
                outcome=pack(outcome),
            )
        )

    def _pages_to_read(self) -> Iterator[ReadTask]:
        for document in self._documents.values():
            for page in document.pages:
                answer = self._answers.of(page) if self._answers else None
                key = self._keys.page(document.name, page, answer)
                if key and key == self._ledger.page_key(
                    document.name, page.id, failed=not self._retry
                ):
                    self.page_is_there(document.name)
                else:
                    yield ReadTask(document.name, page, key, answer, self._why_not(page, answer))

    def _why_not(self, page: SourcePage, answer: str | None) -> str:
        """Why there is no answer for a page that was asked for."""
        return self._answers.why_not(page) if self._answers and answer is None else ""

    def _to_write(self, document: SourceDocument) -> Iterator[WriteTask]:
        """The task of writing a document, unless it is done or has no pages."""
        read = self._ledger.read_pages(document.name)
        pages = [page for page in document.pages if page.id in read]
        created = _created([page.path for page in pages])
        key = self._keys.document(document.name, created, {p.id: read[p.id] for p in pages})
        if self._is_done(document.name, key):
            return
        if not pages:
            self.record(document.name, key, (), None)
            return
        rows = [self._ledger.page(document.name, page.id) for page in pages]
        yield WriteTask(
            name=document.name,
            sources=tuple(pages),
            pages=tuple(row.page for row in rows if row and row.page),
            steps=self._steps,
            created=created,
            key=key,
            scratch=self._outputs.scratch / key[:16],
            upload=f"{self._outputs.upload}/{key[:16]}" if self._outputs.upload else "",
        )

    def _is_done(self, name: str, key: str) -> bool:
        row = self._ledger.document(name)
        if row is None or row.key != key or row.status == "failed":
            return False
        outputs = unpack(row.outcome, DocumentOutcome).outputs
        return self._outputs.are_intact(name, outputs)


def _created(paths: Iterable[Path]) -> datetime:
    """The newest input's date, or SOURCE_DATE_EPOCH: the same input gives the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    seconds = int(epoch) if epoch else max(map(_modified, paths), default=0)
    return datetime.fromtimestamp(seconds, UTC)


def _modified(path: Path) -> int:
    try:
        return int(path.stat().st_mtime)
    except OSError:  # gone since it was read; writing will say so
        return 0
