"""The loop that trains a network: schedule, moving average, log and checkpoints.

Both networks, the reader of lines and the finder of lines, are trained by it; what differs, their
batches, loss and evaluation, is theirs. A training may be killed at any moment and goes on from
its last checkpoint with the same steps.
"""

from __future__ import annotations

import csv
import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

import cv2
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from pipeline.memory import hold_on, keep_few_kernels
from pipeline.optimizer import MatrixOptimizer
from pipeline.team import Team

LOG, CHECKPOINT = "log.csv", "checkpoint.pt"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What every recipe says of its training."""

    name: str = "model"
    version: str = "0"
    licence: str = ""  # of the weights, for their card
    attribution: tuple[tuple[str, ...], ...] = ()  # corpus, source, licence; for the card
    seed: int = 1
    epochs: float = 4.0  # passes over all examples; the schedule is stretched over them
    learning_rate: float = 2e-3  # at its peak
    warmup: float = 0.02  # share of the training with a rising learning rate
    weight_decay: float = 0.01
    clip: float = 5.0  # norm of the gradient at most
    ema: float = 0.998  # decay of the weights' moving average, per step
    checkpoint_steps: int = 200
    evaluate_steps: int = 1000

    def rate(self, done: float) -> float:
        """The learning rate after a share: linear warm-up, then half a cosine to a hundredth."""
        if done < self.warmup:
            return self.learning_rate * max(0.01, done / self.warmup)
        turn = math.pi * (done - self.warmup) / (1 - self.warmup)
        return self.learning_rate * max(0.01, 0.5 + 0.5 * math.cos(turn))


class Batch(Protocol):
    """Some examples."""

    def __len__(self) -> int:
        """How many."""
        ...

    def to(self, device: torch.device) -> Self:
        """The same for a device."""
        ...


AnyBatch = TypeVar("AnyBatch", bound=Batch)
Net = TypeVar("Net", bound=nn.Module)


class Training(ABC, Generic[AnyBatch]):
    """A training in progress: network, moving average, optimiser, place in the schedule."""

    def __init__(
        self,
        schedule: Schedule,
        nets: tuple[nn.Module, nn.Module],
        examples: int,
        folder: Path,
        device: torch.device,
        labels: str = "",
        team: Team | None = None,
    ) -> None:
        """Begin in `folder`, or go on from the checkpoint that lies there.

        Args:
            schedule: of the training.
            nets: the network as it begins, and another of its sizes for the average.
            examples: in one pass.
            folder: of the run; made if need be.
            device: where the networks are.
            labels: what the network's outputs mean; a checkpoint must say the same.
            team: the processes that train it together; this one alone, if not given. All must
                begin with the same network.

        Raises:
            ValueError: if the checkpoint's outputs mean something else.
        """
        self.schedule, self.folder, self.device, self.labels = schedule, folder, device, labels
        self.team = team or Team()
        net, self.average = nets
        self.net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average.load_state_dict(net.state_dict())
        self.average.eval()
        self.optimizer = MatrixOptimizer(self.net, schedule.weight_decay)
        self.total = math.ceil(schedule.epochs * examples)
        self.step = 0
        # Examples that each process has seen: the others' as they last told, and those of processes
        # that trained before a resume and are no more.
        self.places = [0] * self.team.size
        self.seconds = 0.0
        self.told: Callable[[float], None] = lambda share: None  # how far it is
        folder.mkdir(parents=True, exist_ok=True)
        self._resume()
        self._places_met = self.places[: self.team.size]

    @abstractmethod
    def batches(self, workers: int) -> Iterable[AnyBatch]:
        """Batches from the example `place` to the example `total`, the same after a resume.

        Every process of a team must have its own.
        """

    @abstractmethod
    def loss(self, batch: AnyBatch) -> Tensor:
        """How wrong the network is on some examples, a scalar."""

    @abstractmethod
    def evaluate(self) -> dict[str, float]:
        """Figures of the average on examples that it does not learn from, by name."""

    def run(self, workers: int = 0, minutes: float = math.inf) -> bool:
        """Train to the end of the schedule, or for some minutes; log and save on the way.

        Args:
            workers: processes that load batches ahead; 0 loads them in this one.
            minutes: stop after so long; started again, the training goes on.

        Returns:
            Whether the schedule has come to its end.
        """
        hold_on()
        keep_few_kernels()
        self.net.train()
        start = clock = time.monotonic()
        losses: list[Tensor] = []
        for batch in self.batches(workers):
            losses.append(self._learn(batch.to(self.device)))
            self.step += 1
            self.places[self.team.rank] += len(batch)
            self.seconds += time.monotonic() - clock
            if self.team.leads:
                self._keep_books(losses)
            clock = time.monotonic()
            stop = clock - start > 60 * minutes
            if self.team.size > 1:
                due = self.team.is_due() or self.seen >= self.total
                stop = due and self._meet(stop)
            if stop:
                break
        if self.team.leads:
            if losses:
                self._report(losses)
            self.save_checkpoint()
        return self.seen >= self.total

    @property
    def place(self) -> int:
        """Examples that this process has seen."""
        return self.places[self.team.rank]

    @property
    def seen(self) -> int:
        """Examples that all processes have seen."""
        return sum(self.places)

    def _keep_books(self, losses: list[Tensor]) -> None:
        """Tell how far it is, after some steps how it goes; evaluate, save a checkpoint."""
        self.told(min(1.0, self.seen / self.total))
        if self.step % 20 == 0:
            self._log_progress(losses[-20:])
        if self.step % self.schedule.evaluate_steps == 0:
            self._report(losses)
            losses.clear()
        if self.step % self.schedule.checkpoint_steps == 0:
            self.save_checkpoint()

    def _meet(self, stop: bool) -> bool:
        """Go on from the mean of the team, each process weighing as the examples it has seen since.

        Args:
            stop: whether this process wants to stop.

        Returns:
            Whether all stop: one of them wants to, or together they have seen all.
        """
        told = self.team.gather(self.place, stop)
        places = [int(place) for place, _ in told]
        since = [now - then for now, then in zip(places, self._places_met, strict=True)]
        self.team.share(self._values(), since[self.team.rank] / sum(since))
        self.places = [*places, *self.places[len(places) :]]
        self._places_met = places
        return self.seen >= self.total or any(wants for _, wants in told)

    def _values(self) -> list[Tensor]:
        """All that the training changes."""
        nets = [*self.net.state_dict().values(), *self.average.state_dict().values()]
        return [value for value in nets if value.is_floating_point()] + self.optimizer.values()

    @property
    def learning_rate(self) -> float:
        """At this place in the schedule."""
        return self.schedule.rate(min(1.0, self.seen / max(1, self.total)))

    @property
    def hours(self) -> float:
        """Spent so far."""
        return self.seconds / 3600

    def _learn(self, batch: AnyBatch) -> Tensor:
        """One step of the optimiser on some examples; the loss."""
        loss = self.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), self.schedule.clip)
        self.optimizer.step(self.learning_rate)
        self._average()
        return loss.detach()

    @torch.no_grad()
    def _average(self) -> None:
        """Move the average towards the network; faster while it is young."""
        decay = min(self.schedule.ema, (1 + self.step) / (10 + self.step))
        for mean, value in zip(
            self.average.state_dict().values(), self.net.state_dict().values(), strict=True
        ):
            if value.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    def _log_progress(self, losses: Sequence[Tensor]) -> None:
        logger.info(
            "step %d, examples %d, loss %.4f, %.1f a second",
            *(self.step, self.seen, mean_of(losses), self.seen / self.seconds),
        )

    def _report(self, losses: Sequence[Tensor]) -> None:
        """Add a row to the log: where we are, the loss, the average's figures."""
        figures = {name: f"{value:.4f}" for name, value in self.evaluate().items()}
        logger.info("examples %d: %s", self.seen, figures)
        row = {
            "step": self.step,
            "seen": self.seen,
            "hours": f"{self.hours:.3f}",
            "learning_rate": f"{self.learning_rate:.6f}",
            "loss": f"{mean_of(losses):.4f}",
            **figures,
        }
        path = self.folder / LOG
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if fresh:
                writer.writeheader()
            writer.writerow(row)

    def save_checkpoint(self) -> None:
        """Write all that a resume needs; the old checkpoint stays until the new one is whole."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": {"step": self.step, "seconds": self.seconds},
            "places": self.places,
            "labels": self.labels,
        }
        partial = self.folder / (CHECKPOINT + ".partial")
        torch.save(state, partial)
        partial.replace(self.folder / CHECKPOINT)

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["labels"] != self.labels:
            raise ValueError(f"{path} has another alphabet than these corpora; use a new folder")
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        done = state["progress"]
        self.step, self.seconds = done["step"], done["seconds"]
        places = state["places"]
        self.places = [*places, *[0] * (self.team.size - len(places))]
        logger.info("going on from %s at example %d", path, self.seen)


def keeping(net: Net, begun: Mapping[str, Tensor], share: float) -> Net:
    """A copy of a network with a share of the weights that its training began from.

    Args:
        net: as trained.
        begun: weights begun from, by their names; empty for none.
        share: of them in the copy, in [0, 1].
    """
    kept = deepcopy(net)
    state = kept.state_dict()
    for name, old in begun.items():
        if old.is_floating_point():
            state[name].lerp_(old, share)
    return kept


def mean_of(losses: Sequence[Tensor]) -> float:
    """The mean of some scalars."""
    return float(torch.stack(list(losses)).mean())


def load_ahead(
    batches: Dataset[AnyBatch], plan: Iterable[object], workers: int
) -> Iterable[AnyBatch]:
    """The planned batches in order; `workers` processes load them ahead, 0 loads them here.

    Args:
        batches: makes a batch of a key.
        plan: the keys.
        workers: how many processes.
    """
    # Spawned, not forked: a fork takes over locks that this process's other threads hold, for ever.
    start = {"multiprocessing_context": "spawn", "worker_init_fn": _one_thread}
    ahead = {"num_workers": workers, "prefetch_factor": 4, **start} if workers else {}
    return DataLoader(batches, batch_size=None, sampler=plan, **ahead)  # type: ignore[arg-type]


def _one_thread(worker: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
