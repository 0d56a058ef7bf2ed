"""Document -> plain text in reading order."""

from __future__ import annotations

from pipeline.document import Document, Page

PAGE_BREAK = "\f"


def page_text(page: Page) -> str:
    """A page's lines, each on a line of its own, an empty line between regions.

    Lines and regions without words are left out. The text ends with a newline unless it is empty.
    """
    blocks = (
        "".join(f"{line.text}\n" for line in region.lines if line.words) for region in page.regions
    )
    return "\n".join(block for block in blocks if block)


def document_text(document: Document) -> str:
    """The pages' texts with a form feed between pages.

    A page without text leaves its form feed, so that the nth part is always the nth page.
    """
    return PAGE_BREAK.join(page_text(page) for page in document.pages)
