from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.executor import Executor, Processes, serial


def double(number: int) -> int:
    return 2 * number


def die_on_three(number: int) -> int:
    if number == 3:
        os._exit(9)
    return number


def die_once(marker: Path) -> str:
    if not marker.exists():
        marker.touch()
        os._exit(9)
    return "done"


def threads(number: int) -> str:
    return os.environ["OMP_NUM_THREADS"]


def gone(task: object) -> object:
    return -1


@pytest.mark.parametrize("executor", [serial, Processes(2)], ids=["serial", "processes"])
def test_every_task_is_done_once(executor: Executor) -> None:
    assert sorted(executor(double, range(20), gone)) == [2 * n for n in range(20)]


def test_a_task_that_kills_its_process_costs_only_itself() -> None:
    assert sorted(Processes(2)(die_on_three, range(8), gone)) == [-1, 0, 1, 2, 4, 5, 6, 7]


def test_a_task_that_dies_once_is_done_again(tmp_path: Path) -> None:
    assert list(Processes(1)(die_once, [tmp_path / "died"], gone)) == ["done"]


def test_workers_keep_to_one_thread() -> None:
    assert set(Processes(2)(threads, range(3), gone)) == {"1"}


def test_tasks_are_drawn_as_they_are_needed() -> None:
    drawn: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            yield number

    results = Processes(1)(double, tasks(), gone)
    next(results)
    time.sleep(0.05)
    assert len(drawn) < 10
    results.close()  # type: ignore[attr-defined]
