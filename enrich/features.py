"""Words of a text -> hashed features of each, for the tagger of names.

Features of two sorts: of form and of lists, which all languages share, so that each learns from
the others; and of words and their kinds, which are each language's own.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]

LONGEST_NAME = 5  # words
NO_KIND = ("?", "?", "?")
NO_GROUPS = ("-", "-", "-")
GROUPED = ("deu", "eng", "fra")  # languages whose words have groups, see `enrich.word_groups`
_LISTS = "PBCFL"  # places, big ones, countries, first names, last names: bits of `Lexicon.lists`
_ASIDE = "-—.,'’"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is known of words; keys are hashes, sorted.

    Attributes:
        names: uint64, of the folded words of names, see `name_key`.
        lists: uint8, for each name the lists that it is on, a bit each.
        words: uint64, of words with their language, see `word_key`.
        kinds: uint8 (n, 3), for each word its kind among 250, among 41, and how often it bears a
            capital within a sentence, in quarters; 9 if that is not known.
        grouped: uint32, of words as they are written with their language, see `group_key`.
        word_groups: uint16 (n, 3), for each of these its coarse, middle and fine group, see
            `enrich.word_groups`.
    """

    names: NDArray[np.uint64]
    lists: NDArray[np.uint8]
    words: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    grouped: NDArray[np.uint32]
    word_groups: NDArray[np.uint16]

    def lists_of(self, folded: Sequence[str]) -> str:
        """The lists that hold a name, a letter each."""
        found = _find(self.names, name_key(folded))
        if found < 0:
            return ""
        bits = int(self.lists[found])
        return "".join(letter for i, letter in enumerate(_LISTS) if bits >> i & 1)

    def knows(self, word: str, language: str) -> bool:
        """Whether a word in small letters is one of the language's."""
        return _find(self.words, word_key(word, language)) >= 0

    def kind_of(self, word: str, language: str) -> tuple[str, ...]:
        """The word's kinds, `NO_KIND` if it is not known."""
        found = _find(self.words, word_key(word, language))
        return tuple(map(str, self.kinds[found].tolist())) if found >= 0 else NO_KIND

    def groups_of(self, word: str, language: str) -> tuple[str, ...]:
        """The word's groups, `NO_GROUPS` if they are not known.

        A word that is not known as it is written may be known in small letters, or in print that
        has no capitals but the first.
        """
        for form in (word, word.lower(), word.capitalize()):
            found = _find(self.grouped, group_key(form, language))
            if found >= 0:
                return tuple(map(str, self.word_groups[found].tolist()))
        return NO_GROUPS


def without_groups(lexicon: Lexicon) -> Lexicon:
    """The lexicon with no word in a group."""
    return replace(lexicon, grouped=lexicon.grouped[:0], word_groups=lexicon.word_groups[:0])


def fold(word: str) -> str:
    """Small letters without accents."""
    letters = unicodedata.normalize("NFD", word.lower().replace("ß", "ss"))
    return "".join(c for c in letters if not unicodedata.combining(c))


def name_key(folded: Sequence[str]) -> int:
    """What a name of folded words is kept under."""
    return _hash64(" ".join(folded))


def word_key(word: str, language: str) -> int:
    """What a word in small letters is kept under."""
    return _hash64(f"{language}:{word}")


def group_key(word: str, language: str) -> int:
    """What a word's groups are kept under; one word in ten thousand has another's."""
    return _hash32(f"{language}:{word}")


