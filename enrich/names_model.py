"""The tagger of names with its lexicon, from and to one file."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enrich.broken_words import whole_words
from enrich.crf import Crf, tag
from enrich.features import Lexicon, features
from pipeline.errors import InputError

SHIPPED = Path(__file__).parent / "weights" / "names.npz"


@dataclass(frozen=True, slots=True)
class NamesModel:
    """What finds names.

    Attributes:
        crfs: taggers; the key has the ISO 639-3 codes of the languages that it was trained on,
            with commas. A language is tagged by all that have it.
        lexicon: what is known of words.
    """

    crfs: Mapping[str, Crf]
    lexicon: Lexicon

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-3 codes of those that are offered."""
        return tuple(sorted({code for group in self.crfs for code in group.split(",")}))

    def tag(self, words: list[str], language: str) -> list[tuple[str, float]]:
        """For each word its label in IOB and the probability of that; parts of one go together."""
        crfs = [crf for group, crf in self.crfs.items() if language in group.split(",")]
        whole = list(whole_words(words, lambda word: self.lexicon.knows(word, language)))
        found = tag(crfs, features([word for word, _ in whole], language, self.lexicon))
        return [
            (label if part == 0 else label.replace("B-", "I-"), sure)
            for (label, sure), (_, count) in zip(found, whole, strict=True)
            for part in range(count)
        ]

    def language_of(self, words: Iterable[str]) -> str:
        """The language that knows most of some words."""
        counts = Counter(word.lower() for word in words if word.isalpha())
        known = {
            language: sum(n for word, n in counts.items() if self.lexicon.knows(word, language))
            for language in self.languages
        }
        return max(self.languages, key=lambda language: known[language])


def model_bytes(model: NamesModel) -> bytes:
    """The model as a file; the weights rounded to what 16 bits hold."""
    arrays: dict[str, NDArray[Any]] = {"groups": np.array(list(model.crfs))}
    for number, crf in enumerate(model.crfs.values()):
        arrays[f"labels{number}"] = np.array(crf.labels)
        arrays[f"codes{number}"] = crf.codes
        arrays[f"weights{number}"] = crf.weights.astype(np.float16)
        arrays[f"steps{number}"] = crf.steps
    lexicon = model.lexicon
    arrays |= {"names": lexicon.names, "lists": lexicon.lists}
    arrays |= {"words": lexicon.words, "kinds": lexicon.kinds}
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
            lexicon = Lexicon(file["names"], file["lists"], file["words"], file["kinds"])
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
