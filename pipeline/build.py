"""Corrected text and the images it belongs to -> every format, without reading again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from export.mets import FileRecord
from export.page_source import PageSource
from export.pdf import PdfParams
from pipeline.corrected import Corrected, read_corrected
from pipeline.document import Page, Step
from pipeline.enrichers import all_outputs, check_enrichers, with_mentions
from pipeline.errors import FileAccessError, InputError, SettingsError
from pipeline.files import replacing
from pipeline.keys import file_sha256
from pipeline.load import LoadParams
from pipeline.names import shown
from pipeline.page_images import ImageFolder, image_folders, with_image
from pipeline.report import PageFailure, no_pdfa
from pipeline.stages import WRITERS, Finished, Output

NEEDS_IMAGES = frozenset(("pdf", "html", "iiif", "mets"))


@dataclass(frozen=True, slots=True)
class BuildParams:
    """Settings of `build`.

    Attributes:
        formats: what is made, names of `pipeline.stages.WRITERS`.
        language: BCP 47 code of the text; may be empty.
        overwrite: whether files that are there already may be replaced.
        pdf: how PDFs are made.
        base_url: address under which `out` will be on the web; IIIF needs one.
        load: limits in reading the images.
        enrich: what is made of the text besides, names that `pipeline.enrichers.enricher` knows.
        one_format: whether of a page that is there as PAGE and as ALTO PAGE is taken.
    """

    formats: tuple[str, ...] = ("pdf", "txt")
    language: str = ""
    overwrite: bool = False
    pdf: PdfParams = PdfParams()
    base_url: str = "http://localhost:8000"
    load: LoadParams = LoadParams()
    enrich: tuple[str, ...] = ()
    one_format: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """What `build` has made.

    Attributes:
        files: paths, in order.
        shortfalls: of PDFs that could not be made PDF/A, what to tell of them.
    """

    files: tuple[Path, ...]
    shortfalls: tuple[PageFailure, ...] = ()


def build(
    sources: Sequence[Path],
    images: Path | None,
    out: Path,
    params: BuildParams = BuildParams(),
) -> Built:
    """Make files of documents in PAGE, ALTO, hOCR or our JSON.

    Args:
        sources: files, and folders of them.
        images: folder of the pages' images; if None, each file's own folder and that above it.
        out: folder for what is made; made if it is missing.
        params: which formats, see `BuildParams`.

    Returns:
        What was written.

    Raises:
        InputError: if a source or an image cannot be read, or an image is wanted and missing.
        FileAccessError: if `out` cannot be written, or holds such a file and `overwrite` is off.
        SettingsError: if a format is unknown.
    """
    check_enrichers(params.enrich, params.language)
    _check_formats(params)
    documents = read_corrected(sources, one_format=params.one_format)
    return write_all([_finished(corrected, images, params) for corrected in documents], out, params)


def write_all(
    finished: Sequence[Finished], out: Path, params: BuildParams, others: Sequence[Output] = ()
) -> Built:
    """Write documents in every format wanted, and some other files.

    Args:
        finished: the documents.
        out: folder for what is made; made if it is missing.
        params: which formats, and whether files are replaced.
        others: further files, written last.

    Returns:
        What was written.

    Raises:
        FileAccessError: as `build`.
        SettingsError: as `build`.
    """
    _check_formats(params)
    if not params.overwrite:
        _refuse_present(finished, out, params, others)
    files: list[Path] = []
    shortfalls: list[PageFailure] = []
    for done in finished:
        _write(done, out, params.formats, params.enrich, files, shortfalls)
    for output in others:
        with replacing(out / output.path) as file:
            output.write(file)
        files.append(out / output.path)
    return Built(tuple(files), tuple(shortfalls))


def _write(
    done: Finished,
    out: Path,
    formats: Sequence[str],
    enrich: Sequence[str],
    files: list[Path],
    shortfalls: list[PageFailure],
) -> None:
    """Write a document's files, and add to what is told of all documents."""
    records: list[FileRecord] = []
    for name, output in all_outputs(done, formats, enrich, records):
        path = out / output.path
        with replacing(path) as file:
            reasons = output.write(file)
        sha256, size = file_sha256(path), path.stat().st_size
        records.append(FileRecord(output.path.as_posix(), name, sha256, size, output.page))
        files.append(path)
        if reasons:
            shortfalls.append(no_pdfa(shown(path), reasons))


def _check_formats(params: BuildParams) -> None:
    unknown = [name for name in params.formats if name not in WRITERS]
    if unknown or not (params.formats or params.enrich):
        wrong = ", ".join(unknown) or "none"
        raise SettingsError(f"unknown format {wrong}; there are: {', '.join(WRITERS)}")


def _finished(corrected: Corrected, images: Path | None, params: BuildParams) -> Finished:
    folders = image_folders(corrected.files, images)
    placed = [_placed(page, folders, params) for page in corrected.document.pages]
    sources = tuple(source for _, source in placed if source)
    paths = [*corrected.files, *(source.path for source in sources)]
    document = replace(
        corrected.document,
        pages=tuple(page for page, _ in placed),
        steps=(*corrected.document.steps, _step(corrected.files)),
    )
    made = Finished(
        name=corrected.name,
        document=document,
        sources=sources,
        created=newest(paths),
        language=params.language,
        pdf=params.pdf,
        base_url=params.base_url,
    )
    return with_mentions(made, params.enrich)


def _placed(
    page: Page, folders: Sequence[ImageFolder], params: BuildParams
) -> tuple[Page, PageSource | None]:
    """The page on its image; as it is where no image is found and none is needed."""
    found = next((path for folder in folders if (path := folder.find(page))), None)
    if found:
        return with_image(page, found, params.load)
    name = shown(page.source or page.id)
    if NEEDS_IMAGES.intersection(params.formats) or not (page.width and page.height):
        raise InputError(f"{name}: the image is not there; name its folder by --images")
    return page, None


def _step(files: Sequence[Path]) -> Step:
    """Provenance: which files the text was taken from."""
    digests: dict[str, object] = {
        shown(path.name): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
    return Step("build", version("inkfolio"), digests)


def newest(paths: Sequence[Path]) -> datetime:
    """The newest input's date, or SOURCE_DATE_EPOCH: the same input gives the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    seconds = int(epoch) if epoch else max(int(path.stat().st_mtime) for path in paths)
    return datetime.fromtimestamp(seconds, UTC)


def _refuse_present(
    documents: Sequence[Finished], out: Path, params: BuildParams, others: Sequence[Output]
) -> None:
    made = (
        output
        for done in documents
        for _, output in all_outputs(done, params.formats, params.enrich)
    )
    for output in (*made, *others):
        if (path := out / output.path).exists():
            raise FileAccessError(
                f"{shown(path)}: is there already; choose another --out, or give --overwrite"
            )
