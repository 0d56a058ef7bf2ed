"""File names: shown safely to people, and turned into base names that never collide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

_MAX_BYTES = 200  # leaves room for page numbers and suffixes below the usual limit of 255


def shown(path: Path | str) -> str:
    """A path for messages and logs: control, bidirectional and undecodable characters escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in str(path)
    )


def safe_name(name: str) -> str:
    """A name that any file system, XML file and terminal takes; close to the one given."""
    printable = "".join(char if char.isprintable() else "_" for char in name)
    short = printable.encode()[:_MAX_BYTES].decode(errors="ignore")
    return short.rstrip(" .") or "unnamed"


def base_names(files: Sequence[Path], taken: Sequence[str] = ()) -> list[str]:
    """One base name per file of a folder, distinct from each other and from those taken.

    A file keeps its own base name; where that would be shared, the suffix joins it
    (`x.png` and `x.tif` give `x_png` and `x_tif`). Upper and lower case count as equal,
    since some file systems hold them to be.
    """
    stems = [safe_name(file.stem) for file in files]
    counts = Counter(name.casefold() for name in (*stems, *taken))
    used = set(counts)
    return [
        stem
        if counts[stem.casefold()] == 1
        else _claim(safe_name(f"{stem}_{file.suffix[1:]}"), used)
        for file, stem in zip(files, stems, strict=True)
    ]


def distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where one comes again."""
    used: set[str] = set()
    return [_claim(name, used) for name in names]


def numbered(name: str) -> Iterator[str]:
    """The name, then name_2, name_3 and so on."""
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _claim(name: str, used: set[str]) -> str:
    """The first free variant of `name`, which is then no longer free."""
    free = next(variant for variant in numbered(name) if variant.casefold() not in used)
    used.add(free.casefold())
    return free
