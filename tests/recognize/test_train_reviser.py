from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from pipeline.errors import InputError
from pipeline.team import Team
from recognize.alphabet import BLANK, Alphabet
from recognize.reader import Reader
from recognize.rehearsal import Repertoire, first_reading
from recognize.reviser import Reviser
from recognize.train_reviser import (
    Material,
    Recipe,
    RevisionTraining,
    Texts,
    as_learnt,
    batch_of,
    hold,
    misread_rows,
    train_reviser,
)
from recognize.weights import load_model, read_card
from tests.recognize.peaks import LETTERS, spelled
from tests.recognize.test_train import drawn_lines

RECIPE = Recipe(
    version="2",
    hidden=8,
    grams=64,
    gaps=64,
    rows=4,
    letters=8,
    text_rows=12,
    lines=1600,
    max_columns=4000,
    shares=(("bars", 2.0),),
    checkpoint_steps=1,
    evaluate_steps=2,
)
SAID = "the cat sat on the mat and the dog lay by the door of the house " * 60


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Lines of the letters i and m, 30 to train with and 3 to try."""
    lines = [("train", line) for line in drawn_lines(30)] + [
        ("val", line) for line in drawn_lines(3)
    ]
    rows = [{**asdict(line), "split": split} for split, line in lines]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "bars.parquet")
    (tmp_path / "prose.txt").write_text(SAID)
    return tmp_path / "bars.parquet"


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return replace(RECIPE, texts=(("eng", str(tmp_path / "prose.txt")),))


def test_a_model_gets_a_reviser_and_new_figures(
    tmp_path: Path, corpus: Path, recipe: Recipe, tiny_model: Path
) -> None:
    path = train_reviser(recipe, [corpus], tmp_path / "run", start=str(tiny_model))
    assert path
    net, _, card = load_model(str(path))
    old, _, before = load_model(str(tiny_model))
    assert net.reviser and net.params == replace(old.params, revised=8, grams=64, gaps=64)
    assert torch.equal(net.head.weight, old.head.weight)
    assert (card.version, card.alphabet) == ("2", before.alphabet)
    assert 0 < card.training["reviser"]["held"] <= 1  # type: ignore[index]
    assert net.reviser.trust.item() == pytest.approx(0.65, abs=1e-3)
    assert set(card.scores["cer"]["corpus"]) == {"bars"}  # type: ignore[index]
    assert (tmp_path / "run" / "curve.png").exists()


def test_a_training_that_has_ended_makes_the_same_again(
    tmp_path: Path, corpus: Path, recipe: Recipe, tiny_model: Path
) -> None:
    one, other = (
        train_reviser(recipe, [corpus], tmp_path / "run", start=str(tiny_model)) for _ in range(2)
    )
    assert one and other
    assert read_card(one.with_suffix(".json")) == read_card(other.with_suffix(".json"))


def test_a_model_that_has_a_reviser_may_get_another(
    tmp_path: Path, corpus: Path, recipe: Recipe, tiny_model: Path
) -> None:
    first = train_reviser(recipe, [corpus], tmp_path / "first", start=str(tiny_model))
    assert first
    larger = replace(recipe, hidden=12)
    second = train_reviser(larger, [corpus], tmp_path / "second", start=str(first))
    assert second
    assert load_model(str(second))[0].params.revised == 12
    assert Reader.load(str(second)).read([np.full((64, 200), 200, np.uint8)])


@pytest.mark.parametrize("little", [{"learning_rate": 1e-6}, {"kept": 1.0, "text_rows": 0}])
def test_a_training_may_go_on_from_the_reviser_that_there_is(
    tmp_path: Path, corpus: Path, recipe: Recipe, tiny_model: Path, little: dict[str, float]
) -> None:
    first = train_reviser(recipe, [corpus], tmp_path / "first", start=str(tiny_model))
    assert first
    changed = replace(recipe, goes_on=True, **little)  # type: ignore[arg-type]
    second = train_reviser(changed, [corpus], tmp_path / "second", start=str(first))
    assert second
    old, new = (load_model(str(path))[0].reviser for path in (first, second))
    assert old and new
    assert torch.allclose(old.reading.weight_hh_l0, new.reading.weight_hh_l0, atol=1e-3)


@pytest.mark.parametrize(("hidden", "told"), [(8, "no reviser"), (12, "other sizes")])
def test_what_a_training_cannot_go_on_from_is_said(
    tmp_path: Path, corpus: Path, recipe: Recipe, tiny_model: Path, hidden: int, told: str
) -> None:
    start: Path | None = tiny_model
    if hidden != recipe.hidden:
        start = train_reviser(recipe, [corpus], tmp_path / "first", start=str(tiny_model))
    wanted = replace(recipe, goes_on=True, hidden=hidden)
    with pytest.raises(InputError, match=told):
        train_reviser(wanted, [corpus], tmp_path / "second", start=str(start))


def test_what_was_held_back_is_given_back() -> None:
    torch.manual_seed(1)
    sizes = (len(LETTERS), 8, 64, 64)
    learnt, held = Reviser(*sizes).eval(), Reviser(*sizes).eval()
    for part in (learnt.head.weight, learnt.grams.table, learnt.gaps.table):  # type: ignore[union-attr]
        torch.nn.init.normal_(part)
    torch.nn.init.constant_(learnt.trust, 0.8)
    torch.nn.init.constant_(learnt.gaps.share, 0.3)  # type: ignore[union-attr]
    held.load_state_dict(learnt.state_dict())
    hold(held, learnt, 0.5)
    line = torch.from_numpy(spelled("words", 0.7))[:, None]
    given_back = as_learnt(held, 0.5, sizes).eval()
    assert torch.allclose(0.8 * given_back(line), learnt(line), atol=1e-4)
    assert not torch.allclose(held(line), learnt(line), atol=0.1)


def a_training(tmp_path: Path, **changes: float) -> RevisionTraining:
    """Of lines that all say "the cat" between "on the mat" and "by the door", or are prose."""
    texts = "on the mat", "the cat", "by the door"
    before, line, after = (first_reading(spelled(one, 0.9), LETTERS.encode(one)) for one in texts)
    assert before and line and after
    repertoire = Repertoire([line], [(before, after)])
    material = Material({"x": repertoire}, {"x": "eng"}, Texts({"eng": [SAID]}, {}, LETTERS), [])
    recipe = replace(RECIPE, prose=1.0, **changes)  # type: ignore[arg-type]
    return RevisionTraining(recipe, material, LETTERS, tmp_path, Team())


def test_a_line_is_learnt_amid_its_neighbours(tmp_path: Path) -> None:
    drawn = a_training(tmp_path).draw(np.random.default_rng(1), real_share=1.0)
    assert "e mat the cat by the" in LETTERS.decode(drawn.labels)


def test_a_new_line_is_learnt_amid_the_text_it_is_from(tmp_path: Path) -> None:
    training, rng = a_training(tmp_path), np.random.default_rng(1)
    drawn = [LETTERS.decode(training.draw(rng, real_share=0.0).labels) for _ in range(40)]
    assert all(text.replace("  ", " ") in SAID for text in drawn)
    assert min(map(len, drawn)) < 15 < 25 < max(map(len, drawn))


def test_some_batches_are_read_a_second_time(tmp_path: Path) -> None:
    reading = first_reading(spelled("words", 0.7), LETTERS.encode("words"))
    assert reading
    batch = batch_of([reading], len(LETTERS))
    for again in (0.0, 1.0):
        training = a_training(tmp_path / str(again), again=again)
        torch.nn.init.normal_(training.average.head.weight, std=9.0)
        assert torch.equal(training._seen(batch), batch.probabilities) == (again == 0.0)


def test_letters_foretell_those_beside_them() -> None:
    reading = first_reading(spelled("abc", 0.9), LETTERS.encode("abc"))
    assert reading
    batch = batch_of([reading], len(LETTERS))
    a, b, c = LETTERS.encode("abc")
    following, preceding = batch.following[:, 0], batch.preceding[:, 0]
    assert following[following >= 0].tolist() == [b, c, BLANK]
    assert preceding[preceding >= 0].tolist() == [BLANK, a, b]
    assert (following[-1], preceding[0]) == (BLANK, BLANK)


def test_like_letters_are_kept_apart_and_foretell_each_other() -> None:
    alphabet = Alphabet.of([SAID])
    texts = Texts({"eng": ["all too soon " * 200]}, {}, alphabet)
    rows = texts.rows(np.random.default_rng(1), 20, 12, 1.0)
    batch = misread_rows(rows, len(alphabet), np.random.default_rng(2))
    (oh,) = alphabet.encode("o")
    place = next((t, n) for n in range(20) for t in range(2, 8) if rows[t, n] == oh)
    if rows[place[0] + 1, place[1]] != BLANK:  # the second of the two
        place = place[0] - 2, place[1]
    t, n = place
    assert rows[t : t + 3, n].tolist() == [oh, BLANK, oh]
    assert (batch.following[t, n], batch.preceding[t + 2, n]) == (oh, oh)
    assert batch.following[t + 1, n] < 0 and batch.preceding[t + 1, n] < 0


def test_text_is_read_with_some_letters_in_doubt() -> None:
    text = np.random.default_rng(1).integers(1, 20, (30, 40))
    batch = misread_rows(text, 20, np.random.default_rng(2))
    assert torch.allclose(batch.probabilities.sum(dim=2), torch.ones(30, 40))
    right = batch.probabilities.argmax(dim=2).numpy() == text
    assert 0.85 < right.mean() < 0.99
    assert torch.equal(batch.following[:-1], torch.from_numpy(text[1:]))
    assert torch.equal(batch.preceding[1:], torch.from_numpy(text[:-1]))


def test_texts_are_whole_words_of_a_language() -> None:
    alphabet = Alphabet.of([SAID])
    texts = Texts({"eng": [SAID]}, {"eng": [SAID], "deu": ["zu kurz"]}, alphabet)
    rng = np.random.default_rng(1)
    for prose in (0.0, 1.0):
        labels = texts.draw("eng", 20, prose, rng)
        assert labels is not None
        said = alphabet.decode(labels.tolist())
        assert 20 <= len(said) <= 26
        assert set(said.split()) <= set(SAID.split())


def test_a_language_without_text_says_nothing() -> None:
    texts = Texts({"eng": [SAID]}, {"deu": ["zu kurz"]}, Alphabet.of([SAID]))
    assert texts.draw("deu", 20, 0.5, np.random.default_rng(1)) is None


def test_too_little_text_is_refused() -> None:
    with pytest.raises(InputError, match="name texts"):
        Texts({}, {"deu": ["zu kurz"]}, Alphabet.of([SAID]))


def test_rows_of_text_are_as_long_as_asked() -> None:
    texts = Texts({"eng": [SAID]}, {}, Alphabet.of([SAID]))
    assert texts.rows(np.random.default_rng(1), 3, 25, 0.5).shape == (25, 3)
