"""A document's pages as seen, and a known text -> the pages with that text on its ink.

What has no counterpart is kept: words without ink, ink without words.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from export.line_parts import box_around
from pipeline.document import Alternative, Box, Line, Page, Word
from pipeline.load import PageImage, SourcePage
from pipeline.placing import place_stretch, place_words
from pipeline.settings import Settings
from pipeline.stages import crops_of, segment_upright, unread_page
from pipeline.transcript import Transcript
from recognize.alphabet import Alphabet
from recognize.ctc import decode_greedily
from recognize.laying import LaidLine, LaidWord, lay_words
from recognize.reader import Reader, Sight
from recognize.transcript import Piece, match_words
from segment.arrays import Ink
from segment.crop import LineCrop
from segment.page import Segmentation
from segment.words import Span

GRAM = 6  # letters in a row by which pages and text recognise each other
NEAR_LINES = 16  # lines on either side of a page's end that decide where the text is parted
LEAST_SUPPORT = 1e-4  # 0 would say that nobody has measured it


@dataclass(frozen=True, slots=True, eq=False)
class SeenLine:
    """A line that was found, and what the network sees in it."""

    line: Line
    crop: LineCrop
    sight: Sight
    reading: str


@dataclass(frozen=True, slots=True, eq=False)
class SeenPage:
    """A page with its lines, of which none bears text yet.

    Attributes:
        page: its regions and lines.
        lines: all lines, in reading order.
        ink: bool (H, W), packed to bits.
        turned: degrees by which the text is turned counter-clockwise: 0, 90, 180 or 270.
    """

    page: Page
    lines: tuple[SeenLine, ...]
    ink: NDArray[np.uint8]
    turned: int = 0

    def unpacked(self) -> Ink:
        """The page's ink, bool (H, W)."""
        shape = self.page.height, self.page.width
        return np.unpackbits(self.ink, count=shape[0] * shape[1]).reshape(shape).view(np.bool_)


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Words of the text for which there is no ink, in a row.

    Attributes:
        page: index of the page after whose words they come; the first page's if none do.
        first: number of the first word in the text.
        words: the words.
        line: ID of the line on which the word before them is; empty if there is none.
    """

    page: int
    first: int
    words: tuple[str, ...]
    line: str = ""


@dataclass(frozen=True, slots=True)
class Untold:
    """Ink for which the text has no word.

    Attributes:
        page: index of the page.
        line: ID of the line.
        box: where, in page pixels.
        seen: what the network reads there.
        whole: whether the text has no word of this line at all.
    """

    page: int
    line: str
    box: Box
    seen: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Borne:
    """A word of the text on its ink.

    Attributes:
        page: index of the page.
        line: ID of the line.
        number: of the word in the text.
        word: as it stands on the page; a part of it, if it is broken at the line's end.
        against: natural logarithm of how much likelier the network's own reading is.
        seen: what the network itself reads there.
    """

    page: int
    line: str
    number: int
    word: Word
    against: float
    seen: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """A text on its pages.

    Attributes:
        pages: their lines with the text's words; confidences are the support by the ink.
        borne: every word that has ink.
        unwritten: words without ink.
        untold: ink without words.
        words: how many words the text has.
    """

    pages: tuple[Page, ...]
    borne: tuple[Borne, ...]
    unwritten: tuple[Unwritten, ...]
    untold: tuple[Untold, ...]
    words: int


def see_page(source: SourcePage, image: PageImage, settings: Settings, reader: Reader) -> SeenPage:
    """Find the lines of a page and look at them."""
    found = segment_upright(image.gray, settings, reader)
    crops = crops_of(image.gray, found)
    sights = reader.look([crop.image for crop in crops])
    return seen_page(unread_page(source, image), found, crops, sights, reader.alphabet)


def seen_page(
    page: Page,
    found: Segmentation,
    crops: Sequence[LineCrop],
    sights: Sequence[Sight],
    alphabet: Alphabet,
) -> SeenPage:
    """A page, as yet unread, whose lines have been found and looked at."""
    lines = (
        seen_line(line, crop, sight, alphabet)
        for line, crop, sight in zip(found.lines, crops, sights, strict=True)
    )
    page = replace(page, skew=found.skew, regions=found.regions)
    return SeenPage(page, tuple(lines), np.packbits(found.ink), found.turn.degrees)


def seen_line(line: Line, crop: LineCrop, sight: Sight, alphabet: Alphabet) -> SeenLine:
    """A line with what is needed to lay words on it, and no more: many pages are held at once."""
    without_image = replace(crop, image=np.zeros((1, 1), np.uint8))
    halved = replace(sight, probabilities=sight.probabilities.astype(np.float16))
    return SeenLine(line, without_image, halved, read_greedily(sight, alphabet))


def read_greedily(sight: Sight, alphabet: Alphabet) -> str:
    """The network's own reading of a line, without help."""
    return alphabet.decode(decode_greedily(sight.probabilities).labels).strip()


