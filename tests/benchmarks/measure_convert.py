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
from pathlib import Path

from pipeline.sources import IMAGE_SUFFIXES

INKFOLIO = Path(sys.executable).with_name("inkfolio")
JOBS = 2
MANY = 300


def convert(source: Path, out: Path) -> tuple[dict[str, object], float]:
    """Convert a folder with two jobs; the report and the seconds of the whole command."""
    command = [INKFOLIO, "convert", source, "--out", out, "--to", "pdf,txt,page"]
    start = time.perf_counter()
    subprocess.run([*command, "--jobs", str(JOBS)], check=True, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    return json.loads((out / "report.json").read_text("utf-8")), seconds


def pages_of(report: dict[str, object]) -> list[dict[str, object]]:
    return [page for document in report["documents"] for page in document["pages"]]


def repeated(folder: Path, count: int, target: Path) -> Path:
    """A folder with `count` pages: the images of `folder`, over and over."""
    images = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    target.mkdir()
    for number, image in enumerate(itertools.islice(itertools.cycle(images), count)):
        shutil.copyfile(image, target / f"{number:04}_{image.name}")
    return target


def speed(folder: Path, scratch: Path) -> str:
    report, seconds = convert(folder, scratch / "out")
    pages = pages_of(report)
    stages = sorted({stage for page in pages for stage in page["seconds"]})
    times = [
        f"{stage} {sum(page['seconds'].get(stage, 0) for page in pages) / len(pages):.3f}"
        for stage in stages
    ]
    peak = max(page["peak_mib"] for page in pages)
    rate = 60 * len(pages) / seconds
    return (
        f"{len(pages)} pages, --jobs {JOBS}: {seconds:.1f} s, {rate:.0f} pages a minute, "
        f"at most {peak:.0f} MiB a worker\nseconds a page by stage: {', '.join(times)}"
    )


def memory(folder: Path, scratch: Path) -> str:
    report, seconds = convert(repeated(folder, MANY, scratch / "many"), scratch / "out-many")
    peaks = [page["peak_mib"] for page in pages_of(report)]
    marks = [max(peaks[:share]) for share in (MANY // 3, 2 * MANY // 3, MANY)]
    shown = ", ".join(f"{mark:.0f}" for mark in marks)
    return (
        f"{MANY} pages: {60 * MANY / seconds:.0f} pages a minute; highest worker memory after "
        f"each third: {shown} MiB"
    )


def main(folder: Path) -> None:
    print(f"{os.cpu_count()} cores, pages of {folder}")
    with tempfile.TemporaryDirectory() as scratch:
        print(speed(folder, Path(scratch)), flush=True)
        print(memory(folder, Path(scratch)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
