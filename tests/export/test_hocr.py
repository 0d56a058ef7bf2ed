"""hOCR: the validator is silent, it reads back, and peers' files are read."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import replace

import pytest

from export.hocr import hocr, read_hocr
from pipeline.document import Page
from pipeline.errors import InputError
from tests.export.pages import crooked, document, page, two_regions, unread


def complaints(data: bytes) -> list[str]:
    with warnings.catch_warnings():  # the package is of 2016
        warnings.simplefilter("ignore")
        hocr_spec = pytest.importorskip("hocr_spec")
    report = hocr_spec.HocrValidator("standard").validate(io.BytesIO(data))
    # It remarks at DEBUG that it has not heard of Inkfolio.
    return [f"{i.level} {i.message}" for i in report.items if i.level != "DEBUG"]


@pytest.mark.parametrize("make", [page, two_regions, unread, crooked])
def test_the_validator_is_silent(make: Callable[[], Page]) -> None:
    assert complaints(hocr(document(make()), "fr")) == []


@pytest.mark.parametrize("make", [page, two_regions, unread])
def test_it_reads_back_the_same(make: Callable[[], Page]) -> None:
    made = replace(make(), source='a;b"c\\d é.png')
    (read,) = read_hocr(hocr(document(made)))
    # hOCR has no place for the skew, for confidences finer than a percent, or for a line's.
    assert plain(read) == plain(made)


def plain(made: Page) -> Page:
    regions = []
    for region in made.regions:
        lines = tuple(replace(line, confidence=0.0) for line in region.lines)
        regions.append(replace(region, lines=lines))
    return replace(made, skew=0.0, regions=tuple(regions))


def test_pages_and_their_parts_have_ids_of_their_own() -> None:
    data = hocr(document(page("a"), page("b", index=1))).decode()
    for part in ("p1", "p1_r1", "p1_r1l1", "p1_r1l1w1", "p2_r1l1w1"):
        assert data.count(f'id="{part}"') == 1


TESSERACT = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
    "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en"><head><title></title>
<meta name='ocr-system' content='tesseract 5.3.0' /></head><body>
<div class='ocr_page' id='page_1'
 title='image "in/0001.png"; bbox 0 0 640 480; ppageno 0; scan_res 70 70'>
<div class='ocr_carea' id='block_1_1' title="bbox 36 92 618 361">
<p class='ocr_par' id='par_1_1' lang='eng' title="bbox 36 92 618 361">
<span class='ocr_header' id='line_1_1' title="bbox 36 92 580 122; baseline 0.01 -6; x_size 30">
<span class='ocrx_word' id='word_1_1' title='bbox 36 92 96 116; x_wconf 95'>This&nbsp;</span>
<span class='ocrx_word' id='word_1_2' title='bbox 109 92 129 116; x_wconf 93'><strong>is</strong>
</span></span></p></div></div></body></html>"""

KRAKEN = b"""<html><body><div class="ocr_page" title="bbox 0 0 99 99; image x.png">
<span class="ocr_line" id="line 1" title="bbox 1 2 60 20">deux mots<br/></span></div></body>"""


def test_a_file_of_tesseract_is_read() -> None:
    (made,) = read_hocr(TESSERACT)
    assert (made.id, made.source, made.ppi) == ("0001", "in/0001.png", 70)
    (line,) = made.lines
    assert (line.id, line.text, line.words[0].confidence) == ("line_1_1", "This is", 0.95)
    assert line.baseline == ((36, 116), (580, pytest.approx(121.44)))


def test_lines_without_areas_and_words_are_read() -> None:
    (made,) = read_hocr(KRAKEN)
    (line,) = made.lines
    assert (line.id, line.text, made.source) == ("line_1", "deux mots", "x.png")
    assert line.words[0].box.right < line.words[1].box.left


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html><body>text</body></html>", id="no page"),
        pytest.param(b"<div class='ocr_page'>", id="no bbox"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"<i>" * 100_000, id="too deep"),
    ],
)
def test_what_is_no_hocr_file_is_named(data: bytes) -> None:
    with pytest.raises(InputError, match=r"0001\.hocr is not an hOCR file.*again"):
        read_hocr(data, "0001.hocr")
