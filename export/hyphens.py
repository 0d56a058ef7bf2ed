"""Words broken at the end of a line -> whole words, by the document's own vocabulary.

`compounds.txt`, made by `make_compounds.py`, has words of four languages that keep their hyphen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from export.ids import word_ids
from pipeline.document import Document, Line, Page

ALWAYS_BREAKS = "¬⸗\u00ad"  # signs that stand for nothing else
HYPHENS = f"-‐‑={ALWAYS_BREAKS}"
COMPOUNDS = Path(__file__).with_name("compounds.txt")
# What French hangs on to a verb or pronoun; after a word that stands alone elsewhere, not a break.
ENCLITICS = frozenset(("il", "elle", "on", "je", "tu", "ils", "elles", "moi", "toi", "lui", "là"))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words that are known to exist, in small letters, without punctuation around them.

    Attributes:
        words: the document's own; words that always have a hyphen are known anyway.
    """

    words: frozenset[str] = frozenset()

    @classmethod
    def of(cls, document: Document) -> Lexicon:
        """The words of a document, those left out that a line's end may have broken."""
        texts = (text for page in document.pages for line in page.lines for text in _unbroken(line))
        return cls(frozenset(filter(None, map(_key, texts))))

    def __contains__(self, text: str) -> bool:
        """Whether a word is known, whatever its capitals and punctuation."""
        key = _key(text)
        return key in self.words or key in _compounds()


@cache
def _compounds() -> frozenset[str]:
    return frozenset(COMPOUNDS.read_text("utf-8").split())


@dataclass(frozen=True, slots=True)
class BrokenWord:
    """A part of a word that goes on, or began, on another line.

    Attributes:
        is_first: whether this is the part at the line's end.
        whole: the word as it would stand within a line.
    """

    is_first: bool
    whole: str


def joined(first: str, second: str, lexicon: Lexicon) -> str | None:
    """The word that a line's last and the next line's first make together, if they do.

    Signs that mean nothing but a break go; a hyphen goes where the lexicon knows the word without
    it, stays where it knows it with it, and otherwise goes before a small letter.
    """
    stem, sign = first[:-1], first[-1:]
    if not sign or sign not in HYPHENS or not stem[-1:].isalpha() or not second[:1].isalpha():
        return None
    plain, hyphenated = stem + second, f"{stem}-{second}"
    if sign in ALWAYS_BREAKS or plain in lexicon:
        return plain
    if hyphenated in lexicon or (_key(second) in ENCLITICS and stem in lexicon):
        return hyphenated
    if second[0].islower():
        return plain
    return None if sign == "=" else hyphenated


def broken_words(page: Page, lexicon: Lexicon) -> dict[str, BrokenWord]:
    """The parts of broken words on a page, by word ID."""
    broken: dict[str, BrokenWord] = {}
    for before, after in _neighbours(page):
        whole = joined(before.words[-1].text, after.words[0].text, lexicon)
        if whole:
            broken[word_ids(before)[-1]] = BrokenWord(True, whole)
            broken[word_ids(after)[0]] = BrokenWord(False, whole)
    return broken


def _neighbours(page: Page) -> Iterator[tuple[Line, Line]]:
    """Lines with words that follow each other, within regions of one kind."""
    lines = [(region.kind, line) for region in page.regions for line in region.lines if line.words]
    return ((a, b) for (kind, a), (next_kind, b) in pairwise(lines) if kind == next_kind)


def _unbroken(line: Line) -> Iterator[str]:
    """A line's words without its first and, if that ends in a hyphen, its last."""
    texts = [word.text for word in line.words]
    is_broken = bool(texts) and texts[-1][-1:] in HYPHENS
    yield from texts[1 : -1 if is_broken else None]


def _key(text: str) -> str:
    """Small letters, without what is neither letter nor digit around them."""
    inner = [i for i, char in enumerate(text) if char.isalnum()]
    return text[inner[0] : inner[-1] + 1].casefold() if inner else ""
