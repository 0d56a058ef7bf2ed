"""Document -> Markdown (CommonMark): a heading a page, a paragraph a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from export.paragraphs import Paragraph, paragraphs
from export.xml_text import legal
from pipeline.document import Document

SPECIAL = re.compile(r"([\\`*_\[\]<>&|~$])")
# What makes a list, a heading or a rule of a paragraph, at its start only.
OPENING = re.compile(r"^([-+#=])|^(\d{1,9})([.)])")


def markdown(document: Document) -> str:
    """The document's paragraphs under its title; marginal notes as quotations.

    What Markdown would take for a sign of its own is escaped, so that it shows as it was read.
    """
    blocks = [f"# {escaped(document.title)}"] if document.title else []
    for page, found in groupby(paragraphs(document), lambda paragraph: paragraph.page):
        blocks.append(f"## Page {page + 1}")
        blocks.extend(_blocks(found))
    return "\n\n".join(blocks) + "\n"


def _blocks(found: Iterator[Paragraph]) -> Iterator[str]:
    for paragraph in found:
        text = escaped(paragraph.text)
        yield f"> {text}" if paragraph.kind == "margin" else text


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    plain = " ".join(legal(text).split())
    return OPENING.sub(_escape_opening, SPECIAL.sub(r"\\\1", plain))


def _escape_opening(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"
