"""`make soak`: 500 pages under random faults, and what became of them.

Pages are damaged or heavy, the run and its workers are killed, interrupted and starved of disk,
outputs are lost. In the end all must be as after a quiet run. Lines are found the classical way,
which is fast: what is soaked is the run, not the reading.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.errors import FileAccessError
from pipeline.ledger import FOLDER, look_into
from recognize.weights import find_weights

COMMAND = [sys.executable, "-c", "from pipeline.cli import app; app()", "convert"]
PAGES_A_DOCUMENT = 10
PAGES_A_FAULT = 30  # at most
STARTING = ("run killed", "all killed")  # what may happen to a run that has done nothing yet
FAULTS = (
    *STARTING,
    "interrupted",
    "output lost",
    "worker killed",
    "worker killed",
    "worker stopped",
)
HARMED = (-signal.SIGKILL, 130)  # how a run ends that was killed or interrupted


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


def workers_of(pid: int) -> list[int]:
    """The worker processes that a run has started."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in found if b"spawn_main" in command_of(child)]
    except OSError:
        return []


def command_of(pid: str) -> bytes:
    """The words that a process was started with."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def inject(fault: str, run: subprocess.Popen[bytes], out: Path, rng: random.Random) -> None:
    """Do one harm to a run."""
    workers = workers_of(run.pid)
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


@dataclass
class Soaking:
    """A run under faults; `go_on` is to be called until the run has ended by itself."""

    command: list[str]
    out: Path
    rng: random.Random
    survived: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[int, float]] = field(default_factory=list)

    def go_on(self) -> int:
        """Start the run, harm it now and then, and tell the code that it ends with."""
        run = subprocess.Popen(self.command, start_new_session=True, stderr=subprocess.DEVNULL)
        early = self.rng.random() < 0.2
        due = self._due(0 if early else pages_done(self.out) + 1)
        while run.poll() is None:
            time.sleep(0.1)
            done = pages_done(self.out)
            self.memory.append((done, resident_mib(run.pid)))
            if next(due):
                fault = self.rng.choice(STARTING if early else FAULTS)
                inject(fault, run, self.out, self.rng)
                self.survived[fault] += 1
                early, due = False, self._due(done + self.rng.randrange(1, PAGES_A_FAULT))
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGCONT)  # a stopped worker may see now that it is alone
        return run.returncode

    def _due(self, pages: int) -> Iterator[bool]:
        """Whether it is time for a fault: a random while after so many pages are done."""
        while pages_done(self.out) < pages:
            yield False
        moment = time.monotonic() + self.rng.uniform(0, 3)
        while time.monotonic() < moment:
            yield False
        yield True


def soak(folder: Path, options: argparse.Namespace, rng: random.Random) -> int:
    """The run, started again whenever it has ended before its time, then compared."""
    source, out, quiet = folder / "boxes", folder / "out", folder / "quiet"
    broken = make_pages(source, options.pages, rng)
    words = ["--to", "pdf,txt,page", "--jobs", str(options.jobs), "--page-timeout", "10"]
    command = [*COMMAND, str(source), *words, "--lines", "profile", "--model", options.model]
    soaking = Soaking([*command, "--out", str(out)], out, rng)
    starts, code = 1, soaking.go_on()
    while code in HARMED:
        starts, code = starts + 1, soaking.go_on()
        print(f"{pages_done(out)} pages after {starts} starts", file=sys.stderr, flush=True)
    last = subprocess.run([*command, "--out", str(out)], stderr=subprocess.PIPE)  # lost outputs
    memory = quiet_run([*command, "--out", str(quiet)], quiet)
    found, expected = files_of(out), files_of(quiet)
    differing = [name for name in found.keys() | expected if found.get(name) != expected.get(name)]
    lost = sum(len(expected.get(name, b"")) for name in differing)
    with look_into(out) as ledger:
        counts = ledger.counts()
    print(f"pages done: {options.pages} ({counts}; {broken} were damaged), in {starts} starts")
    survived = soaking.survived
    print(f"faults survived: {sum(survived.values())} ({dict(sorted(survived.items()))})")
    print(f"bytes lost: {lost} of {sum(map(len, expected.values()))} in {len(expected)} files")
    print(f"memory of the run under faults: {slope(soaking.memory):+.2f} MiB per 100 pages")
    print(f"memory of a quiet run and its workers: {slope(memory):+.2f} MiB per 100 pages")
    if last.returncode not in (0, 16):
        print(last.stderr.decode(errors="replace"), file=sys.stderr)
    sound = not differing and counts.get("failed", 0) == broken and last.returncode in (0, 16)
    return int(not sound)


def quiet_run(command: list[str], out: Path) -> list[tuple[int, float]]:
    """A run that nobody harms: pages done, and memory of the run and its workers in MiB."""
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    memory = []
    while run.poll() is None:
        time.sleep(0.5)
        family = [run.pid, *workers_of(run.pid)]
        memory.append((pages_done(out), sum(map(resident_mib, family))))
    return memory


def slope(memory: list[tuple[int, float]]) -> float:
    """MiB that memory grows by in 100 pages, by least squares."""
    last = max((done for done, _ in memory), default=0)
    points = [(done, mib) for done, mib in memory if 50 < done < last and mib > 50]
    if len({done for done, _ in points}) < 2:
        return 0.0
    done, mib = np.array(points).T
    return float(np.polyfit(done, mib, 1)[0] * 100)


if __name__ == "__main__":
    raise SystemExit(main())
