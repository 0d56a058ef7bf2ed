"""Pages a minute and memory of `inkfolio convert`, on a folder of pages and on 300 of them.

python tests/benchmarks/measure_convert.py ../shared/data/pages/val
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from pipeline.picture_files import SUFFIXES

INKFOLIO = Path(sys.executable).with_name("inkfolio")
JOBS = 2
MANY = 300


def convert(source: Path, out: Path) -> tuple[dict[str, object], float, list[float]]:
    """Convert a folder with two jobs.

    Returns:
        The report, the seconds of the whole command, and the memory of the largest worker in MiB,
        ten times a second.
    """
    command = [INKFOLIO, "convert", source, "--out", out, "--to", "pdf,txt,page"]
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--jobs", str(JOBS)], stderr=subprocess.DEVNULL)
    sizes = []
    while process.poll() is None:
        sizes.append(max((resident_mib(child) for child in children(process.pid)), default=0.0))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"convert ended with {process.returncode}")
    seconds = time.perf_counter() - start
    return json.loads((out / "report.json").read_text("utf-8")), seconds, sizes


def children(pid: int) -> list[int]:
    with suppress(OSError):
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in listed]
    return []


def resident_mib(pid: int) -> float:
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(one for one in lines if one.startswith("VmRSS")).split()[1]) / 1024
    return 0.0


def pages_of(report: dict[str, object]) -> list[dict[str, object]]:
    return [page for document in report["documents"] for page in document["pages"]]


def repeated(folder: Path, count: int, target: Path) -> Path:
    """A folder with `count` pages: the images of `folder`, over and over."""
    images = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    target.mkdir()
    for number, image in enumerate(itertools.islice(itertools.cycle(images), count)):
        shutil.copyfile(image, target / f"{number:04}_{image.name}")
    return target


def speed(folder: Path, scratch: Path) -> str:
    report, seconds, sizes = convert(folder, scratch / "out")
    pages = pages_of(report)
    stages = sorted({stage for page in pages for stage in page["seconds"]})
    times = [
        f"{stage} {sum(page['seconds'].get(stage, 0) for page in pages) / len(pages):.3f}"
        for stage in stages
    ]
    peak = max(sizes)
    rate = 60 * len(pages) / seconds
    return (
        f"{len(pages)} pages, --jobs {JOBS}: {seconds:.1f} s, {rate:.0f} pages a minute, "
        f"at most {peak:.0f} MiB a worker\nseconds a page by stage: {', '.join(times)}"
    )


def memory(folder: Path, scratch: Path) -> str:
    _, seconds, sizes = convert(repeated(folder, MANY, scratch / "many"), scratch / "out-many")
    third = len(sizes) // 3
    marks = [max(sizes[n * third : (n + 1) * third]) for n in range(3)]
    shown = ", ".join(f"{mark:.0f}" for mark in marks)
    return (
        f"{MANY} pages: {60 * MANY / seconds:.0f} pages a minute; largest worker in "
        f"each third of the time: {shown} MiB"
    )


def main(folder: Path) -> None:
    print(f"{os.cpu_count()} cores, pages of {folder}")
    with tempfile.TemporaryDirectory() as scratch:
        print(speed(folder, Path(scratch)), flush=True)
        print(memory(folder, Path(scratch)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
