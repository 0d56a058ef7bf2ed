from __future__ import annotations

import csv
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from pipeline.errors import InputError
from pipeline.tables import read_table
from recognize.dataset import LineSample
from recognize.loading import Batch
from recognize.model import LineNet, ModelParams
from recognize.reader import Reading
from recognize.train import (
    LineTraining,
    Recipe,
    disagreement,
    mask_spans,
    measured,
    train_model,
)
from recognize.typeset import TypesetParams
from recognize.weights import load_model, read_card, transfer
from tests.pipeline.killing import Killed, kill_after

RECIPE = Recipe(
    name="tiny",
    epochs=3.0,
    max_columns=600,
    evaluate_steps=4,
    checkpoint_steps=1,
    model=ModelParams(stem=4, stages=((4,), (8,)), hidden=8, layers=1),
)


def drawn_lines(count: int) -> list[LineSample]:
    """Lines of bars: a wide bar is an m, a narrow one an i."""
    rng = np.random.default_rng(2)
    samples = []
    for number in range(count):
        text = "".join(rng.choice(["m", "i"], 4))
        line = np.full((64, 40 * len(text)), 220, np.uint8)
        for place, letter in enumerate(text):
            line[16:48, 40 * place + 8 : 40 * place + (30 if letter == "m" else 14)] = 20
        data = cv2.imencode(".png", line)[1].tobytes()
        samples.append(LineSample(data, line.shape[1], text, "bars", "p", number, "zxx", "hand"))
    return samples


def test_resumed_training_takes_the_same_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Dropout draws from torch's own generator, which a kill resets: leave it out here.
    recipe = replace(RECIPE, model=replace(RECIPE.model, dropout=0.0))
    lines = drawn_lines(20)
    whole = LineTraining(recipe, lines, lines[:2], tmp_path / "whole")
    whole.run()
    killed = LineTraining(recipe, lines, lines[:2], tmp_path / "killed")
    kill_after(killed, 5, monkeypatch)
    with pytest.raises(Killed):
        killed.run()
    resumed = LineTraining(recipe, lines, lines[:2], tmp_path / "killed")
    assert resumed.step == 5
    resumed.run()
    for one, other in zip(whole.net.parameters(), resumed.net.parameters(), strict=True):
        assert torch.equal(one, other)


def test_log_and_weights_are_written(tmp_path: Path) -> None:
    lines = drawn_lines(8)
    training = LineTraining(RECIPE, lines, lines[:2], tmp_path)
    training.run()
    _, alphabet, card = load_model(str(training.publish()))
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert alphabet.characters == "im"
    assert card.training["lines_seen"] == int(rows[-1]["seen"]) >= 24
    assert float(rows[-1]["val_cer"]) >= 0


def test_published_weights_keep_a_share_of_those_begun_from(tmp_path: Path) -> None:
    lines = drawn_lines(8)
    begun = LineTraining(RECIPE, lines, lines[:2], tmp_path / "begun").publish()
    published = {}
    for kept in (0.0, 0.25, 1.0):
        folder = tmp_path / str(kept)
        training = LineTraining(
            replace(RECIPE, kept=kept), lines, lines[:2], folder, start=str(begun)
        )
        training.run()
        published[kept] = load_model(str(training.publish()))[0].head.weight
    expected = 0.75 * published[0.0] + 0.25 * published[1.0]
    assert torch.equal(published[1.0], load_model(str(begun))[0].head.weight)
    assert torch.allclose(published[0.25], expected, atol=1e-3)
    assert not torch.allclose(published[0.0], published[1.0], atol=1e-3)


def test_a_training_from_nothing_keeps_nothing(tmp_path: Path) -> None:
    lines = drawn_lines(8)
    training = LineTraining(replace(RECIPE, kept=0.5), lines, lines[:2], tmp_path)
    training.run()
    published = load_model(str(training.publish()))[0].head.weight
    assert torch.allclose(published, training.average.head.weight, atol=1e-3)


def test_training_learns(tmp_path: Path) -> None:
    lines = drawn_lines(60)
    recipe = replace(RECIPE, epochs=20.0, learning_rate=0.005, max_columns=2000, plain=1.0)
    LineTraining(replace(recipe, evaluate_steps=20), lines, lines[:4], tmp_path).run()
    losses = [float(row["loss"]) for row in csv.DictReader((tmp_path / "log.csv").open())]
    assert losses[-1] < losses[0] / 2


