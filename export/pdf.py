"""Document -> searchable PDF: every page as it was scanned, its text invisible in place.

Pictures are not redrawn unless that is wished: their bytes are copied from file to file when the
PDF is written, so that memory does not grow with the number of pages. Pages of an input PDF are
kept as they are. The same document and sources give the same bytes.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal

from pypdf import PageObject, PdfReader, PdfWriter, Transformation
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    RectangleObject,
    StreamObject,
)

from export.baselines import POINTS_PER_INCH
from export.glyphless import Codes, deflated, fill_font
from export.page_source import ImageSource, PageSource, PdfPageSource
from export.pdf_attachments import Attachment, attach
from export.pdf_description import claim_archive, describe, pdf_date
from export.pdf_hidden_text import remove_hidden_text
from export.pdf_image import encode_picture, image_object, spooled
from export.pdf_inheritance import inherit, inherited_title
from export.pdf_objects import write_packed
from export.pdf_redraw import ORIGINAL, Binarize, jpeg_quality
from export.pdf_structure import TagTree, add_outline, add_page_labels
from export.pdfa_rules import Part, content_violations, violations
from export.text_layer import has_words, number, text_layer
from pipeline.document import Document, Page
from pipeline.errors import EncryptedPdfError, InputError

Archive = Literal["1b", "2b", "3b", "none"]
PARTS: dict[str, Part] = {"1b": 1, "2b": 2, "3b": 3}
PRINT_FLAG = 4
MAX_SIDE = 14400  # user space units, the format's limit
# The unit square's matrix for each EXIF orientation, on a page one wide and one high.
PLACEMENTS = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}


@dataclass(frozen=True, slots=True)
class PdfParams:
    """Settings of `write_pdf`.

    Attributes:
        archive: which PDF/A to be, or "none".
        tagged: whether regions are tagged as paragraphs, for screen readers.
        image: what becomes of scans: "original", "jpeg:75" of some quality, or "bitonal".
            Pages of an input PDF always stay as they are.
    """

    archive: Archive = "2b"
    tagged: bool = False
    image: str = ORIGINAL

    def __post_init__(self) -> None:
        """Refuse an unknown PDF/A or treatment of scans."""
        jpeg_quality(self.image)
        if self.archive not in (*PARTS, "none"):
            raise ValueError(f"archive must be one of {', '.join(PARTS)}, none: {self.archive!r}")


def write_pdf(
    document: Document,
    sources: Sequence[PageSource],
    target: BinaryIO,
    created: datetime | None = None,
    language: str = "",
    params: PdfParams = PdfParams(),
    attachments: Sequence[Attachment] = (),
    binarize: Binarize | None = None,
) -> list[str]:
    """Write a document as a searchable PDF.

    Args:
        document: the pages as read.
        sources: what each page is drawn from, in the order of `document.pages`.
        target: open for writing in binary, at its start.
        created: date of the document; None for no date.
        language: BCP 47 tag of the text, such as "fr"; empty if not known.
        params: which PDF/A, see `PdfParams`.
        attachments: files to carry along; PDF/A-3 alone allows it.
        binarize: how to tell ink from paper, for bitonal pictures.

    Returns:
        Why the PDF is not PDF/A, for what came in with the sources; it then does not claim to
        be. Empty if it is, or was not to be.

    Raises:
        ValueError: if there is not one source a page, or a binarizer is wanted and missing.
        InputError: if a source cannot be drawn.
    """
    if len(sources) != len(document.pages):
        raise ValueError(f"expected {len(document.pages)} sources, got {len(sources)}")
    with tempfile.TemporaryDirectory(prefix="inkfolio-") as folder:
        assembly = _Assembly(Path(folder) / "pictures", params, binarize)
        for page, source in zip(document.pages, sources, strict=True):
            assembly.add(page, source)
        assembly.attach(attachments, created)
        reasons = assembly.describe(document, created, language)
        assembly.write(target)
        return reasons


class _Assembly:
    """A PDF in the making: pages go in one by one, font and description at the end."""

    def __init__(self, scratch: Path, params: PdfParams, binarize: Binarize | None) -> None:
        self._writer = PdfWriter()
        self._writer.pdf_header = "%PDF-1.4" if params.archive == "1b" else "%PDF-1.7"
        self._params = params
        self._binarize = binarize
        self._tags = TagTree(self._writer) if params.tagged else None
        self._reasons: list[str] = []
        self._scratch = scratch
        self._codes = Codes()
        self._font = DictionaryObject()
        self._font_reference: IndirectObject | None = None
        self._digest = hashlib.sha256()
        self._spooled = 0  # objects that have been looked at
        self._readers: dict[Path, PdfReader] = {}
        self._places: dict[Path, dict[int, int]] = {}

    def add(self, page: Page, source: PageSource) -> None:
        """Put in the next page."""
        if isinstance(source, ImageSource):
            self._add_picture(page, source)
        else:
            self._add_pdf_page(page, source)

    def _add_picture(self, page: Page, source: ImageSource) -> None:
        picture = encode_picture(source, self._scratch, self._params.image, self._binarize)
        for piece in picture.extent.pieces():
            self._digest.update(piece)
        scale, unit = _page_scale(page)
        width, height = page.width * scale, page.height * scale
        added = self._writer.add_blank_page(width, height)
        added[NameObject("/MediaBox")] = _rectangle(width, height)
        if unit > 1:
            added[NameObject("/UserUnit")] = NumberObject(unit)
        image = self._writer._add_object(image_object(picture, self._writer))
        images = DictionaryObject({NameObject("/Page"): image})
        added[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): images})
        drawing = _drawing(picture.orientation, width, height)
        self._lay_text(page, added, Transformation((scale, 0, 0, -scale, 0, height)), drawing)

    def _add_pdf_page(self, page: Page, source: PdfPageSource) -> None:
        try:
            original = self._reader(source.path).pages[source.index]
            added = self._writer.add_page(original)
            self._spool(source.path)
            self._places.setdefault(source.path, {})[source.index] = len(self._writer.pages) - 1
            if source.layer == "replace":
                remove_hidden_text(added, self._writer)
            part = PARTS.get(self._params.archive)
            if part:
                self._reasons += content_violations(added, part)
                _let_links_print(added)
            _withdraw_signatures(added)
            if source.layer != "none":
                self._lay_text(page, added, displayed_to_user(page, added))
        except (PyPdfError, IndexError, RecursionError) as error:
            raise InputError(
                f"{source.path}, page {source.index + 1}, cannot be copied ({error});"
                " repair the PDF, for example by printing it to a new one, and try again"
            ) from error

    def _spool(self, path: Path) -> None:
        """Put the pictures that came with a page into the scratch file, out of memory."""
        objects = self._writer._objects
        for place in range(self._spooled, len(objects)):
            found = objects[place]
            if isinstance(found, StreamObject) and found.get("/Subtype") == "/Image":
                objects[place] = spooled(found, self._scratch)
        self._spooled = len(objects)
        cache = self._readers[path].resolved_objects
        for key in [key for key, found in cache.items() if isinstance(found, StreamObject)]:
            del cache[key]  # the reader keeps what it has read

    def _reader(self, path: Path) -> PdfReader:
        if path not in self._readers:
            with path.open("rb") as file:
                self._digest.update(hashlib.file_digest(file, "sha256").digest())
            self._readers[path] = reader = PdfReader(path.open("rb"))
            if reader.is_encrypted and not reader.decrypt(""):
                raise EncryptedPdfError(f"{path} wants a password; save it without one")
        return self._readers[path]

    def _lay_text(
        self, page: Page, added: PageObject, to_user: Transformation, drawing: bytes = b""
    ) -> None:
        """Put drawing and text before what is on the page already.

        A page's own marks may leave the graphics state in disorder, which would displace text
        that follows; text that comes first is safe, and being invisible it need not be on top.
        """
        font = _free_font_name(added)
        text = text_layer(page, to_user, font, self._codes, self._params.tagged)
        if text:
            self._give_font(added, font)
        if self._tags:
            drawing = b"/Artifact BMC\n%bEMC\n" % drawing if drawing else b""
            self._tags.add(added, sum(map(has_words, page.regions)))
        if drawing or text:
            stream = self._writer._add_object(deflated(drawing + text))
            added[NameObject("/Contents")] = ArrayObject([stream, *_contents(added)])

    def _give_font(self, added: PageObject, name: str) -> None:
        """Name the font in a copy of the page's resources, which other pages may share."""
        if self._font_reference is None:
            self._font_reference = self._writer._add_object(self._font)
        resources, fonts = _entry(added, "/Resources"), _entry(added, "/Resources", "/Font")
        fonts[NameObject(name)] = self._font_reference
        resources[NameObject("/Font")] = fonts
        added[NameObject("/Resources")] = resources

    def attach(self, attachments: Sequence[Attachment], created: datetime | None) -> None:
        """Put in files."""
        if attachments:
            attach(self._writer, attachments, pdf_date(created) if created else "")
            for attachment in attachments:
                self._digest.update(attachment.data)

    def describe(self, document: Document, created: datetime | None, language: str) -> list[str]:
        """Put in what is known only once all pages are there; see `write_pdf`'s Returns."""
        if len(self._codes):
            fill_font(self._font, self._codes, self._writer)
        told = (document, created, language, self._params)
        self._digest.update(repr(told).encode("utf-8", "replace"))
        identifier = ByteStringObject(self._digest.digest()[:16])
        self._writer._ID = ArrayObject([identifier, identifier])
        origin = next(iter(self._readers.items())) if len(self._readers) == 1 else None
        title = (inherited_title(origin[1]) if origin else "") or document.title
        describe(self._writer, title, created, language, document.steps)
        if origin:
            inherit(self._writer, origin[1], self._places.get(origin[0], {}))
        if document.pages:
            add_outline(self._writer, document.pages)
            add_page_labels(self._writer, document.pages)
        if self._tags:
            self._tags.close(title)
        return self._judged()

    def _judged(self) -> list[str]:
        """Claim to be PDF/A if nothing is against it; else what is."""
        part = PARTS.get(self._params.archive)
        if not part:
            return []
        reasons = self._reasons + violations(self._writer, part)
        if not reasons:
            claim_archive(self._writer, part)
        return list(dict.fromkeys(reasons))

    def write(self, target: BinaryIO) -> None:
        """Write everything; nothing can be added afterwards."""
        if self._params.archive == "1b":
            self._writer.write(target)
        else:
            write_packed(self._writer, target)
        for reader in self._readers.values():
            reader.close()


