"""Pages with text to lines for a training."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.alto import alto
from export.line_parts import box_around
from export.page_xml import page_xml
from pipeline.document import Box, Line, Page, Region, Word
from pipeline.errors import InputError
from pipeline.line_corpus import CutParams, cut_folders, cut_lines, split_of
from pipeline.load import SourcePage, load_page
from recognize.dataset import read_samples
from segment.crop import crop_line
from segment.page import segment_page
from tests.pipeline.test_build import CREATED

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "typed" / "Schreiben.jpg"
ALL_TRAIN = CutParams(val_share=0.0, lang="fra")


def line(number: int, text: str, confidence: float = 0.9) -> Line:
    top = 100 * number
    box = Box(100, top, 700, top + 50)
    baseline = ((100.0, top + 40.0), (700.0, top + 40.0))
    words = (Word(text, box, confidence),)
    return Line(f"r1l{number}", box.polygon(), baseline, words, confidence)


def scan(folder: Path, *lines: Line, form: str = "page", name: str = "p1") -> Path:
    """A folder with a page's text and its image, a black bar a line."""
    folder.mkdir(exist_ok=True)
    pixels = np.full((1000, 800), 240, np.uint8)
    for one in lines:
        left, top = (round(value) for value in one.boundary[0])
        pixels[top + 10 : top + 40, left + 50 : left + 550 : 10] = 20
    Image.fromarray(pixels).save(folder / f"{name}.png", dpi=(100, 100))
    region = Region("r1", "text", Box(50, 50, 750, 950).polygon(), lines)
    page = Page(name, 0, 800, 1000, 100.0, source=f"{name}.png", regions=(region,))
    data = alto(page, (), CREATED) if form == "alto" else page_xml(page, (), CREATED)
    (folder / f"{name}.xml").write_bytes(data)
    return folder


@pytest.mark.parametrize("form", ["page", "alto"])
def test_lines_come_back_as_samples(tmp_path: Path, form: str) -> None:
    folder = scan(tmp_path / "letters", line(1, "chère"), line(2, "mère"), form=form)
    assert cut_lines([folder], None, tmp_path / "l.parquet", ALL_TRAIN) == (2, 0)
    samples = read_samples([tmp_path / "l.parquet"], "train")
    assert [(s.text, s.corpus, s.page, s.line, s.lang, s.kind) for s in samples] == [
        ("chère", "letters", "letters/p1", 0, "fra", "hand"),
        ("mère", "letters", "letters/p1", 1, "fra", "hand"),
    ]
    pixels = samples[0].pixels()
    assert pixels.shape == (64, samples[0].width)
    assert pixels.min() < 60 and pixels[:4].min() > 200  # the ink is in the line, not above it


def test_lines_that_the_ink_does_not_bear_out_are_left_out(tmp_path: Path) -> None:
    folder = scan(tmp_path / "letters", line(1, "chère"), line(2, "mère", 0.2))
    assert cut_lines([folder], None, tmp_path / "l.parquet", ALL_TRAIN) == (1, 1)
    assert [s.text for s in read_samples([tmp_path / "l.parquet"], "train")] == ["chère"]


def test_lines_without_a_stated_confidence_are_peoples_own(tmp_path: Path) -> None:
    bare = replace(line(1, "chère"), confidence=0.0)
    folder = scan(tmp_path / "letters", bare)
    assert cut_lines([folder], None, tmp_path / "l.parquet", ALL_TRAIN) == (1, 0)


def test_a_page_is_on_one_side_of_the_split_for_ever(tmp_path: Path) -> None:
    names = [f"letters/p{number}" for number in range(400)]
    val = [name for name in names if split_of(name, 0.1) == "val"]
    assert 20 < len(val) < 60
    assert val == [name for name in reversed(names) if split_of(name, 0.1) == "val"][::-1]
    assert set(val) <= {name for name in names if split_of(name, 0.2) == "val"}


