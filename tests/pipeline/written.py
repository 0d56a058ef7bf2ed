"""What a run has written, in a folder or behind a URL, but for its reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.ledger import FOLDER


def files_of(folder: Path) -> dict[str, bytes]:
    """The bytes of each file by its path below a folder; the ledger's are left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("report.") and FOLDER not in path.parts
    }


def stored(fs: Any, top: str) -> dict[str, bytes]:
    """The same of a folder of an fsspec file system."""
    found = {name.removeprefix(f"{top}/"): fs.cat_file(name) for name in fs.find(top)}
    return {name: data for name, data in found.items() if not name.startswith("report.")}