def features(words: Sequence[str], language: str, lexicon: Lexicon) -> list[Codes]:
    """The features of each word, 32-bit hashes.

    Args:
        words: whole words and signs in a row.
        language: ISO 639-3 code.
        lexicon: what is known of words.
    """
    if not words:
        return []
    columns = _columns(words, language, lexicon)
    general = np.stack(list(_general(columns)), axis=1)
    own = np.stack(list(_of_language(columns)), axis=1)
    spoken = _mix(_hash32(language), own)
    row = np.concatenate([general, _mix(_hash32(language), general[:, :6]), spoken], axis=1)
    parts = (_parts(word, language) for word in columns.folded)
    return [np.concatenate(pair) for pair in zip(row, parts, strict=True)]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Hashes of what is seen of each word, uint32 (T,).

    Attributes:
        folded: the words themselves, whole, in small letters without accents.
        word: of these.
        shape: capitals, small letters, digits.
        first: the shape's first two.
        kind: fine kind.
        sort: coarse kind.
        capital: how often the word bears a capital.
        lists: on which lists of names it is.
        sign: the word, if it is a sign; else 0.
        end: its last three letters.
        groups: coarse, middle, fine; none in a language whose words have none.
    """

    folded: Sequence[str]
    word: Codes
    shape: Codes
    first: Codes
    kind: Codes
    sort: Codes
    capital: Codes
    lists: Codes
    sign: Codes
    end: Codes
    groups: tuple[Codes, ...]


def _columns(words: Sequence[str], language: str, lexicon: Lexicon) -> _Columns:
    whole = [word.strip(_ASIDE) or word for word in words]
    folded = [fold(word) for word in whole]
    shapes = [_shape(word) for word in words]
    kinds = [lexicon.kind_of(word.lower(), language) for word in whole]
    has_groups = language in GROUPED and len(lexicon.grouped) > 0
    groups = [lexicon.groups_of(word, language) for word in words] if has_groups else []
    return _Columns(
        folded,
        _hashes(folded),
        _hashes(shapes),
        _hashes([shape[:2] for shape in shapes]),
        _hashes([kind for kind, _, _ in kinds]),
        _hashes([sort for _, sort, _ in kinds]),
        _hashes([capital for _, _, capital in kinds]),
        _hashes(_listed(words, folded, lexicon)),
        _hashes(["" if word.isalnum() else word for word in folded]),
        _hashes([word[-3:] for word in folded]),
        tuple(map(_hashes, zip(*groups, strict=True))),
    )


def _general(seen: _Columns) -> Iterator[Codes]:
    """What all languages share; the first six each language has of its own besides."""
    yield _mix(1, np.zeros_like(seen.word))
    yield _mix(2, seen.shape)
    yield _mix(3, seen.lists)
    yield _mix(4, seen.capital)
    yield _mix(5, seen.lists, seen.capital)
    yield _mix(7, seen.lists, seen.shape)
    before, after = _shifted(seen.shape, -1), _shifted(seen.shape, 1)
    yield _mix(8, before, seen.shape, after)
    yield _mix(9, _shifted(seen.shape, -2), before, seen.shape)
    yield _mix(10, seen.shape, after, _shifted(seen.shape, 2))
    signs = _shifted(seen.sign, -1), _shifted(seen.sign, 1)
    yield _mix(11, *signs, seen.lists)
    yield _mix(12, *signs, seen.shape)
    for offset in (-2, -1, 1, 2):
        slot = 16 * (offset + 4)
        yield _mix(slot, _shifted(seen.shape, offset))
        yield _mix(slot + 1, _shifted(seen.lists, offset))
        if abs(offset) == 1:
            yield _mix(slot + 2, _shifted(seen.shape, offset), seen.shape)
            yield _mix(slot + 3, _shifted(seen.lists, offset), seen.lists)
            yield _mix(slot + 4, _shifted(seen.capital, offset), seen.lists)
            yield _mix(slot + 5, _shifted(seen.sign, offset))


def _of_language(seen: _Columns) -> Iterator[Codes]:
    """What each language has for itself."""
    yield _mix(201, seen.word)
    yield _mix(202, seen.kind)
    yield _mix(203, seen.sort)
    yield _mix(204, seen.capital, seen.first)
    yield _mix(205, seen.sort, seen.first)
    for offset in (-2, -1, 1, 2):
        slot = 300 + 16 * offset
        yield _mix(slot, _shifted(seen.word, offset))
        yield _mix(slot + 1, _shifted(seen.kind, offset))
        yield _mix(slot + 2, _shifted(seen.sort, offset))
        if abs(offset) == 1:
            yield _mix(slot + 3, _shifted(seen.kind, offset), seen.lists)
            yield _mix(slot + 4, _shifted(seen.end, offset))
            yield _mix(slot + 5, _shifted(seen.word, offset), seen.first)
            yield _mix(slot + 6, _shifted(seen.sort, offset), seen.sort)
    word_before, word_after = _shifted(seen.word, -1), _shifted(seen.word, 1)
    yield _mix(211, _shifted(seen.word, -2), word_before)
    yield _mix(212, _shifted(seen.sort, -2), _shifted(seen.sort, -1))
    yield _mix(213, word_before, seen.sort)
    yield _mix(214, word_after, _shifted(seen.word, 2))
    yield _mix(215, word_before, _shifted(seen.shape, 1))
    yield _mix(216, word_before, seen.lists)
    for offset in (-4, -3, 3, 4):
        yield _mix(400 + (offset > 0), _shifted(seen.sort, offset))
    for level, group in enumerate(seen.groups):
        slot = 800 + 20 * level
        before, after = _shifted(group, -1), _shifted(group, 1)
        yield _mix(slot, group)
        yield _mix(slot + 1, before)
        yield _mix(slot + 2, after)
        yield _mix(slot + 3, group, seen.first)
        yield _mix(slot + 4, _shifted(group, -2))
        yield _mix(slot + 5, _shifted(group, 2))
        yield _mix(slot + 6, before, seen.first)
        yield _mix(slot + 7, after, seen.first)


@lru_cache(maxsize=100_000)
def _parts(word: str, language: str) -> Codes:
    """Hashes of a word's beginnings and ends, for all languages, and of its trigrams, for one."""
    ends = [
        part
        for length in (2, 3, 4)
        if len(word) > length
        for part in (f"^{word[:length]}", f"{word[-length:]}$")
    ]
    framed = f"^{word}$"
    trigrams = [f"{language}{framed[i : i + 3]}" for i in range(len(framed) - 2)]
    return _mix(500, _hashes([*ends, *trigrams]))


