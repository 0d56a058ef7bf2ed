"""Line corpora to weights: one recipe, resumable after a kill at any moment."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import ctc_loss

from pipeline.errors import InputError
from pipeline.processor import in_bfloat16
from pipeline.tables import to_table
from pipeline.team import Team
from pipeline.training import LOG, Schedule, Training, keeping, load_ahead
from pipeline.weights import write_card
from recognize.alphabet import BLANK, Alphabet
from recognize.augment import AugmentParams
from recognize.calibration import Calibration, calibrate
from recognize.curve import draw_curve
from recognize.dataset import LineSample, TrainingLine, read_samples, stack
from recognize.evaluate import (
    calibration_error,
    read_split,
    score,
    sure_and_right,
    tables_of,
    total,
)
from recognize.loading import Batch, Batches, LoadingParams, plan_batches, share_of
from recognize.model import LineNet, ModelParams
from recognize.normalize import normalize
from recognize.quantize import Range, measure_ranges
from recognize.reader import Reader, Reading, raised
from recognize.strokes import holds_strokes, read_pen_lines
from recognize.typeset import TypesetLine, TypesetParams, set_lines
from recognize.weights import Card, load_model, read_card, save_model, transfer

NEW_HAND = Path(__file__).with_name("recipes") / "hand.toml"  # to go on from a trained model
_RANGE_LINES = 200  # that tell the ranges of the layers, see recognize/quantize.py
_POWERS = tuple(step / 20 for step in range(10, 51))  # that confidences may be raised to
_ENOUGH_WORDS = 1000  # to choose one by


@dataclass(frozen=True, slots=True)
class Recipe(Schedule):
    """Everything that decides what a training makes of given corpora."""

    name: str = "latin"
    exclude: tuple[str, ...] = ()  # corpora left out
    # Corpus, or corpus/page as its name begins, and how often a pass takes its lines: 0.3 of what
    # is read well, 2 of what is not.
    shares: tuple[tuple[str, float], ...] = ()
    max_columns: int = 24_000  # columns of a batch: some 45 lines
    auxiliary: float = 0.2  # weight of the CTC loss on the CNN's columns
    plain: float = 0.1  # share of the lines that are not augmented
    masked: float = 0.0  # share of the columns whose features the BiLSTMs have to do without
    # Weight of the loss where two readings of a line, each without other columns, disagree. 0 reads
    # it once, in two thirds of the time.
    agreement: float = 0.0
    # Share of the weights begun from in those that are published, the mean of both: it gives back
    # to some lines what they lost to others (Wortsman et al., ICML 2022).
    kept: float = 0.0
    extra_characters: str = ""  # in the alphabet though no line has them
    evaluate_lines: int = 600  # of val, spread evenly over it
    model: ModelParams = ModelParams()  # as it is here: that of the model begun from, if any
    augment: AugmentParams = AugmentParams()
    typeset: TypesetParams = TypesetParams()


class LineTraining(Training[Batch]):
    """The training of a LineNet."""

    net: LineNet
    average: LineNet

    def __init__(
        self,
        recipe: Recipe,
        train: Sequence[TrainingLine],
        val: Sequence[LineSample],
        folder: Path,
        device: str = "cpu",
        start: str = "",
        team: Team | None = None,
    ) -> None:
        """Begin in `folder`, from the model `start` if given; or go on from the checkpoint there.

        Raises:
            InputError: if there is no model `start`, or it is not of the recipe's sizes.
        """
        torch.manual_seed(recipe.seed)
        trained = load_model(start) if start else None
        if trained and recipe.model == ModelParams():  # it says nothing of sizes
            recipe = replace(recipe, model=trained[2].model)
        self.recipe = recipe
        self.train = [sample for sample in train if sample.corpus not in recipe.exclude]
        self.val = _spread(val, recipe.evaluate_lines)
        texts = [sample.text for sample in self.train]
        known = trained[1].characters if trained else ""
        self.alphabet = Alphabet.of([*texts, recipe.extra_characters, known])
        where = torch.device(device)
        net, average = (LineNet(len(self.alphabet), recipe.model).to(where) for _ in range(2))
        self._known = trained[2] if trained else None
        self._begun: dict[str, Tensor] = {}
        if trained:
            _begin_from(trained, net, self.alphabet, start)
            self._begun = {name: value.clone() for name, value in net.state_dict().items()}
        super().__init__(
            *(recipe, (net, average), self._pass(), folder, where, self.alphabet.characters, team)
        )
        torch.manual_seed(recipe.seed + self.team.rank)  # dropout: each process its own

    def batches(self, workers: int) -> Iterable[Batch]:
        """Batches from the present place to the schedule's end, the same after a resume."""
        recipe = self.recipe
        params = LoadingParams(
            seed=recipe.seed + self.team.rank,
            model=recipe.model,
            max_columns=recipe.max_columns,
            plain=recipe.plain,
            augment=recipe.augment,
            shares=dict(recipe.shares),
        )
        plan = plan_batches(self.train, params, self.place, self.total)
        return load_ahead(Batches(self.train, self.alphabet, params), plan, workers)

    def _pass(self) -> int:
        """Lines that a pass takes, about."""
        shares = dict(self.recipe.shares)
        return round(sum(share_of(line, shares) for line in self.train))

    def loss(self, batch: Batch) -> Tensor:
        """CTC of the network, and of its CNN alone (Retsinas et al., DAS 2022).

        And of two readings that do not agree, see `disagreement`, if the recipe asks for it.
        """
        recipe = self.recipe
        with in_bfloat16(self.device.type):
            features = self.net.columns(batch.lines)
            auxiliary = self.net.auxiliary(features)
            times = 2 if recipe.agreement else 1
            views = [mask_spans(features, recipe.masked) for _ in range(times)]
            readings = self.net.decode(torch.cat(views, dim=1)).chunk(len(views), dim=1)
        losses = torch.stack([ctc_per_letter(logits, batch) for logits in readings])
        loss = losses.mean() + recipe.auxiliary * ctc_per_letter(auxiliary, batch)
        if recipe.agreement:
            one, other = readings
            loss = loss + recipe.agreement * disagreement(one, other, batch)
        return loss

    def evaluate(self) -> dict[str, float]:
        """The average's error rate on lines of val, if there are any."""
        if not self.val:
            return {}
        reader = Reader(self.average, self.alphabet)
        readings = reader.glance([sample.pixels() for sample in self.val])
        scores = [
            score(sample.text, reading.text)
            for sample, reading in zip(self.val, readings, strict=True)
        ]
        return {"val_cer": total(scores).cer}

    def publish(self) -> Path:
        """Write the average as weights with a card into the run's folder.

        With the recipe's share of the weights that the training began from, if it began from any.
        """
        recipe = to_table(self.recipe)
        card = Card(
            name=recipe.pop("name"),
            version=recipe.pop("version"),
            alphabet=self.alphabet.characters,
            model=self.recipe.model,
            sha256="",
            training={
                "lines": len(self.train),
                "lines_seen": self.seen,
                "hours": round(self.hours, 2),
                "corpora": self._credits(recipe.pop("attribution")),
            },
            licence=recipe.pop("licence"),
        )
        del recipe["model"]
        card.training["recipe"] = recipe
        if self._known:  # until it is measured
            known = self._known
            card = replace(card, calibration=known.calibration, helped=known.helped)
        path = self.folder / f"{self.recipe.name}.safetensors"
        published = keeping(self.average, self._begun, self.recipe.kept)
        save_model(published, path, replace(card, ranges=ranges_of(published, self.train)))
        return path

    def _credits(self, attribution: Sequence[Sequence[str]]) -> dict[str, str]:
        """Where each corpus that was used is from, and its licence."""
        known = {corpus: f"{source}, {licence}" for corpus, source, licence in attribution}
        used = sorted({sample.corpus for sample in self.train})
        return {corpus: known.get(corpus, "not stated") for corpus in used}


