"""A process's memory: given back to the system page by page, and its peak.

glibc raises the size from which it takes memory straight from the system to that of the largest
block ever freed, up to 32 MB; pages of many sizes then leave holes between smaller blocks, and a
worker grows for hours. A fixed size keeps it flat, for some 5 to 10 % of its time
(docs/benchmarks.md). Elsewhere than on glibc nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

_M_MMAP_THRESHOLD = -3
_M_TRIM_THRESHOLD = -1
_BLOCK = 1 << 20  # larger ones are given back as soon as they are freed
_CLEAR_REFS = Path("/proc/self/clear_refs")


@cache
def keep_flat() -> None:
    """Let this process take large blocks straight from the system, now and later."""
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _BLOCK)
        library.mallopt(_M_TRIM_THRESHOLD, _BLOCK)


def give_back() -> None:
    """Return what is free to the system; takes some milliseconds."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def forget_peak() -> None:
    """Let the peak count from here, where the system can do so (Linux)."""
    with suppress(OSError):
        _CLEAR_REFS.write_text("5")


def peak_mib() -> float:
    """The most memory that this process has had, or since `forget_peak`; 0 where not told."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
