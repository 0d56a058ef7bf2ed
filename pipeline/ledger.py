"""What was done, under which key, with which outcome: a SQLite file in the run's folder.

The ledger knows no images. It keeps a row a page and a document, and the SHA-256 of every file
that was made; what has a key and an intact file need not be done again. Every change is one
transaction on the disk, so that a crash at any moment costs what was in hand and no more. The
journal is SQLite's plain one, not its write-ahead log, which network folders cannot hold.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import FileAccessError
from pipeline.names import shown

FOLDER = ".inkfolio"
_VERSION = 2  # of the tables; what the first lacks is added
_TABLES = """
CREATE TABLE IF NOT EXISTS pages (
    document TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL,
    key TEXT NOT NULL, status TEXT NOT NULL, seconds REAL NOT NULL, error TEXT NOT NULL,
    outcome BLOB NOT NULL, page BLOB, PRIMARY KEY (document, id));
CREATE TABLE IF NOT EXISTS documents (
    name TEXT PRIMARY KEY, pages INTEGER NOT NULL,
    key TEXT NOT NULL, status TEXT NOT NULL, error TEXT NOT NULL, outcome BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path TEXT NOT NULL, sha256 TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (path, sha256));
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page that was worked on.

    Attributes:
        document: name of its document.
        id: of the page, unique within the document.
        number: place in the document, from 1.
        key: stands for all that decides the result; empty if that could not be told.
        status: "done", "blank", "skipped" or "failed".
        seconds: time that it took.
        error: empty unless it failed.
        outcome: packed, for the report.
        page: packed, for the document; None if not even its pixels could be read.
    """

    document: str
    id: str
    number: int
    key: str
    status: str
    seconds: float
    error: str
    outcome: bytes
    page: bytes | None = None


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document whose files were written, or could not be; fields as in `PageRow`."""

    name: str
    pages: int
    key: str
    status: str
    error: str
    outcome: bytes


class Ledger:
    """The rows of one folder; made by `open_ledger`."""

    def __init__(self, rows: sqlite3.Connection, path: Path) -> None:
        """A ledger over an open file with its tables."""
        self._rows = rows
        self._path = path

    def page_key(self, document: str, page: str, *, failed: bool = False) -> str:
        """The key under which a page was read, or perhaps failed to be; empty if there is none."""
        query = "SELECT key, status FROM pages WHERE document = ? AND id = ?"
        found = self._one(query, (document, page))
        return str(found[0]) if found and (failed or found[1] != "failed") else ""

    def page(self, document: str, page: str) -> PageRow | None:
        """A page's row, if it has one."""
        found = self._one("SELECT * FROM pages WHERE document = ? AND id = ?", (document, page))
        return PageRow(*found) if found else None

    def read_pages(self, document: str) -> dict[str, str]:
        """ID of each page that has an image, with a word that changes whenever its row does."""
        query = "SELECT id, status || key FROM pages WHERE document = ? AND page IS NOT NULL"
        with self._speaking():
            return dict(self._rows.execute(query, (document,)))

    def record_page(self, row: PageRow) -> None:
        """Keep a page in place of what was kept of it before."""
        self._write("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def document(self, name: str) -> DocumentRow | None:
        """A document's row, if it has one."""
        found = self._one("SELECT * FROM documents WHERE name = ?", (name,))
        return DocumentRow(*found) if found else None

    def record_document(self, row: DocumentRow) -> None:
        """Keep a document in place of what was kept of it before."""
        self._write("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)", row)

    def owns(self, path: str, sha256: str) -> bool:
        """Whether a run made, or was about to make, this file with these bytes."""
        return bool(self._one("SELECT 1 FROM files WHERE path = ? AND sha256 = ?", (path, sha256)))

    def claim(self, document: str, files: Sequence[tuple[str, str]]) -> None:
        """Note paths and SHA-256 of files that are about to be put in their places.

        What was there before stays noted too, until `settle`: after a crash in between, the
        folder holds one or the other, and both are ours.
        """
        with self._transaction():
            self._rows.executemany(
                "INSERT OR IGNORE INTO files VALUES (?, ?, ?)",
                [(path, sha256, document) for path, sha256 in files],
            )

    def settle(self, files: Sequence[tuple[str, str]]) -> None:
        """Forget what else was noted for these paths, now that they hold these bytes."""
        with self._transaction():
            self._rows.executemany("DELETE FROM files WHERE path = ? AND sha256 != ?", files)

    def files(self, document: str) -> list[tuple[str, str]]:
        """Path and SHA-256 of a document's files, in the order of their paths."""
        query = "SELECT path, sha256 FROM files WHERE document = ? ORDER BY path"
        with self._speaking():
            return list(self._rows.execute(query, (document,)))

    def answer(self, key: str) -> str | None:
        """What a remote reader has answered to a question; None if it was never answered."""
        found = self._one("SELECT text FROM answers WHERE key = ?", (key,))
        return str(found[0]) if found else None

    def record_answer(self, key: str, text: str) -> None:
        """Keep what a remote reader has answered."""
        with self._speaking():
            self._rows.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, text))

    def counts(self) -> dict[str, int]:
        """Number of pages by status."""
        with self._speaking():
            return dict(self._rows.execute("SELECT status, count(*) FROM pages GROUP BY status"))

    def document_counts(self) -> dict[str, int]:
        """Number of documents by status."""
        query = "SELECT status, count(*) FROM documents GROUP BY status"
        with self._speaking():
            return dict(self._rows.execute(query))

    def seconds_per_page(self) -> float:
        """Mean time of the pages that were read; 0 if there are none."""
        found = self._one("SELECT avg(seconds) FROM pages WHERE status != 'failed'", ())
        return float(found[0] or 0.0) if found else 0.0

    def errors(self, most: int) -> list[str]:
        """What went wrong last, with pages and with documents."""
        query = """SELECT error FROM (SELECT error, rowid FROM pages UNION ALL
            SELECT error, rowid FROM documents) WHERE error != '' ORDER BY rowid DESC LIMIT ?"""
        with self._speaking():
            return [error for (error,) in self._rows.execute(query, (most,))]

    def changed(self) -> float:
        """When a row was last written, in seconds since 1970."""
        return self._path.stat().st_mtime

    def note(self, **values: object) -> None:
        """Keep some facts about the run, such as how many pages it has to do."""
        with self._transaction():
            self._rows.executemany(
                "INSERT OR REPLACE INTO run VALUES (?, ?)",
                [(name, str(value)) for name, value in values.items()],
            )

    def notes(self) -> dict[str, str]:
        """What `note` kept."""
        with self._speaking():
            return dict(self._rows.execute("SELECT name, value FROM run"))

    def _one(self, query: str, values: Sequence[object]) -> tuple[Any, ...] | None:
        with self._speaking():
            found: tuple[Any, ...] | None = self._rows.execute(query, values).fetchone()
        return found

    def _write(self, command: str, row: PageRow | DocumentRow) -> None:
        with self._speaking():
            self._rows.execute(command, [getattr(row, name) for name in row.__slots__])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._speaking():
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._rows.execute("ROLLBACK")
                raise
            self._rows.execute("COMMIT")

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        with _speaking_of(self._path):
            yield


