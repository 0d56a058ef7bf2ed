"""Frozen dataclasses to a few compressed bytes and back: plain JSON, fields by their order."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints, overload

T = TypeVar("T")


def pack(record: Any) -> bytes:
    """A dataclass of plain values, tuples, dictionaries and further dataclasses, as bytes."""
    text = json.dumps(_plain(record), separators=(",", ":"), default=_item)
    return zlib.compress(text.encode("ascii"), 6)


def unpack(data: bytes, kind: type[T]) -> T:
    """What `pack` made of a record of this kind.

    Raises:
        ValueError: if the bytes are damaged or of another kind.
    """
    try:
        record: T = _maker(cast(Hashable, kind))(json.loads(zlib.decompress(data)))
    except (zlib.error, ValueError, TypeError, IndexError) as error:
        raise ValueError(f"not a packed {kind.__name__}: {error}") from error
    return record


class Packed(Sequence[T]):
    """Records that stay packed until they are looked at, one by one.

    A document of a thousand pages weighs a few megabytes so, and some hundred otherwise.
    """

    def __init__(self, records: Sequence[bytes], kind: type[T]) -> None:
        """Stand for `records`, each packed from a `kind`."""
        self._records = records
        self._kind = kind

    def __len__(self) -> int:
        """How many there are."""
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Packed[T]: ...
    def __getitem__(self, index: int | slice) -> T | Packed[T]:
        """One record, unpacked anew each time, or some, still packed."""
        if isinstance(index, slice):
            return Packed(self._records[index], self._kind)
        return unpack(self._records[index], self._kind)

    def __repr__(self) -> str:
        """Short, and the same for the same records."""
        digest = hashlib.sha256()
        for record in self:
            digest.update(repr(record).encode("utf-8", "backslashreplace"))
        return f"Packed({digest.hexdigest()})"


def _item(value: Any) -> Any:
    """NumPy's scalars as Python's own."""
    return value.item()


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _same(value: Any) -> Any:
    return value


@cache
def _maker(hint: Any) -> Callable[[Any], Any]:
    """What turns a plain value into one of the type that is hinted at."""
    if isinstance(hint, type) and is_dataclass(hint):
        return _record_maker(hint)
    if get_origin(hint) in (UnionType, Union):
        (kind,) = (arm for arm in get_args(hint) if arm is not NoneType)
        make = _maker(kind)
        return lambda value: None if value is None else make(value)
    if get_origin(hint) is tuple:
        make = _maker(get_args(hint)[0])  # tuples here are of one kind throughout
        return tuple if make is _same else lambda value: tuple(map(make, value))
    return _same


def _record_maker(kind: type) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    makers = [_maker(hints[field.name]) for field in fields(kind)]
    return lambda values: kind(*(make(value) for make, value in zip(makers, values, strict=True)))
