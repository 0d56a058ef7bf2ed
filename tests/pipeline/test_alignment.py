"""A text on the pages of a document, the pages as a perfect network would see them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.alignment import Alignment, SeenLine, SeenPage, align, part_text, see_page
from pipeline.document import Box, Line, Page, Region
from pipeline.frame import Frame
from pipeline.load import SourcePage
from pipeline.settings import Settings
from pipeline.stages import open_page
from pipeline.transcript import transcript_of
from recognize.reader import Reader, Sight
from segment.crop import LineCrop
from tests.recognize.peaks import LETTERS, spelled

FIRST = ["my dear mother", "i take up my pen to tell", "you that all is well here"]
SECOND = ["the weather has been cold", "and the river is frozen", "from bank to bank again"]
LETTER_PX = 20  # two columns of the network a letter
HEIGHT, WIDTH = 400, 700


def seen(lines: list[str], index: int = 0) -> SeenPage:
    """A page with a line of ink, without holes but between words, for each text."""
    ink = np.zeros((HEIGHT, WIDTH), bool)
    found = []
    for number, text in enumerate(lines):
        top = 50 + 100 * number
        for place, letter in enumerate(text):
            if letter != " ":
                ink[top : top + 30, place * LETTER_PX : (place + 1) * LETTER_PX] = True
        right = len(text) * LETTER_PX
        box = Box(0, top, right, top + 30)
        line = Line(f"l{number}", box.polygon(), ((0, top + 25), (right, top + 25)))
        xs = np.arange(right + 1, dtype=np.float32)
        crop = LineCrop(np.zeros((1, 1), np.uint8), xs, np.full_like(xs, top))
        # Two columns a letter of eight pixels each, as the network has them.
        sight = Sight(spelled(text), len(text) * 8, right)
        found.append(SeenLine(line, crop, sight, text))
    region = Region("r1", "text", Box(0, 0, WIDTH, HEIGHT).polygon(), tuple(s.line for s in found))
    page = Page(f"p{index}", index, WIDTH, HEIGHT, 100.0, regions=(region,))
    return SeenPage(page, tuple(found), np.packbits(ink))


def test_words_lie_on_their_ink() -> None:
    made = align([seen(FIRST)], transcript_of(" ".join(FIRST)), LETTERS)
    lines = list(made.pages[0].lines)
    assert [line.text for line in lines] == FIRST
    assert lines[0].words[1].box == Box(60, 50, 140, 80)
    assert not made.unwritten and not made.untold
    assert all(one.word.confidence > 0.99 for one in made.borne)


def test_every_word_is_laid_or_listed() -> None:
    text = "a heading\n" + " ".join(FIRST[:2]) + " nobody wrote this " + FIRST[2]
    made = align([seen(FIRST)], transcript_of(text), LETTERS)
    on_ink = {one.number for one in made.borne}
    assert len(on_ink) + sum(len(one.words) for one in made.unwritten) == made.words
    assert ("nobody", "wrote", "this") in [one.words for one in made.unwritten]
    assert made.unwritten[0].words == ("a", "heading")


def test_ink_without_text_is_listed_with_its_reading() -> None:
    made = align([seen(FIRST)], transcript_of(f"{FIRST[0]} {FIRST[2]}"), LETTERS)
    (untold,) = made.untold
    assert (untold.line, untold.seen, untold.whole) == ("l1", FIRST[1], True)
    assert [line.text for line in made.pages[0].lines] == [FIRST[0], FIRST[2]]


def test_a_word_beside_ink_without_text_keeps_to_its_own_ink() -> None:
    page = seen(FIRST)
    ink = page.unpacked()
    ink[150:180, 120:134] = ink[150:180, 180:194] = True  # narrow gaps about "up"
    text = " ".join(FIRST).replace("take up my pen", "take my pen")
    made = align([replace(page, ink=np.packbits(ink))], transcript_of(text), LETTERS)
    box = {one.word.text: one.word.box for one in made.borne if one.line == "l1"}
    assert box["take"].right <= 140 and box["my"].left >= 180
    (untold,) = made.untold
    assert untold.seen == "up" and untold.box.left >= 130 and untold.box.right <= 190


def test_a_wrong_word_is_on_the_page_without_support() -> None:
    made = align([seen(FIRST)], transcript_of(" ".join(FIRST).replace("mother", "father")), LETTERS)
    (worst,) = [one for one in made.borne if one.word.confidence < 0.5]
    assert (worst.word.text, worst.seen) == ("father", "mother")


def test_a_text_without_page_marks_is_parted_by_what_is_read() -> None:
    pages = [seen(FIRST), seen(SECOND, 1)]
    text = transcript_of(" ".join([*FIRST, *SECOND]))
    first = len(" ".join(FIRST).split())
    assert part_text(pages, text, LETTERS) == [0, first, len(text.words)]
    made = align(pages, text, LETTERS)
    assert [[line.text for line in page.lines] for page in made.pages] == [FIRST, SECOND]


def test_a_page_without_ink_takes_no_text() -> None:
    pages = [seen(FIRST), seen([], 1), seen(SECOND, 2)]
    made = align(pages, transcript_of(" ".join([*FIRST, *SECOND])), LETTERS)
    texts = [[line.text for line in page.lines] for page in made.pages]
    assert texts == [FIRST, [], SECOND]


def test_page_marks_are_believed() -> None:
    pages = [seen(FIRST), seen(SECOND, 1)]
    text = transcript_of(" ".join(FIRST[:2]) + "\f" + " ".join([FIRST[2], *SECOND]))
    assert part_text(pages, text, LETTERS)[1] == len(" ".join(FIRST[:2]).split())


def test_a_text_of_another_document_is_all_without_ink() -> None:
    text = transcript_of("zyx wvu zzz qqq jjj kkk xxx vvv")
    made = align([seen(FIRST)], text, LETTERS)
    weak = [one for one in made.borne if one.word.confidence < 0.3]
    missing = sum(len(one.words) for one in made.unwritten)
    assert len(weak) + missing >= made.words - 1


SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "typed" / "Schreiben.jpg"


def aligned_sample(folder: Path, turned: int) -> Alignment:
    """A typed letter, turned counter-clockwise, with its own text."""
    path = folder / f"{turned}.png"
    pixels = np.rot90(np.asarray(Image.open(SAMPLE).convert("L")), turned // 90)
    Image.fromarray(np.ascontiguousarray(pixels)).save(path)
    settings, reader = Settings(), Reader.load()
    image = open_page(source := SourcePage(path, 0, "image", "p", 0), settings)
    lines = json.loads(SAMPLE.with_suffix(".json").read_text("utf-8"))["lines"]
    text = transcript_of(" ".join(line["text"] for line in lines))
    return align([see_page(source, image, settings, reader)], text, reader.alphabet)


def boxes(alignment: Alignment, turned: int) -> dict[int, Box]:
    """The box of each word of the text, with the page stood upright."""
    (page,) = alignment.pages
    to_upright = Frame.upright(turned, page.width, page.height).inverse()
    corners = {one.number: to_upright.to_page(one.word.box.polygon()) for one in alignment.borne}
    return {n: Box(*map(round, (*min(c), *max(c)))) for n, c in corners.items()}


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    common = max(0, width) * max(0, height)
    return common / (a.width * a.height + b.width * b.height - common)


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Box]:
    return boxes(aligned_sample(tmp_path_factory.mktemp("upright"), 0), 0)


@pytest.mark.parametrize("turned", [90, 180])
def test_words_of_a_turned_page_lie_on_their_ink(
    tmp_path: Path, upright: dict[int, Box], turned: int
) -> None:
    made = aligned_sample(tmp_path, turned)
    found = boxes(made, turned)
    same = [n for n in found if n in upright and overlap(found[n], upright[n]) > 0.5]
    assert len(same) > 0.95 * len(upright)
    assert all(one.word.spans == () for one in made.borne)