def test_masked_columns_stand_in_spans_and_are_as_many_as_asked() -> None:
    torch.manual_seed(1)
    masked = mask_spans(torch.ones(4000, 3, 2), 0.2) == 0
    assert masked.float().mean() == pytest.approx(0.2, abs=0.02)
    assert torch.equal(masked[:, :, 0], masked[:, :, 1])
    starts = (masked[6:, :, 0] & ~masked[5:-1, :, 0]).sum()
    assert masked[:, :, 0].sum() / starts >= 5


def test_nothing_is_masked_unless_asked_for() -> None:
    features = torch.rand(50, 2, 3)
    assert mask_spans(features, 0.0) is features


def readings(columns: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor, Batch]:
    """Two readings of lines of so many columns and 5 letters each."""
    torch.manual_seed(3)
    one, other = (torch.randn(max(columns), len(columns), 4) for _ in range(2))
    lengths = torch.full((len(columns),), 5)
    return one, other, Batch(torch.empty(0), torch.tensor(columns), torch.empty(0), lengths)


def test_readings_that_are_alike_do_not_disagree() -> None:
    one, _, batch = readings((6, 9))
    assert disagreement(one, one + 1, batch).item() == pytest.approx(0, abs=1e-6)


def test_disagreement_is_the_divergence_both_ways_per_letter() -> None:
    one, other, batch = readings((7,))
    p, q = (logits.softmax(2) for logits in (one, other))
    both = ((p - q) * (p / q).log()).sum()
    assert disagreement(one, other, batch).item() == pytest.approx(both.item() / 2 / 5, rel=1e-4)


def test_columns_behind_a_line_cannot_disagree() -> None:
    one, other, batch = readings((6, 9))
    changed = other.clone()
    changed[6:, 0] = 50
    assert disagreement(one, changed, batch).equal(disagreement(one, other, batch))


def test_either_reading_learns_from_the_other() -> None:
    one, other, batch = readings((6,))
    one.requires_grad_()
    disagreement(one, other, batch).backward()
    gap = one.softmax(2) - other.softmax(2)
    assert torch.allclose(one.grad, gap.detach() / 2 / 5, atol=1e-6)  # type: ignore[arg-type]


def test_training_learns_to_agree(tmp_path: Path) -> None:
    lines = drawn_lines(60)
    recipe = replace(RECIPE, epochs=20.0, learning_rate=0.005, max_columns=2000, plain=1.0)
    recipe = replace(recipe, masked=0.2, agreement=0.2, evaluate_steps=20)
    LineTraining(recipe, lines, lines[:4], tmp_path).run()
    losses = [float(row["loss"]) for row in csv.DictReader((tmp_path / "log.csv").open())]
    assert losses[-1] < losses[0] / 2


def test_excluded_corpora_are_left_out(tmp_path: Path) -> None:
    lines = drawn_lines(4)
    others = [replace(line, corpus="other") for line in drawn_lines(3)]
    training = LineTraining(replace(RECIPE, exclude=("bars",)), lines + others, lines, tmp_path)
    assert {line.corpus for line in training.train} == {"other"}


def test_other_alphabet_is_refused(tmp_path: Path) -> None:
    lines = drawn_lines(4)
    LineTraining(RECIPE, lines, lines, tmp_path).save_checkpoint()
    with pytest.raises(ValueError, match="alphabet"):
        LineTraining(replace(RECIPE, extra_characters="x"), lines, lines, tmp_path)


def test_training_ends_with_weights_and_their_scores(tmp_path: Path) -> None:
    rows = [
        {**asdict(line), "split": split} for split in ("train", "val") for line in drawn_lines(6)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "bars.parquet")
    recipe = replace(RECIPE, attribution=(("bars", "drawn here", "CC0"),), licence="CC0")
    path = train_model(recipe, [tmp_path / "bars.parquet"], tmp_path / "run")
    assert path
    card = read_card(path.with_suffix(".json"))
    assert card.training["corpora"] == {"bars": "drawn here, CC0"}
    assert card.scores["cer"]["corpus"].keys() == {"bars"}
    assert card.ranges


def test_lines_set_from_type_bring_no_new_signs(tmp_path: Path) -> None:
    rows = [{**asdict(line), "split": "train"} for line in drawn_lines(6)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "bars.parquet")
    (tmp_path / "prose.txt").write_text("mimi\n“mimi”\n")
    fonts = str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")
    typeset = TypesetParams(20, fonts, (str(tmp_path / "prose.txt"),), shortest=4, patterns=0.0)
    recipe = replace(RECIPE, epochs=0.5, typeset=typeset)
    path = train_model(recipe, [tmp_path / "bars.parquet"], tmp_path / "run")
    assert path is not None
    card = read_card(path.with_suffix(".json"))
    assert card.alphabet == "im"
    assert set(card.training["corpora"]) == {"bars", "typeset"}


