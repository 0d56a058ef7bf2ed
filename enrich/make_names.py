"""Make `weights/names.npz`: python -m enrich.make_names SHARED OUT.

SHARED holds entities/*-train.conll, text/*.txt.xz and lines/*.parquet as ../shared/data does.
Takes about ten minutes on one core, and the packages that `enrich.name_lists` names.
"""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path

import numpy as np

from enrich.features import Lexicon, word_key
from enrich.misreading import Misreader
from enrich.name_lists import name_lists
from enrich.names_model import NamesModel, model_bytes
from enrich.train_names import TrainParams, read_conll, train
from enrich.word_kinds import TOKEN, KindParams, word_kinds

# Who learns with whom, best on dev: French does worse with the others, these better with French.
# A language is tagged by the first group that has it.
GROUPS = {
    "eng": TrainParams(prior=0.1, iterations=45),
    "fra": TrainParams(prior=0.6, iterations=50),
    "deu,fra,swe": TrainParams(prior=0.1, iterations=60),
}
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
    keys, words = sorted(names), sorted(kinds)
    return Lexicon(
        np.array(keys, np.uint64),
        np.array([names[key] for key in keys], np.uint8),
        np.array(words, np.uint64),
        np.array([kinds[word] for word in words], np.uint8),
    )


def _tokens(shared: Path, language: str) -> tuple[list[str], KindParams]:
    """All that is written in a language; of one without prose also the rarer words count."""
    marked = read_conll(shared / "entities" / f"{language}-train.conll")
    words = [word for sentence in marked for word, _ in sentence]
    prose = shared / "text" / f"{language}.txt.xz"
    if not prose.exists():
        return words, KindParams(least=2)
    paragraphs = lzma.decompress(prose.read_bytes()).decode("utf-8").splitlines()
    tokens = [t for text in paragraphs for t in [*TOKEN.findall(text), "\n"]]
    tokens += [t for text in _transcripts(shared, language) for t in TOKEN.findall(text)]
    return tokens + 3 * words, KindParams()


def _transcripts(shared: Path, language: str) -> list[str]:
    from pyarrow import parquet

    found: list[str] = []
    for path in sorted((shared / "lines").glob("*.parquet")):
        rows = parquet.read_table(path, columns=["text", "lang", "split"]).to_pylist()
        found += [r["text"] for r in rows if r["split"] == "train" and language in r["lang"]]
    return found


def main() -> None:
    """Make the model of the arguments' data."""
    shared, out = Path(sys.argv[1]), Path(sys.argv[2])
    paths = sorted((shared / "entities").glob("*-train.conll"))
    texts = {path.name.partition("-")[0]: read_conll(path) for path in paths}
    lexicon = make_lexicon(shared, list(texts))
    crfs = {}
    for group, params in GROUPS.items():
        own = {language: texts[language] for language in group.split(",")}
        crfs[group] = train(own, lexicon, shipped_misreader(), params)
    out.write_bytes(model_bytes(NamesModel(crfs, lexicon)))


if __name__ == "__main__":
    main()
