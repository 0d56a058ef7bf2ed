"""Lines a second that the recogniser reads, a process a core, one thread each.

python tests/benchmarks/measure_reading.py
"""

from __future__ import annotations

import multiprocessing
import os
import time

import numpy as np

from recognize.reader import Reader, has_bfloat16, use_threads

HEIGHT, WIDTH = 64, 1000
LINES = 128


def read_lines(seed: int) -> tuple[float, float]:
    """Read lines of noise in one process; when it began and ended, after a first batch."""
    use_threads(1)
    reader = Reader.load()
    rng = np.random.default_rng(seed)
    lines = [rng.integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8) for _ in range(LINES)]
    reader.read(lines[:32])
    start = time.time()
    reader.read(lines)
    return start, time.time()


def main() -> None:
    cores = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        times = pool.map(read_lines, range(cores), chunksize=1)
    rate = sum(LINES / (end - start) for start, end in times)
    kind = "bfloat16" if has_bfloat16() else "float32"
    print(f"{rate:.0f} lines of {HEIGHT}x{WIDTH} px a second on {cores} cores, {kind}")


if __name__ == "__main__":
    main()