def _shifted(column: Codes, offset: int) -> Codes:
    """What stands `offset` words on; past the ends of the text a value of its own."""
    moved = np.full_like(column, 0xFFFFFFFF)
    if offset < 0:
        moved[-offset:] = column[:offset]
    else:
        moved[:-offset] = column[offset:]
    return moved


def _mix(slot: int, *columns: Codes) -> Codes:
    """One hash of several, another one for each slot."""
    mixed = np.full_like(columns[0], slot * 0x9E3779B1 & 0xFFFFFFFF)
    for column in columns:
        mixed = (mixed ^ column) * np.uint32(0x85EBCA6B)
        mixed ^= mixed >> np.uint32(15)
    return mixed * np.uint32(0xC2B2AE35)


def _hashes(texts: Sequence[str]) -> Codes:
    return np.array([_hash32(text) for text in texts], np.uint32)


@lru_cache(maxsize=100_000)
def _hash32(text: str) -> int:
    return zlib.crc32(text.encode())


def _listed(words: Sequence[str], folded: Sequence[str], lexicon: Lexicon) -> list[str]:
    """For each word the lists of the names that it is part of; small letters in longer names."""
    found: list[set[str]] = [set() for _ in words]
    for i, word in enumerate(words):
        if not word[:1].isupper():
            continue
        for length in range(min(LONGEST_NAME, len(words) - i), 0, -1):
            lists = lexicon.lists_of(folded[i : i + length])
            if lists and (length > 1 or len(word) > 2):
                for j in range(i, i + length):
                    found[j] |= set(lists if length == 1 else lists.lower())
                if length > 1:
                    break
    return ["".join(sorted(lists)) or "-" for lists in found]


def _shape(word: str) -> str:
    """X, x, 9 for capitals, small letters and digits; no more than two alike in a row."""
    shape = "".join(
        "X" if c.isupper() else "x" if c.islower() else "9" if c.isdigit() else c for c in word
    )
    return re.sub(r"(.)\1{2,}", r"\1\1", shape)


def _hash64(text: str) -> int:
    data = text.encode()
    return zlib.crc32(data) << 32 | zlib.crc32(data[::-1], 0x9E3779B9)


def _find(keys: NDArray[np.uint32] | NDArray[np.uint64], key: int) -> int:
    """The place of a key among sorted ones; -1 if it is not there."""
    place = int(np.searchsorted(keys, keys.dtype.type(key)))
    return place if place < len(keys) and int(keys[place]) == key else -1
