from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.memory import keep_few_kernels

KERNELS = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peak is Linux's to tell")


def printed(code: str) -> int:
    """The number that some code prints in a process of its own, whose memory nobody has used."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_peak_counts_from_where_it_was_forgotten() -> None:
    code = (
        "import numpy as np; from pipeline.memory import forget_peak, peak_mib;"
        "np.ones(200 << 17); high = peak_mib(); forget_peak(); print(round(high - peak_mib()))"
    )
    assert printed(code) > 150  # MiB, of 200 that were freed at once


def test_small_blocks_with_holes_between_them_are_given_back() -> None:
    code = """
import numpy as np
from pipeline.memory import forget_peak, give_back, keep_flat, peak_mib
keep_flat()
forget_peak()
before = peak_mib()
blocks = [np.ones(60_000) for _ in range(400)]  # 0.5 MiB each: from the heap
kept = blocks[::50]
del blocks
give_back()
forget_peak()
held = peak_mib()
kept.clear()
grown = [np.ones(60_000) for _ in range(400)]
del grown
give_back()
forget_peak()
print(round(max(held - before, peak_mib() - held)))
"""
    assert printed(code) < 20


def test_who_holds_on_takes_freed_blocks_without_asking_the_system() -> None:
    code = (
        "import resource, numpy as np; from pipeline.memory import hold_on; hold_on();"
        "np.ones(8 << 20); asked = resource.getrusage(resource.RUSAGE_SELF).ru_minflt;"
        "np.ones(8 << 20); print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - asked)"
    )
    assert printed(code) < 1000  # pages; 64 MiB are 16,384


@pytest.mark.parametrize(("told", "kept"), [({}, "64"), ({KERNELS: "200"}, "200")])
def test_few_kernels_are_kept_unless_the_user_says_how_many(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], kept: str
) -> None:
    monkeypatch.setattr(os, "environ", told)
    keep_few_kernels()
    assert os.environ[KERNELS] == kept
