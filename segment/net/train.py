"""Pages with ground truth to a finder's weights: one recipe, resumable after a kill."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from pipeline.errors import InputError
from pipeline.processor import in_bfloat16
from pipeline.tables import to_table
from pipeline.training import Schedule, Training, keeping, load_ahead, mean_of
from segment.net.augment import AugmentParams, cropped
from segment.net.loading import Batch, Batches, LoadingParams, as_batch, plan_batches, plan_crops
from segment.net.model import NetParams, PageNet
from segment.net.pages import TruePages
from segment.net.targets import CORE, END, TOP, TargetParams
from segment.net.weights import Card, load_net, save_net


@dataclass(frozen=True, slots=True)
class Recipe(Schedule):
    """Everything that decides what a training makes of given pages."""

    name: str = "lines"
    epochs: float = 20.0  # passes over all pages; the schedule is stretched over them
    partial: tuple[str, ...] = ()  # corpora with writing that nobody has transcribed
    lines: int = 30  # so many of a page are worth a crop in each pass
    side: int = 640  # of the square crops, pixels
    batch: int = 2  # crops
    overlap: float = 0.5  # weight of the Dice loss of the cores
    ends: float = 1.0  # weight of the loss of the ends
    extents: float = 1.0  # weight of the loss of tops, baselines and bottoms
    ema: float = 0.995  # decay of the weights' moving average, per step
    kept: float = 0.0  # share of the weights begun from in those that come out
    checkpoint_steps: int = 100
    evaluate_steps: int = 400
    evaluate_pages: int = 40  # crops of val, one a page, spread evenly over it
    model: NetParams = NetParams()
    augment: AugmentParams = AugmentParams()
    target: TargetParams = TargetParams()


class PageTraining(Training[Batch]):
    """The training of a PageNet."""

    net: PageNet
    average: PageNet

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
        self.recipe, self.train, self.val = recipe, train, val
        where = torch.device(device)
        net, average = (PageNet(recipe.model).to(where) for _ in range(2))
        self._begun = _trained(start, recipe.model) if start else {}
        if start:
            net.load_state_dict(self._begun)
        self._crops = len(plan_crops(train, recipe.lines))
        super().__init__(recipe, (net, average), self._crops, folder, where)

    def batches(self, workers: int) -> Iterable[Batch]:
        """Batches from the present place to the schedule's end, the same after a resume."""
        r = self.recipe
        params = LoadingParams(r.seed, r.side, r.batch, r.augment, r.target, r.lines)
        plan = plan_batches(self._crops, params, self.place, self.total)
        return load_ahead(Batches(self.train, params), plan, workers)

    def loss(self, batch: Batch) -> Tensor:
        """See `map_loss`."""
        with in_bfloat16(self.device.type):
            maps = self.net(batch.pages)
        return map_loss(maps, batch, self.recipe)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """The average's loss on val, and how well it covers the cores (Dice), in [0, 1]."""
        step = max(1, len(self.val) // self.recipe.evaluate_pages)
        still = AugmentParams(plain=1.0)
        losses, both, sizes = [], 0.0, 1e-6
        for index in range(0, len(self.val), step):
            rng = np.random.default_rng((self.recipe.seed, index))
            crop = cropped(self.val[index], self.recipe.side, rng, still)
            batch = as_batch([crop], self.recipe.target).to(self.device)
            with in_bfloat16(self.device.type):
                maps = self.average(batch.pages)
            losses.append(map_loss(maps, batch, self.recipe))
            found, truth = maps[:, CORE] > 0, batch.maps[:, CORE] > 0
            both += 2 * float((found & truth).sum())
            sizes += float(found.sum() + truth.sum())
        return {"val_loss": mean_of(losses), "val_core": both / sizes}

    def publish(self) -> Path:
        """Write the average, and what is kept of the weights begun from, into the run's folder."""
        recipe = to_table(self.recipe)
        card = Card(
            name=recipe.pop("name"),
            version=recipe.pop("version"),
            model=self.recipe.model,
            sha256="",
            training={
                "pages": len(self.train),
                "crops_seen": self.seen,
                "hours": round(self.hours, 2),
                "corpora": {row[0]: ", ".join(row[1:]) for row in recipe.pop("attribution")},
            },
            licence=recipe.pop("licence"),
        )
        del recipe["model"]
        card.training["recipe"] = recipe
        path = self.folder / f"{self.recipe.name}.safetensors"
        published = keeping(self.average, self._begun, self.recipe.kept)
        save_net(published, path, card)
        return path


def map_loss(maps: Tensor, batch: Batch, recipe: Recipe = Recipe()) -> Tensor:
    """How far maps are from the truth; extents count within true cores and ends only.

    Args:
        maps: float32 (N, CHANNELS, H, W), masks as logits.
        batch: holds their truth.
        recipe: weighs the parts.

    Returns:
        A scalar.
    """
    truth, weights = batch.maps, batch.weights
    masks = binary_cross_entropy_with_logits(
        maps[:, : END + 1], truth[:, : END + 1], weights[:, None], reduction="none"
    ).mean(dim=(0, 2, 3))
    found, cores = maps[:, CORE].sigmoid(), truth[:, CORE]
    both = (weights * found * cores).sum()
    dice = 1 - (2 * both + 1) / ((weights * (found + cores)).sum() + 1)
    written = cores.bool()[:, None].expand(-1, truth.shape[1] - TOP, -1, -1)
    far = smooth_l1_loss(maps[:, TOP:][written], truth[:, TOP:][written], reduction="sum")
    extents = far / written.sum().clamp(min=1)
    return masks[CORE] + recipe.ends * masks[END] + recipe.overlap * dice + recipe.extents * extents


def _trained(name: str, sizes: NetParams) -> dict[str, Tensor]:
    net, _ = load_net(name)
    if net.params != sizes:
        raise InputError(f"{name}: a network of {net.params}; give the recipe the same sizes")
    return net.state_dict()


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
    pages, watched = (TruePages(folders, kept, recipe.partial) for folders in (train, val))
    training = PageTraining(recipe, pages, watched, folder, device, start)
    return training.publish() if training.run(workers, minutes) else None
