"""The pages that a benchmark is asked to look at: a folder, and every how manieth of its pages."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.load import SourcePage
from pipeline.sources import find_documents


def chosen_pages(description: str | None) -> tuple[SourcePage, ...]:
    """Pages of the folder that the command line names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every nth page only")
    given = parser.parse_args()
    (document, *_) = find_documents([given.folder])
    return document.pages[:: given.every]
