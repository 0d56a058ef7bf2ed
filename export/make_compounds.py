"""Prose -> `compounds.txt`, the words that are written with a hyphen wherever they stand.

Made once, from texts in the public domain (ELTeC's novels of 1840 to 1920):
`python -m export.make_compounds ../shared/data/text/{eng,fra,deu,spa}.txt.xz`
"""

from __future__ import annotations

import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

COMPOUNDS = Path(__file__).with_name("compounds.txt")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
LEAST = 5  # times in all texts, in small letters: names of heroes are no words


def compounds(lines: Iterable[str]) -> Iterator[str]:
    """Words with a hyphen, those left out that are written without it as often."""
    counts = Counter(word for line in lines for word in WORD.findall(line) if word.islower())
    for word, count in counts.items():
        if "-" in word and count >= LEAST and counts[word.replace("-", "")] < count:
            yield word


def main(paths: Iterable[str]) -> None:
    """Write the compounds of some files, sorted, a word a line."""
    found: set[str] = set()
    for path in paths:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            found.update(compounds(lines))
    COMPOUNDS.write_text("".join(f"{word}\n" for word in sorted(found)), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
