from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.tables import from_table, read_table, to_table


@dataclass(frozen=True)
class Inner:
    size: int = 3
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str = "x"
    pairs: tuple[tuple[int, ...], ...] = ((1, 2),)
    inner: Inner = field(default_factory=Inner)


def test_what_a_table_leaves_out_keeps_its_default() -> None:
    assert from_table({"inner": {"size": 4}}, Outer) == Outer(inner=Inner(size=4))


def test_table_survives_the_round_trip() -> None:
    record = Outer("y", ((3,), (4, 5)), Inner(7, 0.25))
    assert from_table(to_table(record), Outer) == record


def test_whole_numbers_serve_as_floats() -> None:
    assert from_table({"inner": {"share": 1}}, Outer).inner.share == 1.0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"nmae": "y"}, "unknown setting nmae"),
        ({"inner": {"depth": 1}}, r"unknown setting inner\.depth"),
        ({"name": 3}, "name must be str"),
        ({"inner": {"size": 2.5}}, r"inner\.size must be int"),
        ({"inner": {"size": True}}, r"inner\.size must be int"),
    ],
)
def test_wrong_tables_are_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        from_table(table, Outer)


@pytest.mark.parametrize("text", ["name = ", "nmae = 'y'"], ids=["no TOML", "unknown key"])
def test_the_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "inkfolio.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"inkfolio\.toml"):
        read_table(path, Outer)
