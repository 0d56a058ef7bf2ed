"""Training lines to batches of tensors, the same whatever loads them and wherever it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from recognize.alphabet import Alphabet
from recognize.augment import AugmentParams, augment
from recognize.dataset import TrainingLine, batch_indices, stack
from recognize.model import STRIDE, ModelParams
from recognize.normalize import normalize

# Epoch, and the lines of a batch: their indices, to which a line that an epoch has again adds the
# number of all lines, so that it is changed otherwise.
Key = tuple[int, list[int]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines of similar width.

    Attributes:
        lines: float32 (N, 1, height, W).
        columns: output columns of each line, int64 (N,).
        targets: labels of all lines one after the other, int64 (sum of lengths,).
        lengths: labels of each line, int64 (N,).
    """

    lines: Tensor
    columns: Tensor
    targets: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        """Number of lines."""
        return len(self.lengths)

    def to(self, device: torch.device) -> Batch:
        """The batch for a device; CTC's lengths stay with the CPU."""
        lines = self.lines.to(device, non_blocking=True)
        return Batch(lines, self.columns, self.targets.to(device), self.lengths)


@dataclass(frozen=True, slots=True)
class LoadingParams:
    """How lines become batches.

    Attributes:
        seed: of everything that chance decides.
        model: sizes of the network, which say how it sees a line.
        max_columns: columns of a batch at most.
        plain: share of the lines that are not augmented.
        augment: how the others are changed.
        shares: how often a pass takes a line, see `share_of`, chosen anew each time: 0.3 is three
            lines in ten, 1.5 every line and every second one again.
    """

    seed: int
    model: ModelParams
    max_columns: int
    plain: float
    augment: AugmentParams
    shares: Mapping[str, float] = field(default_factory=dict)


def share_of(line: TrainingLine, shares: Mapping[str, float]) -> float:
    """How often a pass takes a line.

    Args:
        line: the line.
        shares: of corpora, and of pages of a corpus by "corpus/" and what their names begin with;
            the longest that fits counts.

    Returns:
        Its share; 1 where nothing fits.
    """
    place = f"{line.corpus}/{line.page}"
    named = [line.corpus, *(key for key in shares if "/" in key and place.startswith(key))]
    fitting = [key for key in named if key in shares]
    return shares[max(fitting, key=len)] if fitting else 1.0


def plan_batches(
    lines: Sequence[TrainingLine], params: LoadingParams, first: int, last: int
) -> Iterator[Key]:
    """The batches of a schedule in order.

    Args:
        lines: all training lines; an epoch has each of them as often as its share says.
        params: seed, size of batches and shares.
        first: number of lines seen already.
        last: number of lines after which the schedule ends.
    """
    scale = params.model.height * params.model.stretch / 64
    widths = np.array([round(line.width * scale) for line in lines])
    shares = np.array([share_of(line, params.shares) for line in lines])
    epoch = seen = 0
    while seen < last:
        rng = np.random.default_rng((params.seed, epoch))
        times = np.floor(rng.random(len(lines)) + shares).astype(int)
        taken = np.flatnonzero(times > np.arange(times.max(initial=0))[:, None])
        columns = widths[taken % len(lines)].tolist()
        for batch in batch_indices(columns, params.max_columns, rng):
            if first <= seen < last:
                yield epoch, taken[batch].tolist()
            seen += len(batch)
        epoch += 1


class Batches(Dataset[Batch]):
    """Draws, changes and normalises the lines of a batch; every line has its own chance."""

    def __init__(
        self, lines: Sequence[TrainingLine], alphabet: Alphabet, params: LoadingParams
    ) -> None:
        """Batches of `lines`, their texts encoded by `alphabet`."""
        self._lines, self._params = lines, params
        self._labels = [alphabet.encode(line.text) for line in lines]

    def __len__(self) -> int:
        """Number of lines."""
        return len(self._lines)

    def __getitem__(self, key: Key) -> Batch:
        """The batch of an epoch and some indices."""
        epoch, indices = key
        params, model = self._params, self._params.model
        arrays = []
        neighbour = None
        for index in indices:
            rng = np.random.default_rng((params.seed, epoch, index))
            pixels = drawn = self._lines[index % len(self._lines)].draw(rng)
            if rng.random() >= params.plain:
                pixels = augment(drawn, rng, params.augment, neighbour)
            neighbour = drawn
            arrays.append(normalize(pixels, model.height, model.stretch, model.focused))
        labels = [self._labels[index % len(self._lines)] for index in indices]
        return Batch(
            stack(arrays),
            torch.tensor([-(-array.shape[1] // STRIDE) for array in arrays]),
            torch.tensor([label for line in labels for label in line], dtype=torch.long),
            torch.tensor([len(line) for line in labels]),
        )
