from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st
from PIL import ExifTags, Image

from pipeline.document import Alternative, Box, Line, Page, Region, Word
from pipeline.errors import InputError
from pipeline.frame import Frame
from pipeline.load import SourcePage
from pipeline.settings import Settings
from pipeline.stages import (
    Stopwatch,
    crops_of,
    open_page,
    read_page,
    reads_upside_down,
    surely_read,
    with_rivals,
    with_words,
)
from recognize.reader import Reading
from segment.crop import crop_line
from segment.page import Segmentation, SegmentParams, segment_page
from segment.polygons import is_simple


class EvenReader:
    """Reads two words on every line, their letters spread evenly over it."""

    def read(self, lines: Sequence[np.ndarray]) -> list[Reading]:
        return [reading("two words", line.shape[1]) for line in lines]

    glance = read


class MuteReader:
    def read(self, lines: Sequence[np.ndarray]) -> list[Reading]:
        return [Reading("", (), ())] * len(lines)

    glance = read


def reading(text: str, width: int) -> Reading:
    edges = np.linspace(0, width, len(text) + 1).tolist()
    spans = tuple(pairwise(edges))
    return Reading(text, spans, tuple([0.8] * len(text)))


def written_page(path: Path) -> SourcePage:
    page = np.full((900, 700), 235, np.uint8)
    for row in range(8):
        place = (70, 120 + 90 * row)
        cv2.putText(page, "the quick brown fox", place, cv2.FONT_HERSHEY_SIMPLEX, 1.5, 30, 3)
    Image.fromarray(page).save(path)
    return SourcePage(path, 0, "image", path.stem, 0)


def read(path: Path, reader: EvenReader | MuteReader) -> Page:
    source = written_page(path)
    settings = Settings()
    return read_page(source, open_page(source, settings), settings, reader, Stopwatch())


def test_every_line_gets_its_words_on_its_ink(tmp_path: Path) -> None:
    page = read(tmp_path / "p.png", EvenReader())
    lines = list(page.lines)
    assert len(lines) == 8
    for line in lines:
        first, second = line.words
        assert (first.text, second.text) == ("two", "words")
        assert 0 <= first.box.left < first.box.right <= second.box.left
        assert second.box.right <= page.width
        assert line.confidence == pytest.approx(0.8)
        assert (first.confidence, second.confidence) == pytest.approx((0.8**3, 0.8**5))


def test_lines_that_say_nothing_are_dropped(tmp_path: Path) -> None:
    assert read(tmp_path / "p.png", MuteReader()).regions == ()


# What makes the stored pixels of an upright page, by EXIF's orientation.
STORED = {
    1: lambda page: page,
    2: np.fliplr,
    3: lambda page: np.rot90(page, 2),
    4: np.flipud,
    5: np.transpose,
    6: np.rot90,
    7: lambda page: np.rot90(page, 2).T,
    8: lambda page: np.rot90(page, -1),
}


@runs(max_examples=10, deadline=None)
@given(
    orientation=st.integers(1, 8),
    degrees=st.floats(-5, 5),
    scale=st.floats(0.8, 1.6),
    suffix=st.sampled_from(["png", "tif", "webp"]),
)
def test_geometry_holds_for_the_page_as_seen_whatever_its_orientation(
    tmp_path_factory: pytest.TempPathFactory,
    orientation: int,
    degrees: float,
    scale: float,
    suffix: str,
) -> None:
    path = tmp_path_factory.mktemp("exif") / f"p.{suffix}"
    source = written_page(path)
    matrix = cv2.getRotationMatrix2D((350, 450), degrees, 1.0)
    page = cv2.warpAffine(
        np.array(Image.open(path).convert("L")), matrix, (700, 900), borderValue=235
    )
    page = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = np.ascontiguousarray(STORED[orientation](page))
    Image.fromarray(stored).save(
        path, exif=exif, **({"lossless": True} if suffix == "webp" else {})
    )
    gray = open_page(source, Settings()).gray
    assert gray.shape == page.shape
    found = segment_page(gray, SegmentParams(finder="profile"))
    height, width = page.shape
    lines = [line for region in found.regions for line in region.lines]
    assert found.ink.shape == page.shape
    for line in lines:
        assert is_simple(line.boundary)
        assert all(a[0] < b[0] for a, b in pairwise(line.baseline))
        assert all(0 <= x <= width and 0 <= y <= height for x, y in line.boundary + line.baseline)
    # A line's middle lies where turning and scaling put it.
    for x, y in (scale * (matrix @ (300, 120 + 90 * row, 1)) for row in range(8)):
        off = [abs(np.interp(x, *zip(*line.baseline, strict=True)) - y) for line in lines]
        assert min(off) < 8 * scale


