"""Make `weights/names.npz`: python -m enrich.make_names SHARED PARTS OUT.

SHARED holds entities/*-train.conll, text/*.txt.xz and lines/*.parquet as ../shared/data does.
PARTS keeps what is made on the way, the lexicon and the taggers of each group of languages, one a
seed; what is there already is not made anew. Takes about half an hour on one core, and the
packages that `enrich.name_lists` and `enrich.word_groups` name. Nothing in it is random but
misreadings and swaps, which are seeded.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from enrich.broken_words import whole_words
from enrich.crf import Crf, mean_crf
from enrich.features import GROUPED, Lexicon, group_key, without_groups, word_key
from enrich.misreading import Misreader
from enrich.name_lists import name_lists
from enrich.names_model import NamesModel, load_model, model_bytes
from enrich.swapping import Sentence
from enrich.train_names import TrainParams, marked_parts, read_conll, train
from enrich.word_groups import word_groups
from enrich.word_kinds import TOKEN, KindParams, word_kinds

# Who learns with whom. A language is tagged by all groups that have it. docs/benchmarks.md has what
# a tagger of its own beside the common one is worth to each.
ALONE = TrainParams(prior=6.0, iterations=50, swapped=1)
GROUPS = {
    "deu,fra,swe": TrainParams(prior=6.0, iterations=55, swapped=1),
    "fra": replace(ALONE, prior=9.0),
    "swe": ALONE,
    "deu": replace(ALONE, prior=9.0),
    "eng": TrainParams(prior=1.0, iterations=45),
}
# How many are trained, with seeds 1, 2, 3, whose misreadings and swaps differ; 1 where missing.
RUNS = {"deu,fra,swe": 3, "fra": 3}
# Three quarters of the German file are pages on which nobody marked anything.
LONGEST_GAP = {"deu": 500}
COMMON = 5  # times; parts of a broken word are seldom met so often by themselves
CONFUSIONS = Path(__file__).parent / "weights" / "confusions.json"


def shipped_misreader() -> Misreader:
    """A misreader by the confusions of our recogniser on lines that it was not trained on."""
    return Misreader(json.loads(CONFUSIONS.read_text("utf-8")))


def make_lexicon(shared: Path, languages: list[str]) -> Lexicon:
    """The lexicon from lists of names, prose, transcripts and the marked texts themselves."""
    names = name_lists()
    kinds: dict[int, tuple[int, int, int]] = {}
    for language in languages:
        tokens, params = _tokens(shared, language)
        found = word_kinds(tokens, params)
        kinds |= {word_key(word, language): kind for word, kind in found.items()}
    groups = {
        group_key(word, language): found
        for language in sorted({*languages} & {*GROUPED})
        for word, found in word_groups(language).items()
    }
    keys, words, grouped = sorted(names), sorted(kinds), sorted(groups)
    return Lexicon(
        np.array(keys, np.uint64),
        np.array([names[key] for key in keys], np.uint8),
        np.array(words, np.uint64),
        np.array([kinds[word] for word in words], np.uint8),
        np.array(grouped, np.uint32),
        np.array([groups[word] for word in grouped], np.uint16, order="F"),
    )


def _tokens(shared: Path, language: str) -> tuple[list[str], KindParams]:
    """All that is written in a language; of one without prose also the rarer words count."""
    marked = read_conll(shared / "entities" / f"{language}-train.conll")
    words = [word for sentence in marked for word, _ in sentence]
    prose = shared / "text" / f"{language}.txt.xz"
    if not prose.exists():
        return _whole(words, words), KindParams(least=2)
    paragraphs = lzma.decompress(prose.read_bytes()).decode("utf-8").splitlines()
    tokens = [t for text in paragraphs for t in [*TOKEN.findall(text), "\n"]]
    tokens += [t for text in _transcripts(shared, language) for t in TOKEN.findall(text)]
    return tokens + 3 * _whole(words, tokens + words), KindParams()


def _whole(words: list[str], known: list[str]) -> list[str]:
    """The words with broken ones joined, by what is common among the known ones."""
    counts = Counter(word.lower() for word in known)
    return [word for word, _ in whole_words(words, lambda word: counts[word] >= COMMON)]


def _transcripts(shared: Path, language: str) -> list[str]:
    from pyarrow import parquet

    found: list[str] = []
    for path in sorted((shared / "lines").glob("*.parquet")):
        rows = parquet.read_table(path, columns=["text", "lang", "split"]).to_pylist()
        found += [r["text"] for r in rows if r["split"] == "train" and language in r["lang"]]
    return found


def _texts(shared: Path, language: str) -> list[Sentence]:
    """What is marked in a language, in pieces."""
    found = read_conll(shared / "entities" / f"{language}-train.conll")
    return marked_parts(found, LONGEST_GAP[language]) if language in LONGEST_GAP else found


def _made(path: Path, make: Callable[[], NamesModel]) -> NamesModel:
    """What is kept in a file, made first if it is not there."""
    if not path.exists():
        path.write_bytes(model_bytes(make()))
    return load_model(path)


def _tagger(shared: Path, parts: Path, group: str, words: Lexicon) -> Crf:
    """The group's tagger, the mean of those trained with each seed."""
    params = GROUPS[group]
    made: list[Crf] = []
    for seed in range(1, RUNS.get(group, 1) + 1):
        make = partial(_trained, shared, group, replace(params, seed=seed), words)
        made.append(_made(parts / f"{group}-{seed}.npz", make).crfs[group])
    return mean_crf(made, params.negligible)


def _trained(shared: Path, group: str, params: TrainParams, words: Lexicon) -> NamesModel:
    """The tagger of a group; a common one must serve languages without groups of words, too."""
    texts = {language: _texts(shared, language) for language in group.split(",")}
    known = without_groups(words) if len(texts) > 1 else words
    return NamesModel({group: train(texts, known, shipped_misreader(), params)}, words)


def main() -> None:
    """Make the model of the arguments' data."""
    shared, parts, out = (Path(argument) for argument in sys.argv[1:4])
    parts.mkdir(parents=True, exist_ok=True)
    languages = sorted({language for group in GROUPS for language in group.split(",")})
    make_words = partial(make_lexicon, shared, languages)
    words = _made(parts / "lexicon.npz", lambda: NamesModel({}, make_words())).lexicon
    crfs = {group: _tagger(shared, parts, group, words) for group in GROUPS}
    out.write_bytes(model_bytes(NamesModel(crfs, words)))


if __name__ == "__main__":
    main()