def ranges_of(net: LineNet, lines: Sequence[TrainingLine]) -> tuple[Range, ...]:
    """The ranges of a network's layers on some of the scans that it learnt from, as they are."""
    params = net.eval().params
    scale = params.height, params.stretch, params.focused
    scans = [line for line in lines if isinstance(line, LineSample)]
    some = sorted(_spread(scans, _RANGE_LINES), key=lambda line: line.width)
    arrays = [normalize(line.pixels(), *scale) for line in some]
    return measure_ranges(net, (stack(arrays[n : n + 8]) for n in range(0, len(arrays), 8)))


def mask_spans(features: Tensor, share: float, columns: int = 5) -> Tensor:
    """Zeros for the features of some columns on end, so that their surroundings have to tell.

    After SpecAugment (Park et al., Interspeech 2019) and the span masks of HTR-VT (Li et al.,
    Pattern Recognition 2025). Reading never meets a column of zeros: empty paper has features too.

    Args:
        features: (T, N, C).
        share: of all columns that are hidden, in the mean.
        columns: hidden on end; more where two such spans meet.

    Returns:
        (T, N, C), drawn from PyTorch's own generator.
    """
    if not share:
        return features
    rate = 1 - (1 - share) ** (1 / columns)
    begun = (torch.rand(features.shape[:2], device=features.device) < rate).float()
    padded = torch.nn.functional.pad(begun.T, (columns - 1, 0))
    hidden = torch.nn.functional.max_pool1d(padded, columns, stride=1).T
    return features * (1 - hidden)[:, :, None]


def _begin_from(
    trained: tuple[LineNet, Alphabet, Card], net: LineNet, alphabet: Alphabet, name: str
) -> None:
    old, known, _ = trained
    try:
        transfer(old, known, net, alphabet)
    except ValueError as error:
        raise InputError(f"{name}: {error}; give the recipe the same sizes") from error


