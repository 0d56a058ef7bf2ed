"""A level page to its text lines, by the trained network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import torch

from pipeline.processor import in_bfloat16
from segment.arrays import Floats, Gray, Ink
from segment.faint import faint_ink
from segment.level import Level
from segment.lines import TextLine
from segment.net.decode import DecodeParams, decode
from segment.net.loading import as_input
from segment.net.model import PageNet
from segment.net.targets import CELL, CORE, END
from segment.net.weights import load_net
from segment.plausible import relative_darkness, stands_free

# Pages are padded to multiples of this, so that few shapes occur and kernels are reused.
PADDED_TO = 128


@dataclass(frozen=True, slots=True)
class DoubtParams:
    """Settings of `judge_lines`.

    The weights are those of a logistic regression fitted on every second page of pages/train, as
    the finder 0.1 saw it: lines that match the ground truth against those that do not. Later ones
    are too sure of the pages that they learnt from to be fitted on them. Those of `pale` and `dark`
    are less than its own: where most of what is found is pale, titles are dark, insertions are
    written thinner, and what a clerk filled in is pale beside print.
    """

    least: float = -0.8  # lines with a lower score are dropped or, standing free, doubted
    free: float = 1.5  # x-heights without ink to its left and right: such a line stands free
    bias: float = -6.67
    area: float = 0.96  # per doubling of the core's cells,
    large: int = 128  # up to so many
    strength: float = 3.46  # mean probability of the core
    pale: float = -1.5  # per halving of the page's usual darkness
    dark: float = -0.5  # per doubling of it


def find_lines_by_net(
    level: Level, weights: str, params: DecodeParams = DecodeParams()
) -> list[TextLine]:
    """Find the text lines of a page.

    Args:
        level: the page, level and of usual size.
        weights: a shipped finder's name or the path of a safetensors file.
        params: see `DecodeParams`.

    Returns:
        The lines in pixels of the level page, top to bottom by their boxes; doubtful ones too.

    Raises:
        InputError: if there are no such weights, or they are damaged.
    """
    ink = level.ink | faint_ink(level)
    return judge_lines(decode(page_maps(_net(weights), level.gray), ink, params), level)


def judge_lines(
    lines: list[TextLine], level: Level, params: DoubtParams = DoubtParams()
) -> list[TextLine]:
    """Drop lines that are probably none: specks, show-through, pictures, pieces of small print.

    What stands free may be a lone figure or word, as in registers: it is kept as doubtful.

    Args:
        lines: as decoded.
        level: the page.
        params: see `DoubtParams`.

    Returns:
        The lines that remain, in the same order.
    """
    if not lines:
        return []
    contrast = relative_darkness(lines, level)
    area = np.log2([min(line.area, params.large) for line in lines])
    strength = np.array([line.strength for line in lines])
    scores = params.bias + params.area * area + params.strength * strength
    scores += params.pale * np.maximum(0, -contrast) + params.dark * np.maximum(0, contrast)
    judged = zip(lines, (scores < params.least).tolist(), strict=True)
    return [
        replace(line, doubtful=doubtful)
        for line, doubtful in judged
        if not doubtful or stands_free(line.box, level, params.free)
    ]


def writing_on(level: Level, weights: str) -> Ink:
    """Where on a page the network sees the cores of lines, bool, of the level page's shape.

    Args:
        level: the page.
        weights: a shipped finder's name or the path of a safetensors file.

    Raises:
        InputError: if there are no such weights, or they are damaged.
    """
    core = page_maps(_net(weights), level.gray)[CORE] > 0.5
    height, width = level.gray.shape
    return np.asarray(core.repeat(CELL, axis=0).repeat(CELL, axis=1)[:height, :width])


def writing_seen(level: Level | None, weights: str) -> float:
    """How much writing is seen: the cores of lines, weighed by how sure they are.

    Args:
        level: the page; None for one without text.
        weights: a shipped finder's name or the path of a safetensors file.

    Returns:
        Squares of pixels of the binarized page.

    Raises:
        InputError: if there are no such weights, or they are damaged.
    """
    if level is None:
        return 0.0
    core = page_maps(_net(weights), level.gray)[CORE]
    return float(np.maximum(core - 0.5, 0).sum()) * CELL**2 * level.frame.area


def writing_by_turn(level: Level, weights: str, side_px: int) -> list[float]:
    """How much writing is seen in the densest part of a page, however it is turned.

    Args:
        level: the page.
        weights: a shipped finder's name or the path of a safetensors file.
        side_px: of the part that is looked at.

    Returns:
        For text turned by 0, 90, 180 and 270 degrees counter-clockwise: the cells of cores,
        weighed by how sure they are.

    Raises:
        InputError: if there are no such weights, or they are damaged.
    """
    part = _densest(level, side_px)
    scores = []
    for turns in range(4):
        core = page_maps(_net(weights), np.ascontiguousarray(np.rot90(part, -turns)))[CORE]
        scores.append(float(np.maximum(core - 0.5, 0).sum()))
    return scores


def _densest(level: Level, side_px: int) -> Gray:
    """The square of a page that holds most ink; less at its edges."""
    height, width = (min(side_px, side) for side in level.ink.shape)
    sums = cv2.integral(level.ink.view(np.uint8))
    inside = sums[height:, width:] - sums[:-height, width:]
    inside -= sums[height:, :-width] - sums[:-height, :-width]
    y, x = np.unravel_index(int(inside.argmax()), inside.shape)
    return level.gray[y : y + height, x : x + width]


@torch.inference_mode()
def page_maps(net: PageNet, gray: Gray) -> Floats:
    """What the network sees on a page.

    Args:
        net: ready to use.
        gray: uint8 (H, W), level, flattened.

    Returns:
        float32 (CHANNELS, ceil(H / CELL), ceil(W / CELL)), the masks as probabilities.
    """
    height, width = gray.shape
    below, right = -height % PADDED_TO, -width % PADDED_TO
    padded = np.pad(as_input(gray), ((0, below), (0, right)))
    pages = torch.from_numpy(padded)[None, None].to(memory_format=torch.channels_last)
    with in_bfloat16():
        maps = net(pages)[0, :, : -(-height // CELL), : -(-width // CELL)]
    maps[: END + 1] = maps[: END + 1].sigmoid()
    return np.ascontiguousarray(maps.numpy())


@cache
def _net(weights: str) -> PageNet:
    """One network per process and weights."""
    net, _ = load_net(weights)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net
