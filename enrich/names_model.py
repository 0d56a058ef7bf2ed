"""The tagger of names with its lexicon, from and to one file."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enrich.agreement import agreeing
from enrich.broken_words import whole_words
from enrich.crf import Crf, best_labels, joint_scores, probabilities
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

    def tag(self, texts: Sequence[Sequence[str]], language: str) -> list[list[tuple[str, float]]]:
        """For each word of a document its label in IOB and how sure that is.

        Args:
            texts: the document's texts, the words and signs of each in a row. Parts of a broken
                word go together.
            language: ISO 639-3 code.
        """
        crfs = [crf for group, crf in self.crfs.items() if language in group.split(",")]
        full = [text for text in texts if text]
        whole = [
            list(whole_words(text, lambda word: self.lexicon.knows(word, language)))
            for text in full
        ]
        words = [[word for word, _ in text] for text in whole]
        both = [joint_scores(crfs, features(text, language, self.lexicon)) for text in words]
        scores = [own for own, _ in both]
        sure = [probabilities(own, steps) for own, steps in both]
        labels = crfs[0].labels
        moved = agreeing(words, scores, sure, labels)
        found = iter(
            _of_parts(best_labels(own, steps, labels), [count for _, count in text])
            for own, (_, steps), text in zip(moved, both, whole, strict=True)
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


def _of_parts(found: Sequence[tuple[str, float]], counts: Sequence[int]) -> list[tuple[str, float]]:
    """The labels of whole words as those of their parts, of which each has so many."""
    return [
        (label if part == 0 else label.replace("B-", "I-"), sure)
        for (label, sure), count in zip(found, counts, strict=True)
        for part in range(count)
    ]


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
