"""New lines in hands that we have: words, and parts of them, joined to say something else.

A network soon knows lines by heart that it sees again and again, whatever is done to the paper. A
line that says something else every time, in the same hand, cannot be known; and it teaches what
the hand's language says. After the unit selection of speech synthesis (Hunt and Black, ICASSP
1996) and the glyphs joined by Haines et al., "My text in your handwriting" (TOG 2016). For training
only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from recognize.dataset import LineSample
from recognize.letter_places import LetterPlaces, upright
from recognize.normalize import Gray, LineArray
from recognize.prose import cut_prose, read_paragraphs

_BEGIN, _END = "\x02", "\x03"  # a part of a word tells whether it stood at its ends
_LONGEST = 8  # letters and ends of a part at most
_KINDS = 24  # words that a part is remembered from
_FEWEST = 10  # lines of a hand that can be put together anew
_JUMP = 0.35  # chance that a text goes on from another place where the same word stands
_WHOLE = 0.85  # chance that a word which the hand has is taken whole
_SURE = 50  # hundredths in the mean, of the letters of a word: where they are less, it stands not
_NEARBY = 3  # places that a word may be taken from, of which the nearest is
_SCALE = (0.7, 1.4)  # how far words are made larger or smaller to fit the others
_SHORT = (("and", "&"), ("et", "&"), ("und", "u."))  # what some hands write otherwise


@dataclass(frozen=True, slots=True)
class SpliceParams:
    """Settings of `splice_lines`.

    Attributes:
        times: how many new lines for each line of a corpus, or of all whose names begin so; the
            longest name that fits counts.
        places: files that recognize/letter_places.py wrote; without any a training asks the model
            that it begins from.
        hands: corpora, or corpus/begin of a page, of which not every page is by another hand: those
            where "all" is one hand, and those where a "folder" is, the page's name up to the last
            "__".
        texts: language and a file of prose in it.
        prose: share of the lines that say something from there; the others say what the hand's own
            lines do, in another order.
    """

    times: tuple[tuple[str, float], ...] = ()
    places: tuple[str, ...] = ()
    hands: tuple[tuple[str, str], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    prose: float = 0.5

    def times_of(self, corpus: str) -> float:
        """How many new lines for each line of a corpus."""
        return float(_fitting(corpus, self.times) or 0)

    def hand_of(self, sample: LineSample) -> str:
        """Corpus and hand of a line."""
        place = f"{sample.corpus}/{sample.page}"
        rule = _fitting(place, self.hands)
        if rule == "all":
            return f"{sample.corpus}/"
        return place.rsplit("__", 1)[0] if rule == "folder" else place


Said = TypeVar("Said")


def _fitting(name: str, rules: Sequence[tuple[str, Said]]) -> Said | None:
    """What the rule says whose beginning of the name is longest; None if none fits."""
    fitting = [(len(begin), said) for begin, said in rules if name.startswith(begin)]
    return max(fitting, key=lambda rule: rule[0])[1] if fitting else None


@dataclass(frozen=True, slots=True, eq=False)
class PlacedLine:
    """A line and where its letters stand."""

    sample: LineSample
    places: LetterPlaces


@dataclass(frozen=True, slots=True)
class Part:
    """Some letters of a hand's line: number of the line, first letter and last + 1."""

    line: int
    start: int
    end: int


