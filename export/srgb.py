"""The sRGB colour space as an ICC profile of version 2, small enough to make on the spot."""

from __future__ import annotations

import struct
from functools import cache

# The primaries and D50, the white that profiles are written for (IEC 61966-2-1, adapted).
COLORANTS = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
    b"wtpt": (0.96420, 1.00000, 0.82491),
}
NAME = b"sRGB IEC61966-2.1"
CURVE_POINTS = 1024
HEADER_BYTES = 128


@cache
def srgb_profile() -> bytes:
    """The profile; always the same bytes."""
    tags = {
        b"desc": _description(),
        b"cprt": b"text\0\0\0\0" + b"No copyright, use freely\0",
        **{name: b"XYZ \0\0\0\0" + _xyz(value) for name, value in COLORANTS.items()},
        b"rTRC": _curve(),
    }
    table, body = _laid_out(tags)
    size = HEADER_BYTES + len(table) + len(body)
    return _header(size) + table + body


def _laid_out(tags: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """The table of tags, and their data; the three channels share a curve."""
    names = [*tags, b"gTRC", b"bTRC"]
    start = HEADER_BYTES + 4 + 12 * len(names)
    places, body = {}, b""
    for name, data in tags.items():
        places[name] = (start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    entries = [struct.pack(">4sII", n, *places.get(n, places[b"rTRC"])) for n in names]
    return struct.pack(">I", len(names)) + b"".join(entries), body


def _header(size: int) -> bytes:
    made = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    white = _xyz(COLORANTS[b"wtpt"])
    return (head + made + b"acsp" + bytes(28) + white).ljust(HEADER_BYTES, b"\0")


def _xyz(value: tuple[float, float, float]) -> bytes:
    return struct.pack(">3i", *(round(number * 65536) for number in value))


def _description() -> bytes:
    ascii_part = struct.pack(">I", len(NAME) + 1) + NAME + b"\0"
    return b"desc\0\0\0\0" + ascii_part + bytes(4 + 4 + 2 + 1 + 67)


def _curve() -> bytes:
    last = CURVE_POINTS - 1
    values = (round(65535 * _linear(index / last)) for index in range(CURVE_POINTS))
    return b"curv\0\0\0\0" + struct.pack(f">I{CURVE_POINTS}H", CURVE_POINTS, *values)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