def test_training_without_val_ends_without_scores(tmp_path: Path) -> None:
    rows = [{**asdict(line), "split": "train"} for line in drawn_lines(6)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "bars.parquet")
    recipe = replace(RECIPE, epochs=0.5)
    path = train_model(recipe, [tmp_path / "bars.parquet"], tmp_path / "run")
    assert path is not None and read_card(path.with_suffix(".json")).scores == {}


def test_training_stops_when_its_time_is_up_and_goes_on(tmp_path: Path) -> None:
    lines = drawn_lines(20)
    assert not LineTraining(RECIPE, lines, lines[:2], tmp_path).run(minutes=0)
    again = LineTraining(RECIPE, lines, lines[:2], tmp_path)
    assert 0 < again.seen < again.total
    assert again.run()


def test_training_goes_out_from_a_trained_model_and_keeps_its_characters(tmp_path: Path) -> None:
    lines = drawn_lines(8)
    recipe = replace(RECIPE, epochs=0.0)
    first = LineTraining(
        replace(recipe, extra_characters="mixé"), lines, lines[:2], tmp_path / "first"
    )
    grown = [replace(line, text=line.text + "w") for line in lines]
    start = str(first.publish())
    second = LineTraining(recipe, grown, lines[:2], tmp_path / "second", start=start)
    assert second.alphabet.characters == "imwxé"
    image = torch.rand(1, 1, 48, 64)
    before, after = first.average.eval()(image), second.average(image)
    known = [second.alphabet.encode(letter)[0] for letter in first.alphabet.characters]
    assert torch.allclose(before[..., 1:], after[..., known], atol=1e-2)
    assert torch.allclose(before[..., 0], after[..., 0], atol=1e-2)


def test_a_recipe_without_sizes_takes_those_of_its_start(tmp_path: Path) -> None:
    lines = drawn_lines(4)
    wide = replace(RECIPE, epochs=0.0, model=replace(RECIPE.model, stretch=1.5))
    start = str(LineTraining(wide, lines, lines[:2], tmp_path / "first").publish())
    plain = Recipe(name="next", epochs=0.0)
    second = LineTraining(plain, lines, lines[:2], tmp_path / "second", start=start)
    assert second.average.params == wide.model
    assert read_card(second.publish().with_suffix(".json")).model == wide.model


def test_a_start_of_other_sizes_is_refused(tmp_path: Path) -> None:
    lines = drawn_lines(4)
    start = str(LineTraining(RECIPE, lines, lines[:2], tmp_path / "first").publish())
    other = replace(RECIPE, model=replace(RECIPE.model, hidden=12))
    with pytest.raises(InputError, match="same sizes"):
        LineTraining(other, lines, lines[:2], tmp_path / "second", start=start)


@pytest.mark.parametrize("name", ["latin", "latin-open"])
def test_the_recipe_of_a_shipped_model_goes_on_from_it(name: str) -> None:
    recipe = read_table(Path(f"recognize/recipes/{name}.toml"), Recipe)
    net, alphabet, _ = load_model(name)
    transfer(net, alphabet, LineNet(len(alphabet), recipe.model), alphabet)


def half_right(words: int) -> tuple[list[LineSample], list[Reading]]:
    """Words of one letter, every second read wrong, all with a confidence of 0.7."""
    lines = [LineSample(b"", 1, "m", "bars", "p", n, "zxx", "hand") for n in range(words)]
    readings = [Reading("mi"[n % 2], ((0.0, 1.0),), (0.7,)) for n in range(words)]
    return lines, readings


def test_confidences_of_words_are_brought_to_the_share_that_is_right() -> None:
    _, curve = measured(*half_right(2000), power=1.0)
    assert 0.7**curve.power == pytest.approx(0.5, abs=0.02)
    assert curve.expected_cer([(0.5, 10)]) == pytest.approx(0.5)


def test_a_power_that_they_were_raised_to_counts() -> None:
    _, curve = measured(*half_right(2000), power=2.0)
    assert 0.7 ** (curve.power / 2) == pytest.approx(0.5, abs=0.02)


def test_of_few_words_no_power_is_learnt() -> None:
    assert measured(*half_right(50), power=1.5)[1].power == 1.5
