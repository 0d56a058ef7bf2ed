"""A level page to its text lines, by the trained network."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from pipeline.document import Box
from segment.arrays import Floats, Gray, Ink
from segment.level import Level
from segment.lines import TextLine
from segment.net.decode import DecodeParams, decode
from segment.net.loading import as_input
from segment.net.model import PageNet
from segment.net.targets import CELL, END
from segment.net.weights import load_net

# Pages are padded to multiples of this, so that few shapes occur and kernels are reused.
PADDED_TO = 128


def find_lines_by_net(
    level: Level, weights: str, params: DecodeParams = DecodeParams()
) -> list[TextLine]:
    """Find the text lines of a page.

    Args:
        level: the page, level and of usual size.
        weights: a shipped finder's name or the path of a safetensors file.
        params: see `DecodeParams`.

    Returns:
        The lines in pixels of the level page, top to bottom by their boxes.

    Raises:
        InputError: if there are no such weights, or they are damaged.
    """
    # The network joins what stands side by side more readily than rulings allow.
    lines = decode(page_maps(_net(weights), level.gray), in_cells(level.down), params)
    return [on_ink(line, level.ink) for line in lines]


def on_ink(line: TextLine, ink: Ink) -> TextLine:
    """The line with its box drawn in, left and right, to the ink of its small letters.

    Cells are coarse, and columns stand close: layout needs to see the white between them.

    Args:
        line: as decoded.
        ink: bool (H, W), of the level page, without rulings.

    Returns:
        The line, its boundary as it was; all as it was if there is no ink.
    """
    box = line.box
    base = float(np.median([y for _, y in line.baseline]))
    upper = max(box.top, round(base - 1.5 * line.x_height))
    lower = max(upper + 1, min(box.bottom, round(base + 0.3 * line.x_height)))
    inked = np.flatnonzero(ink[upper:lower, box.left : box.right].any(axis=0))
    if not len(inked):
        return line
    left, right = box.left + int(inked[0]), box.left + int(inked[-1]) + 1
    return replace(line, box=Box(left, box.top, right, box.bottom))


def in_cells(mask: Ink) -> Ink:
    """Which cells a mask of the level page touches, bool (ceil(H / CELL), ceil(W / CELL))."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % CELL), (0, -width % CELL)))
    blocks = padded.reshape(padded.shape[0] // CELL, CELL, padded.shape[1] // CELL, CELL)
    return np.asarray(blocks.any(axis=(1, 3)))


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
    with torch.autocast("cpu", torch.bfloat16, enabled=_has_bfloat16()):
        maps = net(pages)[0, :, : -(-height // CELL), : -(-width // CELL)]
    maps[: END + 1] = maps[: END + 1].sigmoid()
    return np.ascontiguousarray(maps.numpy())


@cache
def _net(weights: str) -> PageNet:
    """One network per process and weights."""
    net, _ = load_net(weights)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


@cache
def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 numbers: the network is then twice as fast."""
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return bool(asked())
