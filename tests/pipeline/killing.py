"""A training that dies in the midst of it, for the tests of both networks' checkpoints."""

from __future__ import annotations

from typing import Any

import pytest
from torch import Tensor

from pipeline.training import Training


class Killed(Exception):
    """What comes in place of the next step."""


def kill_after(training: Training[Any], steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training take so many steps and no more."""
    learn = training._learn
    taken = iter(range(steps))

    def learn_or_die(batch: Any) -> Tensor:
        if next(taken, None) is None:
            raise Killed
        return learn(batch)

    monkeypatch.setattr(training, "_learn", learn_or_die)
