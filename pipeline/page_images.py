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
from pipeline.load import Kind, LoadParams, PageImage, SourcePage, load_page, page_frames
from pipeline.names import shown
from pipeline.picture_files import SUFFIXES
from pipeline.sources import PDF_SUFFIX

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
    def of(cls, folder: Path, below: bool = True) -> ImageFolder:
        """What is in a folder and, if asked for, below; links that lead out of it are passed over.

        Raises:
            InputError: if it is no folder.
        """
        if not folder.is_dir():
            raise InputError(f"{shown(folder)}: is not a folder; name the one with the images")
        root = folder.resolve()
        return cls(root, tuple(sorted(_images_in(root, below))))

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


def image_folders(files: Sequence[Path], images: Path | None) -> list[ImageFolder]:
    """Where the images of some pages may be.

    Args:
        files: that the pages were read from.
        images: the folder that the user named; if None, each file's own folder and that above it.

    Raises:
        InputError: if `images` is no folder.
    """
    if images is not None:
        return [ImageFolder.of(images)]
    own = dict.fromkeys(path.resolve().parent for path in files)
    near = dict.fromkeys(folder for f in own for folder in (f, f.parent))
    return [ImageFolder.of(folder, below=False) for folder in near]


def _images_in(root: Path, below: bool) -> Iterator[PurePosixPath]:
    for folder, folders, names in os.walk(root):
        if not below:
            folders.clear()
        for name in names:
            path = Path(folder, name)
            is_image = path.suffix.lower() in SUFFIXES | {PDF_SUFFIX}
            if is_image and _leads_into(path, root):
                yield PurePosixPath(path.relative_to(root).as_posix())


def _leads_into(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link in a loop
        return False


def on_its_image(
    page: Page, files: Sequence[Path], images: Path | None, params: LoadParams
) -> tuple[Page, SourcePage, PageImage]:
    """A page in the pixels of its image, where that is, and the image.

    Args:
        page: as its files have it.
        files: that it was read from.
        images: see `image_folders`.
        params: limits in reading it.

    Raises:
        InputError: if the image is not there, cannot be read, or is not of the page's shape.
    """
    path = next((p for f in image_folders(files, images) if (p := f.find(page))), None)
    if path is None:
        name = shown(page.source or page.id)
        raise InputError(f"{name}: the image is not there; name its folder by --images")
    source = source_page(page, path, params)
    image = load_page(source, params)
    return scaled(page, image.width, image.height), source, image


def with_image(page: Page, path: Path, params: LoadParams) -> tuple[Page, PageSource]:
    """The page in the pixels of its image, and what a PDF's page is drawn from.

    Raises:
        InputError: if the image cannot be read, or is not of the page's shape.
    """
    source = source_page(page, path, params)
    image = load_page(source, params)
    fitted = scaled(replace(page, ppi=image.ppi, source=path.name), image.width, image.height)
    if source.kind == "pdf":
        return fitted, PdfPageSource(path, source.frame)
    return fitted, ImageSource(path, source.frame)


def source_page(page: Page, path: Path, params: LoadParams) -> SourcePage:
    """Where in its image file a page is to be found.

    Raises:
        InputError: if the file cannot be read.
    """
    kind: Kind = "pdf" if path.suffix.lower() == PDF_SUFFIX else "image"
    frames = page_frames(path, kind, params)
    frame = frames[page.index] if len(frames) > page.index and len(frames) > 1 else frames[0]
    return SourcePage(path, frame, kind, page.id, page.index)


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
