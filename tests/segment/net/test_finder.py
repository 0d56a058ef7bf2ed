from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Box
from pipeline.errors import InputError, SettingsError
from pipeline.frame import Frame
from segment.level import Level
from segment.lines import TextLine
from segment.net.finder import judge_lines, page_maps
from segment.net.targets import CHANNELS
from segment.net.weights import find_weights, load_net
from segment.page import SegmentParams, check_finder, finder_weights, segment_page
from segment.polygons import is_simple
from tests.segment.net.conftest import drawn_page

Draw = Callable[..., np.ndarray]


def copy_of(net: Path, folder: Path) -> Path:
    for suffix in (".safetensors", ".json"):
        shutil.copy(net.with_suffix(suffix), folder)
    return folder / net.name


def test_finder_is_chosen_by_name(letter: np.ndarray, tiny_net: Path) -> None:
    params = SegmentParams(finder="net", net=str(tiny_net))
    by_net, by_profile = segment_page(letter, params), segment_page(letter)
    assert by_net.regions != by_profile.regions
    for region in by_net.regions:
        assert all(is_simple(line.boundary) for line in region.lines)


def test_profile_finder_does_without_torch() -> None:
    code = (
        "import sys, numpy as np; from segment.page import segment_page, SegmentParams; "
        "segment_page(np.full((300, 300), 255, np.uint8), SegmentParams(finder='profile')); "
        "print('torch' in sys.modules)"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@settings(max_examples=10, deadline=None)
@given(height=st.integers(40, 200), width=st.integers(40, 200), seed=st.integers(0, 9))
def test_nonsense_never_breaks_the_geometry(
    tiny_net: Path, height: int, width: int, seed: int
) -> None:
    page = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    page[10:30, 10:30:3] = 0
    found = segment_page(page, SegmentParams(finder="net", net=str(tiny_net)))
    for line in (line for region in found.regions for line in region.lines):
        assert is_simple(line.boundary)
        assert all(a[0] < b[0] for a, b in pairwise(line.baseline))
        for x, y in (*line.boundary, *line.baseline):
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_weights_are_told(tiny_net: Path) -> None:
    told = finder_weights(SegmentParams(finder="net", net=str(tiny_net)))
    assert (told["net"], len(str(told["net_sha256"]))) == ("tiny", 64)
    assert finder_weights(SegmentParams(finder="profile")) == {}


@pytest.mark.parametrize("finder", ["profile", "auto"])
def test_finders_that_ship_are_there(finder: str) -> None:
    check_finder(SegmentParams(finder=finder))


def test_unknown_finder_is_refused(letter: np.ndarray) -> None:
    params = SegmentParams(finder="magic")
    with pytest.raises(SettingsError, match="profile"):
        check_finder(params)
    with pytest.raises(ValueError, match="magic"):
        segment_page(letter, params)


def test_missing_weights_are_refused() -> None:
    with pytest.raises(InputError, match="line finder"):
        check_finder(replace(SegmentParams(), finder="net", net="missing"))
    with pytest.raises(InputError, match=r"give a \.safetensors"):
        find_weights("missing.safetensors")


def test_weights_changed_after_the_card_are_refused(tiny_net: Path, tmp_path: Path) -> None:
    path = copy_of(tiny_net, tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="card"):
        load_net(str(path))


@pytest.mark.parametrize("card", ["", "[]", '{"name": "x"}', '{"model": {"blocks": 1}}'])
def test_broken_card_is_named(tiny_net: Path, tmp_path: Path, card: str) -> None:
    path = copy_of(tiny_net, tmp_path)
    path.with_suffix(".json").write_text(card)
    with pytest.raises(InputError, match=r"tiny\.json"):
        load_net(str(path))


def test_card_of_other_sizes_is_refused(tiny_net: Path, tmp_path: Path) -> None:
    path = copy_of(tiny_net, tmp_path)
    card = json.loads(path.with_suffix(".json").read_text())
    card["model"]["channels"][0] = 4
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="sizes"):
        load_net(str(path))


def level_of(gray: np.ndarray) -> Level:
    """A level page without rulings."""
    none = np.zeros(gray.shape, np.bool_)
    return Level(gray, gray < 128, none, none, none, 9.0, Frame())


def test_pale_lines_are_dropped() -> None:
    gray = np.full((200, 400), 255, np.uint8)
    for top, shade in ((40, 20), (80, 20), (120, 150)):
        gray[top : top + 9, 20:200] = shade
    lines = [
        TextLine((), ((20.0, top + 9.0), (200.0, top + 9.0)), Box(20, top, 200, top + 9), 9.0, 0.8)
        for top in (40, 80, 120)
    ]
    gray[128, 201] = 20  # ink beside the pale one: a piece of something
    kept = judge_lines([replace(line, area=60) for line in lines], level_of(gray))
    assert kept == [replace(line, area=60) for line in lines[:2]]


@pytest.mark.parametrize(
    ("ink", "expected"), [(None, [True]), (90, [True]), (70, []), (20, []), (4, [True])]
)
def test_short_lines_that_stand_free_are_doubted(ink: int | None, expected: list[bool]) -> None:
    gray = np.full((200, 400), 255, np.uint8)
    gray[50:59, 30:60] = 20
    if ink is not None:
        gray[52, ink] = 20
    figure = TextLine((), ((30.0, 59.0), (60.0, 59.0)), Box(30, 50, 60, 59), 9.0, 0.7, 8)
    assert [line.doubtful for line in judge_lines([figure], level_of(gray))] == expected


@pytest.mark.parametrize("shape", [(64, 64), (301, 130), (1, 1)])
def test_maps_cover_the_page(tiny_net: Path, shape: tuple[int, int]) -> None:
    net, _ = load_net(str(tiny_net))
    maps = page_maps(net, np.full(shape, 200, np.uint8))
    assert maps.shape == (CHANNELS, -(-shape[0] // 4), -(-shape[1] // 4))
    assert (maps[:2] >= 0).all()
    assert (maps[:2] <= 1).all()


def test_lines_run_across_the_squares_of_paper() -> None:
    """Notebooks' paper: its rulings part no cells."""
    page, truth = drawn_page(12)
    page = np.pad(page, 60, constant_values=235)
    page[::24] = np.minimum(page[::24], 150)
    page[:, ::24] = np.minimum(page[:, ::24], 150)
    found = segment_page(page, SegmentParams(orient=False)).lines
    assert len(found) == len(truth)