def _let_links_print(added: PageObject) -> None:
    """Say of links, which have nothing to print, that they may be printed; PDF/A wants it."""
    for reference in added.get("/Annots", ArrayObject()).get_object():
        annotation = reference.get_object()
        if annotation.get("/Subtype") == "/Link" and "/F" not in annotation:
            annotation[NameObject("/F")] = NumberObject(PRINT_FLAG)


def _withdraw_signatures(added: PageObject) -> None:
    """Take signatures out of their fields: they were given for another file. What is seen stays."""
    for reference in added.get("/Annots", ArrayObject()).get_object():
        annotation = reference.get_object()
        field = annotation.get("/Parent", annotation).get_object()
        if "/Sig" in (annotation.get("/FT"), field.get("/FT")):
            annotation.pop("/V", None)
            annotation.pop("/Parent", None)


def displayed_to_user(page: Page, added: PageObject) -> Transformation:
    """The map from pixels of a rendered PDF page to its user space.

    What is rendered is the crop box within the media box, turned clockwise by /Rotate. UserUnit
    changes the page's size on paper, not its user space, and so does not appear here.
    """
    left, bottom, right, top = _displayed_box(added)
    width, height = right - left, top - bottom
    x, y = 1 / page.width, 1 / page.height
    maps = {
        0: (width * x, 0, 0, -height * y, left, top),
        90: (0, height * x, width * y, 0, left, bottom),
        180: (-width * x, 0, 0, height * y, right, bottom),
        270: (0, -height * x, -width * y, 0, right, top),
    }
    return Transformation(maps.get(added.rotation % 360, maps[0]))


