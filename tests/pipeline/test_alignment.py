"""A text on the pages of a document, the pages as a perfect network would see them."""

from __future__ import annotations

import numpy as np

from pipeline.alignment import SeenLine, SeenPage, align, part_text
from pipeline.document import Box, Line, Page, Region
from pipeline.transcript import transcript_of
from recognize.reader import Sight
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