def align(seen: Sequence[SeenPage], transcript: Transcript, alphabet: Alphabet) -> Alignment:
    """Lay a text on the pages of a document.

    Args:
        seen: the pages in order.
        transcript: the text of all of them.
        alphabet: of the labels that the pages were seen with.

    Returns:
        The alignment; every word of the text is in `borne` or `unwritten`.
    """
    starts = part_text(seen, transcript, alphabet)
    pages, borne, untold = [], [], []
    for page, (first, last) in zip(seen, pairwise(starts), strict=True):
        placed = _align_page(page, transcript, first, last, alphabet)
        pages.append(placed.page)
        borne += placed.borne
        untold += placed.untold
    unwritten = tuple(_unwritten(transcript, borne, starts))
    return Alignment(tuple(pages), tuple(borne), unwritten, tuple(untold), len(transcript.words))


@dataclass(frozen=True, slots=True)
class _Placed:
    page: Page
    borne: list[Borne]
    untold: list[Untold]


def _align_page(
    seen: SeenPage, transcript: Transcript, first: int, last: int, alphabet: Alphabet
) -> _Placed:
    """Lay the words from `first` to `last` on a page."""
    words = transcript.words[first:last]
    breaks = _kept_breaks(transcript, first, last, len(seen.lines))
    pieces = match_words(_probabilities(seen.lines), words, alphabet, breaks)
    of_line: dict[int, list[Piece]] = {}
    for piece in pieces:
        of_line.setdefault(piece.line, []).append(piece)
    ink = seen.unpacked()
    borne: list[Borne] = []
    untold: list[Untold] = []
    lines: dict[str, Line] = {}
    for number, one in enumerate(seen.lines):
        found = of_line.get(number, [])
        texts = [words[piece.word][piece.first : piece.last] for piece in found]
        laid = lay_words(one.sight.probabilities, texts, alphabet)
        line, kept = with_laid(one, texts, laid, ink, seen.turned)
        lines[line.id] = line
        about = zip(line.words, kept, strict=True)
        for word, (place, laid_word) in about:
            number_in_text = first + found[place].word
            borne.append(
                Borne(
                    seen.page.index,
                    line.id,
                    number_in_text,
                    word,
                    laid_word.against,
                    laid_word.seen,
                )
            )
        untold += _untold(seen, one, laid, whole=not line.words)
    regions = tuple(
        replace(
            region, lines=tuple(lines[line.id] for line in region.lines if lines[line.id].words)
        )
        for region in seen.page.regions
    )
    page = replace(seen.page, regions=tuple(region for region in regions if region.lines))
    return _Placed(page, borne, untold)


def _probabilities(lines: Sequence[SeenLine]) -> list[NDArray[np.float32]]:
    return [line.sight.probabilities.astype(np.float32) for line in lines]


def _kept_breaks(transcript: Transcript, first: int, last: int, found: int) -> frozenset[int]:
    """The words that begin a line, if the text has about as many lines as the page."""
    starts = frozenset(number - first for number in transcript.lines if first <= number < last)
    return starts if found / 2 <= len(starts) <= found * 2 else frozenset()


