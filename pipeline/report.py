"""What became of every page: outcomes, the summary for people, the exit code for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

SOME_PAGES_FAILED = 16
NO_PDFA = 10

Status = Literal["done", "blank", "skipped", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class PageFailure:
    """Why a page could not be read.

    Attributes:
        stage: where it happened: "load", "segment", "read", "worker".
        error: the exception's class.
        message: for people; names the file and says what to do.
        exit_code: the number for it in the command's table.
        traceback: where it happened in the program; empty for errors made for users.
    """

    stage: str
    error: str
    message: str
    exit_code: int = 15
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What became of a page.

    Attributes:
        id: base name of the page's files.
        source: the file that it came from, as found.
        number: the page's place in the document, from 1.
        ppi: pixels per inch; 0 if it was not loaded.
        ppi_assumed: whether the file did not say so.
        lines: text lines found.
        words: words read.
        confidence: mean over the lines, in [0, 1]; 0 without lines.
        seconds: time spent by stage.
        peak_mib: most memory of its process while the page was read (outside Linux: until then);
            0 where it is not told.
        failure: None if the page was read.
        skipped: whether it was left as it is, since it has text already.
        expected_cer: share of the characters read that is likely wrong; 0 without lines, None
            where a remote reader's answer stands: its confidence tells how well the ink bears it
            out, and nobody has measured how often such answers are wrong.
        unanswered: why a remote reader that was asked says nothing of it; our own reading stands.
        not_there: passages that a remote reader has for it and the ink does not bear out.
    """

    id: str
    source: str
    number: int
    ppi: float = 0.0
    ppi_assumed: bool = False
    lines: int = 0
    words: int = 0
    confidence: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_mib: float = 0.0
    failure: PageFailure | None = None
    skipped: bool = False
    expected_cer: float | None = 0.0
    unanswered: str = ""
    not_there: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """One word for it."""
        if self.failure:
            return "failed"
        if self.skipped:
            return "skipped"
        return "done" if self.lines else "blank"


@dataclass(frozen=True, slots=True)
class DocumentOutcome:
    """What became of a document.

    Attributes:
        name: base name of its files.
        source: the folder or file that it came from.
        pages: in order.
        outputs: files written, relative to the run's folder.
        failure: why the files could not be written, if they could not.
    """

    name: str
    source: str
    pages: tuple[PageOutcome, ...]
    outputs: tuple[str, ...] = ()
    failure: PageFailure | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a run."""

    documents: tuple[DocumentOutcome, ...]
    seconds: float = 0.0

    @property
    def pages(self) -> Iterator[PageOutcome]:
        """All pages, document by document."""
        return (page for document in self.documents for page in document.pages)

    @property
    def failures(self) -> list[PageFailure]:
        """All failures, of pages and of documents."""
        failures = [page.failure for page in self.pages]
        return [f for f in (*failures, *(d.failure for d in self.documents)) if f]

    @property
    def exit_code(self) -> int:
        """0 if all went well; 10 if all did but some PDF is no PDF/A.

        Else the failures' own code if nothing went well and they agree, or 16; 16, too, if a
        remote reader said nothing of some page.
        """
        if any(page.unanswered for page in self.pages):
            return SOME_PAGES_FAILED
        if not self.failures:
            return 0
        codes = {failure.exit_code for failure in self.failures}
        if codes == {NO_PDFA}:
            return NO_PDFA
        nothing = all(page.failure for page in self.pages) or all(
            document.failure for document in self.documents
        )
        return codes.pop() if nothing and len(codes) == 1 else SOME_PAGES_FAILED

    def summary(self) -> str:
        """Some lines for people: what was done, what was assumed, what went wrong."""
        counts = Counter(page.status for page in self.pages)
        total = sum(counts.values())
        rate = f", {60 * total / self.seconds:.0f} pages a minute" if self.seconds > 0 else ""
        lines = [
            f"{_count(total, 'page')} in {_count(len(self.documents), 'document')}: "
            f"{counts['done']} read, {counts['blank']} without text, {counts['failed']} failed"
            f" ({self.seconds:.1f} s{rate})"
        ]
        if counts["skipped"]:
            lines.append(f"{_count(counts['skipped'], 'page')} left as found: text was there")
        assumed = [page for page in self.pages if page.ppi_assumed]
        if assumed:
            lines.append(
                f"resolution missing from {_count(len(assumed), 'page')}: "
                f"assumed from the page's size, e.g. {assumed[0].ppi:.0f} ppi for {assumed[0].id}"
            )
        unanswered = [page.unanswered for page in self.pages if page.unanswered]
        if unanswered:
            told = f"{_count(len(unanswered), 'page')} without an answer, read by ourselves"
            lines.append(f"{told}: {Counter(unanswered).most_common(1)[0][0]}")
        not_there = sum(len(page.not_there) for page in self.pages)
        if not_there:
            told = _count(not_there, "passage")
            lines.append(f"{told} of the answers left out, without ink: see report.json")
        blank = [f"{page.id}: no text found" for page in self.pages if page.status == "blank"]
        failed = [f"failed: {failure.message}" for failure in self.failures]
        return "\n".join([*lines, *_shortened(blank), *_shortened(failed)])

    def counts(self) -> dict[str, int]:
        """Number of pages by status."""
        counts = Counter(page.status for page in self.pages)
        return {status: counts[status] for status in STATUSES}

    def as_dict(self) -> dict[str, object]:
        """For report.json."""
        return {
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "pages": self.counts(),
            "documents": [_document_dict(document) for document in self.documents],
        }


def no_pdfa(path: str, reasons: Sequence[str]) -> PageFailure:
    """What to tell of a PDF that was written and kept, but could not be made PDF/A."""
    message = (
        f"{path}: was written but is not PDF/A, for it has {', '.join(reasons)}; "
        "mend the source, or give --pdfa none if that will do"
    )
    return PageFailure("export", "NoPdfA", message, NO_PDFA)


def _document_dict(document: DocumentOutcome) -> dict[str, object]:
    pages = [{**asdict(page), "status": page.status} for page in document.pages]
    return {**asdict(document), "pages": pages}


def _shortened(lines: list[str], most: int = 20) -> list[str]:
    """The first lines, and how many more there are."""
    rest = len(lines) - most
    return lines if rest <= 0 else [*lines[:most], f"and {rest} more: see report.json"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
