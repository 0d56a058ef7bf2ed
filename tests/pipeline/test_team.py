from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
import torch

from pipeline.team import Team, train_together
from tests.pipeline.test_training import Doubling


def share_its_rank(team: Team) -> tuple[list[list[float]], list[float]]:
    told = team.gather(team.rank, 10 * team.rank)
    mine = torch.full((2, 2), float(team.rank)).t()
    team.share([mine, torch.zeros(3)], weight=[0.25, 0.75][team.rank])
    return told, mine.flatten().tolist()


def die_second(team: Team) -> None:
    if not team.leads:
        os._exit(1)
    team.gather(1.0)


def double_in(folder: Path, team: Team) -> tuple[bool, int, int, float]:
    """Train, meeting after every step."""
    training = Doubling(folder, team=Team(team.rank, team.size, seconds=0.0))
    ended = training.run()
    return ended, training.place, training.seen, training.evaluate()["wrong"]


def test_every_process_gets_the_weighted_mean_and_hears_all() -> None:
    told, mean = train_together(share_its_rank, 2, 2)
    assert told == [[0.0, 0.0], [1.0, 10.0]]
    assert mean == [0.75] * 4


def test_the_death_of_another_process_is_no_endless_wait() -> None:
    with pytest.raises(RuntimeError):
        train_together(die_second, 2, 2)


def test_a_team_sees_all_examples_once_between_them_and_learns(tmp_path: Path) -> None:
    untrained = Doubling(tmp_path / "untrained").evaluate()["wrong"]
    ended, place, seen, wrong = train_together(partial(double_in, tmp_path), 2, 2)
    assert ended and 24 <= seen <= 26 and place in (12, 14)
    assert wrong < untrained


def test_one_process_goes_on_where_a_team_stopped(tmp_path: Path) -> None:
    _, _, seen, _ = train_together(partial(double_in, tmp_path), 2, 2)
    again = Doubling(tmp_path)
    assert (again.seen, again.run()) == (seen, True)
