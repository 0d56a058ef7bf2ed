"""Errors planted in the ground truth of pages: which of them `inkfolio check` finds.

python tests/benchmarks/measure_checking.py ../shared/data/pages/val

5 % of the words of three letters and more are replaced by others about as long, 5 % of the lines
are dropped, and as many of other pages put in. Findings count from the gravest; told is the
greatest recall at which precision is 0.8. What is said of ink that the truth has no text for,
and of a place where an error of the other kind was planted, is left out of the counts.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from measure_alignment import same_line
from numpy.typing import NDArray

from pipeline.alignment import SeenPage, align, see_page
from pipeline.checking import Finding, findings
from pipeline.load import SourcePage
from pipeline.page_truth import TruePage, read_truth
from pipeline.settings import Settings
from pipeline.stages import open_page
from pipeline.transcript import transcript_of
from recognize.alphabet import Alphabet
from recognize.reader import Reader, use_threads

SHARE = 0.05
PRECISION = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A page as seen, and which of its lines lies on which of the truth's, bool (seen, true)."""

    truth: TruePage
    seen: SeenPage
    same: NDArray[np.bool_]


@dataclass(slots=True)
class Planted:
    """A text with errors.

    Attributes:
        words: all of them.
        replaced: for each word that is another, the number of the truth's line it is on.
        invented: for each line put in, the numbers of its words.
        dropped: numbers of the truth's lines that are left out.
    """

    words: list[str] = field(default_factory=list)
    replaced: dict[int, int] = field(default_factory=dict)
    invented: list[set[int]] = field(default_factory=list)
    dropped: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Counts:
    """How many errors were planted; (severity, whether right) of findings; severities of found."""

    planted: int = 0
    told: list[tuple[float, bool]] = field(default_factory=list)
    found: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--model", default="latin")
    parser.add_argument("--seed", type=int, default=1, help="of what is planted")
    chosen = parser.parse_args()
    use_threads(1)
    reader = Reader.load(chosen.model)
    pages = [looked(truth, reader) for truth in read_truth(chosen.pages)]
    print(json.dumps(measured(pages, reader.alphabet, chosen.seed), indent=2))


def looked(truth: TruePage, reader: Reader) -> Looked:
    """See a page."""
    settings = Settings()
    source = SourcePage(truth.image, 0, "image", truth.name, 0)
    image = open_page(source, settings)
    seen = see_page(source, image, settings, reader)
    shape = image.height, image.width
    return Looked(truth, seen, same_line([one.line for one in seen.lines], truth.lines, shape))


def measured(pages: Sequence[Looked], alphabet: Alphabet, seed: int) -> dict[str, object]:
    """Recall at the precision wanted, by kind of page and of error."""
    rng = np.random.default_rng(seed)
    counts: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)
    for page in pages:
        text = planted(page.truth, [one.truth for one in pages], rng)
        made = align([page.seen], transcript_of(" ".join(text.words)), alphabet)
        found = findings(made)
        for kind in (page.truth.kind, "all"):
            count_words(counts[kind, "words"], text, found)
            count_lines(counts[kind, "lines"], text, found, page)
    return {
        f"{kind} {what}": {"planted": one.planted, "recall": recall(one)}
        for (kind, what), one in sorted(counts.items())
    }


def planted(truth: TruePage, others: Sequence[TruePage], rng: np.random.Generator) -> Planted:
    """The text of a page with errors."""
    alike = [one for one in others if one.kind == truth.kind]
    lines = [text for one in alike for _, text in readable(one)]
    strange = [text for one in alike if one is not truth for _, text in readable(one)]
    by_length: defaultdict[int, list[str]] = defaultdict(list)
    for word in (word for line in lines for word in line.split()):
        by_length[len(word)].append(word)
    made = Planted()
    for number, text in readable(truth):
        if rng.random() < SHARE:
            made.dropped.add(number)
        else:
            for word in text.split():
                if len(word) >= 3 and rng.random() < SHARE:
                    word = another(word, by_length, rng)
                    made.replaced[len(made.words)] = number
                made.words.append(word)
        if strange and rng.random() < SHARE:
            put_in = strange[rng.integers(len(strange))].split()
            made.invented.append(set(range(len(made.words), len(made.words) + len(put_in))))
            made.words += put_in
    return made


def readable(truth: TruePage) -> Iterator[tuple[int, str]]:
    """Number and text of the lines that belong to a page's text."""
    for number, line in enumerate(truth.lines):
        if line.readable and len(line.baseline) > 1 and line.text.strip():
            yield number, line.text


def another(word: str, by_length: dict[int, list[str]], rng: np.random.Generator) -> str:
    """Another word about as long."""
    near = [w for size in (-1, 0, 1) for w in by_length[len(word) + size]]
    others = [w for w in near if w.casefold() != word.casefold()]
    return others[rng.integers(len(others))] if others else word[::-1]


def numbers_of(finding: Finding) -> set[int]:
    """The words of the text that a finding is about."""
    if finding.word is None:
        return set()
    size = len(finding.text.split()) if finding.kind == "not on the page" else 1
    return set(range(finding.word, finding.word + size))


def count_words(counts: Counts, text: Planted, found: Iterable[Finding]) -> None:
    """Count words that were replaced."""
    invented = set[int]().union(*text.invented)
    severity: dict[int, float] = {}
    for one in found:
        about = numbers_of(one)
        if one.kind == "word" and not about & invented:
            counts.told.append((one.severity, bool(about & text.replaced.keys())))
            severity |= {n: one.severity for n in about & text.replaced.keys()}
    counts.planted += len(text.replaced)
    counts.found += severity.values()


def count_lines(counts: Counts, text: Planted, found: Iterable[Finding], page: Looked) -> None:
    """Count lines that were dropped or invented."""
    number_of = {one.line.id: number for number, one in enumerate(page.seen.lines)}
    legible = {number for number, _ in readable(page.truth)}
    dropped: dict[int, float] = {}
    covered: list[tuple[float, set[int]]] = []
    for one in found:
        if one.kind == "not in the text":
            true = set(np.flatnonzero(page.same[number_of[one.line]]).tolist())
            replaced = true & set(text.replaced.values())
            if true & text.dropped or (true and true <= legible and not replaced):
                counts.told.append((one.severity, bool(true & text.dropped)))
            for number in true & text.dropped:
                dropped[number] = max(dropped.get(number, 0.0), one.severity)
        elif one.kind == "not on the page":
            about = numbers_of(one)
            strange = about & set[int]().union(*text.invented)
            if strange or not about & text.replaced.keys():
                counts.told.append((one.severity, 2 * len(strange) >= len(about)))
            covered.append((one.severity, about))
    counts.planted += len(text.dropped) + len(text.invented)
    counts.found += dropped.values()
    for line in text.invented:
        enough = [s for s, about in covered if 2 * len(line & about) >= len(line)]
        counts.found += [max(enough)] if enough else []


def recall(counts: Counts) -> float:
    """The greatest share of the planted errors found while precision is high enough."""
    best = 0.0
    right = 0
    ordered = sorted(counts.told, reverse=True)
    for number, (severity, is_right) in enumerate(ordered, 1):
        right += is_right
        last = number == len(ordered) or ordered[number][0] < severity
        if last and right >= PRECISION * number:
            best = max(best, sum(one >= severity for one in counts.found))
    return round(best / max(1, counts.planted), 4)


if __name__ == "__main__":
    main()
