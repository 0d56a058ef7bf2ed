"""Files and folders into documents and their pages, in order, under names that never collide."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from natsort import natsort_keygen, ns

from pipeline.errors import InputError
from pipeline.load import Kind, LoadParams, SourcePage, is_tiff, page_frames
from pipeline.names import base_names, distinct, numbered, safe_name, shown
from pipeline.picture_files import SUFFIXES, UNREAD

logger = logging.getLogger(__name__)

PDF_SUFFIX = ".pdf"
_SYSTEM_FOLDERS = frozenset(("@eaDir", "__MACOSX", "$RECYCLE.BIN", "System Volume Information"))
PageCounter = Callable[[Path, Kind, LoadParams], tuple[int, ...]]
_natural = natsort_keygen(alg=ns.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """Pages that belong together.

    Attributes:
        name: base name of the document's files, a relative POSIX path that mirrors the tree;
            unique within the run, also against the pages' files `name/id`.
        path: the folder or file that the pages come from.
        pages: in order, at least one.
    """

    name: str
    path: Path
    pages: tuple[SourcePage, ...]


@dataclass(slots=True)
class _Seen:
    """What a search has come by: folders by what they are, files by how they were reached."""

    count: PageCounter
    left_alone: frozenset[Path]
    folders: set[tuple[int, int]] = field(default_factory=set)
    files: set[Path] = field(default_factory=set)


def find_documents(
    sources: Sequence[Path],
    params: LoadParams = LoadParams(),
    exclude: Collection[Path] = (),
    count: PageCounter = page_frames,
) -> list[SourceDocument]:
    """Find the documents in files and folders; no page is decoded.

    A folder with images in it is a document, and each folder below it another. A PDF or a TIFF
    of many pages is a document of its own, and so is an image that is itself a source. What
    cannot be opened becomes a page whose loading says why.

    Args:
        sources: files and folders; what is reached twice counts once.
        params: the limit of pages per file, see `LoadParams`.
        exclude: folders not to enter, such as the one that outputs go to, and files to leave.
        count: tells the pages of a PDF or TIFF, as `page_frames` does, or raises InputError.

    Returns:
        Documents in the order of the sources, within each in natural order of names.

    Raises:
        InputError: if a source does not exist, or there is nothing to read in any.
    """
    roots = list(dict.fromkeys(Path(os.path.abspath(source)) for source in sources))  # noqa: PTH100
    for root in roots:
        if not root.exists() and not root.is_symlink():
            raise InputError(f"{shown(root)}: is not there; check the name")
    names = dict(zip(roots, _root_names(roots), strict=True))
    excluded = [Path(os.path.abspath(path)) for path in exclude]  # noqa: PTH100
    seen = _Seen(
        count=count,
        left_alone=frozenset(excluded),
        folders={_identity(path) for path in excluded if path.is_dir()},
    )
    found: dict[Path, list[SourceDocument]] = {}
    # Folders first and from the top: a file within one belongs to the folder's document.
    for root in sorted(roots, key=lambda path: (not path.is_dir(), len(path.parts))):
        found[root] = list(_documents_of(root, names[root], params, seen))
    documents = _without_collisions([document for root in roots for document in found[root]])
    if not documents:
        raise InputError(
            f"{', '.join(map(shown, sources)) or 'nothing given'}: no images and no PDFs; "
            "name files or folders that hold some"
        )
    return documents


def _documents_of(
    root: Path, name: str, params: LoadParams, seen: _Seen
) -> Iterator[SourceDocument]:
    if root.is_dir():
        yield from _walk(root, name, params, seen)
    elif root not in seen.files:
        seen.files.add(root)
        yield _file_document(root, name, params, seen)


def _walk(top: Path, name: str, params: LoadParams, seen: _Seen) -> Iterator[SourceDocument]:
    """The documents of a folder and of all below it, each real folder entered once."""
    waiting = [(top, name)]
    while waiting:
        folder, name = waiting.pop()
        try:
            if _identity(folder) in seen.folders:
                continue
            seen.folders.add(_identity(folder))
            files, folders = _listing(folder, seen.left_alone)
        except OSError as error:
            yield _unreadable(folder, name, error)
            continue
        seen.files.update(files)
        below = distinct([safe_name(path.name) for path in folders])
        yield from _folder_documents(folder, name, files, base_names(files, below), params, seen)
        paths = [(path, f"{name}/{base}") for path, base in zip(folders, below, strict=True)]
        waiting.extend(reversed(paths))


def _identity(folder: Path) -> tuple[int, int]:
    """What stays the same however a folder is reached: device and inode."""
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def _listing(folder: Path, left_alone: Collection[Path]) -> tuple[list[Path], list[Path]]:
    """The files to read and the folders to enter, each in natural order."""
    with os.scandir(folder) as entries:
        visible = [
            entry
            for entry in entries
            if not entry.name.startswith(".") and entry.name not in _SYSTEM_FOLDERS
        ]
    folders = [Path(entry.path) for entry in visible if _is_folder(entry)]
    files = [Path(entry.path) for entry in visible if _is_readable(entry)]
    files = [file for file in _without_twins(files) if file not in left_alone]
    logger.debug("%s: %d files, %d folders", shown(folder), len(files), len(folders))
    return sorted(files, key=natural_order), sorted(folders, key=natural_order)


def _without_twins(files: Sequence[Path]) -> list[Path]:
    """The files without those of a kind that is not read, where another has the same picture.

    Cameras store a photograph twice, raw and as a JPEG.
    """
    read = {file.stem for file in files if not _is_unread(file)}
    return [file for file in files if file.stem not in read or not _is_unread(file)]


def _is_unread(file: Path) -> bool:
    return file.suffix.lower() in UNREAD


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_readable(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is to be read: by its name a page or a PDF, and no pipe or device.

    A broken link counts, so that its page is missed by name and not in silence; so does a picture
    of a kind that is not read.
    """
    if kind_of(Path(entry.name)) is None or _is_folder(entry):
        return False
    try:
        return entry.is_file() or entry.is_symlink()
    except OSError:
        return True


