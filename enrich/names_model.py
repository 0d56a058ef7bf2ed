"""The tagger of names with its lexicon, from and to one file."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enrich.agreement import agreeing
from enrich.broken_words import whole_words
from enrich.crf import Codes, Crf, probabilities
from enrich.features import Lexicon, features
from enrich.whole_names import Name, Span, likely_names, mean_of, worth_claiming
from pipeline.errors import InputError

SHIPPED = Path(__file__).parent / "weights" / "names.npz"


@dataclass(frozen=True, slots=True)
class NamesModel:
    """What finds names.

    Attributes:
        crfs: taggers; the key has the ISO 639-3 codes of the languages that it was trained on,
            with commas. A language is tagged by all that have it, and the mean of what they hold
            for likely counts.
        lexicon: what is known of words.
    """

    crfs: Mapping[str, Crf]
    lexicon: Lexicon

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-3 codes of those that are offered."""
        return tuple(sorted({code for group in self.crfs for code in group.split(",")}))

    def names(self, texts: Sequence[Sequence[str]], language: str) -> list[list[Name]]:
        """For each text of a document its names in order.

        Args:
            texts: the document's texts, the words and signs of each in a row. Parts of a broken
                word go together.
            language: ISO 639-3 code.
        """
        full = [text for text in texts if text]
        whole = [
            list(whole_words(text, lambda word: self.lexicon.knows(word, language)))
            for text in full
        ]
        words = [[word for word, _ in text] for text in whole]
        codes = [features(text, language, self.lexicon) for text in words]
        by_tagger = [
            _likely(crf, words, codes)
            for group, crf in self.crfs.items()
            if language in group.split(",")
        ]
        found = iter(
            _of_parts(worth_claiming(mean_of(likely)), [count for _, count in text])
            for text, *likely in zip(whole, *by_tagger, strict=True)
        )
        return [next(found) if text else [] for text in texts]

    def language_of(self, words: Iterable[str]) -> str:
        """The language that knows most of some words."""
        counts = Counter(word.lower() for word in words if word.isalpha())
        known = {
            language: sum(n for word, n in counts.items() if self.lexicon.knows(word, language))
            for language in self.languages
        }
        return max(self.languages, key=lambda language: known[language])


def _likely(
    crf: Crf, words: Sequence[Sequence[str]], codes: Sequence[Sequence[Codes]]
) -> list[dict[Span, float]]:
    """What a tagger holds for names in each text of a document."""
    scores = [crf.scores(text) for text in codes]
    sure = [probabilities(own, crf.steps) for own in scores]
    moved = agreeing(words, scores, sure, crf.labels)
    return [likely_names(own, crf.steps, crf.labels) for own in moved]


def _of_parts(names: Sequence[Name], counts: Sequence[int]) -> list[Name]:
    """Names of whole words as those of their parts, of which each word has so many."""
    starts = list(accumulate(counts, initial=0))
    return [replace(name, first=starts[name.first], end=starts[name.end]) for name in names]


def model_bytes(model: NamesModel) -> bytes:
    """The model as a file; the weights rounded to what 16 bits hold."""
    arrays: dict[str, NDArray[Any]] = {"groups": np.array(list(model.crfs))}
    for number, crf in enumerate(model.crfs.values()):
        arrays[f"labels{number}"] = np.array(crf.labels)
        arrays[f"codes{number}"] = crf.codes
        arrays[f"weights{number}"] = crf.weights.astype(np.float16)
        arrays[f"steps{number}"] = crf.steps
    arrays |= {field.name: getattr(model.lexicon, field.name) for field in fields(Lexicon)}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


@cache
def load_model(path: Path = SHIPPED) -> NamesModel:
    """Load a model; kept at hand from then on.

    Raises:
        InputError: if the file is missing or no such model.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            groups = [str(group) for group in file["groups"]]
            crfs = {group: _crf(file, number) for number, group in enumerate(groups)}
            lexicon = Lexicon(*(file[field.name] for field in fields(Lexicon)))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path}: is no model of names ({error}); install Inkfolio anew"
        ) from error
    return NamesModel(crfs, lexicon)


def _crf(file: Mapping[str, NDArray[Any]], number: int) -> Crf:
    return Crf(
        tuple(map(str, file[f"labels{number}"])),
        file[f"codes{number}"],
        file[f"weights{number}"].astype(np.float32),
        file[f"steps{number}"],
    )
