"""Pages with ground truth to a finder's weights: one recipe, resumable after a kill."""

from __future__ import annotations

import csv
import logging
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from pipeline.errors import InputError
from pipeline.tables import to_table
from segment.net.augment import AugmentParams, cropped
from segment.net.loading import (
    Batch,
    Batches,
    LoadingParams,
    as_batch,
    load_batches,
    plan_batches,
)
from segment.net.model import NetParams, PageNet
from segment.net.pages import TruePages
from segment.net.targets import CORE, END, TOP, TargetParams
from segment.net.weights import Card, load_net, save_net

logger = logging.getLogger(__name__)
_CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what a training makes of given pages."""

    name: str = "lines"
    version: str = "0"
    licence: str = ""  # of the weights, for their card
    attribution: tuple[tuple[str, ...], ...] = ()  # corpus, source, licence; for the card
    seed: int = 1
    epochs: float = 20.0  # passes over all pages; the schedule is stretched over them
    side: int = 640  # of the square crops, pixels
    batch: int = 2  # crops
    learning_rate: float = 2e-3  # at its peak
    warmup: float = 0.02  # share of the training with a rising learning rate
    weight_decay: float = 0.01
    clip: float = 5.0  # norm of the gradient at most
    overlap: float = 0.5  # weight of the Dice loss of the cores
    ends: float = 1.0  # weight of the loss of the ends
    extents: float = 1.0  # weight of the loss of tops, baselines and bottoms
    ema: float = 0.995  # decay of the weights' moving average, per step
    checkpoint_steps: int = 100
    evaluate_steps: int = 400
    evaluate_pages: int = 40  # crops of val, one a page, spread evenly over it
    model: NetParams = NetParams()
    augment: AugmentParams = AugmentParams()
    target: TargetParams = TargetParams()


class Training:
    """A training in progress: network, moving average, optimiser, place in the schedule."""

    def __init__(
        self,
        recipe: Recipe,
        train: TruePages,
        val: TruePages,
        folder: Path,
        device: str = "cpu",
        start: str = "",
    ) -> None:
        """Begin in `folder`, from the finder `start` if given; or go on from the checkpoint there.

        Raises:
            InputError: if there is no finder `start`, or it is not of the recipe's sizes.
        """
        torch.manual_seed(recipe.seed)
        self.recipe, self.folder, self.device = recipe, folder, torch.device(device)
        self.train, self.val = train, val
        self.net = PageNet(recipe.model).to(self.device)
        if start:
            self.net.load_state_dict(_trained(start, recipe.model))
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = PageNet(recipe.model).to(self.device).eval()
        self.average.load_state_dict(self.net.state_dict())
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.crops_seen = self.step = 0
        self.seconds = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        self._resume()

    def run(self, workers: int = 0, minutes: float = math.inf) -> bool:
        """Train to the end of the schedule, or for some minutes; log and save on the way.

        Args:
            workers: processes that load batches ahead; 0 loads them in this one.
            minutes: stop after so long; started again, the training goes on.

        Returns:
            Whether the schedule has come to its end.
        """
        self.net.train()
        start = clock = time.monotonic()
        losses: list[Tensor] = []
        for batch in self._batches(workers):
            losses.append(self._learn(batch.to(self.device)))
            self.step += 1
            self.crops_seen += len(batch)
            self.seconds += time.monotonic() - clock
            if self.step % 20 == 0:
                logger.info("step %d, loss %.4f", self.step, _mean(losses[-20:]))
            if self.step % self.recipe.evaluate_steps == 0:
                self._report(losses)
                losses.clear()
            if self.step % self.recipe.checkpoint_steps == 0:
                self.save_checkpoint()
            clock = time.monotonic()
            if clock - start > 60 * minutes:
                ended = False
                break
        else:
            ended = True
        if losses:
            self._report(losses)
        self.save_checkpoint()
        return ended

    @property
    def progress(self) -> float:
        """Share of the schedule that is done, in [0, 1]."""
        return min(1.0, self.crops_seen / (self.recipe.epochs * len(self.train)))

    def _batches(self, workers: int) -> Iterable[Batch]:
        """Batches from the present place to the schedule's end, the same after a resume."""
        params = self._loading()
        last = math.ceil(self.recipe.epochs * len(self.train))
        plan = plan_batches(len(self.train), params, self.crops_seen, last)
        return load_batches(Batches(self.train, params), plan, workers)

    def _loading(self) -> LoadingParams:
        r = self.recipe
        return LoadingParams(r.seed, r.side, r.batch, r.augment, r.target)

    def _learn(self, batch: Batch) -> Tensor:
        """One step of the optimiser on some crops; the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        with torch.autocast(self.device.type, torch.bfloat16):
            maps = self.net(batch.pages)
        loss = map_loss(maps, batch.maps, self.recipe)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), self.recipe.clip)
        self.optimizer.step()
        self._average()
        return loss.detach()

    def _learning_rate(self) -> float:
        """Linear warm-up, then half a cosine down to a hundredth."""
        peak, warmup, done = self.recipe.learning_rate, self.recipe.warmup, self.progress
        if done < warmup:
            return peak * max(0.01, done / warmup)
        return peak * max(0.01, 0.5 + 0.5 * math.cos(math.pi * (done - warmup) / (1 - warmup)))

    @torch.no_grad()
    def _average(self) -> None:
        """Move the average towards the network; faster while it is young."""
        decay = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        for mean, value in zip(
            self.average.state_dict().values(), self.net.state_dict().values(), strict=True
        ):
            if value.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    def _report(self, losses: Sequence[Tensor]) -> None:
        """Add a row to log.csv: where we are, the loss, the average's loss and cores on val."""
        val_loss, overlap = self._evaluate()
        logger.info("step %d, val loss %.4f, core overlap %.4f", self.step, val_loss, overlap)
        path = self.folder / "log.csv"
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if fresh:
                names = ["step", "crops", "hours", "learning_rate", "loss", "val_loss", "val_core"]
                writer.writerow(names)
            hours, rate = f"{self.seconds / 3600:.3f}", f"{self._learning_rate():.6f}"
            row = [self.step, self.crops_seen, hours, rate, f"{_mean(losses):.4f}"]
            writer.writerow([*row, f"{val_loss:.4f}", f"{overlap:.4f}"])

    @torch.no_grad()
    def _evaluate(self) -> tuple[float, float]:
        """The average's loss on val, and how well it covers the cores (Dice), in [0, 1]."""
        step = max(1, len(self.val) // self.recipe.evaluate_pages)
        still = AugmentParams(plain=1.0)
        losses, both, sizes = [], 0.0, 1e-6
        for index in range(0, len(self.val), step):
            rng = np.random.default_rng((self.recipe.seed, index))
            crop = cropped(self.val[index], self.recipe.side, rng, still)
            batch = as_batch([crop], self.recipe.target).to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                maps = self.average(batch.pages)
            losses.append(map_loss(maps, batch.maps, self.recipe))
            found, truth = maps[:, CORE] > 0, batch.maps[:, CORE] > 0
            both += 2 * float((found & truth).sum())
            sizes += float(found.sum() + truth.sum())
        return _mean(losses), both / sizes

    def save_checkpoint(self) -> None:
        """Write all that a resume needs; the old checkpoint stays until the new one is whole."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": {"crops": self.crops_seen, "step": self.step, "seconds": self.seconds},
        }
        partial = self.folder / (_CHECKPOINT + ".partial")
        torch.save(state, partial)
        partial.replace(self.folder / _CHECKPOINT)

    def publish(self) -> Path:
        """Write the average as weights with a card into the run's folder."""
        recipe = to_table(self.recipe)
        card = Card(
            name=recipe.pop("name"),
            version=recipe.pop("version"),
            model=self.recipe.model,
            sha256="",
            training={
                "pages": len(self.train),
                "crops_seen": self.crops_seen,
                "hours": round(self.seconds / 3600, 2),
                "corpora": {row[0]: ", ".join(row[1:]) for row in recipe.pop("attribution")},
            },
            licence=recipe.pop("licence"),
        )
        del recipe["model"]
        card.training["recipe"] = recipe
        path = self.folder / f"{self.recipe.name}.safetensors"
        save_net(self.average, path, card)
        return path

    def _resume(self) -> None:
        path = self.folder / _CHECKPOINT
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        done = state["progress"]
        self.crops_seen, self.step, self.seconds = done["crops"], done["step"], done["seconds"]
        logger.info("going on from %s at crop %d", path, self.crops_seen)


def map_loss(maps: Tensor, truth: Tensor, recipe: Recipe = Recipe()) -> Tensor:
    """How far maps are from the truth; extents count within true cores and ends only.

    Args:
        maps: float32 (N, CHANNELS, H, W), masks as logits.
        truth: float32 (N, CHANNELS, H, W).
        recipe: weighs the parts.

    Returns:
        A scalar.
    """
    masks = binary_cross_entropy_with_logits(
        maps[:, : END + 1], truth[:, : END + 1], reduction="none"
    ).mean(dim=(0, 2, 3))
    found, cores = maps[:, CORE].sigmoid(), truth[:, CORE]
    dice = 1 - (2 * (found * cores).sum() + 1) / (found.sum() + cores.sum() + 1)
    written = cores.bool()[:, None].expand(-1, truth.shape[1] - TOP, -1, -1)
    far = smooth_l1_loss(maps[:, TOP:][written], truth[:, TOP:][written], reduction="sum")
    extents = far / written.sum().clamp(min=1)
    return masks[CORE] + recipe.ends * masks[END] + recipe.overlap * dice + recipe.extents * extents


def _trained(name: str, sizes: NetParams) -> dict[str, Tensor]:
    net, _ = load_net(name)
    if net.params != sizes:
        raise InputError(f"{name}: a network of {net.params}; give the recipe the same sizes")
    return net.state_dict()


def _mean(losses: Sequence[Tensor]) -> float:
    return float(torch.stack(list(losses)).mean())


def train_net(
    recipe: Recipe,
    train: Sequence[Path],
    val: Sequence[Path],
    folder: Path,
    *,
    device: str = "cpu",
    workers: int = 0,
    minutes: float = math.inf,
    start: str = "",
) -> Path | None:
    """Train from folders of pages to weights in a run folder, going on from what lies there.

    Args:
        recipe: decides what the training makes of the pages.
        train: folders of page JSON beside page images, to learn from.
        val: the same, to watch the training by.
        folder: of the run; level pages are kept in it.
        device: where the network is trained, such as "cuda".
        workers: processes that load batches ahead.
        minutes: stop after so long.
        start: finder to begin from: a shipped one's name or a .safetensors file.

    Returns:
        The safetensors file written; None if the schedule has not come to its end.

    Raises:
        InputError: if a page cannot be read, or `start` is no finder of the recipe's sizes.
    """
    kept = folder / "pages"
    pages, watched = TruePages(train, kept), TruePages(val, kept)
    training = Training(recipe, pages, watched, folder, device, start)
    return training.publish() if training.run(workers, minutes) else None
