"""Pages with ground truth to level images with outlines, as the network sees them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.document import Point
from pipeline.errors import InputError
from pipeline.frame import Frame
from segment.arrays import Gray
from segment.net.targets import Outline, outline
from segment.page import SegmentParams, level_of


@dataclass(frozen=True, slots=True)
class LevelPage:
    """A page turned level, its letters of usual size, and its true lines.

    Attributes:
        gray: uint8 (H, W), flattened.
        lines: outlines in its pixels.
        partial: whether there may be others, which nobody has transcribed.
    """

    gray: Gray
    lines: tuple[Outline, ...]
    partial: bool = False


class TruePages:
    """The pages of some folders, made level when first asked for and kept in a cache."""

    def __init__(self, folders: Sequence[Path], cache: Path, partial: Sequence[str] = ()) -> None:
        """Pages of `folders`: page JSON beside page images, as in `shared/data/pages`.

        Those of the corpora `partial`, with which their names begin, are transcribed in part.

        Raises:
            InputError: if a folder holds no page JSON, or one is damaged.
        """
        self.paths = [path for folder in folders for path in _truths(folder)]
        self.counts = [len(_truth(path)["lines"]) for path in self.paths]  # of lines
        self.cache, self._partial = cache, {f"{corpus}__" for corpus in partial}
        cache.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        """Number of pages."""
        return len(self.paths)

    def __getitem__(self, index: int) -> LevelPage:
        """A page; one on which no text is found is white and without lines."""
        path = self.paths[index]
        kept = self.cache / f"{path.parent.name}-{path.stem}.npz"
        if not kept.exists():
            page = read_level_page(path)
            unfinished = kept.with_suffix(".partial.npz")
            _save(unfinished, page)
            unfinished.replace(kept)
        partial = any(path.name.startswith(corpus) for corpus in self._partial)
        return replace(_load(kept), partial=partial)


def read_level_page(path: Path) -> LevelPage:
    """The page of a page JSON, made level.

    Raises:
        InputError: if the file or its image is damaged.
    """
    truth = _truth(path)
    try:
        data = np.frombuffer((path.parent / truth["image"]).read_bytes(), np.uint8)
        gray = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        lines = [(_points(one["polygon"]), _points(one["baseline"])) for one in truth["lines"]]
    except (OSError, ValueError, KeyError, TypeError, cv2.error) as error:
        raise _no_page(path, error) from error
    if gray is None:
        raise InputError(f"{path}: its image cannot be decoded; leave it out")
    return level_with_truth(np.asarray(gray, np.uint8), lines)


def level_with_truth(
    gray: Gray,
    lines: Sequence[tuple[Sequence[Point], Sequence[Point]]],
    params: SegmentParams = SegmentParams(),
) -> LevelPage:
    """A page and its lines made level.

    Args:
        gray: uint8 (H, W).
        lines: boundary and baseline of each, page pixels.
        params: decide how the page is made level.

    Returns:
        The level page.
    """
    ink, _, level = level_of(gray, params)
    if level is None:
        return LevelPage(np.full((64, 64), 255, np.uint8), ())
    frame = level.frame.then(Frame.scaled(max(ink.shape) / max(gray.shape))).inverse()
    found = [outline(frame.to_page(a), frame.to_page(b)) for a, b in lines]
    return LevelPage(level.gray, tuple(one for one in found if one is not None))


def _truth(path: Path) -> Any:
    """A page JSON's content.

    Raises:
        InputError: if it is damaged, or no list of lines is in it.
    """
    try:
        truth = json.loads(path.read_text("utf-8"))
        len(truth["lines"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_page(path, error) from error
    return truth


def _no_page(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: no page JSON ({error}); leave it out")


def _truths(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise InputError(f"{folder}: no page JSON in it; give a folder such as data/pages/train")
    return paths


def _points(pairs: Sequence[Sequence[float]] | None) -> list[Point]:
    return [(float(x), float(y)) for x, y in pairs or ()]


def _save(path: Path, page: LevelPage) -> None:
    curves = [np.stack([line.x, line.top, line.base, line.bottom]) for line in page.lines]
    joined = np.concatenate(curves, axis=1) if curves else np.zeros((4, 0), np.float32)
    lengths = np.array([curve.shape[1] for curve in curves], np.int64)
    np.savez(path, gray=page.gray, curves=joined, lengths=lengths)


def _load(path: Path) -> LevelPage:
    with np.load(path) as kept:
        curves, lengths, gray = kept["curves"], kept["lengths"], kept["gray"]
    parts = np.split(curves, np.cumsum(lengths)[:-1], axis=1) if len(lengths) else []
    return LevelPage(gray, tuple(Outline(*part) for part in parts))
