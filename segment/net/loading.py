"""True pages to batches of tensors, the same whatever loads them and wherever it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from segment.arrays import Gray
from segment.net.augment import AugmentParams, cropped
from segment.net.pages import LevelPage, TruePages
from segment.net.targets import TargetParams, draw_targets, draw_weights

Key = tuple[int, list[int]]  # epoch and indices of a batch's crops


@dataclass(frozen=True, slots=True)
class Batch:
    """Some crops of equal size.

    Attributes:
        pages: float32 (N, 1, side, side).
        maps: float32 (N, CHANNELS, side / CELL, side / CELL).
        weights: of the cells of the masks, float32 (N, side / CELL, side / CELL).
    """

    pages: Tensor
    maps: Tensor
    weights: Tensor

    def __len__(self) -> int:
        """Number of crops."""
        return len(self.pages)

    def to(self, device: torch.device) -> Batch:
        """The batch for a device."""
        pages = self.pages.to(device, non_blocking=True, memory_format=torch.channels_last)
        maps, weights = (one.to(device, non_blocking=True) for one in (self.maps, self.weights))
        return Batch(pages, maps, weights)


@dataclass(frozen=True, slots=True)
class LoadingParams:
    """How pages become batches.

    Attributes:
        seed: of everything that chance decides.
        side: of a crop, pixels.
        batch: crops in a batch.
        augment: how they are changed.
        target: how their maps are drawn.
        lines: so many lines of a page are worth a crop in each pass.
    """

    seed: int
    side: int
    batch: int
    augment: AugmentParams
    target: TargetParams
    lines: int


def as_input(gray: Gray) -> NDArray[np.float32]:
    """A page as the network takes it: float32, 0 = paper and 1 = black."""
    return (255 - gray).astype(np.float32) / np.float32(255)


def plan_crops(pages: TruePages, lines: int) -> list[int]:
    """The page of each crop of an epoch: a register, which no crop holds, has several."""
    return [page for page, count in enumerate(pages.counts) for _ in range(max(1, count // lines))]


def plan_batches(crops: int, params: LoadingParams, first: int, last: int) -> Iterator[Key]:
    """The batches of a schedule in order; every epoch has each crop once.

    Args:
        crops: how many an epoch has.
        params: seed and size of batches.
        first: number of crops seen already.
        last: number of crops after which the schedule ends.
    """
    epoch = first // crops
    seen = epoch * crops
    while seen < last:
        order = np.random.default_rng((params.seed, epoch)).permutation(crops).tolist()
        for start in range(0, crops, params.batch):
            indices = order[start : start + params.batch]
            if first <= seen < last:
                yield epoch, indices
            seen += len(indices)
        epoch += 1


class Batches(Dataset[Batch]):
    """Crops and changes the pages of a batch; every crop has its own chance."""

    def __init__(self, pages: TruePages, params: LoadingParams) -> None:
        """Batches of `pages`."""
        self._pages, self._params = pages, params
        self._crops = plan_crops(pages, params.lines)

    def __getitem__(self, key: Key) -> Batch:
        """The batch of an epoch and some indices."""
        epoch, indices = key
        return as_batch([self._crop(epoch, index) for index in indices], self._params.target)

    def _crop(self, epoch: int, index: int) -> LevelPage:
        params = self._params
        rng = np.random.default_rng((params.seed, epoch, index))
        other = self._pages[int(rng.integers(len(self._pages)))]
        page = self._pages[self._crops[index]]
        return cropped(page, params.side, rng, params.augment, other)


def as_batch(crops: list[LevelPage], params: TargetParams) -> Batch:
    """Crops of equal size with their maps."""
    height, width = crops[0].gray.shape
    maps = [draw_targets(crop.lines, height, width, params) for crop in crops]
    weights = [draw_weights(crop.lines, height, width, params, crop.partial) for crop in crops]
    pages = [as_input(crop.gray)[None] for crop in crops]
    return Batch(*(torch.from_numpy(np.stack(arrays)) for arrays in (pages, maps, weights)))
