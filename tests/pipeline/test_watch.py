from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.watch import Settling, watch

A, B = Path("a.png"), Path("b.png")


def test_file_settles_when_it_has_kept_still() -> None:
    settling = Settling(rest_s=5)
    assert settling.settled({A: (1, 1, 1)}, now=0) == {}
    assert settling.settled({A: (9, 2, 1)}, now=4) == {}
    assert settling.settled({A: (9, 2, 1), B: (1, 1, 2)}, now=8) == {}
    assert settling.settled({A: (9, 2, 1), B: (1, 1, 2)}, now=9) == {A: (9, 2, 1)}


def test_empty_file_never_settles() -> None:
    settling = Settling(rest_s=0)
    assert settling.settled({A: (0, 1, 1)}, now=0) == {}


def test_file_that_went_starts_anew() -> None:
    settling = Settling(rest_s=5)
    settling.settled({A: (1, 1, 1)}, now=0)
    settling.settled({}, now=1)
    assert settling.settled({A: (1, 1, 1)}, now=6) == {}


def drive(folder: Path, steps: Iterator[None], out: Path | None = None) -> list[list[str]]:
    """What was left alone at each call, while the steps change the folder one by one."""
    calls: list[list[str]] = []

    def take(unsettled: Collection[Path]) -> None:
        calls.append([path.name for path in unsettled])

    def stopping() -> bool:
        return next(steps, "end") == "end"

    watch(folder, take, out=out, rest_s=0, every_s=0, stopping=stopping)
    return calls


def test_each_new_or_changed_file_is_taken_once(tmp_path: Path) -> None:
    def steps() -> Iterator[None]:
        yield
        (tmp_path / "a.png").write_bytes(b"1")
        yield
        yield
        (tmp_path / "inner").mkdir()
        (tmp_path / "inner" / "b.pdf").write_bytes(b"1")
        yield
        (tmp_path / "a.png").write_bytes(b"12")
        yield
        yield

    assert drive(tmp_path, steps()) == [[], [], []]


def test_unfinished_file_is_left_alone(tmp_path: Path) -> None:
    def steps() -> Iterator[None]:
        (tmp_path / "a.png").write_bytes(b"1")
        (tmp_path / "b.png").write_bytes(b"")
        yield

    assert drive(tmp_path, steps()) == [["b.png"]]


def test_what_is_no_page_wakes_nobody(tmp_path: Path) -> None:
    def steps() -> Iterator[None]:
        for name in ("a.png.part", ".b.png", "c.tmp", "notes.txt"):
            (tmp_path / name).write_bytes(b"1")
        (tmp_path / ".hidden").mkdir()
        (tmp_path / ".hidden" / "d.png").write_bytes(b"1")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "e.pdf").write_bytes(b"1")
        yield
        yield

    assert drive(tmp_path, steps(), out=tmp_path / "out") == []


def test_folder_may_vanish_for_a_while(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()

    def steps() -> Iterator[None]:
        folder.rmdir()
        yield
        folder.mkdir()
        (folder / "a.png").write_bytes(b"1")
        yield

    assert drive(folder, steps()) == [[]]


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder to watch"):
        watch(tmp_path / "none", lambda unsettled: None)
