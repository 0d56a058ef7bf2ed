from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.errors import InputError
from segment.net.augment import AugmentParams, cropped
from segment.net.loading import Batches, LoadingParams, as_batch, plan_crops
from segment.net.model import NetParams
from segment.net.pages import LevelPage, TruePages, read_level_page
from segment.net.targets import Outline, TargetParams
from segment.net.train import PageTraining, Recipe, map_loss, train_net
from segment.net.weights import load_net, read_card
from tests.pipeline.killing import Killed, kill_after

RECIPE = Recipe(
    name="tiny",
    epochs=3.0,
    side=128,
    batch=1,
    evaluate_steps=4,
    checkpoint_steps=1,
    model=NetParams(channels=(8, 8), blocks=(1, 1)),
)


@pytest.fixture
def pages(true_pages: Path, tmp_path: Path) -> TruePages:
    return TruePages([true_pages], tmp_path / "kept")


def test_pages_are_made_level_with_their_lines(pages: TruePages, true_pages: Path) -> None:
    again, fresh = pages[1], read_level_page(true_pages / "p2.json")
    assert len(again.lines) == 16
    assert np.array_equal(pages[1].gray, fresh.gray)
    for line, other in zip(again.lines, fresh.lines, strict=True):
        assert np.array_equal(line.base, other.base)
        ink = again.gray[round(float(line.top[0])) : round(float(line.bottom[0]))]
        assert ink[:, round(float(line.x[0])) : round(float(line.x[-1]))].min() < 100


def test_crops_move_lines_with_their_ink(pages: TruePages) -> None:
    params = AugmentParams(bleeding=0, faint=0, rulings=0, stain=0, noise=0, contrast=0, blur=0)
    seen = 0
    for seed in range(10):
        crop = cropped(pages[1], 256, np.random.default_rng(seed), params, pages[0])
        assert crop.gray.shape == (256, 256)
        for line in crop.lines:
            middle = len(line.x) // 2
            x, top, base = (int(v[middle]) for v in (line.x, line.top, line.base))
            if 20 < x < 236 and top > 0 and base < 256:
                assert crop.gray[top:base, x - 12 : x + 12].min() < 150
                seen += 1
    assert seen > 10


def test_same_seed_makes_the_same_crop(pages: TruePages) -> None:
    one, other = (
        cropped(pages[0], 128, np.random.default_rng(5), AugmentParams(), pages[1])
        for _ in range(2)
    )
    assert np.array_equal(one.gray, other.gray)


def test_a_page_of_many_lines_has_several_crops_a_pass(pages: TruePages) -> None:
    assert pages.counts == [7, 16]
    assert plan_crops(pages, 5) == [0, 1, 1, 1]
    params = LoadingParams(1, 128, 1, AugmentParams(plain=0.0), TargetParams(), 5)
    loaded = Batches(pages, params)
    one, other = (loaded[(0, [index])].pages for index in (1, 2))
    assert not torch.equal(one, other)


def test_missing_a_short_line_costs_more(pages: TruePages) -> None:
    (one,) = pages[0].lines[:1]
    figure = Outline(one.x[:4], one.top[:4], one.base[:4], one.bottom[:4])
    batch = as_batch([LevelPage(np.full((256, 256), 255, np.uint8), (figure,))], TargetParams())
    unweighted = replace(batch, weights=torch.ones_like(batch.weights))
    missed = torch.full_like(batch.maps, -4.0)
    assert map_loss(missed, batch) > map_loss(missed, unweighted)


