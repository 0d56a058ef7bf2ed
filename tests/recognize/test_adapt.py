"""A model taught by its own readings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import recognize.adapt
from pipeline.weights import write_card
from recognize.adapt import RECIPE, adapt_model
from recognize.calibration import Calibration
from recognize.evaluate import score, total
from recognize.reader import Reader
from recognize.train import LineTraining, Recipe
from recognize.weights import read_card
from tests.recognize.test_train import RECIPE as TINY
from tests.recognize.test_train import drawn_lines

QUICK = Recipe(name="adapted", epochs=2.0, max_columns=600, evaluate_steps=1000)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has hardly learnt anything, with a card that tells who made it."""
    folder = tmp_path_factory.mktemp("begun")
    lines = drawn_lines(8)
    path = LineTraining(TINY, lines, lines[:2], folder).publish()
    card = read_card(path.with_suffix(".json"))
    curve = Calibration((0.1, 0.9), (0.5, 0.1))
    card = replace(card, version="7", licence="ours", calibration=curve, helped=curve)
    write_card(path.with_suffix(".json"), card)
    return path


def test_its_lines_are_read_as_they_were_told(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognize.adapt, "MOST_SEEN", 10_000)
    lines = drawn_lines(60)
    recipe = replace(QUICK, epochs=60.0, learning_rate=0.005, max_columns=2000, plain=1.0)
    path = adapt_model(lines, tmp_path, str(begun), recipe)

    def errors(model: Path) -> float:
        readings = Reader.load(str(model)).read([line.pixels() for line in lines])
        return total(score(a.text, b.text) for a, b in zip(lines, readings, strict=True)).cer

    assert errors(path) < 0.8 * errors(begun)


def test_its_card_is_that_of_the_model_begun_from(begun: Path, tmp_path: Path) -> None:
    card = read_card(adapt_model(drawn_lines(4), tmp_path, str(begun), QUICK).with_suffix(".json"))
    old = read_card(begun.with_suffix(".json"))
    assert (card.licence, card.version) == ("ours", "7")
    assert (card.calibration, card.helped) == (old.calibration, old.helped)
    assert (card.training["from"], card.scores) == ("tiny 7", {})


def test_of_many_lines_it_takes_fewer_passes(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognize.adapt, "MOST_SEEN", 6)
    path = adapt_model(drawn_lines(12), tmp_path, str(begun), QUICK)
    assert read_card(path.with_suffix(".json")).training["lines_seen"] < 12


def test_the_same_lines_give_the_same_model(begun: Path, tmp_path: Path) -> None:
    one, other = (adapt_model(drawn_lines(6), tmp_path / n, str(begun), QUICK) for n in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_no_checkpoint_is_left(begun: Path, tmp_path: Path) -> None:
    adapt_model(drawn_lines(4), tmp_path, str(begun), QUICK)
    assert not list(tmp_path.glob("*.pt"))


def test_the_recipe_hides_columns_of_every_line() -> None:
    from pipeline.tables import read_table

    recipe = read_table(RECIPE, Recipe)
    assert recipe.masked > 0 and recipe.plain == 0
