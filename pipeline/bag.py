"""A run's folder -> a BagIt bag: its files, and on request the scans, with their checksums."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bagit

from pipeline.errors import FileAccessError, InputError
from pipeline.files import PARTIAL
from pipeline.keys import file_sha256
from pipeline.ledger import running
from pipeline.names import shown

REPORTS = ("report.json", "report.csv")
ORIGINALS = "originals"
CHECKSUMS = ("sha256", "sha512")


@dataclass(frozen=True, slots=True)
class Bagged:
    """What is in a bag."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file that goes into the bag, under which name, and the sum that it must have."""

    source: Path
    name: str
    sha256: str = ""


def bag_run(out: Path, bag: Path, *, originals: bool = False, organization: str = "") -> Bagged:
    """Put copies of a run's files into a new bag.

    Args:
        out: the run's folder; its report says which files are its own.
        bag: the folder to make; appears whole or not at all.
        originals: whether the scans go into it too, into `data/originals`.
        organization: who the bag is from.

    Raises:
        InputError: if there is no report, a scan is gone, or a file is not as it was made.
        FileAccessError: if the run is at work, or the bag is there already or cannot be written.
    """
    report = _report(out)
    if running(out):
        raise FileAccessError(f"{shown(out)}: is being written to; wait until the run is done")
    if bag.exists():
        raise FileAccessError(f"{shown(bag)}: is there already; name a new folder")
    entries = list(_outputs(out, report))
    if originals:
        entries += _originals(report)
    partial = bag.with_name(bag.name + PARTIAL)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        for entry in entries:
            _copy(entry, partial)
        made = _make_bag(partial, _told(report, organization))
        partial.replace(bag)
    except OSError as error:
        raise FileAccessError(
            f"{shown(bag)}: cannot be written ({error.strerror or error}); "
            "make room or change the folder's permissions"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made


def _report(out: Path) -> dict[str, Any]:
    path = out / REPORTS[0]
    try:
        report: dict[str, Any] = json.loads(path.read_bytes())
        if not isinstance(report["files"], dict) or not report["documents"]:
            raise ValueError("it names no files")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            f"{shown(path)}: is not the report of a run ({error}); name a folder that "
            "inkfolio convert has written"
        ) from error
    return report


def _outputs(out: Path, report: dict[str, Any]) -> Iterator[_Entry]:
    for name in REPORTS:
        yield _Entry(out / name, name)
    for name, sha256 in report["files"].items():
        yield _Entry(out / name, name, sha256)


def _originals(report: dict[str, Any]) -> Iterator[_Entry]:
    """The files that the pages were read from, each in its document's folder."""
    for document in report["documents"]:
        for source in dict.fromkeys(page["source"] for page in document["pages"]):
            path = Path(source)
            yield _Entry(path, f"{ORIGINALS}/{document['name']}/{path.name}")


def _copy(entry: _Entry, folder: Path) -> None:
    """Copy a file, date and all.

    Raises:
        InputError: if it is not there, not as it was made, or its name is no Unicode.
    """
    name = shown(entry.source)
    try:
        entry.name.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{name}: a bag holds Unicode names only; rename it") from error
    if not entry.source.is_file():
        raise InputError(f"{name}: is not there any more; put it back, or run convert again")
    if entry.sha256 and file_sha256(entry.source) != entry.sha256:
        raise InputError(f"{name}: was changed since the run; run convert again")
    target = folder / entry.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(entry.source, target)


def _make_bag(folder: Path, told: dict[str, str]) -> Bagged:
    logging.getLogger("bagit").setLevel(logging.WARNING)
    bag = bagit.make_bag(str(folder), told, checksums=list(CHECKSUMS))
    size, _, files = bag.info["Payload-Oxum"].partition(".")
    return Bagged(int(files), int(size))


def _told(report: dict[str, Any], organization: str) -> dict[str, str]:
    """What `bag-info.txt` says."""
    pages = report["pages"]
    counted = f"{sum(pages.values())} pages in {len(report['documents'])} documents"
    failed = f", {pages['failed']} failed" if pages.get("failed") else ""
    program = f"Inkfolio {version('inkfolio')}, bagit.py {bagit.VERSION}"
    told = {
        "Bagging-Date": _today(),
        "Bag-Software-Agent": program,
        "External-Description": f"{counted}, read by Inkfolio {report['inkfolio']}{failed}",
    }
    return {"Source-Organization": organization, **told} if organization else told


def _today() -> str:
    """The date, or SOURCE_DATE_EPOCH's: the same bag then has the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return now.date().isoformat()
