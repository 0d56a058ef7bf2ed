"""A trained model taught the hands of some lines by what it read in them itself: self-training.

A language model puts right much of what the network misreads. The network learns it from lines
that are changed at every turn, so that it has to find what the right letters have in common, and
then reads the same hands better where no language could help it (Frinken and Bunke, ICDAR 2009;
Kišš et al., "AT-ST: self-training adaptation strategy for OCR", ICDAR 2021).

Where a word may be another it is learnt as either, as often as each is likely: what was doubted is
not learnt as if it were sure. Speech recognisers learn so from all that a beam holds likely
(Manohar et al., "Semi-supervised training of acoustic models using lattice-free MMI", ICASSP 2018).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.errors import InputError
from pipeline.spread import spread
from pipeline.tables import read_table
from pipeline.training import CHECKPOINT
from pipeline.weights import write_card
from recognize.calibration import Calibration, power_to_mean
from recognize.dataset import LineSample
from recognize.evaluate import read_pages
from recognize.reader import Reader, Reading
from recognize.train import LineTraining, Recipe
from recognize.weights import Card, find_weights, read_card

RECIPE = Path(__file__).with_name("recipes") / "adapt.toml"
Told = Callable[[float], None]  # is told how far something is, in [0, 1]
_Lesson = tuple[LineSample, Reading]  # a line and what it is taken to say
_READING = 0.25  # of the time of a round, before what was read is learnt
_ROUNDS = 0.9  # of all the time, before it is measured what the model is too sure by
# Lines, evenly spread over all, that what the model is too sure by is measured on.
_MEASURED = 300
# Lines seen at most, all passes together: what there is to learn is learnt soon, and after that
# the mistakes are learnt by heart.
MOST_SEEN = 1_500


@dataclass(frozen=True, slots=True)
class AdaptParams:
    """Settings of `adapt_model`.

    Attributes:
        language: of the language model that helps to read what is learnt, see `Reader.load`.
        rounds: readings that are learnt from; each is by the model that learnt from the last.
        least_confidence: of the lines that are learnt from.
    """

    language: str = "auto"
    rounds: int = 2
    least_confidence: float = 0.6


def adapt_model(
    lines: Sequence[LineSample],
    folder: Path,
    start: str,
    params: AdaptParams = AdaptParams(),
    recipe: Recipe | None = None,
    told: Told = lambda share: None,
) -> Path:
    """Teach a model what is read in some lines; killed and started again, it goes on.

    Args:
        lines: page by page; what their texts say does not matter.
        folder: of the run.
        start: the model to begin from: a shipped one's name or a .safetensors file.
        params: see `AdaptParams`.
        recipe: of the training; ours if not given.
        told: is told now and then how far it is.

    Returns:
        The safetensors file written. Its card has the licence of the model begun from, and its
        calibration, by which it is no surer than that model was with the language's help: there is
        no truth to measure by, and what has learnt its own readings believes them too much.

    Raises:
        InputError: if there is no such model, or no line is read surely enough.
    """
    recipe = recipe or read_table(RECIPE, Recipe)
    earlier = [folder / f"round-{number}" for number in range(1, params.rounds)]
    model, teacher = folder / f"{recipe.name}.safetensors", start
    for number, run in enumerate([] if _is_done(folder) else [*earlier, folder]):
        if not _is_done(run):
            each = _ROUNDS / params.rounds
            this_round = part_of(told, each * number, each * (number + 1))
            lessons = _surely_read(lines, teacher, params)
            _learn(lessons, run, start, recipe, part_of(this_round, _READING, 1.0))
            if run == folder:
                _temper(model, spread(lines, _MEASURED), start, params.language)
            (run / CHECKPOINT).unlink()
        teacher = str(run / model.name)
    for run in earlier:
        shutil.rmtree(run, ignore_errors=True)
    told(1.0)
    return model


def part_of(told: Told, begin: float, end: float) -> Told:
    """What is told how far a part is, of something of which it is the part from begin to end."""
    return lambda share: told(begin + (end - begin) * share)


def _is_done(run: Path) -> bool:
    """Whether a round has come to its end: its checkpoint goes last."""
    return any(run.glob("*.safetensors")) and not (run / CHECKPOINT).exists()


def _surely_read(lines: Sequence[LineSample], model: str, params: AdaptParams) -> list[_Lesson]:
    """The lines that a model reads surely enough, with what it reads."""
    readings = read_pages(Reader.load(model, params.language), lines)
    learnt = [
        (line, reading)
        for line, reading in zip(lines, readings, strict=True)
        if reading.text and reading.confidence >= params.least_confidence
    ]
    if not learnt:
        raise InputError(
            "no line is read surely enough to learn from; transcribe some pages and teach the "
            "hand by inkfolio train"
        )
    return learnt


def _learn(
    lessons: Sequence[_Lesson], folder: Path, start: str, recipe: Recipe, told: Told
) -> None:
    told(0.0)
    passes = min(recipe.epochs, MOST_SEEN / len(lessons))
    times = max(1, round(passes))  # that a line may say something else
    rng = np.random.default_rng(recipe.seed)
    lines = [
        replace(line, text=drawn_text(reading, rng))
        for _ in range(times)
        for line, reading in lessons
    ]
    training = LineTraining(replace(recipe, epochs=passes / times), lines, (), folder, start=start)
    training.told = told
    training.run()
    path = training.publish()
    begun = read_card(find_weights(start).with_suffix(".json"))
    _inherit(path.with_suffix(".json"), begun, len(lessons))


def drawn_text(reading: Reading, rng: np.random.Generator) -> str:
    """What a line may say: each of its words as it was read or as one of the word's rivals.

    Args:
        reading: of the line.
        rng: chooses among them, each as often as it is likely.
    """
    words = [reading.text[start:end] for start, end in reading.words]
    for place, rivals in enumerate(reading.rivals):
        choices, odds = zip((words[place], 1.0), *rivals, strict=True)
        words[place] = rng.choice(choices, p=np.array(odds) / sum(odds))
    return " ".join(words)


def _inherit(path: Path, begun: Card, lines: int) -> None:
    """Complete the card at `path` by that of the model begun from."""
    card = read_card(path)
    same = {name: getattr(begun, name) for name in ("version", "licence", "calibration", "helped")}
    training = {**card.training, "lines": lines, "from": f"{begun.name} {begun.version}"}
    write_card(path, replace(card, training=training, **same))


def _temper(model: Path, lines: Sequence[LineSample], start: str, language: str) -> None:
    """Make a model no surer of the words in some lines than the one begun from was with help."""
    mean = float(np.mean(_words_confidences(lines, start, language)))
    path = model.with_suffix(".json")
    card = read_card(path)

    def tempered(curve: Calibration, helped: str) -> Calibration:
        power = power_to_mean(_words_confidences(lines, str(model), helped), mean)
        return replace(curve, power=round(curve.power * power, 3))

    calibration, helped = tempered(card.calibration, "none"), tempered(card.helped, language)
    write_card(path, replace(card, calibration=calibration, helped=helped))


def _words_confidences(lines: Sequence[LineSample], model: str, language: str) -> list[float]:
    readings = read_pages(Reader.load(model, language), lines)
    return [one.word_confidence(*word) for one in readings for word in one.words] or [1.0]
