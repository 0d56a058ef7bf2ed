"""An answer on a page: its words where the ink bears them out, our own elsewhere."""

from __future__ import annotations

from pipeline.alignment import Alignment, Untold, Unwritten
from pipeline.answered import merged
from pipeline.document import Box, Line, Page, Region, Word

BOUNDARY = Box(0, 0, 300, 30).polygon()


def word(text: str, left: int) -> Word:
    return Word(text, Box(left, 0, left + 80, 30), 0.5)


def line(*words: Word, support: float = 0.9, turned: bool = False) -> Line:
    baseline = ((300.0, 25.0), (0.0, 25.0)) if turned else ((0.0, 25.0), (300.0, 25.0))
    return Line("l1", BOUNDARY, baseline, words, support)


def laid(*lines: Line, untold: tuple[Untold, ...] = ()) -> Alignment:
    region = Region("r1", "text", BOUNDARY, lines)
    page = Page("p", 0, 300, 30, 100.0, regions=(region,))
    return Alignment((page,), (), (Unwritten(0, 0, ("no", "ink")),), untold, 9)


OWN = {"l1": line(word("rnine", 0), word("own", 100), word("word", 200))}


def test_an_answer_that_the_ink_bears_out_goes_before_our_own_reading() -> None:
    made = merged(OWN, laid(line(word("mine", 0), word("own", 100), word("word", 200))))
    assert made["l1"].text == "mine own word"


def test_our_own_reading_stands_where_the_ink_does_not_bear_the_answer_out() -> None:
    assert merged(OWN, laid(line(word("invented", 0), support=0.001))) == OWN
    assert merged(OWN, laid()) == OWN


def test_our_own_words_stand_on_ink_that_the_answer_says_nothing_of() -> None:
    untold = Untold(0, "l1", Box(190, 0, 300, 30), "word", whole=False)
    answer = line(word("mine", 0), word("own", 100))
    assert merged(OWN, laid(answer, untold=(untold,)))["l1"].text == "mine own word"
    between = Untold(0, "l1", Box(95, 0, 185, 30), "own", whole=False)
    answer = line(word("mine", 0), word("word", 200))
    assert merged(OWN, laid(answer, untold=(between,)))["l1"].text == "mine own word"


def test_words_keep_the_direction_of_reading() -> None:
    own = {"l1": line(word("first", 200), word("last", 0), turned=True)}
    untold = Untold(0, "l1", Box(0, 0, 90, 30), "last", whole=False)
    answer = line(word("First", 200), turned=True)
    assert merged(own, laid(answer, untold=(untold,)))["l1"].text == "First last"
