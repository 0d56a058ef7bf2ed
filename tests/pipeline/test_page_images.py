"""Where the images of some pages are looked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from pipeline.page_images import ImageFolder, image_folders


def names(folder: ImageFolder) -> list[str]:
    return [str(file) for file in folder.files]


def test_images_are_found_below_the_folder_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    for name in ("b.png", "box/a.tif", "notes.txt"):
        (tmp_path / name).touch()
    assert names(ImageFolder.of(tmp_path)) == ["b.png", "box/a.tif"]


def test_links_that_lead_out_or_in_a_loop_are_passed_over(tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    (tmp_path / "other.png").touch()
    (scans / "a.png").touch()
    (scans / "out.png").symlink_to(tmp_path / "other.png")
    (scans / "loop.png").symlink_to(scans / "loop.png")
    assert names(ImageFolder.of(scans)) == ["a.png"]


def test_unless_a_folder_is_named_only_two_are_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder above a user's page may be all that is on the disk."""
    texts = tmp_path / "scans" / "page"
    texts.mkdir(parents=True)
    (tmp_path / "scans" / "far" / "below").mkdir(parents=True)
    for place in (
        texts / "p.png",
        texts.parent / "q.png",
        texts.parent / "far" / "below" / "r.png",
    ):
        place.touch()
    entered: list[str] = []
    scandir = os.scandir

    def watched(path: str) -> Iterator[os.DirEntry[str]]:
        entered.append(os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", watched)
    found = image_folders([texts / "p.xml"], None)
    assert [names(folder) for folder in found] == [["p.png"], ["q.png"]]
    assert str(texts.parent / "far" / "below") not in entered
    assert found[0].root / PurePosixPath("p.png") == texts / "p.png"
