"""Character n-grams of a language: how likely a letter is after the letters before it.

Witten and Bell's smoothing (IEEE Transactions on Information Theory 37, 1991) over counts that are
kept as sorted arrays of packed n-grams: a few megabytes a language, no compiler.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.files import write_bytes
from recognize.alphabet import clean
from recognize.dataset import read_samples
from recognize.prose import read_paragraphs

Codes = NDArray[np.uint64]  # packed n-grams, 8 bits a character, sorted
LogProbabilities = NDArray[np.float32]

SHIPPED = Path(__file__).parent / "weights" / "languages"
ORDER = 7
_BITS = 8
_DOUBT = 16.0  # a kind of character seen after a context speaks so many times for others still
_LEAST = (1, 1, 1, 1, 1, 2, 2)  # rarer n-grams are forgotten, by order
_UNKNOWN = math.log(1e-7)
_LEAST_TEXT = 40  # characters without which no language is guessed
_LEAD = 0.05  # of the best language over the second, in logarithms per character
# A text in a language of ours costs less per character, and so much more where it is misread. On
# val Italian and Corsican lie 0.4 above, all others 0.4 below.
_STRANGE, _MISREAD = 2.9, 5.0
_REMEMBERED = 50_000  # contexts whose distributions are kept at hand
_SHARED = 4_000  # the same of the ends of contexts: 4 MB a language
_NOTHING = np.empty(0, np.intp), np.empty(0)  # no characters, no counts


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of one order: `codes` sorted, `counts` beside them."""

    codes: Codes
    counts: NDArray[np.uint32]

    def after(self, context: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The characters that follow a packed context, and how often."""
        ends = np.array([context << _BITS, (context + 1) << _BITS], np.uint64)
        low, high = self.codes.searchsorted(ends).tolist()
        if low == high:  # most contexts of many letters have never been seen
            return _NOTHING
        characters = (self.codes[low:high] & np.uint64((1 << _BITS) - 1)).astype(np.intp)
        return characters, self.counts[low:high].astype(np.float64)


class LanguageModel:
    """Distributions of the next character; the same for the same context."""

    def __init__(self, characters: str, grams: tuple[Grams, ...]) -> None:
        """A model over `characters`, code 1 for the first; `grams` by order, from 1."""
        self.characters = characters
        self._grams = grams
        self._codes = {character: code for code, character in enumerate(characters, start=1)}
        self._known: dict[int, LogProbabilities] = {}
        self._ends = (1 << (_BITS * (len(grams) - 1))) - 1  # the bits of a context
        self._shorter = lru_cache(_SHARED)(self._distribution)  # after ends that contexts share
        everything = grams[0]
        unigrams = np.full(len(characters) + 1, 0.5)
        unigrams[(everything.codes & np.uint64(255)).astype(np.intp)] += everything.counts
        self._base: NDArray[np.float64] = unigrams / unigrams.sum()

    @property
    def order(self) -> int:
        """Characters of the longest n-grams."""
        return len(self._grams)

    def code(self, character: str) -> int:
        """The character's code; 0 if the model does not know it."""
        return self._codes.get(character, 0)

    def extend(self, context: int, code: int) -> int:
        """The packed context after one more character."""
        return ((context << _BITS) | code) & self._ends

    def next_log_probabilities(self, context: int) -> LogProbabilities:
        """Natural logarithms of the next character's probabilities, by code, float32 (N + 1,)."""
        known = self._known.get(context)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = np.log(self._distribution(context)).astype(np.float32)
            known[0] = _UNKNOWN
            self._known[context] = known
        return known

    def _distribution(self, context: int) -> NDArray[np.float64]:
        if not context:
            return self._base
        length = -(-context.bit_length() // _BITS)
        shares = self._shorter(context & ((1 << (_BITS * (length - 1))) - 1))
        characters, counts = self._grams[length].after(context)
        if not len(counts):
            return shares
        total = counts.sum()
        doubt = _DOUBT * len(characters)
        longer: NDArray[np.float64] = shares * (doubt / (total + doubt))
        longer[characters] += counts / (total + doubt)
        return longer

    def log_probability(self, text: str) -> float:
        """Natural logarithm of a text's probability, as a line of its own."""
        context, total = self.start, 0.0
        for character in clean(text):
            code = self.code(character)
            total += float(self.next_log_probabilities(context)[code])
            context = self.extend(context, code)
        return total

    @property
    def start(self) -> int:
        """The context at the beginning of a line: a space."""
        return self.code(" ")


def count_language(texts: Iterable[str], order: int = ORDER) -> LanguageModel:
    """Count the n-grams of some texts.

    Args:
        texts: paragraphs or lines.
        order: characters of the longest n-grams, at most 7.

    Raises:
        ValueError: if there is no text, or the order does not fit.
    """
    text = " ".join(clean(paragraph) for paragraph in texts)
    if not text or not 1 <= order <= len(_LEAST):
        raise ValueError(f"expected text and an order of 1 to {len(_LEAST)}, got {order}")
    common = [character for character, _ in Counter(text).most_common((1 << _BITS) - 1)]
    characters = "".join(sorted(common))
    table = {character: code for code, character in enumerate(characters, start=1)}
    codes = np.array([table.get(character, 0) for character in text], np.uint64)
    return LanguageModel(characters, tuple(_count(codes, n) for n in range(1, order + 1)))


def train_language(
    texts: Sequence[Path], corpora: Sequence[Path], language: str, out: Path, weight: int = 3
) -> None:
    """Make a language model of prose and of the transcripts in line corpora.

    Args:
        texts: files of prose.
        corpora: Parquet files of lines; their train split is used where it is in the language.
        language: ISO 639-3 code of the transcripts to take.
        out: the file to write.
        weight: how often a transcript counts: it is closer to what will be read than prose.

    Raises:
        InputError: if a file cannot be read, or there is no text.
    """
    paragraphs = [paragraph for path in texts for paragraph in read_paragraphs(path)]
    lines = [one.text for one in read_samples(corpora, "train") if one.lang == language]
    if not paragraphs and not lines:
        raise InputError(f"no text in {language!r}; check --lang and the files")
    save_language(count_language([*paragraphs, *lines * weight]), out)


def _count(codes: NDArray[np.uint64], order: int) -> Grams:
    size = len(codes) - order + 1
    packed = np.zeros(max(0, size), np.uint64)
    for place in range(order):
        packed = (packed << np.uint64(_BITS)) | codes[place : place + max(0, size)]
    grams, counts = np.unique(packed, return_counts=True)
    kept = counts >= _LEAST[order - 1]
    return Grams(grams[kept], counts[kept].astype(np.uint32))


def save_language(model: LanguageModel, path: Path) -> None:
    """Write a model as a compressed NumPy archive; the same model gives the same bytes."""
    arrays: dict[str, NDArray[np.generic]] = {
        "characters": np.array([ord(character) for character in model.characters], np.uint32)
    }
    for order, grams in enumerate(model._grams, start=1):
        # Differences between neighbours are small numbers: they compress well.
        arrays[f"steps{order}"] = np.diff(grams.codes, prepend=np.uint64(0))
        arrays[f"counts{order}"] = np.minimum(grams.counts, 65_535).astype(np.uint16)
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)  # type: ignore[arg-type]
    write_bytes(path, data.getvalue())


def load_language(path: Path) -> LanguageModel:
    """Read what `save_language` wrote.

    Raises:
        InputError: if the file is missing or not such a model.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            characters = "".join(map(chr, arrays["characters"].tolist()))
            orders = sum(name.startswith("steps") for name in arrays.files)
            grams = tuple(
                Grams(np.cumsum(arrays[f"steps{n}"], dtype=np.uint64), arrays[f"counts{n}"])
                for n in range(1, orders + 1)
            )
            return LanguageModel(characters, grams)
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(f"{path}: not a language model ({error}); install it again") from error


@dataclass(frozen=True, slots=True)
class Languages:
    """Language models to choose from, by ISO 639-3 code."""

    models: Mapping[str, LanguageModel]

    def choose(self, lines: Sequence[str], confidence: float = 1.0) -> str:
        """The language that makes some lines of text most probable; empty if none fits.

        Args:
            lines: as read without help: misread letters cost every language about the same.
            confidence: of their letters in the mean, 0 to 1.
        """
        size = sum(len(line) + 1 for line in lines)
        if not self.models or size < _LEAST_TEXT:
            return ""
        likely = {
            name: sum(model.log_probability(line) for line in lines) / size
            for name, model in self.models.items()
        }
        if len(likely) == 1:
            return next(iter(likely))
        second, best = sorted(likely, key=lambda name: likely[name])[-2:]
        foreign = likely[best] < -(_STRANGE + _MISREAD * (1 - confidence))
        return best if likely[best] - likely[second] > _LEAD and not foreign else ""


NO_LANGUAGES = Languages({})


def load_languages(language: str) -> Languages:
    """Shipped models: one by its code, all of them for "auto", no model for "none".

    Raises:
        InputError: if there is no such model or it is damaged.
    """
    return Languages({path.stem: load_language(path) for path in _find_languages(language)})


def fingerprint(language: str) -> str:
    """SHA-256 of what `load_languages` would load; empty for "none".

    Raises:
        InputError: if there is no such model.
    """
    files = _find_languages(language)
    return (
        hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest() if files else ""
    )


def _find_languages(language: str) -> list[Path]:
    shipped = sorted(SHIPPED.glob("*.npz"))
    found = [path for path in shipped if language in (path.stem, "auto")]
    if language != "none" and not found:
        names = ", ".join(path.stem for path in shipped)
        raise InputError(f"no language model {language!r}; there are: auto, none, {names}")
    return found
