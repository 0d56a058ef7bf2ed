"""Files of PAGE, ALTO, hOCR and our JSON -> documents, whoever made or corrected them.

What is read is not believed: names of pages become safe names, IDs become distinct XML names,
and a place off all measure is refused.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from export.alto import read_alto
from export.hocr import read_hocr
from export.ids import xml_name
from export.json_document import read_json_document
from export.page_xml import read_page_xml
from export.safe_xml import XML_ERRORS, parse_xml, tag_of
from pipeline.document import Document, Line, Page, Point, Region
from pipeline.errors import InputError
from pipeline.names import distinct, numbered, safe_name, shown
from pipeline.page_truth import is_truth, page_of_truth
from pipeline.sources import natural_order

logger = logging.getLogger(__name__)

SUFFIXES = frozenset((".xml", ".json", ".hocr", ".html", ".htm", ".xhtml"))
# Folders of one format beside the images, as Transkribus and OCR-D lay them.
FORMAT_FOLDERS = frozenset(("page", "alto", "hocr", "page_xml", "alto_xml"))
# How our own files of a page end in PAGE, PAGE of 2013 and ALTO, the one to read from first.
PAGE_SUFFIXES = (".xml", ".page2013.xml", ".alto.xml")
MAX_BYTES = 1 << 28
FARTHEST_PX = 1e6  # from the page's corner


@dataclass(frozen=True, slots=True)
class Corrected:
    """A document read from files.

    Attributes:
        name: base name of what will be made of it.
        document: its pages; their sources may hold folders, as the files have them.
        files: what it was read from.
    """

    name: str
    document: Document
    files: tuple[Path, ...]


def read_corrected(
    sources: Sequence[Path], *, skip_others: bool = False, one_format: bool = False
) -> list[Corrected]:
    """Read documents from files and from all files directly in folders.

    A JSON or hOCR file is a document; the PAGE and ALTO files of one folder are one together,
    in the order that they state, else in natural order of their names. In folders, files of
    other formats are passed over.

    Args:
        sources: files and folders.
        skip_others: whether files of other formats are passed over, too, that are named.
        one_format: whether of a page that is there as PAGE and as ALTO PAGE is taken; else nobody
            knows which of them was corrected.

    Raises:
        InputError: if a file is of no format that is read, or holds what cannot be.
    """
    groups: dict[Path, list[tuple[Path, Page]]] = {}
    single: list[Corrected] = []
    paths = list(_files(sources))
    for path in _of_one_format(paths) if one_format else paths:
        read = _read(path)
        if read is None and (skip_others or path not in sources):
            logger.warning("%s: is not PAGE, ALTO, hOCR or our JSON; left out", shown(path))
        elif read is None:
            raise InputError(
                f"{shown(path)}: is not PAGE, ALTO, hOCR or our JSON; export it as one of these"
            )
        elif isinstance(read, Document):
            name = safe_name(path.stem.removesuffix(".inkfolio"))
            single.append(Corrected(name, _sound(read, path), (path,)))
        else:
            groups.setdefault(path.parent, []).extend((path, page) for page in read)
    documents = [_together(folder, pages) for folder, pages in groups.items()] + single
    if not documents and not skip_others:
        raise InputError(f"{', '.join(map(shown, sources))}: no files to build from; name some")
    names = distinct([document.name for document in documents])
    return [replace(d, name=name) for d, name in zip(documents, names, strict=True)]


def _files(sources: Sequence[Path]) -> Iterator[Path]:
    for source in sources:
        if not source.is_dir():
            yield source
            continue
        found = (path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
        yield from sorted((path for path in found if path.is_file()), key=natural_order)


def _of_one_format(paths: Sequence[Path]) -> list[Path]:
    """The files without those of pages that are there in a better format, too."""
    best: dict[Path, Path] = {}
    for path in paths:
        other = best.setdefault(_of_page(path), path)
        if _rank(path) < _rank(other):
            best[_of_page(path)] = path
    kept = [path for path in paths if best[_of_page(path)] == path]
    for left_out in (path for path in paths if path not in kept):
        taken = best[_of_page(left_out)]
        logger.warning("%s: is left out for %s", shown(left_out), shown(taken.name))
    return kept


def _of_page(path: Path) -> Path:
    """The file's name without what tells its format."""
    suffix = _page_suffix(path)
    return path.with_name(path.name.removesuffix(suffix)) if suffix else path