def _displayed_box(added: PageObject) -> tuple[float, float, float, float]:
    media, crop = _sorted(added.mediabox), _sorted(added.cropbox)
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if left < right and bottom < top else media


def _sorted(box: RectangleObject) -> tuple[float, float, float, float]:
    xs, ys = sorted((box.left, box.right)), sorted((box.bottom, box.top))
    return float(xs[0]), float(ys[0]), float(xs[1]), float(ys[1])


def _page_scale(page: Page) -> tuple[float, int]:
    """User space units per pixel, and points per unit: more than one on outsized pages only."""
    points = POINTS_PER_INCH / page.ppi
    unit = math.ceil(max(page.width, page.height) * points / MAX_SIDE)
    return points / unit, unit


def _rectangle(width: float, height: float) -> ArrayObject:
    return ArrayObject(FloatObject(number(n)) for n in (0, 0, width, height))


def _drawing(orientation: int, width: float, height: float) -> bytes:
    """Draw the page's picture over the whole page."""
    a, b, c, d, e, f = PLACEMENTS[orientation]
    matrix = (a * width, b * height, c * width, d * height, e * width, f * height)
    return f"q {' '.join(map(number, matrix))} cm /Page Do Q\n".encode("ascii")


def _entry(holder: DictionaryObject, *path: str) -> DictionaryObject:
    """A copy of a dictionary within dictionaries, empty where there is none."""
    for name in path:
        found = holder.get(name, DictionaryObject()).get_object()
        holder = found if isinstance(found, DictionaryObject) else DictionaryObject()
    return DictionaryObject(holder)


def _free_font_name(added: PageObject) -> str:
    taken = _entry(added, "/Resources", "/Font")
    name = "/Inkfolio"
    while name in taken:
        name += "I"
    return name


def _contents(added: PageObject) -> list[PdfObject]:
    """References to the page's own content streams."""
    if "/Contents" not in added:
        return []
    raw = added.raw_get("/Contents")
    resolved = raw.get_object()
    return list(resolved) if isinstance(resolved, ArrayObject) else [raw]
