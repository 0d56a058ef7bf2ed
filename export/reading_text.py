"""Document -> text to be read: a paragraph a line, broken words whole."""

from __future__ import annotations

from export.paragraphs import paragraphs
from pipeline.document import Document


def reading_text(document: Document) -> str:
    """The paragraphs with an empty line between them; empty if there are none."""
    return "\n".join(f"{paragraph.text}\n" for paragraph in paragraphs(document))
