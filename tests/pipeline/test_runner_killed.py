"""Runs that are killed, starved and shut out; nothing may be lost or half-written."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import FileAccessError
from pipeline.ledger import look_into, running
from pipeline.runner import convert
from pipeline.settings import Settings
from segment.page import SegmentParams
from tests.pipeline.written import files_of

PROGRAM = "from pipeline.cli import app; app()"
COMMAND = [sys.executable, "-c", PROGRAM, "convert", "--lines", "profile"]


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    segment = SegmentParams(finder="profile")  # the fast way
    return Settings(model=str(tiny_model), formats=("pdf", "txt", "page"), segment=segment)


def boxes(folder: Path, documents: int, pages: int) -> Path:
    """Folders of small pages, each with some bars in rows."""
    rng = np.random.default_rng(documents)
    for document in range(documents):
        for number in range(pages):
            page = np.full((160, 200), 230, np.uint8)
            for top in range(30, 130, 40):
                for left in range(20, 180, 16):
                    page[top : top + rng.integers(10, 20), left : left + rng.integers(3, 10)] = 30
            path = folder / f"box{document}" / f"p{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(page).save(path, dpi=(100, 100))
            os.utime(path, (1_000_000_000, 1_000_000_000))
    return folder


def pages_done(out: Path) -> int:
    try:
        with look_into(out) as ledger:
            return sum(ledger.counts().values())
    except FileAccessError:
        return 0


def start(*words: object) -> subprocess.Popen[bytes]:
    command = [*COMMAND, *map(str, words)]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)


def kill_sometime(run: subprocess.Popen[bytes], out: Path, rng: random.Random) -> None:
    """Kill a run, at any moment of its start or soon after it gets on; its workers with it or not.

    Workers that are left alone must not get into the next run's way.
    """
    before, deadline = pages_done(out), time.monotonic() + 60
    if rng.random() < 0.7:
        while pages_done(out) == before and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.5))
    else:
        time.sleep(rng.uniform(0, 4))
    if rng.random() < 0.5:
        os.killpg(run.pid, signal.SIGKILL)
    else:
        run.kill()
    run.communicate()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_kills_lose_nothing(tmp_path: Path, settings: Settings) -> None:
    rng = random.Random(6)
    source, out = boxes(tmp_path / "boxes", documents=15, pages=4), tmp_path / "out"
    words = (source, "--out", out, "--to", "pdf,txt,page", "--jobs", 1, "--model", settings.model)
    for _ in range(20):
        kill_sometime(start(*words), out, rng)
        for name, data in files_of(out).items():
            assert data.endswith((b"%%EOF\n", b"</PcGts>\n")) or name.endswith(".txt"), name
    run = start(*words)
    _, told = run.communicate()
    assert run.returncode == 0, told
    convert([source], tmp_path / "whole", settings)
    assert len(files_of(out)) == 15 * (2 + 4)
    assert files_of(out) == files_of(tmp_path / "whole")


def test_interrupted_command_says_130_and_finishes_its_page(
    tmp_path: Path, settings: Settings
) -> None:
    source, out = boxes(tmp_path / "boxes", documents=1, pages=200), tmp_path / "out"
    run = start(source, "--out", out, "--jobs", 1, "--model", settings.model)
    while not pages_done(out):
        time.sleep(0.02)
        assert run.poll() is None
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the workers too
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"start again to go on" in told
    with look_into(out) as ledger:
        assert set(ledger.counts()) == {"done"}
    assert running(out) == ""


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder.mkdir()
    options = ["-o", f"size={megabytes}M", "tmpfs", str(folder)]
    mounted = (
        shutil.which("mount")
        and not subprocess.run(["mount", "-t", "tmpfs", *options], capture_output=True).returncode
    )
    if not mounted:
        pytest.skip("may not mount a small file system here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def noisy_box(folder: Path, pages: int) -> Path:
    """Pages that do not compress: each takes a quarter of a megabyte."""
    rng = np.random.default_rng(1)
    folder.mkdir()
    for number in range(pages):
        noise = rng.integers(0, 255, (400, 640), np.uint8)
        Image.fromarray(noise).save(folder / f"p{number}.png", dpi=(100, 100))
    return folder


def test_full_disk_stops_nothing_for_good(tmp_path: Path, settings: Settings) -> None:
    sources = [noisy_box(tmp_path / f"box{number}", 4) for number in range(3)]
    with small_disk(tmp_path / "disk", 3) as disk:
        report = convert(sources, disk / "out", settings)
        assert report.exit_code == 16
        told = [document.failure for document in report.documents if document.failure]
        assert told and all("make room" in failure.message for failure in told)
        subprocess.run(["mount", "-o", "remount,size=50M", str(disk)], check=True)
        assert convert(sources, disk / "out", settings).exit_code == 0
        convert(sources, tmp_path / "whole", settings)
        assert files_of(disk / "out") == files_of(tmp_path / "whole")


def test_no_room_for_the_ledger_is_told(tmp_path: Path, settings: Settings) -> None:
    source = boxes(tmp_path / "boxes", documents=1, pages=1)
    with small_disk(tmp_path / "disk", 1) as disk:
        (disk / "full").write_bytes(bytes((1 << 20) - 4096))
        with pytest.raises(FileAccessError, match=r"make room|another --out"):
            convert([source], disk / "out", settings)


@pytest.mark.parametrize("jobs", [1])
def test_file_size_limit_costs_a_document_only(
    tmp_path: Path, settings: Settings, jobs: int
) -> None:
    """As on a file system that holds no large files."""
    small, large = boxes(tmp_path / "small", 1, 1), noisy_box(tmp_path / "large", 12)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
        report = convert([large, small], tmp_path / "out", settings, jobs=jobs)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert report.exit_code == 16
    assert (tmp_path / "out" / "small" / "box0.pdf").exists()
    assert not (tmp_path / "out" / "large.pdf").exists()


def test_folder_that_may_not_be_written_is_told(tmp_path: Path, settings: Settings) -> None:
    source = boxes(tmp_path / "boxes", documents=1, pages=1)
    with small_disk(tmp_path / "disk", 1) as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(FileAccessError, match="another --out"):
            convert([source], disk / "out", settings)
