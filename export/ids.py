"""IDs that all formats share: of words, and of what lies in a file of several pages."""

from __future__ import annotations

import re

from pipeline.document import Line, Page

_NOT_IN_NAMES = re.compile(r"[^\w.-]")
_PAGE_PREFIX = re.compile(r"p\d+_")


def word_ids(line: Line) -> list[str]:
    """One ID a word: the line's, then w and the word's number from 1."""
    return [f"{line.id}w{number}" for number in range(1, len(line.words) + 1)]


def page_id(page: Page) -> str:
    """A page's ID within a file that holds several: p and its number from 1."""
    return f"p{page.index + 1}"


def id_in_document(page: Page, part: str) -> str:
    """The ID of a part of a page within a file that holds several pages."""
    return f"{page_id(page)}_{part}"


def id_in_page(part: str) -> str:
    """The inverse of `id_in_document`; IDs of another make stay as they are."""
    return _PAGE_PREFIX.sub("", part, count=1)


def xml_name(text: str, otherwise: str) -> str:
    """The text as an XML name, as IDs must be; `otherwise` if nothing is left of it."""
    name = _NOT_IN_NAMES.sub("_", text.strip())
    if not name.strip("_"):
        return otherwise
    return name if name[0].isalpha() or name[0] == "_" else f"_{name}"
