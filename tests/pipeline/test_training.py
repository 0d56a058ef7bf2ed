from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pipeline.team import Team
from pipeline.training import LOG, Schedule, Training

SCHEDULE = Schedule(epochs=2.0, learning_rate=0.1, checkpoint_steps=1, evaluate_steps=5, ema=0.5)
EXAMPLES = 12


@dataclass(frozen=True)
class Numbers:
    values: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def to(self, device: torch.device) -> Numbers:
        return self


class Doubling(Training[Numbers]):
    """A network that learns to double."""

    def __init__(
        self, folder: Path, labels: str = "", die_after: int = 99, team: Team | None = None
    ) -> None:
        torch.manual_seed(1)
        nets = nn.Linear(1, 1), nn.Linear(1, 1)
        self.steps_left = die_after
        super().__init__(SCHEDULE, nets, EXAMPLES, folder, torch.device("cpu"), labels, team)

    def batches(self, workers: int) -> Iterable[Numbers]:
        for start in range(self.place, self.total, 2):
            yield Numbers(torch.arange(start, start + 2)[:, None] / 10)

    def loss(self, batch: Numbers) -> Tensor:
        if not self.steps_left:
            raise KeyboardInterrupt
        self.steps_left -= 1
        return ((self.net(batch.values) - 2 * batch.values) ** 2).mean()

    def evaluate(self) -> dict[str, float]:
        return {"wrong": abs(float(self.average(torch.ones(1)).detach()) - 2)}


def test_the_rate_rises_then_falls_to_a_hundredth() -> None:
    schedule = Schedule(learning_rate=1.0, warmup=0.1)
    rates = [schedule.rate(done) for done in (0.0, 0.05, 0.1, 0.55, 1.0)]
    assert rates == pytest.approx([0.01, 0.5, 1.0, 0.5, 0.01])


def test_killed_and_taken_up_again_it_takes_the_same_steps(tmp_path: Path) -> None:
    whole = Doubling(tmp_path / "whole")
    assert whole.run()
    with pytest.raises(KeyboardInterrupt):
        Doubling(tmp_path / "killed", die_after=7).run()
    again = Doubling(tmp_path / "killed")
    assert (again.step, again.seen) == (7, 14)
    assert again.run()
    for one, other in zip(whole.average.parameters(), again.average.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_log_has_a_row_an_evaluation(tmp_path: Path) -> None:
    Doubling(tmp_path).run()
    rows = [row.split(",") for row in (tmp_path / LOG).read_text().splitlines()]
    assert rows[0] == ["step", "seen", "hours", "learning_rate", "loss", "wrong"]
    assert [row[:2] for row in rows[1:]] == [["5", "10"], ["10", "20"], ["12", "24"]]


def test_it_stops_when_its_time_is_up(tmp_path: Path) -> None:
    training = Doubling(tmp_path)
    assert not training.run(minutes=0)
    assert training.step == 1


def test_a_checkpoint_of_other_labels_is_refused(tmp_path: Path) -> None:
    Doubling(tmp_path, "ab").run()
    with pytest.raises(ValueError, match="another alphabet"):
        Doubling(tmp_path, "abc")
