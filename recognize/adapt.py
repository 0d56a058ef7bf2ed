"""A trained model taught the hands of some lines by what it read in them itself: self-training.

A language model puts right much of what the network misreads. The network learns it from lines
that are changed at every turn, so that it has to find what the right letters have in common, and
then reads the same hands better where no language could help it (Frinken and Bunke, ICDAR 2009;
Kišš et al., "AT-ST: self-training adaptation strategy for OCR", ICDAR 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.tables import read_table
from pipeline.weights import write_card
from recognize.dataset import LineSample
from recognize.train import LineTraining, Recipe
from recognize.weights import Card, find_weights, read_card

RECIPE = Path(__file__).with_name("recipes") / "adapt.toml"
# Lines seen at most, all passes together: what there is to learn is learnt soon, and after that
# the mistakes are learnt by heart.
MOST_SEEN = 1_500


def adapt_model(
    lines: Sequence[LineSample], folder: Path, start: str, recipe: Recipe | None = None
) -> Path:
    """Teach a model what was read in some lines; killed and started again, it goes on.

    Args:
        lines: with the texts that were read in them; at least one.
        folder: of the run.
        start: the model that read them: a shipped one's name or a .safetensors file.
        recipe: of the training; ours if not given.

    Returns:
        The safetensors file written. Its card has the licence and the calibration of the model
        begun from: there is no truth to measure new ones by.

    Raises:
        InputError: if there is no such model.
    """
    recipe = recipe or read_table(RECIPE, Recipe)
    passes = min(recipe.epochs, MOST_SEEN / len(lines))
    training = LineTraining(replace(recipe, epochs=passes), lines, (), folder, start=start)
    training.run()
    path = training.publish()
    _inherit(path.with_suffix(".json"), read_card(find_weights(start).with_suffix(".json")))
    training.forget()
    return path


def _inherit(path: Path, begun: Card) -> None:
    """Complete the card at `path` by that of the model begun from."""
    card = read_card(path)
    same = {name: getattr(begun, name) for name in ("version", "licence", "calibration", "helped")}
    training = {**card.training, "from": f"{begun.name} {begun.version}"}
    write_card(path, replace(card, training=training, **same))
