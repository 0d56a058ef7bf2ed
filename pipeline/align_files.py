"""Images and a transcription's file -> searchable documents of that text, and what did not fit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pipeline.alignment import Alignment, SeenPage, align, see_page
from pipeline.answers import Answers, plan_requests
from pipeline.build import BuildParams, Built, newest, write_all
from pipeline.checking import findings, findings_csv, findings_html
from pipeline.document import Document, Page, Step
from pipeline.errors import InputError, UsageError
from pipeline.ledger import open_ledger
from pipeline.load import SourcePage
from pipeline.names import distinct, safe_name, shown
from pipeline.remote import Mirror
from pipeline.remote_reader import RemoteParams, RemoteReader
from pipeline.settings import Settings
from pipeline.sources import SourceDocument, find_documents
from pipeline.stages import Finished, Output, open_page, page_source
from pipeline.transcript import (
    Transcript,
    find_transcripts,
    read_transcript,
    together,
    transcript_of,
)
from pipeline.worker import Pictured, PictureTask, picture
from recognize.reader import Reader
from recognize.weights import find_weights, read_card


@dataclass(frozen=True, slots=True)
class Aligned:
    """A document with its text on it, ready to be written.

    Attributes:
        finished: the document.
        alignment: what fitted and what did not.
        texts: the transcription's files.
        unanswered: IDs of the pages for which no text came; they bear our own reading.
    """

    finished: Finished
    alignment: Alignment
    texts: tuple[Path, ...]
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlignParams:
    """Settings of `align_files`.

    Attributes:
        settings: how pages are loaded and lines found, and the model.
        build: the formats, and whether files are replaced.
        remote: whom to ask for the text where no transcription is given.
    """

    settings: Settings = field(default_factory=Settings)
    build: BuildParams = BuildParams()
    remote: RemoteParams | None = None


def align_files(
    sources: Sequence[Path], text: Path | None, out: Path, params: AlignParams = AlignParams()
) -> tuple[Built, list[Aligned]]:
    """Lay transcriptions on their pages and write the documents.

    Args:
        sources: images, PDFs, and folders of them.
        text: one file, of all pages together; or a folder with a file for each document, or for
            each page, under its name; None to ask `params.remote` for the text of each page.
        out: folder for what is made: the formats, and NAME.align.json with what did not fit.
        params: see `AlignParams`.

    Returns:
        What was written, and the documents.

    Raises:
        InputError: if a page or a text cannot be read, or no text bears a document's name.
        FileAccessError: if `out` cannot be written, or holds such a file already.
    """
    if text is None:
        aligned = ask_and_align(sources, out, params)
    else:
        aligned = align_documents(sources, text, params)
    reports = [_report(one) for one in aligned]
    made = write_all([one.finished for one in aligned], out, params.build, reports)
    return made, aligned


def check_files(
    sources: Sequence[Path], text: Path, out: Path, params: AlignParams = AlignParams()
) -> tuple[Built, list[Aligned]]:
    """List what in transcriptions the ink does not bear out, with a view of the pages.

    Args:
        sources: images, PDFs, and folders of them.
        text: as for `align_files`.
        out: folder for NAME.check.html and NAME.check.csv, the list, and NAME.view, the pages.
        params: see `AlignParams`; the formats are made as well.

    Returns:
        What was written, and the documents.

    Raises:
        InputError: as `align_files`.
        FileAccessError: as `align_files`.
    """
    aligned = align_documents(sources, text, params)
    formats = dict.fromkeys(("html", *params.build.formats))
    build = replace(params.build, formats=tuple(formats))
    lists = [output for one in aligned for output in _lists(one)]
    return write_all([one.finished for one in aligned], out, build, lists), aligned


def _lists(one: Aligned) -> list[Output]:
    found, pages = findings(one.alignment), one.alignment.pages
    name = PurePosixPath(one.finished.name)

    def write_html(file: BinaryIO) -> None:
        view = f"{name.name}.view/index.html"
        file.write(findings_html(found, pages, one.finished.document.title, view))

    def write_csv(file: BinaryIO) -> None:
        file.write(findings_csv(found, pages))

    return [
        Output(name.with_name(f"{name.name}.check.html"), write_html),
        Output(name.with_name(f"{name.name}.check.csv"), write_csv),
    ]


def align_documents(
    sources: Sequence[Path], text: Path, params: AlignParams = AlignParams()
) -> list[Aligned]:
    """Lay transcriptions on their pages; see `align_files`."""
    settings = params.settings
    reader = Reader.load(settings.model)
    return [
        _aligned(document, paths, transcript, _seen(document, reader, settings), reader, params)
        for document, paths, transcript in _pairs(sources, text, settings)
    ]


def ask_and_align(sources: Sequence[Path], out: Path, params: AlignParams) -> list[Aligned]:
    """Lay on each page what a remote reader answers; where it does not, our own reading.

    Raises:
        UsageError: if `params` names no remote reader.
        InputError: if a page cannot be read.
    """
    settings = params.settings
    if params.remote is None:
        raise UsageError("name a transcription by --text, or whom to ask by --reader")
    remote, reader = RemoteReader(params.remote), Reader.load(settings.model)
    made = []
    with open_ledger(out) as ledger:
        answers = Answers(remote, ledger, settings.load)
        for document in find_documents(sources, settings.load):
            answers.ask(_pictured(settings, answers.questions(document.pages)))
            made.append(_answered(document, answers, reader, params))
    return made


def _answered(
    document: SourceDocument, answers: Answers, reader: Reader, params: AlignParams
) -> Aligned:
    """A document with what is answered of its pages; of the others with our own reading."""
    seen = _seen(document, reader, params.settings)
    texts, unanswered = [], []
    for source, page in zip(document.pages, seen, strict=True):
        answer = answers.of(source)
        if answer is None:
            answer = "\n".join(line.reading for line in page.lines)
            unanswered.append(source.id)
        texts.append(answer)
    transcript = together([transcript_of(text) for text in texts], document.name)
    aligned = _aligned(document, (), transcript, seen, reader, params)
    return replace(aligned, unanswered=tuple(unanswered))


def plan_align(sources: Sequence[Path], out: Path, params: AlignParams) -> str:
    """Say what asking a remote reader would send; nothing is sent.

    Raises:
        UsageError: if `params` names no remote reader.
        InputError: if a page cannot be read.
    """
    if params.remote is None:
        raise UsageError("--dry-run is for --reader; name whom to ask")
    load = params.settings.load
    pages = [page for document in find_documents(sources, load) for page in document.pages]
    return plan_requests(pages, out, load, params.remote, partial(_pictured, params.settings))


def _pictured(settings: Settings, tasks: Iterable[PictureTask]) -> Iterator[Pictured]:
    return (picture(settings, Mirror(), task) for task in tasks)


def _seen(document: SourceDocument, reader: Reader, settings: Settings) -> list[SeenPage]:
    return [
        see_page(source, open_page(source, settings), settings, reader) for source in document.pages
    ]


def _pairs(
    sources: Sequence[Path], text: Path, settings: Settings
) -> list[tuple[SourceDocument, tuple[Path, ...], Transcript]]:
    """Each document with its text."""
    documents = find_documents(sources, settings.load)
    if text.is_dir():
        return [(document, *_text_of(document, text)) for document in documents]
    document = documents[0] if len(documents) == 1 else _as_one(documents, safe_name(text.stem))
    return [(document, (text,), read_transcript(text))]


def _as_one(documents: Sequence[SourceDocument], name: str) -> SourceDocument:
    pages = [page for document in documents for page in document.pages]
    ids = distinct([page.id for page in pages])
    numbered = (
        replace(page, id=page_id, index=index)
        for index, (page, page_id) in enumerate(zip(pages, ids, strict=True))
    )
    return SourceDocument(name, documents[0].path, tuple(numbered))


def _text_of(document: SourceDocument, folder: Path) -> tuple[tuple[Path, ...], Transcript]:
    """The text of a document in a folder: one file of its name, or one for each page."""
    name = PurePosixPath(document.name).name
    paths = find_transcripts(folder, name)
    if len(paths) > 1:
        raise InputError(f"{shown(paths[0])}: is there in {len(paths)} formats; leave one")
    if paths:
        return (paths[0],), read_transcript(paths[0])
    of_pages = [_page_text(page, folder) for page in document.pages]
    found = tuple(path for path in of_pages if path)
    if not found:
        raise InputError(
            f"{shown(folder)}: holds no text for {shown(name)}; name it {shown(name)}.txt"
        )
    empty = Transcript("", (), frozenset(), (0,))
    texts = [read_transcript(path) if path else empty for path in of_pages]
    return found, together(texts, folder.name)


def _page_text(page: SourcePage, folder: Path) -> Path | None:
    return next(iter(find_transcripts(folder, page.id)), None)


def _aligned(
    document: SourceDocument,
    paths: tuple[Path, ...],
    transcript: Transcript,
    seen: Sequence[SeenPage],
    reader: Reader,
    params: AlignParams,
) -> Aligned:
    settings = params.settings
    alignment = align(seen, transcript, reader.alphabet)
    card = read_card(find_weights(settings.model).with_suffix(".json"))
    texts = [shown(path.name) for path in paths]
    step = Step(
        "align",
        version("inkfolio"),
        {
            "texts": texts,
            "asked": params.remote.model if params.remote else "",
            "model": card.name,
            "model_sha256": card.sha256,
        },
    )
    finished = Finished(
        name=document.name,
        document=Document(PurePosixPath(document.name).name, alignment.pages, (step,)),
        sources=tuple(page_source(source) for source in document.pages),
        created=newest([*paths, *(source.path for source in document.pages)]),
        language=params.build.language,
        pdf=params.build.pdf,
    )
    return Aligned(finished, alignment, paths)


def _report(one: Aligned) -> Output:
    def write(file: BinaryIO) -> None:
        file.write(report_json(one.alignment))

    return Output(PurePosixPath(f"{one.finished.name}.align.json"), write)


def report_json(alignment: Alignment) -> bytes:
    """What did not fit, and how well each word is borne out, as JSON; pages count from 1."""
    ids = [page.id for page in alignment.pages]
    report = {
        "words": alignment.words,
        "on_ink": len({one.number for one in alignment.borne}),
        "text_without_ink": [
            {"page": ids[one.page], "after_line": one.line, "text": " ".join(one.words)}
            for one in alignment.unwritten
        ],
        "ink_without_text": [
            {
                "page": ids[one.page],
                "line": one.line,
                "whole_line": one.whole,
                "box": list(asdict(one.box).values()),
                "read_as": one.seen,
            }
            for one in alignment.untold
        ],
        "support": [
            {"page": page.id, "line": line.id, "support": round(line.confidence, 4)}
            for page in alignment.pages
            for line in page.lines
        ],
    }
    return (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode()


def summary(alignment: Alignment) -> str:
    """One sentence about an alignment."""
    on_ink = len({one.number for one in alignment.borne})
    missing = alignment.words - on_ink
    whole = sum(one.whole for one in alignment.untold)
    parts = len(alignment.untold) - whole
    return (
        f"{on_ink} of {alignment.words} words laid on {_count(alignment.pages)}; "
        f"{missing} without ink; {whole} lines and {parts} places without text"
    )


def _count(pages: Sequence[Page]) -> str:
    return f"{len(pages)} page{'s' if len(pages) != 1 else ''}"
