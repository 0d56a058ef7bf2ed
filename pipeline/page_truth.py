"""Pages of ground truth: images with page JSON beside them, as in shared/data/pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.line_parts import box_around
from pipeline.document import Line, Page, Point, Region, Word
from pipeline.errors import InputError

_PPI = 300.0  # they do not tell


@dataclass(frozen=True, slots=True)
class TrueLine:
    """A line of the ground truth, in pixels of the image."""

    boundary: tuple[Point, ...]
    baseline: tuple[Point, ...]
    text: str
    readable: bool  # false: counts for segmentation, not for reading


@dataclass(frozen=True, slots=True)
class TruePage:
    """A page of the ground truth; width and height are those of its image.

    `kind` is empty where it is not known; `frame` is the page of its image's file.
    """

    name: str
    corpus: str
    kind: str
    image: Path
    width: int
    height: int
    lines: tuple[TrueLine, ...]
    frame: int = 0


def read_truth(folder: Path) -> Iterator[TruePage]:
    """The ground truth in a folder, by file name.

    Raises:
        InputError: if there is none, or a file is damaged.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise InputError(f"{folder}: no page JSON in it; give a folder such as data/pages/val")
    return (_read(path) for path in paths)


def _read(path: Path) -> TruePage:
    try:
        return _true_page(json.loads(path.read_text(encoding="utf-8")), path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no page JSON ({error}); leave it out") from error


def _true_page(page: dict[str, Any], path: Path) -> TruePage:
    lines = tuple(
        TrueLine(
            _points(line["polygon"]), _points(line["baseline"]), line["text"], bool(line["ok"])
        )
        for line in page["lines"]
        if line["polygon"]
    )
    return TruePage(
        name=path.stem,
        corpus=page["corpus"],
        kind=page["kind"],
        image=path.parent / page["image"],
        width=int(page["width"]),
        height=int(page["height"]),
        lines=lines,
    )


def _points(pairs: Iterable[Sequence[float]] | None) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in pairs or ())


def is_truth(data: bytes) -> bool:
    """Whether a file's content looks like page JSON."""
    return all(word in data for word in (b'"polygon"', b'"baseline"', b'"image"', b'"ok"'))


def page_of_truth(path: Path) -> Page:
    """A page of the ground truth as a page of a document, each line with its text as one word.

    Lines that are not fit for reading have no text.

    Raises:
        InputError: if the file is damaged.
    """
    truth = _read(path)
    lines = tuple(_line(f"l{n}", line) for n, line in enumerate(truth.lines, start=1))
    corners = [point for line in lines for point in line.boundary] or [(0, 0)]
    region = Region("r1", "text", box_around(corners).polygon(), lines)
    size = truth.width, truth.height
    return Page(truth.name, 0, *size, _PPI, source=truth.image.name, regions=(region,))


def _line(name: str, line: TrueLine) -> Line:
    readable = line.readable and line.text
    words = (Word(line.text, box_around(line.boundary), 1.0),) if readable else ()
    return Line(name, line.boundary, line.baseline, words)
