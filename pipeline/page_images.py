"""Pages and a folder of images -> each page's own image, and the page in that image's pixels."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from export.line_parts import box_around
from export.page_source import ImageSource, PageSource, PdfPageSource
from pipeline.document import Line, Page, Polygon, Region, Word
from pipeline.errors import InputError
from pipeline.load import LoadParams, SourcePage, load_page, page_frames
from pipeline.names import shown
from pipeline.sources import IMAGE_SUFFIXES, PDF_SUFFIX

TOLERANCE = 0.02  # by how much an image's shape may differ from the page's


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """The images below a folder; nothing outside it is ever named.

    Attributes:
        root: the folder, resolved.
        files: paths from the root.
    """

    root: Path
    files: tuple[PurePosixPath, ...]

    @classmethod
    def of(cls, folder: Path) -> ImageFolder:
        """What is in a folder and below; links that lead out of it are passed over.

        Raises:
            InputError: if it is no folder.
        """
        if not folder.is_dir():
            raise InputError(f"{shown(folder)}: is not a folder; name the one with the images")
        root = folder.resolve()
        return cls(root, tuple(sorted(_images_below(root))))

    def find(self, page: Page) -> Path | None:
        """The image that a page names, else the one whose base name is the page's."""
        named = PurePosixPath(re.sub(r"\\", "/", page.source))
        same_path = [file for file in self.files if file == named]
        same_name = [file for file in self.files if file.name == named.name]
        stems = (named.stem, page.id)
        same_stem = [file for file in self.files if file.stem in stems]
        found = same_path or same_name or same_stem
        if len(found) > 1:
            raise InputError(
                f"{shown(page.source or page.id)}: there are {len(found)} images of that name in "
                f"{shown(self.root)}; name the folder that holds the right one by --images"
            )
        return self.root / found[0] if found else None


def _images_below(root: Path) -> Iterator[PurePosixPath]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            is_image = path.suffix.lower() in IMAGE_SUFFIXES | {PDF_SUFFIX}
            if is_image and path.resolve().is_relative_to(root):
                yield PurePosixPath(path.relative_to(root).as_posix())


def with_image(page: Page, path: Path, params: LoadParams) -> tuple[Page, PageSource]:
    """The page in the pixels of its image, and what a PDF's page is drawn from.

    Raises:
        InputError: if the image cannot be read, or is not of the page's shape.
    """
    is_pdf = path.suffix.lower() == PDF_SUFFIX
    frames = page_frames(path, "pdf" if is_pdf else "image", params)
    frame = frames[page.index] if len(frames) > page.index and len(frames) > 1 else frames[0]
    source = SourcePage(path, frame, "pdf" if is_pdf else "image", page.id, page.index)
    image = load_page(source, params)
    fitted = scaled(replace(page, ppi=image.ppi, source=path.name), image.width, image.height)
    return fitted, PdfPageSource(path, frame) if is_pdf else ImageSource(path, frame)


def scaled(page: Page, width: int, height: int) -> Page:
    """The page in an image of another size; a page without a size of its own takes the image's.

    Raises:
        InputError: if the image's shape is not the page's.
    """
    if (page.width, page.height) == (width, height) or not (page.width and page.height):
        return replace(page, width=width, height=height)
    x, y = width / page.width, height / page.height
    if abs(x / y - 1) > TOLERANCE:
        raise InputError(
            f"{shown(page.source)}: is {width} x {height}, but its text was written for "
            f"{page.width} x {page.height}; name the folder of the right images by --images"
        )
    regions = tuple(_scaled_region(region, x, y) for region in page.regions)
    return replace(page, width=width, height=height, regions=regions)


def _scaled_region(region: Region, x: float, y: float) -> Region:
    lines = tuple(_scaled_line(line, x, y) for line in region.lines)
    return replace(region, boundary=_scaled_points(region.boundary, x, y), lines=lines)


def _scaled_line(line: Line, x: float, y: float) -> Line:
    return replace(
        line,
        boundary=_scaled_points(line.boundary, x, y),
        baseline=_scaled_points(line.baseline, x, y),
        words=tuple(_scaled_word(word, x, y) for word in line.words),
    )


def _scaled_word(word: Word, x: float, y: float) -> Word:
    box = box_around(_scaled_points(word.box.polygon(), x, y))
    return replace(word, box=box, spans=tuple((left * x, right * x) for left, right in word.spans))


def _scaled_points(points: Sequence[tuple[float, float]], x: float, y: float) -> Polygon:
    return tuple((px * x, py * y) for px, py in points)
