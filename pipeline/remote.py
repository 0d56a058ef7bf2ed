"""Inputs and outputs behind URLs (s3://, memory:// and whatever else fsspec knows).

Inputs are mirrored: a folder of small placeholders stands for the files at a URL, so that they
are found, named and ordered as files on a disk are. Each placeholder holds what identifies the
present content of its file, so that its hash changes with the file. Workers fetch the files.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.errors import DependencyError, FileAccessError, InkfolioError, InputError, UsageError
from pipeline.load import SourcePage
from pipeline.names import safe_name, shown
from pipeline.sources import kind_of

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[a-z0-9]+)*://")  # C:\ is no URL: one letter
_TIMES = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")


def place(text: Path | str) -> Path | str:
    """A path, or the URL of something that is not on this machine's disks; file:// is a path."""
    if isinstance(text, Path) or not _URL.match(text):
        return Path(text)
    if text.lower().startswith("file://"):
        return Path(unquote(urlsplit(text).path))
    return text.rstrip("/")


def file_system(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the URL's path on it.

    It remembers no listing from before: others change the store, too, and a run that watches it
    lives for days.

    Raises:
        DependencyError: if fsspec, or what it needs for such URLs, is not installed.
        InputError: if fsspec does not know such URLs.
    """
    try:
        from fsspec.core import url_to_fs

        found: tuple[Any, str] = url_to_fs(url)
    except ImportError as error:
        raise DependencyError(
            f"{shown(url)}: such URLs need a part that is missing ({error}); "
            "install inkfolio[remote], or inkfolio[s3]"
        ) from error
    except ValueError as error:
        raise InputError(f"{shown(url)}: {error}; check the address") from error
    found[0].invalidate_cache()
    return found


def _store_errors() -> tuple[type[Exception], ...]:
    """What a store's client raises: OSError, and classes of its own where it has been loaded."""
    own = (("botocore.exceptions", ("BotoCoreError", "ClientError")), ("aiohttp", ("ClientError",)))
    loaded = ((sys.modules[module], names) for module, names in own if module in sys.modules)
    return OSError, *(getattr(module, name) for module, names in loaded for name in names)


def _told(error: Exception) -> str:
    return getattr(error, "strerror", "") or shown(str(error)) or type(error).__name__


@dataclass(frozen=True, slots=True)
class Mirror:
    """Which URL each folder in a folder of placeholders stands for.

    Attributes:
        root: holds a folder for each URL, named by its number; None without URLs.
        urls: folders, in order.
    """

    root: Path | None = None
    urls: tuple[str, ...] = ()

    def url_of(self, path: Path) -> str:
        """The URL that a placeholder, or a folder of some, stands for; empty for other paths."""
        if self.root is None or not path.is_relative_to(self.root):
            return ""
        number, *parts = path.relative_to(self.root).parts
        return "/".join([self.urls[int(number)], *parts])

    def name(self, path: Path) -> str:
        """What people call a path: its URL if it has one."""
        return self.url_of(path) or str(path)

    @contextmanager
    def here(self, page: SourcePage) -> Iterator[SourcePage]:
        """A page whose file is on this machine's disk; what is said of it names the URL.

        Raises:
            InputError: if the file cannot be fetched.
        """
        with self.file_here(page.path) as path:
            yield replace(page, path=path)

    @contextmanager
    def file_here(self, path: Path) -> Iterator[Path]:
        """As `here`, for a file."""
        url = self.url_of(path)
        if not url:
            yield path
            return
        local = _last_fetched(url)
        try:
            yield local
        except InkfolioError as error:
            told = str(error).replace(shown(local), shown(url)).replace(shown(path), shown(url))
            raise type(error)(told) from error

    def all_here(self, pages: Sequence[SourcePage], folder: Path) -> tuple[SourcePage, ...]:
        """Pages whose files are on this machine's disk, those of URLs in a folder.

        Raises:
            InputError: if a file cannot be fetched.
        """
        paths = {page.path: page.path for page in pages}
        for number, path in enumerate(paths):
            url = self.url_of(path)
            if url:
                paths[path] = fetch(url, folder / f"input{number}")
        return tuple(replace(page, path=paths[page.path]) for page in pages)


@contextmanager
def mirrored(sources: Sequence[Path | str]) -> Iterator[tuple[list[Path], Mirror]]:
    """Paths for sources of which some are URLs, and what they stand for.

    Raises:
        InputError: if there is nothing at a URL, or it cannot be reached.
    """
    urls = [source for source in sources if isinstance(source, str)]
    if not urls:
        yield [Path(source) for source in sources], Mirror()
        return
    with TemporaryDirectory(prefix="inkfolio-inputs-") as folder:
        root = Path(folder).resolve()
        paths = {url: _mirror(url, root / str(number)) for number, url in enumerate(urls)}
        found = [paths[source] if isinstance(source, str) else source for source in sources]
        yield found, Mirror(root, tuple(url.rpartition("/")[0] for url in urls))


def _mirror(url: str, folder: Path) -> Path:
    """Placeholders for a file, or for all pages and PDFs below a folder, at a URL."""
    fs, path = file_system(url)
    try:
        files = {path: fs.info(path)} if fs.isfile(path) else fs.find(path, detail=True)
    except FileNotFoundError:
        files = {}
    except _store_errors() as error:
        raise _unreachable(url, error) from error
    if not files:
        raise InputError(f"{shown(url)}: is not there, or is empty; check the address")
    top = folder / url.rpartition("/")[2]
    for name, about in files.items():
        below = PurePosixPath(name).relative_to(path) if name != path else PurePosixPath()
        if kind_of(Path(name)) is None and name != path:
            continue
        if ".." in below.parts:
            raise InputError(
                f"{shown(url)}/{shown(str(below))}: leads out of its folder; rename it"
            )
        _placeholder(top / below, f"{url}\n{fs.ukey(name)}", about)
    if not top.exists():
        raise InputError(
            f"{shown(url)}: no images and no PDFs; name files or folders that hold some"
        )
    return top


def _placeholder(path: Path, content: str, about: dict[str, Any]) -> None:
    """A file that holds what identifies another's content, with its date if it has one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8", "surrogateescape")
    time = next((about[key] for key in _TIMES if about.get(key)), 0)
    seconds = time.timestamp() if isinstance(time, datetime) else time
    if isinstance(seconds, int | float):
        os.utime(path, (seconds, seconds))


_fetched: dict[str, TemporaryDirectory[str]] = {}  # by URL and content: at most one


def _last_fetched(url: str) -> Path:
    """A file of a URL, fetched unless it was the last: the pages of a PDF follow each other."""
    fs, path = file_system(url)
    try:
        key = f"{url}\n{fs.ukey(path)}"
    except _store_errors() as error:
        raise _unreachable(url, error) from error
    if key not in _fetched:
        _fetched.clear()
        folder = TemporaryDirectory(prefix="inkfolio-page-")
        fetch(url, Path(folder.name))
        _fetched[key] = folder
    return Path(_fetched[key].name) / url.rpartition("/")[2]


def fetch(url: str, folder: Path) -> Path:
    """Copy a file from a URL into a folder.

    Raises:
        InputError: if it is not there or cannot be read.
    """
    fs, path = file_system(url)
    local = folder / url.rpartition("/")[2]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fs.get_file(path, str(local))
    except _store_errors() as error:
        raise _unreachable(url, error) from error
    return local


def _unreachable(url: str, error: Exception) -> InputError:
    return InputError(
        f"{shown(url)}: cannot be read ({_told(error)}); check the address and the rights"
    )


def run_folder(out: Path | str) -> Path:
    """Where a run keeps its ledger: with its outputs, or on this machine if they go to a URL."""
    if isinstance(out, Path):
        return Path(os.path.abspath(out))  # noqa: PTH100 - other machines start elsewhere
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    name = safe_name(out.rpartition("/")[2])[:40]
    return Path(base) / "inkfolio" / f"{name}-{hashlib.sha256(out.encode()).hexdigest()[:12]}"


def upload(file: Path, url: str) -> None:
    """Copy a file to a URL.

    Raises:
        FileAccessError: if it cannot be written there.
    """
    with _writing(url) as (fs, path):
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        fs.put_file(str(file), path)


def move(url: str, target: str) -> None:
    """Put what lies at a URL in the place of another one, which it replaces as a whole.

    Raises:
        FileAccessError: if it cannot be written there.
    """
    with _writing(target) as (fs, path):
        fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        fs.mv(file_system(url)[1], path)


def remove_below(url: str) -> None:
    """Remove all that is below a URL, if there is anything."""
    with _writing(url) as (fs, path):
        if fs.exists(path):
            fs.rm(path, recursive=True)


def there_is(url: str) -> bool:
    """Whether there is a file or a folder at a URL."""
    with _writing(url) as (fs, path):
        return bool(fs.exists(path))


def url_sha256(url: str) -> str:
    """SHA-256 of a file at a URL, read again only if it has changed; empty if there is none."""
    with _writing(url) as (fs, path):
        try:
            return _sha256(url, str(fs.ukey(path)))
        except (FileNotFoundError, IsADirectoryError):
            return ""


@lru_cache(maxsize=100_000)
def _sha256(url: str, content: str) -> str:
    fs, path = file_system(url)
    with fs.open(path, "rb") as file:
        found = hashlib.sha256()
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


@contextmanager
def _writing(url: str) -> Iterator[tuple[Any, str]]:
    fs, path = file_system(url)
    try:
        yield fs, path
    except _store_errors() as error:
        raise FileAccessError(
            f"{shown(url)}: cannot be written ({_told(error)}); check the address and the rights"
        ) from error


def refuse_memory(places: Iterable[Path | str]) -> None:
    """Stop at a URL that other processes cannot see.

    Raises:
        UsageError: if there is one.
    """
    for text in places:
        if isinstance(text, str) and text.startswith("memory:"):
            raise UsageError(
                f"{shown(text)}: is seen by this process alone and not by its workers; "
                "name another place"
            )