def test_pages_of_some_corpora_are_partial(true_pages: Path, tmp_path: Path) -> None:
    for suffix in (".json", ".png"):
        shutil.copy(true_pages / f"p1{suffix}", tmp_path / f"letters__p1{suffix}")
        shutil.copy(true_pages / f"p1{suffix}", tmp_path / f"books__p1{suffix}")
    text = (true_pages / "p1.json").read_text()
    for corpus in ("letters", "books"):
        (tmp_path / f"{corpus}__p1.json").write_text(text.replace("p1.png", f"{corpus}__p1.png"))
    pages = TruePages([tmp_path], tmp_path / "kept", ["letters"])
    rng = np.random.default_rng(1)
    crops = [cropped(pages[place], 128, rng, AugmentParams(plain=1.0)) for place in (0, 1)]
    assert [crop.partial for crop in crops] == [False, True]


def test_published_weights_keep_a_share_of_those_begun_from(
    true_pages: Path, tiny_net: Path, tmp_path: Path
) -> None:
    made = []
    for kept in (0.0, 0.5):
        recipe = replace(RECIPE, epochs=1.0, kept=kept)
        folder = tmp_path / str(kept)
        path = train_net(recipe, [true_pages], [true_pages], folder, start=str(tiny_net))
        made.append(load_net(str(path))[0].state_dict())
    begun = load_net(str(tiny_net))[0].state_dict()
    for name, one in begun.items():
        if one.is_floating_point():
            assert torch.allclose(made[1][name], (made[0][name] + one) / 2, atol=2e-3)


def test_resumed_training_takes_the_same_steps(
    pages: TruePages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = PageTraining(RECIPE, pages, pages, tmp_path / "whole")
    whole.run()
    killed = PageTraining(RECIPE, pages, pages, tmp_path / "killed")
    kill_after(killed, 3, monkeypatch)
    with pytest.raises(Killed):
        killed.run()
    resumed = PageTraining(RECIPE, pages, pages, tmp_path / "killed")
    assert resumed.step == 3
    resumed.run()
    for one, other in zip(whole.net.parameters(), resumed.net.parameters(), strict=True):
        assert torch.equal(one, other)


def test_training_learns(pages: TruePages, tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=20.0, evaluate_steps=10, side=192, learning_rate=0.01)
    recipe = replace(recipe, checkpoint_steps=100, augment=AugmentParams(plain=1.0))
    PageTraining(recipe, pages, pages, tmp_path / "run").run()
    rows = list(csv.DictReader((tmp_path / "run" / "log.csv").open()))
    losses = [float(row["loss"]) for row in rows]
    assert losses[-1] < losses[0] / 2


def test_training_ends_with_weights(true_pages: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=1.0, attribution=(("drawn", "here", "CC0"),), licence="CC0")
    path = train_net(recipe, [true_pages], [true_pages], tmp_path)
    assert path
    card = read_card(path.with_suffix(".json"))
    assert card.training["corpora"] == {"drawn": "here, CC0"}
    assert card.model == RECIPE.model


def test_training_stops_when_its_time_is_up(true_pages: Path, tmp_path: Path) -> None:
    assert train_net(RECIPE, [true_pages], [true_pages], tmp_path, minutes=0) is None


def test_training_goes_out_from_a_trained_finder(pages: TruePages, tmp_path: Path) -> None:
    first = PageTraining(RECIPE, pages, pages, tmp_path / "first")
    first.run()
    second = PageTraining(
        replace(RECIPE, seed=2), pages, pages, tmp_path / "second", start=str(first.publish())
    )
    assert second.step == 0
    for mean, value in zip(first.average.parameters(), second.net.parameters(), strict=True):
        assert torch.allclose(mean, value, atol=1e-3)


def test_a_start_of_other_sizes_is_refused(pages: TruePages, tmp_path: Path) -> None:
    start = str(PageTraining(RECIPE, pages, pages, tmp_path / "first").publish())
    other = replace(RECIPE, model=NetParams(channels=(8, 12), blocks=(1, 1)))
    with pytest.raises(InputError, match="same sizes"):
        PageTraining(other, pages, pages, tmp_path / "second", start=start)


def test_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no page JSON"):
        TruePages([tmp_path], tmp_path / "kept")
