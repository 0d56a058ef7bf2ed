"""Lines a second that the recogniser reads, a process a core, one thread each.

python tests/benchmarks/measure_reading.py [PARQUET...]

Lines of noise, in which a letter is possible everywhere and all is in doubt, or lines of the val
split of such files that are about as wide, cut or filled up to the width with their paper; at one
look each, and with as many as `convert` takes at a line in doubt.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.processor import has_bfloat16, has_byte_products
from recognize.dataset import read_samples
from recognize.normalize import Gray
from recognize.reader import VIEWS, Reader, use_threads

HEIGHT, WIDTH = 64, 1000
LINES = 128


def lines_of_noise(seed: int) -> list[Gray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8) for _ in range(LINES)]


def written_lines(corpora: list[Path], seed: int) -> list[Gray]:
    """Other lines for every seed."""
    wide = [one for one in read_samples(corpora, "val") if abs(one.width - WIDTH) < WIDTH / 10]
    chosen = np.random.default_rng(0).permutation(len(wide))[seed * LINES :][:LINES]
    return [_of_width(wide[index].pixels()) for index in chosen]


def _of_width(line: Gray) -> Gray:
    paper = max(0, WIDTH - line.shape[1])
    return np.pad(line[:, :WIDTH], ((0, 0), (0, paper)), mode="edge")


def read_lines(corpora: list[Path], looks: int, seed: int) -> tuple[float, float]:
    """Read lines in one process; when it began and ended, after a first batch."""
    use_threads(1)
    reader = Reader.load(looks=looks)
    lines = written_lines(corpora, seed) if corpora else lines_of_noise(seed)
    reader.read(lines[:32])
    start = time.time()
    reader.read(lines)
    return start, time.time()


def main() -> None:
    cores = len(os.sched_getaffinity(0))
    corpora = [Path(name) for name in sys.argv[1:]]
    for looks in (1, len(VIEWS)):
        with multiprocessing.get_context("spawn").Pool(cores) as pool:
            times = pool.map(partial(read_lines, corpora, looks), range(cores), chunksize=1)
        rate = sum(LINES / (end - start) for start, end in times)
        print(f"{rate:.0f} lines of {HEIGHT}x{WIDTH} px a second, --looks {looks}")
    kind = ("8 bits and " if has_byte_products() else "") + (
        "bfloat16" if has_bfloat16() else "float32"
    )
    print(f"on {cores} cores, {kind}")


if __name__ == "__main__":
    main()
