"""Span F1 of the tagger on marked texts, as they are and misread: python -m enrich.evaluate_names.

Give a folder of *-dev.conll; prints JSON.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from enrich.broken_words import BREAK
from enrich.make_names import shipped_misreader
from enrich.names_model import NamesModel, load_model
from enrich.swapping import Sentence
from enrich.train_names import marked_parts, read_conll
from enrich.whole_names import marked_spans

LONGEST_GAP = 500  # words without a name: more than that nobody has marked
NOISE = 0.05  # share of the letters misread
SEED = 7


def score_names(
    texts: list[Sentence], language: str, model: NamesModel, noise: float = 0.0
) -> dict[str, float]:
    """Precision, recall and F1 of whole spans with their kinds, in percent, in all and by kind.

    Args:
        texts: words with their true labels; tagged as one document.
        language: ISO 639-3 code.
        model: the tagger.
        noise: share of the letters to misread first.
    """
    misreader, rng = shipped_misreader(), random.Random(SEED)
    right, found, true = Counter[str](), Counter[str](), Counter[str]()
    words = [[misreader.misread(word, noise, rng) for word, _ in text] for text in texts]
    for text, names in zip(texts, model.names(words, language), strict=True):
        wanted = set(marked_spans([label for _, label in text]))
        read = {(name.kind, name.first, name.end) for name in names}
        for counter, spans in ((right, wanted & read), (found, read), (true, wanted)):
            counter.update(kind for kind, _, _ in spans)
            counter["all"] += len(spans)
    scores = {
        "precision": 100 * right["all"] / max(1, found["all"]),
        "recall": 100 * right["all"] / max(1, true["all"]),
    }
    for kind in sorted(true):
        scores[f"f1 {kind}"] = 200 * right[kind] / max(1, found[kind] + true[kind])
    return {name: round(score, 1) for name, score in scores.items()}


def mended(sentence: Sentence) -> Sentence:
    """A sentence whose names do not begin in the middle of a broken word.

    Now and then they do in the files: of "Cro¬", "mer" and of "Vi", "-", "borgs" the last part is
    marked as another name, though mostly it is not.
    """
    seen: Sentence = [("", "O"), ("", "O")]
    for word, label in sentence:
        amid = _is_amid_word([*seen[-2:], (word, label)])
        seen.append((word, f"I-{label[2:]}" if amid else label))
    return seen[2:]


def _is_amid_word(last: Sequence[tuple[str, str]]) -> bool:
    """Whether the last of three words begins a name though it ends a broken word of that kind."""
    (first, _), (broken, before), (word, label) = last
    if label != f"B-{before[2:]}" or not word[:1].islower():
        return False
    return broken.rstrip(BREAK) not in (broken, "") or (broken == "-" and first[-1:].isalpha())


def main() -> None:
    """Score the shipped model."""
    model = load_model()
    scores = {}
    for path in sorted(Path(sys.argv[1]).glob("*-dev.conll")):
        language, texts = path.name.partition("-")[0], read_conll(path)
        marked = marked_parts(texts, LONGEST_GAP)
        scores[language] = {
            "as it is": score_names(texts, language, model),
            "as it is, broken words whole": score_names([*map(mended, texts)], language, model),
            "misread": score_names(texts, language, model, NOISE),
            "as it is, marked parts": score_names(marked, language, model),
        }
    sys.stdout.write(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
