"""Files in the run's folder: which are ours, which are intact, and how new ones get there."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FileAccessError
from pipeline.files import sync_folder, write_bytes
from pipeline.keys import file_sha256
from pipeline.ledger import FOLDER, Ledger
from pipeline.names import shown
from pipeline.remote import move, remove_below, there_is, upload, url_sha256
from pipeline.worker import Made


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of a run's folder.

    Attributes:
        folder: where they are.
        ledger: which of them earlier runs made.
        overwrite: whether those of others may be replaced.
        url: where the files go instead of the folder, which then holds the ledger alone.
    """

    folder: Path
    ledger: Ledger
    overwrite: bool = False
    url: str = ""

    @property
    def scratch(self) -> Path:
        """A folder for files in the making, on the disk of those that are made.

        Not in the same folder as in `pipeline.files`: a worker that outlives a killed run could
        meet the next run's worker there.
        """
        return self.folder / FOLDER / "scratch"

    @property
    def upload(self) -> str:
        """Where workers send what they have made, if the outputs go to a URL."""
        return f"{self.url}/{FOLDER}/scratch" if self.url else ""

    def clear_scratch(self, part: Path | None = None) -> None:
        """Remove what a document, or a whole run that was killed, left behind."""
        shutil.rmtree(part or self.scratch, ignore_errors=True)
        if self.url:
            remove_below(f"{self.upload}/{part.name}" if part else self.upload)

    def refuse_strangers(self, paths: Iterable[str]) -> None:
        """Stop at the first file that no run made, or that was changed since.

        Raises:
            FileAccessError: if there is one and it may not be replaced.
        """
        if self.overwrite:
            return
        for path in paths:
            if self._is_there(path) and not self._is_ours(path):
                raise FileAccessError(
                    f"{shown(self._name(path))}: is there already and not from an earlier run, or "
                    "was changed since; choose another --out, or give --overwrite"
                )

    def are_intact(self, document: str, paths: Sequence[str]) -> bool:
        """Whether a document's files are there as they were made."""
        made = dict(self.ledger.files(document))
        return all(made.get(path, "none") == self._sha256(path) for path in paths)

    def put_in_place(self, document: str, files: Sequence[Made]) -> None:
        """Move finished files to where they belong.

        Raises:
            FileAccessError: if a stranger is in the place, or it cannot be written.
        """
        self.refuse_strangers(file.path for file in files)
        claims = [(file.path, file.sha256) for file in files]
        self.ledger.claim(document, claims)
        for file in files:
            self._put(file)
        if not self.url:
            for folder in {(self.folder / file.path).parent for file in files}:
                sync_folder(folder)
        self.ledger.settle(claims)

    def write(self, path: str, data: bytes) -> None:
        """Write one file that belongs to no document."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.ledger.claim("", [(path, sha256)])
        if self.url:
            scratch = self.scratch / "written"
            write_bytes(scratch, data)
            upload(scratch, f"{self.upload}/written")
            move(f"{self.upload}/written", self._name(path))
        else:
            write_bytes(self.folder / path, data)
        self.ledger.settle([(path, sha256)])

    def _put(self, file: Made) -> None:
        """Move a finished file to its place."""
        if self.url:
            move(file.uploaded, self._name(file.path))
            return
        target = self.folder / file.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file.scratch.replace(target)
        except OSError as error:
            raise FileAccessError(
                f"{shown(target)}: cannot be written ({error.strerror}); "
                "change the folder's permissions or choose another --out"
            ) from error

    def _name(self, path: str) -> str:
        return f"{self.url}/{path}" if self.url else str(self.folder / path)

    def _is_there(self, path: str) -> bool:
        return there_is(self._name(path)) if self.url else (self.folder / path).exists()

    def _is_ours(self, path: str) -> bool:
        return self.ledger.owns(path, self._sha256(path))

    def _sha256(self, path: str) -> str:
        """The hash of what is there; empty if that is no readable file."""
        if self.url:
            return url_sha256(self._name(path))
        try:
            return file_sha256(self.folder / path)
        except OSError:
            return ""
