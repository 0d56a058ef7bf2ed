"""A process's memory: its limit and its peak, and given back to the system page by page.

glibc raises the size from which it takes memory straight from the system to that of the largest
block ever freed, up to 32 MB; pages of many sizes then leave holes between smaller blocks, and a
worker grows for hours. A fixed size keeps it flat, for some 5 to 10 % of its time
(docs/benchmarks.md). A training is better off holding on to what it has. Elsewhere than on glibc
nothing is done.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

_M_MMAP_THRESHOLD = -3
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_BLOCK = 1 << 20  # larger ones are given back as soon as they are freed
_HELD = (1 << 31) - 1  # bytes that a process may hold freed
_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_SPARE = 16 << 20  # enough to say that it is not enough


@cache
def keep_flat() -> None:
    """Let this process take large blocks straight from the system, now and later."""
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _BLOCK)
        library.mallopt(_M_TRIM_THRESHOLD, _BLOCK)


@cache
def hold_on() -> None:
    """Let this process keep what it frees: a training takes the same large blocks at every step.

    Taken from the system anew, they cost a tenth of its time (docs/experiments.md).
    """
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, _HELD)


def keep_few_kernels() -> None:
    """Let oneDNN keep what it made for a few shapes of batch, not for 1,024 of them.

    To be called before its first use. Memory stays flat, which costs 3 % of a training's time.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")


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
    # First of all Linux's own figure: getrusage counts what the parent had at the fork, too.
    peak = _told("VmHWM")
    if not peak:
        with suppress(ImportError):  # Windows
            import resource

            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            peak = most if sys.platform == "darwin" else most << 10
    return round(peak / (1 << 20), 1)


def limit(size: int) -> None:
    """Make allocations fail beyond a size in bytes, where the system can do so.

    A process that has more already keeps it, and so much more that it can say so.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource

        # RLIMIT_DATA counts what a process really asks for; RLIMIT_AS also counts mapped files.
        size = max(size, taken() + _SPARE)
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def taken() -> int:
    """The bytes that count for `limit`; 0 where the system does not tell (elsewhere than Linux)."""
    return _told("VmData")


def _told(figure: str) -> int:
    """Bytes that Linux tells of this process; 0 elsewhere."""
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            name, _, value = line.partition(":")
            if name == figure:
                return int(value.split()[0]) << 10
    return 0


def make_room(size: int) -> None:
    """Say beforehand that memory will not do for a library that would not say so itself.

    Raises:
        MemoryError: if there is a limit, and no room for `size` bytes in one piece below it.
    """
    with suppress(ImportError):
        import resource
        from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

        if resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY:
            return
        try:
            mmap(-1, max(1, size), flags=MAP_PRIVATE | MAP_ANONYMOUS).close()
        except OSError as error:
            raise MemoryError(f"no room for {size} bytes") from error
