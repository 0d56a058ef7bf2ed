"""Pages of ground truth in whatever format a folder has them: page JSON, PAGE, ALTO, hOCR, ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.corrected import Corrected, read_corrected
from pipeline.document import Line, Page
from pipeline.load import LoadParams
from pipeline.page_images import on_its_image
from pipeline.page_truth import TrueLine, TruePage, is_truth, read_truth


def true_pages(
    folder: Path, images: Path | None = None, load: LoadParams = LoadParams()
) -> Iterator[TruePage]:
    """The ground truth in a folder, page by page.

    Args:
        folder: page JSON as in `shared/data/pages`; or PAGE, ALTO, hOCR or our JSON, whoever made
            them. Of these it is not known what kind of writing they are.
        images: folder of the pages' images; if None, `folder` and that above it.
        load: limits in reading them.

    Raises:
        InputError: if there is none, a file is damaged, or the image of a page is not there.
    """
    if any(is_truth(path.read_bytes()) for path in folder.glob("*.json")):
        yield from read_truth(folder)
        return
    for document in read_corrected([folder], one_format=True):
        for page in document.document.pages:
            yield _true_page(document, page, images, load)


def _true_page(document: Corrected, page: Page, images: Path | None, load: LoadParams) -> TruePage:
    placed, source, image = on_its_image(page, document.files, images, load)
    lines = tuple(_true_line(line) for line in placed.lines if line.boundary)
    return TruePage(
        name=page.id,
        corpus=document.name,
        kind="",
        image=source.path,
        width=image.width,
        height=image.height,
        lines=lines,
        frame=source.frame,
    )


def _true_line(line: Line) -> TrueLine:
    return TrueLine(line.boundary, line.baseline, line.text, bool(line.text))
