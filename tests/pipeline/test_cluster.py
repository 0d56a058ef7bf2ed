"""Runs on a Dask scheduler with worker processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.cluster import UNIT, open_cluster
from pipeline.errors import ClusterError, UsageError
from pipeline.keys import code_version
from pipeline.runner import convert
from pipeline.settings import Settings
from segment.page import SegmentParams
from tests.pipeline.written import files_of

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FORMATS = ("pdf", "txt", "page")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        yield cluster


_SCHEDULER = """
import sys
from distributed import LocalCluster
local = LocalCluster(
    n_workers=1, threads_per_worker=1, dashboard_address=None, processes=False, protocol="tcp"
)
print(local.scheduler_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def process_with_scheduler() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A scheduler and its worker in a process of their own, which can be killed."""
    command = [sys.executable, "-c", _SCHEDULER]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdout
        yield process, process.stdout.readline().strip()
        process.kill()


def double(number: int) -> int:
    return 2 * number


def die_on_three(number: int) -> int:
    if number == 3:
        os._exit(9)
    return number


def slow(number: int) -> int:
    time.sleep(0.2)
    return number


def gone(task: object, loss: str) -> object:
    return loss


def box(folder: Path, pages: int) -> Path:
    rng = np.random.default_rng(1)
    folder.mkdir()
    for number in range(pages):
        page = np.full((260, 300), 230, np.uint8)
        for top in range(30, 230, 40):
            for left in range(20, 280, 14):
                page[top : top + rng.integers(10, 20), left : left + rng.integers(3, 10)] = 30
        Image.fromarray(page).save(folder / f"p{number}.png", dpi=(100, 100))
    return folder


def test_every_task_is_done_once(scheduler: Any) -> None:
    with open_cluster(scheduler.scheduler_address, 0, code_version) as cluster:
        numbers = range(5 * UNIT + 1)
        assert sorted(cluster(double, numbers, gone)) == [2 * n for n in numbers]


def test_a_task_that_kills_every_worker_costs_only_itself(scheduler: Any) -> None:
    with open_cluster(scheduler.scheduler_address, 0, code_version) as cluster:
        results = list(cluster(die_on_three, range(6), gone))
    assert sorted(map(str, results)) == ["0", "1", "2", "4", "5", "died"]


def test_killed_worker_changes_no_byte(tmp_path: Path, tiny_model: Path, scheduler: Any) -> None:
    source = box(tmp_path / "box", 24)
    settings = Settings(str(tiny_model), formats=FORMATS, segment=SegmentParams(finder="profile"))
    killed = threading.Event()

    def kill_one(done: int, total: int) -> None:
        if done == 6 and not killed.is_set():
            killed.set()
            with distributed.Client(scheduler.scheduler_address) as client:
                os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    address = scheduler.scheduler_address
    report = convert([source], tmp_path / "there", settings, cluster=address, progress=kill_one)
    assert killed.is_set()
    assert report.exit_code == 0
    convert([source], tmp_path / "here", settings)
    assert files_of(tmp_path / "there") == files_of(tmp_path / "here")


def test_scheduler_that_goes_is_told(
    process_with_scheduler: tuple[subprocess.Popen[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cluster._ANSWER_SECONDS", 5.0)
    process, address = process_with_scheduler
    with (
        pytest.raises(ClusterError, match="start again to go on"),
        open_cluster(address, 0, code_version) as executor,
    ):
        results = executor(slow, range(100), gone)
        assert next(results) == 0
        process.kill()
        list(results)


def test_nobody_at_the_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.cluster._ANSWER_SECONDS", 5.0)
    started = time.monotonic()
    with (
        pytest.raises(UsageError, match="no Dask scheduler"),
        open_cluster("tcp://127.0.0.1:1", 0, code_version),
    ):
        pass
    assert time.monotonic() - started < 60