def test_the_same_pages_give_the_same_bytes(tmp_path: Path) -> None:
    folder = scan(tmp_path / "letters", line(1, "chère"))
    for name in ("a", "b"):
        cut_lines([folder], None, tmp_path / f"{name}.parquet", ALL_TRAIN)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_folder_among_corpora_becomes_a_corpus(tmp_path: Path) -> None:
    folder = scan(tmp_path / "letters", line(1, "chère"))
    other = tmp_path / "other.parquet"
    made = cut_folders([other, folder], tmp_path / "run", ALL_TRAIN)
    assert made[0] == other and made[1].parent == tmp_path / "run"
    assert [s.text for s in read_samples(made[1:], "train")] == ["chère"]


@pytest.mark.parametrize("by_px", [0, 5])
def test_lines_are_cut_as_we_find_them_if_wished(tmp_path: Path, by_px: int) -> None:
    truth, params = sample_page(tmp_path / "letters", by_px), replace(ALL_TRAIN, as_found=True)
    cut_lines([tmp_path / "letters"], None, tmp_path / "l.parquet", params)
    samples = read_samples([tmp_path / "l.parquet"], "train")
    # The last is a line of the truth where nothing stands.
    assert [s.text for s in samples] == [line.text for line in truth][:-1]
    gray = load_page(SourcePage(SAMPLE, 0, "image", "p1", 0)).gray
    found = [line for region in segment_page(gray).regions for line in region.lines]
    images = [crop_line(gray, line.boundary, line.baseline).image for line in found]
    shapes = [round(image.shape[1] * 64 / image.shape[0]) for image in images]
    assert sorted(s.width for s in samples) == sorted(shapes)


def sample_page(folder: Path, by_px: int) -> list[Line]:
    """A folder with a sample's image and its lines, all a little lower; and one that is not."""
    lines = json.loads(SAMPLE.with_suffix(".json").read_text("utf-8"))["lines"]
    boxes = [(box_around(line["polygon"]), line["text"]) for line in lines]
    last = boxes[-1][0]
    boxes.append((replace(last, top=last.bottom + 100, bottom=last.bottom + 130), "not there"))
    made = [
        replace(line(number, text), boundary=low.polygon(), confidence=0.0)
        for number, (box, text) in enumerate(boxes)
        for low in [replace(box, top=box.top + by_px, bottom=box.bottom + by_px)]
    ]
    with Image.open(SAMPLE) as image:
        size = image.size
    page = Page("p1", 0, *size, 100.0, source=SAMPLE.name)
    page = replace(page, regions=(Region("r1", "text", made[0].boundary, tuple(made)),))
    folder.mkdir()
    (folder / "p1.xml").write_bytes(page_xml(page, (), CREATED))
    shutil.copy(SAMPLE, folder)
    return made


def test_page_json_of_ground_truth_is_cut_too(tmp_path: Path) -> None:
    Image.new("L", (300, 200), 200).save(tmp_path / "a__1.png")
    lines = [
        {"polygon": box, "baseline": [[10, 40], [90, 40]], "text": text, "ok": ok, "region": "r"}
        for box, text, ok in [
            ([[10, 10], [90, 10], [90, 50], [10, 50]], "one", True),
            ([[10, 60], [90, 60], [90, 90], [10, 90]], "tw?", False),
        ]
    ]
    page = {"image": "a__1.png", "width": 300, "height": 200, "corpus": "a", "page": "1"}
    page |= {"lang": "eng", "kind": "hand", "lines": lines}
    (tmp_path / "a__1.json").write_text(json.dumps(page))
    cut_lines([tmp_path], None, tmp_path / "l.parquet", ALL_TRAIN)
    assert [s.text for s in read_samples([tmp_path / "l.parquet"], "train")] == ["one"]


def test_pages_without_a_fit_line_are_refused(tmp_path: Path) -> None:
    folder = scan(tmp_path / "letters", line(1, "mère", 0.2))
    with pytest.raises(InputError, match="least-support"):
        cut_lines([folder], None, tmp_path / "l.parquet")


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    folder = scan(tmp_path / "letters", line(1, "chère"))
    (folder / "p1.png").unlink()
    with pytest.raises(InputError, match=r"p1\.png.*--images"):
        cut_lines([folder], None, tmp_path / "l.parquet")