class Labelled(Protocol):
    """Lines with their texts, see `Batch`."""

    @property
    def columns(self) -> Tensor:
        """Output columns of each line."""
        ...

    @property
    def targets(self) -> Tensor:
        """Labels of all lines one after the other."""
        ...

    @property
    def lengths(self) -> Tensor:
        """Labels of each line."""
        ...


def ctc_per_letter(logits: Tensor, batch: Labelled) -> Tensor:
    """CTC loss per character of (T, N, labels) logits; a line too narrow for its text counts 0."""
    loss = ctc_loss(
        *(logits.float().log_softmax(2), batch.targets, batch.columns, batch.lengths),
        blank=BLANK,
        reduction="sum",
        zero_infinity=True,
    )
    return loss / batch.lengths.sum().clamp(min=1).to(loss.device)


def disagreement(one: Tensor, other: Tensor, batch: Labelled) -> Tensor:
    """How far two readings of the same lines are from each other, per character (nats).

    Each learns from the other, as if that were the truth: what a line's surroundings do not tell is
    not learnt by heart. Consistency-regularised CTC (Yao et al., "CR-CTC", ICLR 2025).

    Args:
        one: (T, N, labels) logits.
        other: the same.
        batch: tells how many of the columns are a line's, and how many letters they hold.
    """
    logs = [logits.float().log_softmax(2) for logits in (one, other)]
    inside = torch.arange(len(one))[:, None] < batch.columns
    nats = torch.zeros((), device=one.device)
    for mine, given in (logs, logs[::-1]):
        truth = given.detach()
        by_column = (truth.exp() * (truth - mine)).sum(2)
        nats = nats + by_column[inside.to(one.device)].sum() / 2
    return nats / batch.lengths.sum().clamp(min=1).to(one.device)


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
    team: Team | None = None,
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
        team: the processes that train together, all called so; the first of them writes.

    Returns:
        The safetensors file written, whose card tells the error rates on val; None if the
        schedule has not come to its end, or another process writes.

    Raises:
        InputError: if a corpus cannot be read.
    """
    pens = [path for path in corpora if holds_strokes(path)]
    scans = [path for path in corpora if path not in pens]
    lines: list[TrainingLine] = [*read_samples(scans, "train")]
    for path in pens:
        lines += read_pen_lines(path)
    lines += _set_lines(recipe, lines)
    val = read_samples(scans, "val")
    training = LineTraining(recipe, lines, val, folder, device, start, team)
    ended = training.run(workers, minutes)
    if not training.team.leads:
        return None
    draw_curve(folder / LOG, folder / "curve.png")
    if not ended:
        return None
    path = training.publish()
    if val:
        add_scores(path, scans)
    return path


def _set_lines(recipe: Recipe, others: Sequence[TrainingLine]) -> list[TypesetLine]:
    """Lines set from type, but for those with signs that transcribers write otherwise."""
    known = {letter for line in others for letter in line.text} | set(recipe.extra_characters)
    made = set_lines(recipe.typeset, np.random.default_rng(recipe.seed))
    return [line for line in made if known.issuperset(line.text)]


def add_scores(path: Path, corpora: Sequence[Path]) -> None:
    """Measure a model on val, alone and with language models, and note it in its card.

    The card tells the error rates, and what its confidences are worth.
    """
    card = path.with_suffix(".json")
    known = read_card(card)
    alone, calibration = measured(*read_split(corpora, "val", str(path)), known.calibration.power)
    helped, with_help = measured(*read_split(corpora, "val", str(path), "auto"), known.helped.power)
    scores: dict[str, object] = {"split": "val", "cer": alone, "cer_with_language_models": helped}
    write_card(card, replace(known, scores=scores, calibration=calibration, helped=with_help))


def measured(
    samples: Sequence[LineSample], readings: Sequence[Reading], power: float
) -> tuple[dict[str, dict[str, float]], Calibration]:
    """Error rates by table and row, and what confidences are worth, those of words above all.

    Args:
        samples: lines with their truth.
        readings: of each.
        power: that their confidences have been raised to.
    """
    tables = tables_of(samples, readings)
    rates = {name: {row: one["cer"] for row, one in rows.items()} for name, rows in tables.items()}
    # A word is as sure as the product of its letters: the power of one is that of the other.
    sure, right = sure_and_right(samples, readings)
    powers = _POWERS if len(sure) >= _ENOUGH_WORDS else [1.0]
    further = min(powers, key=lambda one: calibration_error(sure**one, right))
    readings = raised(readings, further)
    errors = [
        score(sample.text, reading.text).character_errors
        for sample, reading in zip(samples, readings, strict=True)
    ]
    confidences = [reading.confidence for reading in readings]
    curve = calibrate(confidences, errors, [len(reading.text) for reading in readings])
    return rates, replace(curve, power=round(power * further, 3))