def _rank(path: Path) -> int:
    return [*PAGE_SUFFIXES, ""].index(_page_suffix(path))


def _page_suffix(path: Path) -> str:
    """The longest of our suffixes that the name has; none if it has none."""
    return max((end for end in PAGE_SUFFIXES if path.name.endswith(end)), key=len, default="")


def _read(path: Path) -> Document | list[Page] | None:
    """What is in a file: a document, or pages of one; None if it is of another format."""
    name = shown(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{name}: is larger than {MAX_BYTES >> 20} MiB; split it")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror}); check the name") from error
    if data.lstrip()[:1] == b"{":
        if is_truth(data):
            return [page_of_truth(path)]
        return read_json_document(data, name) if b'"inkfolio-document"' in data else None
    if b"ocr_page" in data:
        return Document(path.stem, tuple(read_hocr(data, name)))
    try:
        root = tag_of(parse_xml(data))
    except XML_ERRORS as error:
        raise InputError(f"{name}: is not readable XML ({error}); export it again") from error
    if root == "alto":
        return read_alto(data, name)
    return [read_page_xml(data, name)] if root == "PcGts" else None


def _together(folder: Path, pages: Sequence[tuple[Path, Page]]) -> Corrected:
    """One document of a folder's files.

    Raises:
        InputError: if two files are about the same page; nobody knows which was corrected.
    """
    _refuse_twice(pages)
    real = folder.resolve()
    name = real.parent.name if real.name.lower() in FORMAT_FOLDERS else real.name
    in_order = _in_order([page for _, page in pages])
    document = Document(name, tuple(in_order))
    files = tuple(dict.fromkeys(path for path, _ in pages))
    return Corrected(safe_name(name), _sound(document, folder), files)


def _refuse_twice(pages: Sequence[tuple[Path, Page]]) -> None:
    about: dict[str, Path] = {}
    for path, page in pages:
        other = about.setdefault(page.id, path)
        if other != path:
            raise InputError(
                f"{shown(other)} and {shown(path.name)}: are both about page {shown(page.id)}; "
                "name the files to build from, not their folder"
            )


def _in_order(pages: Sequence[Page]) -> list[Page]:
    """The pages by their stated numbers, if these are distinct; else as they come."""
    if len({page.index for page in pages}) == len(pages):
        return sorted(pages, key=lambda page: page.index)
    return [replace(page, index=index) for index, page in enumerate(pages)]


def _sound(document: Document, path: Path) -> Document:
    ids = distinct([safe_name(re.sub(r"[/\\]", "_", page.id)) for page in document.pages])
    pages = (
        _sound_page(replace(page, id=page_id), path)
        for page, page_id in zip(_in_order(document.pages), ids, strict=True)
    )
    return replace(document, pages=tuple(pages))


def _sound_page(page: Page, path: Path) -> Page:
    """The page with distinct IDs that are XML names.

    Raises:
        InputError: if a place on it cannot be.
    """
    if not all(abs(n) < FARTHEST_PX for point in _points(page) for n in point):  # also if NaN
        raise InputError(
            f"{shown(path)}, page {page.index + 1}: coordinates off all measure; export it again"
        )
    used: set[str] = set()
    regions = tuple(_sound_region(region, used) for region in page.regions)
    ppi = page.ppi if math.isfinite(page.ppi) and page.ppi > 0 else 300.0
    return replace(page, regions=regions, ppi=ppi)


def _points(page: Page) -> Iterator[Point]:
    yield (page.width, page.height)
    for region in page.regions:
        yield from region.boundary
        for line in region.lines:
            yield from (*line.boundary, *line.baseline)
            for word in line.words:
                yield from word.box.polygon()


def _sound_region(region: Region, used: set[str]) -> Region:
    region_id = _claim(region.id, used)
    lines = [_sound_line(line, used) for line in region.lines]
    return replace(region, id=region_id, lines=tuple(lines))


def _sound_line(line: Line, used: set[str]) -> Line:
    return replace(line, id=_claim(line.id, used))


def _claim(wanted: str, used: set[str]) -> str:
    """A name that is an XML name and not taken; from now on it is."""
    names: Iterable[str] = numbered(xml_name(wanted, "id"))
    free = next(name for name in names if name not in used)
    used.add(free)
    return free