def with_laid(
    seen: SeenLine, texts: Sequence[str], laid: LaidLine, ink: Ink, turned: int = 0
) -> tuple[Line, list[tuple[int, LaidWord]]]:
    """A line with those of its words that have ink.

    Args:
        seen: the line.
        texts: the words.
        laid: where they are on it.
        ink: bool (H, W), of the page.
        turned: as in `SeenPage`.

    Returns:
        The line, and each of its words with its number in `texts`.
    """
    kept = [(place, word) for place, word in enumerate(laid.words) if word is not None]
    placed = _placed(seen, laid, ink, turned)
    words = tuple(
        Word(
            texts[place],
            box,
            max(word.support, LEAST_SUPPORT),
            span,
            _own_reading(texts[place], word),
        )
        for (place, word), (box, span) in zip(kept, placed, strict=True)
    )
    size = sum(len(word.text) for word in words)
    against = sum(word.against for _, word in kept)
    support = max(math.exp(-against / size), LEAST_SUPPORT) if size else 0.0
    return replace(seen.line, words=words, confidence=support), kept


def _placed(
    seen: SeenLine, laid: LaidLine, ink: Ink, turned: int
) -> list[tuple[Box, tuple[Span, ...]]]:
    """The places of a line's words that have ink, which keep off the ink without text."""
    letters: list[list[Span]] = []
    are_words: list[bool] = []
    for number in range(len(laid.words) + 1):
        stray = [one for one in laid.surplus if one.before == number]
        letters += [[(seen.sight.x(one.left), seen.sight.x(one.right))] for one in stray]
        are_words += [False] * len(stray)
        word = laid.words[number] if number < len(laid.words) else None
        if word:
            letters.append(_letters(seen, word))
            are_words.append(True)
    placed = place_words(seen.line, seen.crop, letters, ink, turned)
    return [place for place, is_word in zip(placed, are_words, strict=True) if is_word]


def _own_reading(text: str, word: LaidWord) -> tuple[Alternative, ...]:
    """What the network itself reads, if that is another word; its probability of the two."""
    if word.seen == text or not word.seen or " " in word.seen:
        return ()
    return (Alternative(word.seen, 1 / (1 + math.exp(-word.against))),)


def _letters(seen: SeenLine, word: LaidWord) -> list[Span]:
    """Where each letter begins and ends along the line's crop."""
    centers = [(left + right) / 2 for left, right in word.spans]
    borders = [word.left, *((a + b) / 2 for a, b in pairwise(centers)), word.right]
    return list(pairwise(seen.sight.x(border) for border in borders))


def _untold(page: SeenPage, seen: SeenLine, laid: LaidLine, *, whole: bool) -> Iterator[Untold]:
    index = page.page.index
    if whole:
        if any(character.isalnum() for character in seen.reading):
            box = box_around(seen.line.boundary)
            yield Untold(index, seen.line.id, box, seen.reading, whole=True)
        return
    for surplus in laid.surplus:
        stretch = seen.sight.x(surplus.left), seen.sight.x(surplus.right)
        box = place_stretch(seen.line, seen.crop, stretch, page.turned)
        yield Untold(index, seen.line.id, box, surplus.seen, whole=False)


def _unwritten(
    transcript: Transcript, borne: Sequence[Borne], starts: Sequence[int]
) -> Iterator[Unwritten]:
    """The words that have no ink, those in a row together, those of two pages apart."""
    place = {one.number: one for one in borne}
    run: list[int] = []
    for number in range(len(transcript.words) + 1):
        ends = number == len(transcript.words) or number in place or number in starts
        if run and ends:
            before = place.get(run[0] - 1)
            page = max(sum(start <= run[0] for start in starts[:-1]) - 1, 0)
            words = transcript.words[run[0] : run[-1] + 1]
            same_page = before is not None and before.page == page
            yield Unwritten(page, run[0], words, before.line if before and same_page else "")
            run = []
        if number < len(transcript.words) and number not in place:
            run.append(number)


