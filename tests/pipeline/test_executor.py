from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pipeline.executor import Limits, Processes, _Worker, nothing, open_executor


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


def thread_count(number: int) -> str:
    return os.environ["OMP_NUM_THREADS"]


def gone(task: object, loss: str) -> object:
    return loss


def sleep_on_three(number: int) -> int:
    if number == 3:
        time.sleep(60)
    return number


def take_memory(megabytes: int) -> str:
    try:
        return "taken" if bytearray(megabytes << 20) else ""
    except MemoryError:
        return "refused"


def three_seconds() -> None:
    time.sleep(3)


def many_bytes(megabytes: int) -> bytes:
    """At once nothing; or, a second later, more than a pipe holds."""
    time.sleep(min(megabytes, 1))
    return bytes(megabytes << 20)


@contextmanager
def processes(
    jobs: int, limits: Limits = Limits(), start: Callable[[], object] = nothing
) -> Iterator[Processes]:
    executor = Processes(jobs, limits, start=start)
    try:
        yield executor
    finally:
        executor.close()


@pytest.mark.parametrize("jobs", [0, 2], ids=["serial", "processes"])
def test_every_task_is_done_once(jobs: int) -> None:
    with open_executor(jobs) as executor:
        assert sorted(executor(double, range(20), gone)) == [2 * n for n in range(20)]


def test_a_task_that_kills_its_process_costs_only_itself() -> None:
    with processes(2) as executor:
        results = list(executor(die_on_three, range(8), gone))
    assert sorted(map(str, results)) == ["0", "1", "2", "4", "5", "6", "7", "died"]


def test_a_task_that_dies_once_is_done_again(tmp_path: Path) -> None:
    with processes(1) as executor:
        assert list(executor(die_once, [tmp_path / "died"], gone)) == ["done"]


def test_a_task_that_takes_too_long_costs_only_itself() -> None:
    with processes(2, Limits(seconds=4)) as executor:
        results = list(executor(sleep_on_three, range(8), gone))
    assert sorted(map(str, results)) == ["0", "1", "2", "4", "5", "6", "7", "late"]


def test_a_large_task_may_take_longer() -> None:
    with processes(1, Limits(seconds=0.3)) as executor:
        results = executor(time.sleep, [0.5], gone, lambda task: 20)
        assert list(results) == [None]


def test_the_start_of_a_process_is_not_its_first_tasks_time() -> None:
    with processes(1, Limits(seconds=2), three_seconds) as executor:
        assert list(executor(double, [1, 2], gone)) == [2, 4]


def test_a_start_that_takes_too_long_costs_a_task() -> None:
    with processes(1, Limits(seconds=0.1, start_seconds=0.1), three_seconds) as executor:
        assert list(executor(double, [1], gone)) == ["late"]


@pytest.mark.slow
def test_a_process_that_is_stopped_while_it_answers_costs_only_its_task() -> None:
    with processes(2, Limits(seconds=10)) as executor:
        results = executor(many_bytes, [0, 8], gone)
        pids = set(executor(own_pid, [0, 0], gone))
        assert next(results) == b""
        time.sleep(2)  # the other one has filled the pipe meanwhile, and waits for us
        for pid in pids:
            with suppress(ProcessLookupError):  # it has been too slow anyway
                os.kill(pid, signal.SIGSTOP)
        assert list(results) == [bytes(8 << 20)]


@pytest.mark.slow
def test_a_stopped_process_is_given_no_large_task_for_good() -> None:
    with processes(1, Limits(seconds=5)) as executor:
        (pid,) = executor(own_pid, [0], gone)
        os.kill(pid, signal.SIGSTOP)
        assert list(executor(len, [bytes(8 << 20)], gone)) == [8 << 20]


def test_a_process_that_dies_at_its_birth_loses_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    give, stillborn = _Worker.give, [True]

    def kill_first(worker: _Worker, *task: Any) -> bool:
        if stillborn:
            stillborn.clear()
            worker._process.kill()
            worker._process.join()
        return give(worker, *task)

    monkeypatch.setattr(_Worker, "give", kill_first)
    with processes(1) as executor:
        assert list(executor(double, [4], gone)) == [8]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a system that limits memory")
def test_memory_is_limited() -> None:
    with processes(1, Limits(memory_bytes=300 << 20)) as executor:
        assert list(executor(take_memory, [10, 1000, 10], gone)) == ["taken", "refused", "taken"]


def test_an_idle_worker_that_was_killed_is_replaced() -> None:
    with processes(1) as executor:
        (pid,) = executor(own_pid, [0], gone)
        os.kill(pid, signal.SIGKILL)
        assert list(executor(double, [4], gone)) == [8]


def own_pid(number: int) -> int:
    return os.getpid()


def test_workers_keep_to_one_thread() -> None:
    with processes(2) as executor:
        assert set(executor(thread_count, range(3), gone)) == {"1"}


def test_tasks_are_drawn_as_they_are_needed() -> None:
    drawn: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            yield number

    with processes(1) as executor:
        next(executor(double, tasks(), gone))
        assert len(drawn) == 1


def test_nothing_is_begun_once_it_should_stop() -> None:
    asked = threading.Event()
    executor = Processes(1, stopping=asked.is_set)
    results = executor(double, range(100), gone)
    assert next(results) == 0
    asked.set()
    assert len(list(results)) <= 1
    executor.close()
