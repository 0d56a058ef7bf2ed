"""Processes that train one network together: each on its own lines, and now and then all meet.

At a meeting each goes on from the mean of all their weights (local SGD: Stich, "Local SGD converges
fast and communicates little", ICLR 2019). They meet after some time, not after some steps, so that
a process on a busy core holds nobody up; therefore a team's result is not the same to the byte from
one training to the next, as that of one process is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import spawn

MEETING_SECONDS = 90.0  # a slow one may keep the others waiting for as long as its step takes

Result = TypeVar("Result")


class Team:
    """One process's place among those that train together; by itself, unless told otherwise."""

    def __init__(self, rank: int = 0, size: int = 1, seconds: float = MEETING_SECONDS) -> None:
        """The place `rank` of `size`, which meet every `seconds`."""
        self.rank, self.size, self._seconds = rank, size, seconds
        self._met = time.monotonic()

    @property
    def leads(self) -> bool:
        """Whether this process writes what the team has to say."""
        return self.rank == 0

    def is_due(self) -> bool:
        """Whether it is time to meet."""
        return self.size > 1 and time.monotonic() - self._met > self._seconds

    def gather(self, *values: float) -> list[list[float]]:
        """What every process has to tell, by rank; waits for all of them."""
        mine = torch.tensor(values, dtype=torch.float64)
        told = [torch.empty_like(mine) for _ in range(self.size)]
        distributed.all_gather(told, mine)
        return [one.tolist() for one in told]

    @torch.no_grad()
    def share(self, values: Sequence[Tensor], weight: float) -> None:
        """Put in place of each value the mean over all processes.

        Args:
            values: floating point, of the same shapes in every process.
            weight: of this process in the mean; those of all add up to 1.
        """
        flat = torch.cat([value.reshape(-1) for value in values]) * weight
        distributed.all_reduce(flat)
        sizes = [value.numel() for value in values]
        for value, mean in zip(values, torch.split(flat, sizes), strict=True):
            value.copy_(mean.view(value.shape))
        self._met = time.monotonic()


def train_together(train: Callable[..., Result], processes: int, threads: int) -> Result:
    """Call `train` in some processes at once, each with its place in the team.

    Args:
        train: takes its `team`; can be pickled.
        processes: this one is the first of them.
        threads: of all together.

    Returns:
        What this process's call gave.

    Raises:
        RuntimeError: if another process dies.
    """
    threads = max(1, threads // processes)
    if processes == 1:
        torch.set_num_threads(threads)
        return train(team=Team())
    with TemporaryDirectory() as folder:
        place = Path(folder) / "meeting"
        others = spawn(  # type: ignore[no-untyped-call]
            _follow, (train, processes, threads, place), processes - 1, join=False
        )
        try:
            return _join(train, 0, processes, threads, place)
        finally:
            for process in others.processes:
                process.terminate()


def _follow(
    number: int, train: Callable[..., object], processes: int, threads: int, place: Path
) -> None:
    _join(train, number + 1, processes, threads, place)


def _join(train: Callable[..., Result], rank: int, size: int, threads: int, place: Path) -> Result:
    torch.set_num_threads(threads)
    where = f"file://{place}"
    distributed.init_process_group("gloo", init_method=where, rank=rank, world_size=size)
    try:
        return train(team=Team(rank, size))
    finally:
        distributed.destroy_process_group()
