"""How far the run of a folder is, or was when it stopped: read from its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.ledger import look_into, running

MOST_ERRORS = 20


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is.

    Attributes:
        runner: who is at work, such as "process 12 on host"; empty if nobody is.
        started: when the last run began, ISO 8601.
        total: pages that the last run found.
        pages: number of pages by status: "done", "blank", "skipped", "failed".
        documents: number of documents by status: "done", "failed".
        seconds_per_page: mean over the pages, on one core.
        idle_seconds: since the ledger was last written.
        errors: the last ones.
    """

    runner: str
    started: str
    total: int
    pages: dict[str, int]
    documents: dict[str, int]
    seconds_per_page: float
    idle_seconds: float
    errors: list[str]

    def lines(self) -> list[str]:
        """For people."""
        kinds = ("done", "blank", "failed")
        pages = ", ".join(f"{self.pages.get(kind, 0)} {kind}" for kind in kinds)
        documents = ", ".join(
            f"{self.documents.get(kind, 0)} {kind}" for kind in ("done", "failed")
        )
        state = f"running: {self.runner}" if self.runner else "not running"
        last = f"{self.idle_seconds:.0f} s ago" if self.runner else "start it again to go on"
        complete = sum(self.pages.values()) >= self.total and not self.runner
        return [
            f"{state} (started {self.started}; last page {last})" if not complete else "complete",
            f"pages: {pages}, of {self.total} found; {self.seconds_per_page:.1f} s a page",
            f"documents: {documents}",
            *(f"failed: {error}" for error in self.errors),
        ]


def read_status(out: Path) -> RunStatus:
    """How far the run of a folder is.

    Raises:
        FileAccessError: if no run has written there.
    """
    with look_into(out) as ledger:
        notes = ledger.notes()
        return RunStatus(
            runner=running(out),
            started=notes.get("started", "never"),
            total=int(notes.get("pages", "0")),
            pages=ledger.counts(),
            documents=ledger.document_counts(),
            seconds_per_page=round(ledger.seconds_per_page(), 3),
            idle_seconds=round(max(0.0, _now() - ledger.changed()), 1),
            errors=ledger.errors(MOST_ERRORS),
        )


def _counted(counts: dict[str, int], kinds: Sequence[str]) -> str:
    return ", ".join(f"{counts.get(kind, 0)} {kind}" for kind in kinds)


def _now() -> float:
    return datetime.now(UTC).timestamp()