def part_text(seen: Sequence[SeenPage], transcript: Transcript, alphabet: Alphabet) -> list[int]:
    """Find the word with which each page begins.

    Page marks are believed if there are as many as pages. Else pages and text recognise each
    other by letters in a row that occur once in each, in order; then the lines on either side of
    each page's end are matched to the words around it.

    Returns:
        The number of each page's first word, and the number of words: one more than pages.
    """
    size = len(transcript.words)
    if len(transcript.pages) == len(seen):
        return [*transcript.pages, size]
    rough = [0, *_rough_ends([_letters_of(page) for page in seen], transcript.words)]
    return [0, *_refined_ends(seen, transcript, rough, alphabet), size]


def _letters_of(page: SeenPage) -> str:
    return _folded("".join(line.reading for line in page.lines))


def _folded(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _rough_ends(pages: Sequence[str], words: Sequence[str]) -> list[int]:
    """About how many words there are up to the end of each page."""
    folded = [_folded(word) for word in words]
    word_ends = np.cumsum([len(word) for word in folded])
    seen, text = "".join(pages), "".join(folded)
    anchors = _rising([(at, place) for at, place in _shared_grams(seen, text)])
    # Beyond the outermost anchors text and reading are about equally long.
    first, last = (anchors[0], anchors[-1]) if anchors else ((0, 0), (len(seen), len(text)))
    head = (first[0] - min(first), first[1] - min(first))
    rest = min(len(seen) - last[0], len(text) - last[1])
    tail = (last[0] + rest, last[1] + rest)
    known = np.asarray([head, *anchors, tail], float)
    ends = np.interp(np.cumsum([len(page) for page in pages]), known[:, 0], known[:, 1])
    return [int(n) for n in np.searchsorted(word_ends, ends, "left")]


def _shared_grams(seen: str, text: str) -> Iterator[tuple[int, int]]:
    """Places of the grams that both have exactly once."""
    places = _single_grams(text)
    for gram, at in _single_grams(seen).items():
        if gram in places:
            yield at, places[gram]


def _single_grams(text: str) -> dict[str, int]:
    grams = [text[at : at + GRAM] for at in range(len(text) - GRAM + 1)]
    counts = Counter(grams)
    return {gram: at for at, gram in enumerate(grams) if counts[gram] == 1}


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs whose both numbers rise."""
    ordered = sorted(pairs)
    tops: list[int] = []
    top_places: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(ordered):
        length = bisect_left(tops, place)
        tops[length : length + 1] = [place]
        top_places[length : length + 1] = [number]
        before.append(top_places[length - 1] if length else -1)
    found = []
    number = top_places[-1] if top_places else -1
    while number >= 0:
        found.append(ordered[number])
        number = before[number]
    return found[::-1]


def _refined_ends(
    seen: Sequence[SeenPage], transcript: Transcript, rough: Sequence[int], alphabet: Alphabet
) -> list[int]:
    """The ends of all pages but the last, moved to where the lines around them say."""
    ends: list[int] = []
    for (page, following), end in zip(pairwise(seen), rough[1:-1], strict=True):
        above, below = page.lines[-NEAR_LINES:], following.lines[:NEAR_LINES]
        reach = sum(len(line.reading.split()) for line in (*above, *below)) + 5
        least = ends[-1] if ends else 0
        first, last = max(least, end - reach), max(least, min(len(transcript.words), end + reach))
        words = transcript.words[first:last]
        pieces = match_words(_probabilities([*above, *below]), words, alphabet)
        ends.append(first + _best_cut(pieces, len(above), max(0, end - first)))
    return ends


def _best_cut(pieces: Sequence[Piece], above: int, default: int) -> int:
    """The word before which a page ends, so that the fewest words are on the wrong side of it."""
    sides = {piece.word: piece.line < above for piece in pieces if piece.seen}
    if not sides:
        return default
    numbers = sorted(sides)
    wrong = [sum(sides.values())]  # if the page ended before the first of these words
    for number in numbers:
        wrong.append(wrong[-1] + (-1 if sides[number] else 1))
    best = int(np.argmin(wrong))
    return numbers[best] if best < len(numbers) else numbers[-1] + 1
