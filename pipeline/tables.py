"""TOML tables to frozen dataclasses and back; an unknown key or a wrong type is an error."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from pipeline.errors import SettingsError

T = TypeVar("T")


def read_table(path: Path, kind: type[T]) -> T:
    """The dataclass `kind` filled from a TOML file; what the file leaves out keeps its default.

    Raises:
        SettingsError: if the file cannot be read, or has unknown keys or wrong types.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not a readable TOML file ({error}); mend it") from error
    try:
        return from_table(table, kind)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def from_table(table: Mapping[str, Any], kind: type[T], where: str = "") -> T:
    """The dataclass `kind` filled from a mapping.

    Raises:
        SettingsError: if a key is unknown or a value is of the wrong type.
    """
    hints = get_type_hints(kind)
    unknown = sorted(set(table) - set(hints))
    if unknown:
        known = ", ".join(hints)
        raise SettingsError(f"unknown setting {where}{unknown[0]}; known here: {known}")
    try:
        return kind(**{key: _value(table[key], hints[key], where + key) for key in table})
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{where or 'settings'}: {error}") from error


def _value(value: Any, hint: Any, where: str) -> Any:
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return from_table(value, hint, where + ".")
    if get_origin(hint) is tuple and isinstance(value, list):
        return _frozen(value)
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(hint, type) and type(value) is not hint:
        raise SettingsError(f"{where} must be {hint.__name__}, not {value!r}")
    return value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def to_table(record: Any) -> dict[str, Any]:
    """A dataclass as nested dictionaries of plain values, ready for TOML or JSON."""
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return to_table(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
