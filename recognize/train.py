"""Line corpora to weights: one recipe, resumable after a kill at any moment."""

from __future__ import annotations

import csv
import logging
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import ctc_loss

from pipeline.errors import InputError
from pipeline.tables import to_table
from recognize.alphabet import BLANK, Alphabet
from recognize.augment import AugmentParams
from recognize.calibration import calibrate
from recognize.curve import draw_curve
from recognize.dataset import LineSample, TrainingLine, read_samples
from recognize.evaluate import read_split, score, tables_of, total
from recognize.loading import Batch, Batches, LoadingParams, load_batches, plan_batches
from recognize.model import LineNet, ModelParams
from recognize.reader import Reader
from recognize.strokes import holds_strokes, read_pen_lines
from recognize.typeset import TypesetParams, set_lines
from recognize.weights import Card, load_model, read_card, save_model, transfer, write_card

logger = logging.getLogger(__name__)
LOG = "log.csv"
_CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what a training makes of given corpora."""

    name: str = "latin"
    version: str = "0"
    licence: str = ""  # of the weights, for their card
    attribution: tuple[tuple[str, ...], ...] = ()  # corpus, source, licence; for the card
    seed: int = 1
    exclude: tuple[str, ...] = ()  # corpora left out
    epochs: float = 4.0  # passes over all lines; the schedule is stretched over them
    max_columns: int = 24_000  # columns of a batch: some 45 lines
    learning_rate: float = 2e-3  # at its peak
    warmup: float = 0.02  # share of the training with a rising learning rate
    weight_decay: float = 0.01
    clip: float = 5.0  # norm of the gradient at most
    auxiliary: float = 0.2  # weight of the CTC loss on the CNN's columns
    ema: float = 0.998  # decay of the weights' moving average, per step
    plain: float = 0.1  # share of the lines that are not augmented
    extra_characters: str = ""  # in the alphabet though no line has them
    checkpoint_steps: int = 200
    evaluate_steps: int = 1000
    evaluate_lines: int = 600  # of val, spread evenly over it
    model: ModelParams = ModelParams()
    augment: AugmentParams = AugmentParams()
    typeset: TypesetParams = TypesetParams()


class Training:
    """A training in progress: network, moving average, optimiser, place in the schedule."""

    def __init__(
        self,
        recipe: Recipe,
        train: Sequence[TrainingLine],
        val: Sequence[LineSample],
        folder: Path,
        device: str = "cpu",
        start: str = "",
    ) -> None:
        """Begin in `folder`, from the model `start` if given; or go on from the checkpoint there.

        Raises:
            InputError: if there is no model `start`, or it is not of the recipe's sizes.
        """
        torch.manual_seed(recipe.seed)
        self.recipe, self.folder, self.device = recipe, folder, torch.device(device)
        self.train = [sample for sample in train if sample.corpus not in recipe.exclude]
        self.val = _spread(val, recipe.evaluate_lines)
        texts = [sample.text for sample in self.train]
        trained = load_model(start) if start else None
        known = trained[1].characters if trained else ""
        self.alphabet = Alphabet.of([*texts, recipe.extra_characters, known])
        self.net = LineNet(len(self.alphabet), recipe.model).to(self.device)
        if trained:
            _begin_from(trained, self.net, self.alphabet, start)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = LineNet(len(self.alphabet), recipe.model).to(self.device).eval()
        self.average.load_state_dict(self.net.state_dict())
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.lines_seen = self.step = 0
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
            self.lines_seen += len(batch)
            self.seconds += time.monotonic() - clock
            clock = time.monotonic()
            if self.step % 20 == 0:
                self._log_progress(losses[-20:])
            if self.step % self.recipe.evaluate_steps == 0:
                self._report(losses)
                losses.clear()
                clock = time.monotonic()
            if self.step % self.recipe.checkpoint_steps == 0:
                self.save_checkpoint()
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
        return min(1.0, self.lines_seen / (self.recipe.epochs * len(self.train)))

    def _batches(self, workers: int) -> Iterable[Batch]:
        """Batches from the present place to the schedule's end, the same after a resume."""
        recipe = self.recipe
        params = LoadingParams(
            recipe.seed, recipe.model.height, recipe.max_columns, recipe.plain, recipe.augment
        )
        last = math.ceil(recipe.epochs * len(self.train))
        plan = plan_batches(self.train, params, self.lines_seen, last)
        return load_batches(Batches(self.train, self.alphabet, params), plan, workers)

    def _learn(self, batch: Batch) -> Tensor:
        """One step of the optimiser on some lines; the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        with torch.autocast(self.device.type, torch.bfloat16):
            features = self.net.columns(batch.lines)
            auxiliary, logits = self.net.auxiliary(features), self.net.decode(features)
        loss = _ctc(logits, batch) + self.recipe.auxiliary * _ctc(auxiliary, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), self.recipe.clip)
        self.optimizer.step()
        self._average()
        return loss.detach()

    def _log_progress(self, losses: Sequence[Tensor]) -> None:
        logger.info(
            "step %d, lines %d, loss %.4f, %.1f lines/s",
            *(self.step, self.lines_seen, _mean(losses), self.lines_seen / self.seconds),
        )

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
        """Add a row to log.csv: where we are, the loss, the average's error rate on val."""
        reader = Reader(self.average, self.alphabet)
        readings = reader.read([sample.pixels() for sample in self.val])
        scores = [
            score(sample.text, reading.text)
            for sample, reading in zip(self.val, readings, strict=True)
        ]
        loss, cer = _mean(losses), total(scores).cer
        logger.info("lines %d, loss %.4f, val CER %.4f", self.lines_seen, loss, cer)
        path = self.folder / LOG
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(["step", "lines", "hours", "learning_rate", "loss", "val_cer"])
            hours, rate = f"{self.seconds / 3600:.3f}", f"{self._learning_rate():.6f}"
            row = [self.step, self.lines_seen, hours, rate, f"{loss:.4f}", f"{cer:.4f}"]
            writer.writerow(row)

    def save_checkpoint(self) -> None:
        """Write all that a resume needs; the old checkpoint stays until the new one is whole."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": {"lines": self.lines_seen, "step": self.step, "seconds": self.seconds},
            "alphabet": self.alphabet.characters,
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
            alphabet=self.alphabet.characters,
            model=self.recipe.model,
            sha256="",
            training={
                "lines": len(self.train),
                "lines_seen": self.lines_seen,
                "hours": round(self.seconds / 3600, 2),
                "corpora": self._credits(recipe.pop("attribution")),
            },
            licence=recipe.pop("licence"),
        )
        del recipe["model"]
        card.training["recipe"] = recipe
        path = self.folder / f"{self.recipe.name}.safetensors"
        save_model(self.average, path, card)
        return path

    def _credits(self, attribution: Sequence[Sequence[str]]) -> dict[str, str]:
        """Where each corpus that was used is from, and its licence."""
        known = {corpus: f"{source}, {licence}" for corpus, source, licence in attribution}
        used = sorted({sample.corpus for sample in self.train})
        return {corpus: known.get(corpus, "not stated") for corpus in used}

    def _resume(self) -> None:
        path = self.folder / _CHECKPOINT
        if not path.exists():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["alphabet"] != self.alphabet.characters:
            raise ValueError(f"{path} has another alphabet than these corpora; use a new folder")
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        done = state["progress"]
        self.lines_seen, self.step, self.seconds = done["lines"], done["step"], done["seconds"]
        logger.info("going on from %s at line %d", path, self.lines_seen)


def _begin_from(
    trained: tuple[LineNet, Alphabet, Card], net: LineNet, alphabet: Alphabet, name: str
) -> None:
    old, known, _ = trained
    try:
        transfer(old, known, net, alphabet)
    except ValueError as error:
        raise InputError(f"{name}: {error}; give the recipe the same sizes") from error


def _ctc(logits: Tensor, batch: Batch) -> Tensor:
    """CTC loss per character of (T, N, labels) logits; a line too narrow for its text counts 0."""
    loss = ctc_loss(
        *(logits.float().log_softmax(2), batch.targets, batch.columns, batch.lengths),
        blank=BLANK,
        reduction="sum",
        zero_infinity=True,
    )
    return loss / batch.lengths.sum().clamp(min=1).to(loss.device)


def _mean(losses: Sequence[Tensor]) -> float:
    return float(torch.stack(list(losses)).mean())


def _spread(samples: Sequence[LineSample], count: int) -> list[LineSample]:
    step = max(1, len(samples) // count) if count else 1
    return list(samples[::step])


def train_model(
    recipe: Recipe,
    corpora: Sequence[Path],
    folder: Path,
    *,
    device: str = "cpu",
    workers: int = 0,
    minutes: float = math.inf,
    start: str = "",
) -> Path | None:
    """Train from Parquet files to weights in a run folder, going on from what lies there.

    Args:
        recipe: decides what the training makes of the corpora.
        corpora: files of line images or of pen strokes.
        folder: of the run.
        device: where the network is trained, such as "cuda".
        workers: processes that load batches ahead.
        minutes: stop after so long.
        start: model to begin from: a shipped one's name or a .safetensors file.

    Returns:
        The safetensors file written, whose card tells the error rates on val; None if the
        schedule has not come to its end.

    Raises:
        InputError: if a corpus cannot be read.
    """
    pens = [path for path in corpora if holds_strokes(path)]
    scans = [path for path in corpora if path not in pens]
    lines: list[TrainingLine] = [*read_samples(scans, "train")]
    for path in pens:
        lines += read_pen_lines(path)
    lines += set_lines(recipe.typeset, np.random.default_rng(recipe.seed))
    val = read_samples(scans, "val")
    training = Training(recipe, lines, val, folder, device, start)
    ended = training.run(workers, minutes)
    draw_curve(folder / LOG, folder / "curve.png")
    if not ended:
        return None
    path = training.publish()
    if val:
        add_scores(path, scans)
    return path


def add_scores(path: Path, corpora: Sequence[Path]) -> None:
    """Measure a model on val; note in its card how well it reads, and how well it knows."""
    samples, readings = read_split(corpora, "val", str(path))
    tables = tables_of(samples, readings)
    rates = {name: {row: one["cer"] for row, one in rows.items()} for name, rows in tables.items()}
    errors = [
        score(sample.text, reading.text).character_errors
        for sample, reading in zip(samples, readings, strict=True)
    ]
    calibration = calibrate(
        [reading.confidence for reading in readings],
        errors,
        [len(reading.text) for reading in readings],
    )
    card = path.with_suffix(".json")
    scores: dict[str, object] = {"split": "val", "cer": rates}
    write_card(card, replace(read_card(card), scores=scores, calibration=calibration))
