"""A model taught by its own readings."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import recognize.adapt
from pipeline.errors import InputError
from pipeline.tables import read_table
from pipeline.weights import write_card
from recognize.adapt import RECIPE, AdaptParams, adapt_model
from recognize.calibration import Calibration
from recognize.dataset import LineSample
from recognize.reader import Reader, Reading
from recognize.train import LineTraining, Recipe
from recognize.weights import read_card
from tests.recognize.test_train import RECIPE as TINY
from tests.recognize.test_train import drawn_lines

# Everything that is read is learnt, though a model that has hardly learnt doubts it.
ALL = AdaptParams("none", rounds=1, least_confidence=0.0)
QUICK = Recipe(name="adapted", epochs=2.0, max_columns=600, evaluate_steps=1000)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has hardly learnt anything, with a card that tells who made it."""
    folder = tmp_path_factory.mktemp("begun")
    lines = drawn_lines(8)
    training = LineTraining(TINY, lines, lines[:2], folder)
    training.run()
    path = training.publish()
    card = read_card(path.with_suffix(".json"))
    curve = Calibration((0.1, 0.9), (0.5, 0.1), 2.0)
    card = replace(card, version="7", licence="ours", calibration=curve, helped=curve)
    write_card(path.with_suffix(".json"), card)
    return path


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are read as they are written: as if a language had helped."""
    _tell(monkeypatch, iter([]))


def _tell(monkeypatch: pytest.MonkeyPatch, sureness: Iterator[float]) -> None:
    """Readings that are right, each of one model's with another confidence, at last with 1."""

    def read(_: Reader, lines: Sequence[LineSample]) -> list[Reading]:
        sure = next(sureness, 1.0)
        return [Reading(line.text, (), (sure,) * len(line.text)) for line in lines]

    monkeypatch.setattr(recognize.adapt, "read_pages", read)


@pytest.fixture
def teachers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that have read what was learnt, in turn."""
    names: list[str] = []

    class Noted:
        @staticmethod
        def load(name: str, language: str) -> Reader:
            names.append(Path(name).parent.name)
            return Reader.load(name, language)

    monkeypatch.setattr(recognize.adapt, "Reader", Noted)
    return names


@pytest.mark.usefixtures("told")
def test_it_learns_what_the_teacher_read(begun: Path, tmp_path: Path) -> None:
    recipe = replace(QUICK, epochs=20.0, learning_rate=0.005, max_columns=2000, plain=1.0)
    adapt_model(drawn_lines(60), tmp_path, str(begun), ALL, replace(recipe, evaluate_steps=20))
    losses = [float(row["loss"]) for row in csv.DictReader((tmp_path / "log.csv").open())]
    assert losses[-1] < 0.7 * losses[0]


def test_a_word_is_learnt_as_each_that_it_may_be_as_often_as_it_is_likely(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[str] = []

    class Noted(LineTraining):
        def run(self) -> None:
            learnt.extend(line.text for line in self.train)
            super().run()

    def read(_: Reader, lines: Sequence[LineSample]) -> list[Reading]:
        return [Reading("an ox", (), (0.9,) * 5, ((), (("or", 0.25),))) for _ in lines]

    monkeypatch.setattr(recognize.adapt, "LineTraining", Noted)
    monkeypatch.setattr(recognize.adapt, "read_pages", read)
    path = adapt_model(drawn_lines(40), tmp_path, str(begun), ALL, replace(QUICK, epochs=3.0))
    counts = Counter(learnt)
    assert set(counts) == {"an ox", "an or"} and len(learnt) == 120
    assert 3 < counts["an ox"] / counts["an or"] < 6
    assert read_card(path.with_suffix(".json")).training["lines"] == 40


@pytest.mark.usefixtures("told")
def test_its_card_is_that_of_the_model_begun_from(begun: Path, tmp_path: Path) -> None:
    path = adapt_model(drawn_lines(4), tmp_path, str(begun), ALL, QUICK)
    card, old = (read_card(one.with_suffix(".json")) for one in (path, begun))
    assert (card.licence, card.version) == ("ours", "7")
    assert (card.calibration, card.helped) == (old.calibration, old.helped)
    assert (card.training["from"], card.scores) == ("tiny 7", {})


def test_it_is_no_surer_than_the_model_begun_from_was_with_help(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is learnt, the first model's readings with help, the new one's alone and with help.
    _tell(monkeypatch, iter([1.0, 0.81, 0.9, 0.81]))
    path = adapt_model(drawn_lines(4), tmp_path, str(begun), ALL, QUICK)
    card = read_card(path.with_suffix(".json"))
    assert card.calibration.power == pytest.approx(2 * 2.0, rel=0.01)  # twice the old one's
    assert card.helped.power == pytest.approx(2.0, rel=0.01)


@pytest.mark.usefixtures("told")
def test_of_many_lines_it_takes_fewer_passes(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognize.adapt, "MOST_SEEN", 6)
    path = adapt_model(drawn_lines(12), tmp_path, str(begun), ALL, QUICK)
    seen = read_card(path.with_suffix(".json")).training["lines_seen"]
    assert isinstance(seen, int) and seen < 12


@pytest.mark.usefixtures("told")
def test_the_same_lines_give_the_same_model(begun: Path, tmp_path: Path) -> None:
    one, other = (adapt_model(drawn_lines(6), tmp_path / n, str(begun), ALL, QUICK) for n in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_each_round_is_read_by_the_last_ones_model(
    begun: Path, tmp_path: Path, teachers: list[str]
) -> None:
    adapt_model(drawn_lines(4), tmp_path, str(begun), replace(ALL, rounds=3), QUICK)
    measured = [begun.parent.name, tmp_path.name, tmp_path.name]  # how sure they are
    assert teachers == [begun.parent.name, "round-1", "round-2", *measured]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == []
    assert not list(tmp_path.glob("*.pt"))


def test_killed_in_the_second_round_it_does_not_learn_the_first_again(
    begun: Path, tmp_path: Path, teachers: list[str]
) -> None:
    lines, twice = drawn_lines(4), replace(ALL, rounds=2)
    adapt_model(lines, tmp_path / "round-1", str(begun), ALL, QUICK)
    teachers.clear()
    adapt_model(lines, tmp_path, str(begun), twice, QUICK)
    assert teachers == ["round-1", begun.parent.name, tmp_path.name, tmp_path.name]


def test_a_model_that_is_there_stays(begun: Path, tmp_path: Path, teachers: list[str]) -> None:
    path = adapt_model(drawn_lines(4), tmp_path, str(begun), ALL, QUICK)
    teachers.clear()
    assert adapt_model(drawn_lines(4), tmp_path, str(begun), ALL, QUICK) == path
    assert teachers == []


@pytest.mark.usefixtures("told")
def test_how_far_it_is_is_told(begun: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    two = replace(ALL, rounds=2)
    adapt_model(drawn_lines(40), tmp_path, str(begun), two, QUICK, told=shares.append)
    assert shares == sorted(shares)
    assert len(set(shares)) > 6 and shares[-1] == 1


def test_nothing_read_surely_is_said(begun: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="inkfolio train"):
        adapt_model(drawn_lines(4), tmp_path, str(begun), replace(ALL, least_confidence=1.1), QUICK)


def test_the_recipe_hides_columns_of_every_line() -> None:
    recipe = read_table(RECIPE, Recipe)
    assert recipe.masked > 0 and recipe.plain == 0