@contextmanager
def open_ledger(out: Path) -> Iterator[Ledger]:
    """The ledger of a folder, made if it is missing; no other run can have it meanwhile.

    Raises:
        FileAccessError: if another run works into the folder, it cannot be written, or the
            ledger is damaged.
    """
    folder = out / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileAccessError(
            f"{shown(out)}: cannot be written ({error.strerror}); "
            "change its permissions or choose another --out"
        ) from error
    with _alone(folder, out), _opened(folder / "ledger.sqlite") as rows:
        yield Ledger(rows, folder / "ledger.sqlite")


@contextmanager
def look_into(out: Path) -> Iterator[Ledger]:
    """The ledger of a folder for reading alone, also while a run is writing it.

    Raises:
        FileAccessError: if there is none.
    """
    path = out / FOLDER / "ledger.sqlite"
    if not path.is_file():
        raise FileAccessError(f"{shown(out)}: no run has written here; check the name")
    with _opened(path) as rows:
        yield Ledger(rows, path)


def running(out: Path) -> str:
    """Who works into a folder at this moment, such as "process 12 on host"; empty if nobody."""
    folder = out / FOLDER
    if not folder.is_dir():
        return ""
    try:
        _lock(folder).close()
    except sqlite3.Error:
        return _holder(folder)
    return ""


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with _speaking_of(path):
        rows = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        with _speaking_of(path):
            (version,) = rows.execute("PRAGMA user_version").fetchone()
            if version not in range(_VERSION + 1):
                raise sqlite3.DatabaseError(f"of another version, {version}")
            if version < _VERSION:
                rows.executescript(f"{_TABLES}; PRAGMA user_version = {_VERSION}")
        yield rows
    finally:
        rows.close()


@contextmanager
def _speaking_of(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a sentence that a user can act on."""
    try:
        yield
    except sqlite3.OperationalError as error:  # disk full, read-only, locked
        raise FileAccessError(
            f"{shown(path)}: cannot be written ({error}); make room or change the folder's "
            "permissions, and start again: what is done stays done"
        ) from error
    except sqlite3.Error as error:
        raise FileAccessError(
            f"{shown(path)}: is damaged ({error}); choose another --out, "
            "or delete it and give --overwrite to do everything again"
        ) from error


@contextmanager
def _alone(folder: Path, out: Path) -> Iterator[None]:
    """Hold the folder's lock: a transaction that the system ends with the process, however it dies.

    SQLite's locks work alike on every system; `fcntl` and `msvcrt` do not.
    """
    try:
        lock = _lock(folder)
    except sqlite3.Error as error:
        if "locked" in str(error):
            reason = f"{_holder(folder)} is writing into it; wait until it has ended"
        else:
            reason = f"cannot be written ({error}); change its permissions"
        raise FileAccessError(f"{shown(out)}: {reason}, or choose another --out") from error
    try:
        with suppress(OSError):
            who = f"process {os.getpid()} on {socket.gethostname()}"
            (folder / "running").write_text(who, "utf-8")
        yield
    finally:
        lock.close()


def _lock(folder: Path) -> sqlite3.Connection:
    lock = sqlite3.connect(folder / "lock.sqlite", timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        lock.close()
        raise
    return lock


def _holder(folder: Path) -> str:
    try:
        return (folder / "running").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return "another run"