class Hand:
    """The lines of one hand, and where in them which words and parts of words stand."""

    def __init__(self, name: str, lines: Sequence[PlacedLine], rng: np.random.Generator) -> None:
        """A hand of lines in the order of their pages; `rng` chooses what is remembered."""
        self.name, self.lines = name, lines
        self._sizes = [line.places.bottom - line.places.top for line in lines]
        self.words: defaultdict[str, list[Part]] = defaultdict(list)
        for number, line in enumerate(lines):
            for start, end in _word_spans(line.sample.text):
                if np.mean(line.places.sure[start:end]) > _SURE:
                    self.words[line.sample.text[start:end]].append(Part(number, start, end))
        self._parts: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        kinds = list(self.words)
        for kind in rng.permutation(len(kinds)).tolist():
            self._remember(kinds[kind])

    def _remember(self, word: str) -> None:
        marked = _BEGIN + word + _END
        for start in range(len(marked)):
            for end in range(start + 1, min(len(marked), start + _LONGEST) + 1):
                known = self._parts[marked[start:end]]
                if len(known) < _KINDS:
                    known.append((word, start))

    @property
    def language(self) -> str:
        """ISO 639-3, that of most of its lines."""
        return Counter(line.sample.lang for line in self.lines).most_common(1)[0][0]

    def can_write(self, text: str) -> bool:
        """Whether every word can be put together from parts of two letters or more, in the mean."""
        return all(word in self.words or self._can_join(word) for word in text.split())

    def _can_join(self, word: str) -> bool:
        parts = self._split(word, None)
        return 0 < len(parts) <= max(1, len(word) // 2)

    def write(self, word: str, near: int, rng: np.random.Generator) -> list[Part]:
        """Parts that say a word, from lines near the line number `near` where there is a choice."""
        if word in self.words and (len(word) < 4 or rng.random() < _WHOLE):
            return [self._nearest(word, near, rng)]
        split = self._split(word, rng) or self._split(word, None)
        if not split:
            return [self._nearest(word, near, rng)]
        return [self._take(marked, near, rng) for marked in split]

    def _split(self, word: str, rng: np.random.Generator | None) -> list[str]:
        """Parts that make up a word, the longest that there are, at times the second longest."""
        marked = _BEGIN + word + _END
        most = len(word) if word in self.words else _LONGEST  # else it would be whole again
        parts: list[str] = []
        start = 0
        while start < len(marked):
            longest = min(most, len(marked) - start, _LONGEST)
            known = [n for n in range(longest, 0, -1) if marked[start : start + n] in self._parts]
            if not known:
                return []
            second = rng is not None and len(known) > 1 and known[1] > 2 and rng.random() < 0.4
            parts.append(marked[start : start + known[1 if second else 0]])
            start += len(parts[-1])
        return [part for part in parts if part not in (_BEGIN, _END)]

    def _nearest(self, word: str, near: int, rng: np.random.Generator) -> Part:
        """Where some lines have a word: as near in the hand's pages as may be, and as large."""
        parts = self.words[word]
        some = [parts[int(rng.integers(len(parts)))] for _ in range(_NEARBY)]
        size = self._sizes[near]

        def unlike(part: Part) -> float:
            far = abs(part.line - near) / len(self.lines)
            return far + float(abs(np.log(self._sizes[part.line] / size)))

        return min(some, key=unlike)

    def _take(self, marked: str, near: int, rng: np.random.Generator) -> Part:
        kinds = self._parts[marked]
        word, offset = kinds[int(rng.integers(len(kinds)))]
        whole = self._nearest(word, near, rng)
        first = whole.start + max(0, offset - 1)
        return Part(whole.line, first, min(whole.end, whole.start + offset - 1 + len(marked)))


def _word_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for word in text.split(" "):
        if word:
            yield start, start + len(word)
        start += len(word) + 1


@dataclass(frozen=True, slots=True)
class SplicedLine:
    """A line to be put together, from other parts every time.

    Attributes:
        hand: that writes it.
        text: NFC.
        width: columns that it takes about, at a height of 64.
        corpus: always "spliced".
        page: corpus and hand.
    """

    hand: Hand = field(repr=False)
    text: str
    width: int
    corpus: str = "spliced"

    @property
    def page(self) -> str:
        """Corpus and hand."""
        return self.hand.name

    def draw(self, rng: np.random.Generator) -> Gray:
        """The line as the hand might have written it, uint8 (64, W)."""
        near = int(rng.integers(len(self.hand.lines)))
        model = self.hand.lines[near]
        places, width = model.places, _upright(model).shape[1]
        strips = [_strip(model, places, 0, places.cuts[0])]
        for word in self.text.split():
            parts = self.hand.write(word, near, rng)
            strips += [_strip_of(self.hand.lines[part.line], part, places) for part in parts]
            strips.append(_gap(self.hand.lines[parts[-1].line], parts[-1].end, places, rng))
        strips[-1] = _strip(model, places, places.cuts[-1], width)
        return _on_paper(np.concatenate(strips, axis=1), places)


@lru_cache(maxsize=8000)
def _upright(line: PlacedLine) -> Gray:
    """A line's picture made upright; decoding it takes longer than all else."""
    return upright(line.sample.pixels(), line.places.slant, line.places.paper)


def _strip_of(line: PlacedLine, part: Part, places: LetterPlaces) -> LineArray:
    cuts = line.places.cuts
    return _strip(line, places, cuts[part.start], cuts[part.end])


def _strip(line: PlacedLine, places: LetterPlaces, left: int, right: int) -> LineArray:
    """Columns of a line as their ink covers the paper, its letters as high and low as `places`."""
    own = line.places
    piece = _upright(line)[:, left:right]
    covered = (own.paper - piece.astype(np.float32)) / np.float32(max(16, own.paper - own.ink))
    height = piece.shape[0]
    scale = float(np.clip((places.bottom - places.top) / (own.bottom - own.top), *_SCALE))
    if own is places or not covered.size:
        return covered
    width = max(1, round(covered.shape[1] * scale))
    shift = (places.bottom + places.top - scale * (own.bottom + own.top)) / 2
    fit = np.array([[width / covered.shape[1], 0, 0], [0, scale, shift]])
    fitted: LineArray = cv2.warpAffine(covered, fit, (width, height)).astype(np.float32)
    return fitted


def _gap(line: PlacedLine, end: int, places: LetterPlaces, rng: np.random.Generator) -> LineArray:
    """What stands between a word and the next one in its line, or paper where it is the last."""
    cuts = line.places.cuts
    if end + 1 < len(cuts) and line.sample.text[end] == " ":
        return _strip(line, places, cuts[end], cuts[end + 1])
    width = round(rng.uniform(0.5, 1.2) * (places.bottom - places.top))
    return np.zeros((_upright(line).shape[0], max(2, width)), np.float32)


def _on_paper(coverage: LineArray, places: LetterPlaces) -> Gray:
    """Coverage as the model line's ink on its paper, slanted as it is."""
    reach = round(abs(places.slant) * coverage.shape[0] / 2)
    padded = cv2.copyMakeBorder(coverage, 0, 0, reach, reach, cv2.BORDER_CONSTANT, value=0.0)
    height, width = padded.shape
    shear = np.array([[1, -places.slant, places.slant * height / 2], [0, 1, 0]])
    slanted = cv2.warpAffine(padded, shear, (width, height))
    tones = places.paper - slanted * np.float32(places.paper - places.ink)
    line: Gray = tones.clip(0, 255).astype(np.uint8)
    return line


def splice_lines(
    params: SpliceParams,
    samples: Iterable[LineSample],
    places: Iterable[LetterPlaces],
    rng: np.random.Generator,
) -> list[SplicedLine]:
    """Choose hands and what they shall say.

    Args:
        params: how many new lines of which corpora, and where prose is.
        samples: transcribed lines.
        places: where the letters stand in some of them.
        rng: seeded by the caller.

    Raises:
        InputError: if a file of prose cannot be read.
    """
    known = {(one.corpus, one.page, one.line): one for one in places}
    by_hand: defaultdict[str, list[PlacedLine]] = defaultdict(list)
    for sample in samples:
        place = sample.corpus, sample.page, sample.line
        if place in known and params.times_of(sample.corpus) > 0:
            by_hand[params.hand_of(sample)].append(PlacedLine(sample, known[place]))
    prose = {language: read_paragraphs(Path(path)) for language, path in params.texts}
    made: list[SplicedLine] = []
    for name, lines in sorted(by_hand.items()):
        if len(lines) >= _FEWEST:
            lines.sort(key=lambda line: (line.sample.page, line.sample.line))
            hand = Hand(name, lines, rng)
            texts = _texts(hand, prose.get(hand.language, []), params.prose, rng)
            count = round(params.times_of(lines[0].sample.corpus) * len(lines))
            made += _lines_of(hand, texts, count)
    return made


def _lines_of(hand: Hand, texts: Iterator[str], count: int) -> Iterator[SplicedLine]:
    """Lines of a hand; fewer where it can hardly write what is asked."""
    letters = sum(len(line.sample.text) for line in hand.lines)
    pace = sum(line.places.cuts[-1] for line in hand.lines) / max(1, letters)
    for _ in range(count):
        for _, text in zip(range(20), texts, strict=False):
            if text and hand.can_write(text):
                yield SplicedLine(hand, text, round(pace * len(text)) + 32)
                break


def _texts(
    hand: Hand, paragraphs: list[str], prose: float, rng: np.random.Generator
) -> Iterator[str]:
    """Endless lines as long as the hand's: of prose, and of its own words in another order."""
    lengths = [len(line.sample.text) for line in hand.lines]
    stream = [word for line in hand.lines for word in line.sample.text.split()]
    where: defaultdict[str, list[int]] = defaultdict(list)
    for number, word in enumerate(stream):
        where[word].append(number)
    while True:
        length = lengths[int(rng.integers(len(lengths)))]
        if paragraphs and rng.random() < prose:
            yield _as_written(cut_prose(paragraphs, length, rng), hand)
        else:
            yield _reordered(stream, where, length, rng)


def _reordered(
    stream: Sequence[str],
    where: Mapping[str, Sequence[int]],
    length: int,
    rng: np.random.Generator,
) -> str:
    """Words as they follow each other, now here, now there, in the hand's own lines."""
    place = int(rng.integers(len(stream)))
    text = stream[place]
    while len(text) < length:
        if rng.random() < _JUMP:
            again = where[stream[place]]
            place = again[int(rng.integers(len(again)))]
        place = (place + 1) % len(stream)
        text += " " + stream[place]
    return text


def _as_written(text: str, hand: Hand) -> str:
    """Prose with the abbreviations that a hand has more often than the words."""
    for long, short in _SHORT:
        if len(hand.words.get(short, ())) > len(hand.words.get(long, ())):
            text = " ".join(short if word == long else word for word in text.split())
    return text.replace("’", "'")