def kind_of(path: Path) -> Kind | None:
    """What a file's name says that it holds; None for what is neither image nor PDF."""
    suffix = path.suffix.lower()
    if suffix == PDF_SUFFIX:
        return "pdf"
    return "image" if suffix in SUFFIXES or suffix in UNREAD else None


def natural_order(path: Path) -> tuple[object, str]:
    """A sort key that puts p2 before p10, and no two names at one place."""
    return _natural(path.name), path.name


def _folder_documents(
    folder: Path,
    name: str,
    files: Sequence[Path],
    bases: Sequence[str],
    params: LoadParams,
    seen: _Seen,
) -> Iterator[SourceDocument]:
    """The document of a folder's single images, then those of its files with many pages."""
    loose: list[SourcePage] = []
    bound: list[SourceDocument] = []
    for file, base in zip(files, bases, strict=True):
        pages = _pages_of(file, base, params, seen.count)
        if kind_of(file) == "image" and len(pages) == 1:
            loose.append(replace(pages[0], index=len(loose)))
        else:
            bound.append(SourceDocument(f"{name}/{base}", file, pages))
    if loose:
        yield SourceDocument(name, folder, tuple(loose))
    yield from bound


def _file_document(path: Path, name: str, params: LoadParams, seen: _Seen) -> SourceDocument:
    return SourceDocument(name, path, _pages_of(path, safe_name(path.stem), params, seen.count))


def _pages_of(
    path: Path, base: str, params: LoadParams, count: PageCounter
) -> tuple[SourcePage, ...]:
    """The pages of a file; one that will fail to load if they cannot be counted."""
    if _is_unread(path):
        return (SourcePage(path, 0, "image", base, 0, _unread(path)),)
    kind = kind_of(path) or _sniffed(path)
    if kind == "image" and not is_tiff(path):
        return (SourcePage(path, 0, kind, base, 0),)
    try:
        frames = count(path, kind, params)
    except InputError:
        frames = (0,)  # loading will meet the same error, at the border where it is recorded
    if len(frames) > params.max_pages or not frames:
        return (SourcePage(path, 0, kind, base, 0, _miscount(path, len(frames), params)),)
    if kind == "image" and len(frames) == 1:
        return (SourcePage(path, frames[0], kind, base, 0),)
    digits = max(4, len(str(len(frames))))
    return tuple(
        SourcePage(path, frame, kind, f"{base}_{index + 1:0{digits}}", index)
        for index, frame in enumerate(frames)
    )


def _unread(path: Path) -> str:
    return (
        f"{shown(path)}: is {UNREAD[path.suffix.lower()]}, which Inkfolio does not read; "
        "convert it to TIFF, JPEG or PDF"
    )


def _miscount(path: Path, count: int, params: LoadParams) -> str:
    if not count:
        return f"{shown(path)}: has no pages; leave it out"
    return (
        f"{shown(path)}: has more than {params.max_pages} pages; split it or raise load.max_pages"
    )


def _sniffed(path: Path) -> Kind:
    """What a file without a telling name holds, by its first bytes."""
    try:
        with path.open("rb") as file:
            return "pdf" if b"%PDF-" in file.read(1024) else "image"
    except OSError:
        return "image"


def _unreadable(folder: Path, name: str, error: OSError) -> SourceDocument:
    reason = f"{shown(folder)}: cannot be listed ({error.strerror}); change its permissions"
    page = SourcePage(folder, 0, "image", safe_name(folder.name), 0, reason)
    return SourceDocument(name, folder, (page,))


def _root_names(roots: Sequence[Path]) -> list[str]:
    """A name per source: its own, with the folders above it where two have the same."""
    own = [safe_name(root.name if root.is_dir() else root.stem) for root in roots]
    alike: dict[str, list[Path]] = {}
    for root, name in zip(roots, own, strict=True):
        alike.setdefault(name.casefold(), []).append(root)
    return [
        _qualified(root, name, alike[name.casefold()])
        for root, name in zip(roots, own, strict=True)
    ]


def _qualified(root: Path, name: str, alike: Sequence[Path]) -> str:
    if len(alike) == 1:
        return name
    common = Path(os.path.commonpath([path.parent for path in alike]))
    above = [safe_name(part) for part in root.parent.relative_to(common).parts]
    siblings = [path for path in alike if path.parent == root.parent]
    if len(siblings) > 1 and not root.is_dir():
        name = f"{name}_{root.suffix[1:]}"
    return "/".join([*above, name])


def _without_collisions(documents: Sequence[SourceDocument]) -> list[SourceDocument]:
    """Number the documents whose files would overwrite another's."""
    used: set[str] = set()
    free: list[SourceDocument] = []
    for document in documents:
        for name in numbered(document.name):
            claimed = {path.casefold() for path in _claims(name, document)}
            if not claimed & used:
                break
        used |= claimed
        free.append(replace(document, name=name))
    return free


def _claims(name: str, document: SourceDocument) -> Iterator[str]:
    yield name
    yield from (f"{name}/{page.id}" for page in document.pages)
