"""`make soak`: 500 pages under random faults, and what became of them.

Pages are damaged or heavy, the run and its workers are killed, interrupted and starved of disk,
outputs are lost. In the end all must be as after a quiet run.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.errors import FileAccessError
from pipeline.ledger import FOLDER, look_into
from recognize.weights import find_weights

COMMAND = [sys.executable, "-c", "from pipeline.cli import app; app()", "convert"]
PAGES_A_DOCUMENT = 10


def make_pages(folder: Path, pages: int, rng: random.Random) -> int:
    """Documents of small pages, of which some are cut short; says how many."""
    noise = np.random.default_rng(rng.randrange(1 << 30))
    broken = 0
    for number in range(pages):
        page = np.full((260, 300), 230, np.uint8)
        for top in range(30, 230, 40):
            for left in range(20, 280, 14):
                height, width = noise.integers(10, 20), noise.integers(3, 10)
                page[top : top + height, left : left + width] = 30
        path = folder / f"box{number // PAGES_A_DOCUMENT:03}" / f"p{number:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(page).save(path, dpi=(100, 100))
        if rng.random() < 0.02:
            path.write_bytes(path.read_bytes()[: rng.randrange(1, 2000)])
            broken += 1
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return broken


def files_of(folder: Path) -> dict[str, bytes]:
    """The outputs by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("report.") and FOLDER not in path.parts
    }


def pages_done(out: Path) -> int:
    """Pages in the ledger."""
    try:
        with look_into(out) as ledger:
            return sum(ledger.counts().values())
    except FileAccessError:
        return 0


def resident_mib(pid: int) -> float:
    """Memory of a process; 0 once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0.0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


def inject(fault: str, run: subprocess.Popen[bytes], out: Path, rng: random.Random) -> None:
    """Do one harm to a run."""
    workers = children(run.pid)
    match fault:
        case "run killed":
            run.kill()
        case "all killed":
            os.killpg(run.pid, signal.SIGKILL)
        case "worker killed" if workers:
            os.kill(rng.choice(workers), signal.SIGKILL)
        case "worker stopped" if workers:
            os.kill(rng.choice(workers), signal.SIGSTOP)
        case "interrupted":
            run.send_signal(signal.SIGINT)
        case "output lost":
            made = [path for path in out.rglob("*.pdf") if FOLDER not in path.parts]
            if made:
                rng.choice(made).unlink()


def main() -> int:
    """Soak a run and print what it withstood; 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--model", default="latin")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    find_weights(options.model)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        return soak(Path(folder), options, rng)


def soak(folder: Path, options: argparse.Namespace, rng: random.Random) -> int:
    """The run, started again whenever it has ended before its time, then compared."""
    source, out, quiet = folder / "boxes", folder / "out", folder / "quiet"
    broken = make_pages(source, options.pages, rng)
    words = ["--to", "pdf,txt,page", "--jobs", str(options.jobs), "--page-timeout", "10"]
    command = [*COMMAND, str(source), *words, "--model", options.model]
    faults = ["run killed", "all killed", "worker killed", "interrupted", "output lost"]
    faults += ["worker killed", "worker stopped"]
    survived: Counter[str] = Counter()
    memory: list[tuple[int, float]] = []
    while True:
        run = subprocess.Popen(
            [*command, "--out", str(out)], start_new_session=True, stderr=subprocess.DEVNULL
        )
        before, next_fault = pages_done(out), float("inf")
        while run.poll() is None:
            time.sleep(0.2)
            memory.append((pages_done(out), resident_mib(run.pid)))
            done = memory[-1][0]
            if done > before and next_fault == float("inf"):  # it has got on: now it may be harmed
                next_fault = time.monotonic() + rng.uniform(0, 12)
            if time.monotonic() > next_fault and done < options.pages:
                fault = rng.choice(faults)
                inject(fault, run, out, rng)
                survived[fault] += 1
                next_fault = time.monotonic() + rng.uniform(1, 12)
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGCONT)  # a stopped worker may see now that it is alone
        if run.returncode in (0, 16):
            break
    subprocess.run([*command, "--out", str(out)], stderr=subprocess.DEVNULL)  # lost outputs
    subprocess.run([*command, "--out", str(quiet)], stderr=subprocess.DEVNULL)
    found, expected = files_of(out), files_of(quiet)
    differing = [name for name in found.keys() | expected if found.get(name) != expected.get(name)]
    lost = sum(len(expected.get(name, b"")) for name in differing)
    with look_into(out) as ledger:
        counts = ledger.counts()
    print(f"pages done: {options.pages} ({counts}; {broken} were damaged)")
    print(f"faults survived: {sum(survived.values())} ({dict(survived)})")
    print(f"bytes lost: {lost} of {sum(map(len, expected.values()))} in {len(expected)} files")
    print(f"memory of the run: {slope(memory):+.2f} MiB per 100 pages")
    shutil.rmtree(out)
    return int(bool(differing) or counts.get("failed", 0) != broken)


def slope(memory: list[tuple[int, float]]) -> float:
    """MiB that the parent process grows by in 100 pages, by least squares."""
    points = [(done, mib) for done, mib in memory if done > 20 and mib > 50]
    if len({done for done, _ in points}) < 2:
        return 0.0
    done, mib = np.array(points).T
    return float(np.polyfit(done, mib, 1)[0] * 100)


if __name__ == "__main__":
    raise SystemExit(main())
