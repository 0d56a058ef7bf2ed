"""Pages with text and their images -> a Parquet file of text lines, to train and evaluate on.

The pages are PAGE, ALTO, hOCR or our JSON: corrected by hand, another program's ground truth, or
an old transcription that `inkfolio align` has laid on its scans.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.corrected import Corrected, read_corrected
from pipeline.document import Line, Page
from pipeline.errors import InputError
from pipeline.files import write_bytes
from pipeline.load import LoadParams
from pipeline.matching import LEAST_IOU, boxes_of, matched, overlaps
from pipeline.names import safe_name, shown
from pipeline.page_images import on_its_image
from segment.arrays import Gray
from segment.crop import crop_line
from segment.page import segment_page

logger = logging.getLogger(__name__)

HEIGHT_PX = 64  # of the lines in a corpus
QUALITY = 90  # of their WebP pictures
_COLUMNS = ("image", "text", "corpus", "page", "line", "lang", "kind", "split")


@dataclass(frozen=True, slots=True)
class CutParams:
    """Settings of `cut_lines`.

    Attributes:
        least_support: lines with a lower confidence are left out; lines that state none are kept.
        val_share: share of the pages, in [0, 1], whose lines are for choosing and not for training.
        corpus: name of the corpus; empty for each document's own.
        lang: ISO 639-3 code of the text; may be empty.
        kind: "hand", "print" or "typed".
        as_found: whether lines are cut out as our own finder outlines them, to learn from what
            use will see; those that it does not find are left out.
        load: limits in reading the images.
    """

    least_support: float = 0.3
    val_share: float = 0.1
    corpus: str = ""
    lang: str = ""
    kind: str = "hand"
    as_found: bool = False
    load: LoadParams = LoadParams()


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as it stands in the Parquet file; see `recognize.dataset.LineSample`."""

    image: bytes
    text: str
    corpus: str
    page: str
    line: int
    lang: str
    kind: str
    split: str


def cut_lines(
    sources: Sequence[Path], images: Path | None, out: Path, params: CutParams = CutParams()
) -> tuple[int, int]:
    """Cut the lines of pages out of their images and write them as a corpus.

    The same pages give the same file. Which pages are for val hangs on their names alone, so that
    a page stays where it is when others are added.

    Args:
        sources: PAGE, ALTO, hOCR or JSON files, and folders of them.
        images: folder of the pages' images; if None, each file's own folder and that above it.
        out: the Parquet file to write.
        params: see `CutParams`.

    Returns:
        How many lines were written, and how many left out for want of support.

    Raises:
        InputError: if a source or an image cannot be read, or no line is left.
        FileAccessError: if `out` cannot be written.
    """
    rows: list[LineRow] = []
    left_out = 0
    for document in read_corrected(sources):
        for page in document.document.pages:
            lines = [line for line in page.lines if line.text]
            kept = [line for line in lines if is_supported(line, params.least_support)]
            left_out += len(lines) - len(kept)
            rows += _cut_page(document, page, kept, images, params)
    if not rows:
        raise InputError(
            f"{', '.join(map(shown, sources))}: no line with text and enough support; lower "
            "--least-support or name other pages"
        )
    write_rows(rows, out)
    return len(rows), left_out


def write_rows(rows: Sequence[LineRow], out: Path) -> None:
    """Write lines as a Parquet file; the same lines give the same bytes.

    Raises:
        FileAccessError: if it cannot be written.
    """
    columns = {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
    data = io.BytesIO()
    pq.write_table(pa.table(columns), data)
    write_bytes(out, data.getvalue())


def cut_folders(
    corpora: Sequence[Path], folder: Path, params: CutParams = CutParams()
) -> list[Path]:
    """Make a Parquet file in `folder` of each corpus that is a folder of pages.

    Returns:
        The corpora, all of them Parquet files.

    Raises:
        InputError: as `cut_lines`.
    """
    return [_cut_folder(path, folder, params) if path.is_dir() else path for path in corpora]


def _cut_folder(pages: Path, folder: Path, params: CutParams) -> Path:
    # Two folders of one name are two corpora.
    name = hashlib.sha256(str(pages.resolve()).encode()).hexdigest()[:8]
    out = folder / f"{safe_name(pages.resolve().name)}-{name}.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    kept, left_out = cut_lines([pages], None, out, params)
    logger.info("%s: %d lines, %d left out for want of support", shown(pages), kept, left_out)
    return out


def is_supported(line: Line, least: float) -> bool:
    """Whether a line is good enough to learn from; people's own lines state no confidence."""
    return not line.confidence or line.confidence >= least


def split_of(page: str, val_share: float) -> str:
    """Whether a page is for training or for val, by its name alone."""
    number = int.from_bytes(hashlib.sha256(page.encode()).digest()[:8], "big")
    return "val" if number < val_share * 2**64 else "train"


def _cut_page(
    document: Corrected,
    page: Page,
    lines: Sequence[Line],
    images: Path | None,
    params: CutParams,
) -> Iterator[LineRow]:
    if not lines:
        return
    placed, _, image = on_its_image(page, document.files, images, params.load)
    outlined: dict[str, Line] = {}
    wanted = {line.id for line in lines}
    if params.as_found:
        outlined = _as_found(image.gray, [line for line in placed.lines if line.boundary])
        wanted &= set(outlined)
    name = f"{document.name}/{page.id}"
    split = split_of(name, params.val_share)
    corpus = params.corpus or document.name
    for number, line in enumerate(placed.lines):
        drawn = outlined.get(line.id, line)
        picture = _picture(image.gray, drawn) if line.id in wanted else b""
        if picture:
            yield LineRow(picture, line.text, corpus, name, number, params.lang, params.kind, split)
        elif picture is None:
            logger.warning("%s, %s: no line of text can be there", shown(page.id), line.id)


def _as_found(gray: Gray, lines: Sequence[Line]) -> dict[str, Line]:
    """By their IDs the lines of a page as we find them, those that we do."""
    found = [line for region in segment_page(gray).regions for line in region.lines]
    ours, theirs = (boxes_of(line.boundary for line in some) for some in (found, lines))
    pairs = matched(overlaps(ours, theirs), LEAST_IOU)
    return {lines[j].id: found[i] for i, j in pairs}


def _picture(gray: Gray, line: Line) -> bytes | None:
    """A line as it stands in a corpus; None where its outline encloses nothing or too much."""
    try:
        return encode_line(crop_line(gray, line.boundary, line.baseline).image)
    except ValueError:
        return None


def encode_line(image: Gray) -> bytes | None:
    """A line's picture, uint8 (H, W), as WebP 64 pixels high; None if it is too long for one."""
    width = max(2, round(image.shape[1] * HEIGHT_PX / image.shape[0]))
    shrinking = image.shape[0] > HEIGHT_PX
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    scaled = np.asarray(cv2.resize(image, (width, HEIGHT_PX), interpolation=interpolation))
    done, data = cv2.imencode(".webp", scaled, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    return data.tobytes() if done else None
