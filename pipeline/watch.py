"""A folder that a scanner fills: its files are converted as they come to rest.

The folder is looked at again and again rather than listened to: what other machines write into a
network folder tells nobody that it does.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import InputError
from pipeline.names import shown
from pipeline.sources import kind_of

logger = logging.getLogger(__name__)

Look = tuple[int, int, int]  # size, date and place of a file: another one, another file


@dataclass(slots=True)
class Settling:
    """Which files have kept still for long enough.

    A file that a scanner writes, or that is copied over a network, grows and is dated anew.

    Attributes:
        rest_s: how long a file must have been the same.
    """

    rest_s: float
    _seen: dict[Path, tuple[Look, float]] = field(default_factory=dict)

    def settled(self, looks: dict[Path, Look], now: float) -> dict[Path, Look]:
        """Those files of the present look that are as they were `rest_s` ago; none is empty."""
        seen = self._seen
        self._seen = {
            path: seen[path] if path in seen and seen[path][0] == look else (look, now)
            for path, look in looks.items()
        }
        return {
            path: look
            for path, (look, since) in self._seen.items()
            if look[0] > 0 and now - since >= self.rest_s
        }


def watch(
    folder: Path,
    take: Callable[[Collection[Path]], None],
    *,
    out: Path | None = None,
    rest_s: float = 5.0,
    every_s: float = 1.0,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Call `take` whenever files of a folder have come to rest that were not there before.

    Args:
        folder: looked at with all folders in it.
        take: told the files that are to be left alone, since they are still being written.
        out: a folder that is not looked into, should it lie within the other.
        rest_s: how long a file must have kept still.
        every_s: time between two looks.
        stopping: whether to end; the default never does.

    Raises:
        InputError: if there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{shown(folder)}: is no folder to watch; make it or check the name")
    settling = Settling(rest_s)
    taken: dict[Path, Look] = {}
    while not stopping():
        looks = dict(_looks(folder, out))
        settled = settling.settled(looks, time.monotonic())
        if any(taken.get(path) != look for path, look in settled.items()):
            take(sorted(set(looks) - set(settled)))
            taken = settled
        time.sleep(every_s)


def _looks(folder: Path, out: Path | None) -> Iterator[tuple[Path, Look]]:
    """All pages and PDFs in a folder; what vanishes meanwhile, the folder too, is left out."""
    shut = out.resolve() if out else None
    for place, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and (Path(place) / name).resolve() != shut
        ]
        for name in names:
            path = Path(place) / name
            if name.startswith(".") or kind_of(path) is None:
                continue
            try:
                stat = path.stat()
            except OSError:
                continue
            yield path, (stat.st_size, stat.st_mtime_ns, stat.st_ino)
