"""How many words of the ground truth `inkfolio search` finds on their pages, and how many it errs.

    inkfolio convert ../shared/data/pages/val --lm auto --to json --out /tmp/found
    python tests/benchmarks/measure_search.py /tmp/found ../shared/data/pages/val

Each different word of four letters and more is asked for by itself. A pair of a word and a page is
found if a hit names the page, and right if the page's truth has the word, capitals and accents
aside. Pages whose truth says what we leave out count as wrong, so that precision is a lower bound.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import unicodedata
from collections import defaultdict
from pathlib import Path

from pipeline.search_index import MATCHES, index_folder, search_index

WORD = re.compile(r"[^\W\d_]{4,}")


def main() -> None:
    """Print recall and precision, plain and fuzzy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("truth", type=Path)
    given = parser.parse_args()
    print(index_folder(given.run))
    pages_of = _truth(given.truth)
    asked = sum(map(len, pages_of.values()))
    print(f"{len(pages_of)} words, {asked} pairs of a word and a page")
    start = time.process_time()
    hits = {word: search_index(given.run, word, fuzzy=True, most=100_000) for word in pages_of}
    took = (time.process_time() - start) / len(pages_of)
    print(f"{1000 * took:.1f} ms a fuzzy query")
    for last in range(len(MATCHES)):
        kinds = MATCHES[: last + 1]
        right = named = 0
        for word, pages in pages_of.items():
            found = {hit.page_id for hit in hits[word] if hit.match in kinds}
            right, named = right + len(found & pages), named + len(found)
        print(
            f"{', '.join(kinds)}: recall {right / asked:.3f}, "
            f"precision {right / named:.3f} ({named - right} wrong)"
        )


def _truth(folder: Path) -> dict[str, set[str]]:
    pages_of: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.glob("*.json")):
        text = "\n".join(line["text"] for line in json.loads(path.read_bytes())["lines"])
        for word in WORD.findall(_folded(text)):
            pages_of[word].add(path.stem)
    return dict(pages_of)


def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


if __name__ == "__main__":
    main()
