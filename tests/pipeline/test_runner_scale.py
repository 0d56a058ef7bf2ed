"""Long documents in little memory, and two workers in half the time."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from pipeline.ledger import look_into
from pipeline.runner import convert
from pipeline.settings import Settings

COMMAND = [sys.executable, "-c", "from pipeline.cli import app; app()", "convert"]
PAGES = 1000


def long_pdf(path: Path) -> Path:
    """A PDF of scans, no two alike."""
    rng = np.random.default_rng(1)
    scans = []
    for _ in range(PAGES):
        page = np.full((260, 300), 230, np.uint8)
        for top in range(30, 230, 40):
            for left in range(20, 280, 14):
                page[top : top + rng.integers(10, 20), left : left + rng.integers(3, 10)] = 30
        scans.append(Image.fromarray(page))
    scans[0].save(path, save_all=True, append_images=scans[1:], resolution=100)
    return path


def family_mib(pid: int) -> float:
    """Memory of a process and its children, what they share counted once."""
    total = 0.0
    for process in [pid, *children(pid)]:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total


def children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in found]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_thousand_pages_take_little_memory(tmp_path: Path, tiny_model: Path) -> None:
    source, out = long_pdf(tmp_path / "long.pdf"), tmp_path / "out"
    words = [source, "--out", out, "--to", "pdf,txt", "--jobs", 2, "--model", tiny_model]
    words += ["--lines", "profile"]  # the fast way: what is watched is what piles up
    run = subprocess.Popen([*COMMAND, *map(str, words)], stderr=subprocess.PIPE)
    samples: list[tuple[int, float]] = []
    while run.poll() is None:
        time.sleep(0.25)
        if (out / ".inkfolio" / "ledger.sqlite").exists():
            with look_into(out) as ledger:
                done = sum(ledger.counts().values())
            samples.append((done, family_mib(run.pid)))
    assert run.returncode == 0, run.stderr.read() if run.stderr else ""
    assert len(PdfReader(out / "long.pdf").pages) == PAGES
    early = max(memory for done, memory in samples if 0 < done <= 200)
    late = max(memory for done, memory in samples if 800 < done < PAGES)
    highest = max(memory for _, memory in samples)
    print(f"{early:.0f} MiB early, {late:.0f} MiB late, {highest:.0f} MiB at most")
    assert highest < 1500
    assert late < early + 60


@pytest.mark.timed
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two cores",
)
def test_two_workers_are_nearly_twice_as_fast(tmp_path: Path, tiny_model: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(40):
        page = rng.integers(200, 240, (1400, 1000)).astype(np.uint8)
        for top in range(60, 1340, 60):
            for left in range(60, 940, 20):
                page[top : top + rng.integers(14, 30), left : left + rng.integers(3, 12)] = 30
        path = tmp_path / "box" / f"p{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(page).save(path, dpi=(150, 150))
    shares: list[float] = []
    while max(shares, default=0.0) <= 0.9 and len(shares) < 3:  # something else may have been busy
        one, two = (reading_seconds(tmp_path, tiny_model, jobs) for jobs in (1, 2))
        best = twice_as_fast_here(one, tmp_path, tiny_model)
        shares.append(one / two / best)
        print(f"{one:.1f} s with one, {two:.1f} s with two: {one / two:.2f} of {best:.2f} times")
    assert max(shares) > 0.9


def twice_as_fast_here(one: float, folder: Path, model: Path) -> float:
    """How many times as much this machine does in two runs of one worker at once as in one alone.

    Two cores that share their cache and their clock do less than two times as much, whatever the
    runner does: 1.82 times on the machine where two workers reach 1.79.
    """
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as runs:
        both = list(runs.map(reading_seconds, [folder] * 2, [model] * 2, [1] * 2))
    return 2 * one / max(both)


def reading_seconds(folder: Path, model: Path, jobs: int) -> float:
    """Time from the eighth page's end, when all workers are at work, to the last one's."""
    moments: list[float] = []
    with TemporaryDirectory(dir=folder) as out:
        convert(
            [folder / "box"],
            Path(out),
            Settings(model=str(model), formats=("txt",)),
            jobs=jobs,
            progress=lambda done, total: moments.append(time.monotonic()),
        )
    return moments[-1] - moments[8]
