"""Keys of the ledger: hashes of all that decides what comes out of a page or a document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

from pipeline.given_order import order_file
from pipeline.load import LoadParams, SourcePage
from pipeline.settings import Settings
from pipeline.tables import to_table

_PACKAGES = ("pipeline", "segment", "recognize", "export", "enrich")
_ONLY_FOR_DOCUMENTS = ("formats", "enrich", "language", "pdf", "base_url")
# The hashes of weights and of PAGE files stand for them.
_WITHOUT_EFFECT_ON_PAGES = (*_ONLY_FOR_DOCUMENTS, "model", "order_from")


@dataclass(frozen=True, slots=True)
class Keys:
    """Makes the keys of one run.

    Attributes:
        common: stands for the program, its settings and its weights.
        writing: stands for the settings of what is written.
        order_from: folder of PAGE files that state pages' order; may be empty.
    """

    common: str
    writing: str
    order_from: str = ""

    def page(self, document: str, page: SourcePage, answer: str | None = None) -> str:
        """The key of a document's page; empty if its file cannot be read.

        Args:
            document: its document's name.
            page: the page.
            answer: of a remote reader; None without one.
        """
        order = order_file(self.order_from, document, page)
        try:
            content = file_sha256(page.path)
            stated = file_sha256(order) if order else ""
        except OSError:
            return ""
        about = (page.frame, page.kind, page.id, page.index, page.path.name)
        return _sha256(self.common, content, stated, answer, *about)

    def document(self, name: str, created: datetime, pages: Mapping[str, str]) -> str:
        """The key of a document with some pages, each with what stands for it."""
        dated = created.isoformat()
        return _sha256(self.common, self.writing, name, dated, list(pages.items()))


def answer_key(asked: Sequence[str], load: LoadParams, page: SourcePage) -> str:
    """The key of a remote reader's answer to a page; empty if its file cannot be read.

    Args:
        asked: all that decides the answer, but the page.
        load: settings of loading.
        page: the page.
    """
    try:
        content = file_sha256(page.path)
    except OSError:
        return ""
    return _sha256(list(asked), to_table(load), content, page.frame, page.kind)


def picture_key(asked: Sequence[str], picture: bytes) -> str:
    """The key of a remote reader's answer to one of several pictures of a page.

    Args:
        asked: all that decides the answer, but the picture.
        picture: as it is sent.
    """
    return _sha256(list(asked), hashlib.sha256(picture).hexdigest())


def keys_of(settings: Settings, weights_sha256: str, asked: Sequence[str] = ()) -> Keys:
    """The keys under some settings and weights; `asked` stands for a remote reader's."""
    table = to_table(settings)
    effective = {name: table[name] for name in table if name not in _WITHOUT_EFFECT_ON_PAGES}
    common = _sha256(code_version(), weights_sha256, effective, list(asked))
    writing = _sha256({name: table[name] for name in _ONLY_FOR_DOCUMENTS})
    return Keys(common, writing, settings.order_from)


@cache
def code_version() -> str:
    """The version with a hash of the program's own text, so that a changed stage is another."""
    top = Path(__file__).resolve().parents[1]
    files = [file for name in _PACKAGES for file in sorted((top / name).rglob("*.py"))]
    return f"{version('inkfolio')}+{_sha256(*[file.read_text('utf-8') for file in files])[:12]}"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content; not computed again while date, size and place are the same."""
    stat = path.stat()
    return _file_sha256(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


@lru_cache(maxsize=100_000)
def _file_sha256(path: Path, *identity: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()