def test_spans_follow_a_slanted_line() -> None:
    page = np.full((400, 400), 230, np.uint8)
    cv2.line(page, (50, 300), (350, 200), 20, 9)
    boundary = ((50, 270), (350, 170), (350, 230), (50, 330))
    line = Line("r1l1", boundary, ((50, 300), (350, 200)))
    crop = crop_line(page, line.boundary, line.baseline)
    words = with_words(line, crop, reading("ab cd", crop.image.shape[1]), page < 100).words
    assert words[0].spans[0][0] == pytest.approx(50, abs=2)
    assert words[1].spans[-1][1] == pytest.approx(350, abs=2)


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_words_of_a_turned_page_stand_where_they_do_upright(turned: int) -> None:
    upright = np.full((200, 400), 230, np.uint8)
    upright[90:120, 60:150] = upright[90:120, 200:330] = 20
    line = Line("r1l1", ((50, 80), (340, 80), (340, 130), (50, 130)), ((50, 120), (340, 120)))
    said = reading("ab cd", 300)
    crop = crop_line(upright, line.boundary, line.baseline)
    expected = [w.box for w in with_words(line, crop, said, upright < 100).words]
    page = np.ascontiguousarray(np.rot90(upright, turned // 90))
    frame = Frame.upright(turned, page.shape[1], page.shape[0])
    moved = Line("r1l1", frame.to_page(line.boundary), frame.to_page(line.baseline))
    crop = crop_line(page, moved.boundary, moved.baseline)
    words = with_words(moved, crop, said, page < 100, turned).words
    for word, box in zip(words, expected, strict=True):
        corners = frame.inverse().to_page(word.box.polygon())
        assert min(corners) == (box.left, box.top)
        assert max(corners) == (box.right, box.bottom)
        assert word.spans == ()


class LeftReader:
    """Is sure of lines that have more ink at their left."""

    def read(self, lines: Sequence[np.ndarray]) -> list[Reading]:
        halves = [(line[:, : line.shape[1] // 2], line[:, line.shape[1] // 2 :]) for line in lines]
        return [
            Reading("a", ((0, 9),), (0.9 if left.mean() < right.mean() else 0.5,))
            for left, right in halves
        ]

    glance = read


@pytest.mark.parametrize("upside_down", [False, True])
def test_reading_tells_what_is_upside_down(upside_down: bool) -> None:
    page = np.full((200, 400), 230, np.uint8)
    page[100:120, slice(220, 330) if upside_down else slice(60, 180)] = 20
    boundary = ((50, 80), (340, 80), (340, 130), (50, 130))
    line = Line("r1l1", boundary, ((50, 120), (340, 120)))
    found = Segmentation(0.0, (Region("r1", "text", boundary, (line,)),), page < 100)
    assert reads_upside_down(page, found, LeftReader()) == upside_down
    assert not reads_upside_down(page, Segmentation(0.0, (), page < 100), LeftReader())


def test_doubtful_lines_have_to_be_read_surely() -> None:
    page = np.full((200, 400), 230, np.uint8)
    page[100:120, 60:160] = page[150:170, 200:330] = 20
    lines = [
        Line("", ((50, y), (340, y), (340, y + 30), (50, y + 30)), ((50, y + 25), (340, y + 25)))
        for y in (95, 145)
    ]
    assert surely_read(LeftReader(), page, lines) == [True, False]
    assert surely_read(MuteReader(), page, lines) == [False, False]


class SetReader:
    """Reads a figure on each line, as surely as it is told."""

    def __init__(self, *confidences: float) -> None:
        self.confidences = confidences

    def read(self, lines: Sequence[np.ndarray]) -> list[Reading]:
        return [Reading("7", ((0.0, 9.0),), (one,)) for one in self.confidences]

    glance = read


@pytest.mark.parametrize(
    ("confidences", "left", "kept"),
    [
        pytest.param((0.95, 0.95, 0.7), 50, True, id="in a column of figures"),
        pytest.param((0.95, 0.95, 0.5), 50, False, id="hardly read"),
        pytest.param((0.95, 0.7, 0.7), 50, False, id="one figure is no column"),
        pytest.param((0.95, 0.95, 0.7), 150, False, id="beside the column"),
    ],
)
def test_a_figure_less_surely_read_counts_in_a_column_of_others(
    confidences: tuple[float, ...], left: int, kept: bool
) -> None:
    page = np.full((300, 400), 230, np.uint8)
    lines = [
        Line(
            "",
            ((x, y), (x + 20, y), (x + 20, y + 30), (x, y + 30)),
            ((x, y + 25), (x + 20, y + 25)),
        )
        for x, y in ((50, 20), (52, 80), (left, 140))
    ]
    assert surely_read(SetReader(*confidences), page, lines)[2] == kept


def test_page_too_small_for_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("L", (1, 1)).save(path)
    with pytest.raises(InputError, match=r"dot\.png: 1 x 1 pixels"):
        open_page(SourcePage(path, 0, "image", "dot", 0), Settings())


def test_stopwatch_knows_the_stage_that_failed() -> None:
    watch = Stopwatch()
    with pytest.raises(RuntimeError), watch.timing("segment"):
        raise RuntimeError
    assert watch.stage == "segment"
    assert "segment" in watch.seconds


def test_what_else_a_word_may_be_is_less_certain() -> None:
    word = Word("two", Box(0, 0, 10, 10), 0.8)
    found = with_rivals(word, (("too", 0.5), ("ten", 0.25)))
    assert found.alternatives == (Alternative("too", 0.4), Alternative("ten", 0.2))


def test_a_line_is_read_without_the_shadow_that_crosses_it(tmp_path: Path) -> None:
    page = open_page(written_page(tmp_path / "a.png"), Settings()).gray
    found = segment_page(page, SegmentParams(finder="profile"))
    shadow = np.where(np.arange(page.shape[1]) < 350, 1.0, 0.5)
    shaded = np.asarray(page * cv2.GaussianBlur(shadow[None], (0, 0), 15), np.uint8)
    for plain, crop in zip(crops_of(page, found), crops_of(shaded, found), strict=True):
        paper = np.percentile(crop.image, 70, axis=0)
        assert np.ptp(paper) < 40
        assert abs(int(np.percentile(plain.image, 70)) - int(np.median(paper))) < 20
