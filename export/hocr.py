"""Document <-> hOCR 1.2, OCR's HTML; any tool's hOCR is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html.parser import HTMLParser
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from export.credit import software
from export.ids import id_in_document, id_in_page, page_id, word_ids, xml_name
from export.line_parts import box_around, whole_line
from export.outline import sound_polygon, sound_polyline
from export.provenance import settings_text
from export.safe_xml import XML_ERRORS
from export.xml_text import legal
from pipeline.document import Box, Document, Line, Page, Point, Polygon, Region, Step, Word
from pipeline.errors import InputError

CAPABILITIES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_wconf ocrp_poly ocrp_font"
LINES = frozenset(("ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat", "ocrx_line"))
REGIONS = frozenset(("ocr_carea", "ocrx_block", "ocr_float", "ocr_separator"))
VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"))
PROPERTY = re.compile(r"""\s*(\w+)((?:[^;"']|"(?:[^"\\]|\\.)*"|'[^']*')*)(?:;|$)""")
POINTS_PER_INCH = 72
MAX_DEPTH = 200  # of elements; no one writes hOCR deeper than ten


def hocr(document: Document, language: str = "") -> bytes:
    """Write a document as hOCR, a page an `ocr_page`.

    Args:
        document: the pages; every ID is the part's own, after its page's number.
        language: BCP 47 tag of the text, such as "fr"; empty if not known.

    Returns:
        UTF-8 XHTML that is HTML 5 as well; a word's `x_wconf` is in percent.
    """
    root = Element("html", {"xmlns": "http://www.w3.org/1999/xhtml"})
    if language:
        root.set("lang", language)
    _add_head(root, document, language)
    body = SubElement(root, "body")
    for page in document.pages:
        _add_page(body, page)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)
    return f"<!DOCTYPE html>\n{_without_short_spans(text)}\n".encode()


def _without_short_spans(text: str) -> str:
    """HTML takes `<span/>` for a start tag."""
    return re.sub(r"<(span|div|p|title)([^<>]*?) */>", r"<\1\2></\1>", text)


def _add_head(root: Element, document: Document, language: str) -> None:
    head = SubElement(root, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "title").text = legal(document.title) or "untitled"
    for name, content in (
        ("ocr-system", software()),
        ("ocr-capabilities", CAPABILITIES),
        ("ocr-number-of-pages", str(len(document.pages))),
        ("ocr-langs", language or "unknown"),
        ("ocr-scripts", "unknown"),
        *(("inkfolio-step", _said(step)) for step in document.steps),
    ):
        SubElement(head, "meta", {"name": name, "content": content})


def _said(step: Step) -> str:
    return f"{legal(step.name)} {legal(step.version)}: {settings_text(step)}"


def _add_page(body: Element, page: Page) -> None:
    image = legal(page.source).replace("\\", r"\\").replace('"', r"\"")
    ppi = round(page.ppi)
    properties = (
        f'image "{image}"',
        _bbox(Box(0, 0, page.width, page.height)),
        f"ppageno {page.index}",
        f"scan_res {ppi} {ppi}",
    )
    element = _add(body, "div", "ocr_page", page_id(page), properties)
    element.set("data-page", legal(page.id))
    for region in page.regions:
        _add_region(element, region, page)


def _add(parent: Element, tag: str, kind: str, part: str, properties: Iterable[str]) -> Element:
    return SubElement(parent, tag, {"class": kind, "id": part, "title": "; ".join(properties)})


def _bbox(box: Box) -> str:
    return f"bbox {box.left} {box.top} {box.right} {box.bottom}"


def _around(boundary: Polygon, page: Page) -> tuple[Box, str]:
    """The box around a mended polygon, and its corners as a property."""
    corners = sound_polygon(boundary, page.width, page.height)
    return box_around(corners), "poly " + " ".join(f"{x} {y}" for x, y in corners)


def _add_region(parent: Element, region: Region, page: Page) -> None:
    box, poly = _around(region.boundary, page)
    part = id_in_document(page, region.id)
    area = _add(parent, "div", "ocr_carea", part, (_bbox(box), poly))
    area.set("data-kind", legal(region.kind))
    paragraph = _add(area, "p", "ocr_par", f"{part}_par", (_bbox(box),))
    for line in region.lines:
        _add_line(paragraph, line, page)


def _add_line(parent: Element, line: Line, page: Page) -> None:
    box, poly = _around(line.boundary, page)
    size_pt = round(box.height * POINTS_PER_INCH / page.ppi)
    properties = (_bbox(box), poly, _baseline(line, box, page), f"x_fsize {size_pt}")
    element = _add(parent, "span", "ocr_line", id_in_document(page, line.id), properties)
    for word_id, word in zip(word_ids(line), line.words, strict=True):
        around, _ = _around(word.box.polygon(), page)
        certain = round(100 * min(max(word.confidence, 0.0), 1.0))
        about = (_bbox(around), f"x_wconf {certain}")
        span = _add(element, "span", "ocrx_word", id_in_document(page, word_id), about)
        span.text = legal(word.text)


def _baseline(line: Line, box: Box, page: Page) -> str:
    """Slope, and height over the box's lower left corner, of a straight baseline."""
    (x1, y1), *_, (x2, y2) = sound_polyline(line.baseline, page.width, page.height)
    slope = (y2 - y1) / (x2 - x1) if x2 != x1 else 0.0
    return f"baseline {slope:.4f} {y1 + slope * (box.left - x1) - box.bottom:.1f}"


def read_hocr(data: bytes, name: str = "hOCR file") -> list[Page]:
    """Read the pages of an hOCR file, ours or a peer's, HTML or XHTML.

    Args:
        data: the file's bytes, UTF-8; it is read as HTML, so that a DTD says nothing to us.
        name: what to call the file in an error.

    Raises:
        InputError: if there are no hOCR pages in it.
    """
    try:
        tree = _Tree()
        tree.feed(data.decode("utf-8-sig"))
        pages = [_read_page(e, i) for i, e in enumerate(_of_class(tree.root, ("ocr_page",)))]
        if not pages:
            raise ValueError("it has no ocr_page")
        return pages
    except XML_ERRORS as error:
        raise InputError(f"{name} is not an hOCR file ({error}); export it again") from error


class _Tree(HTMLParser):
    """HTML as a tree, as far as hOCR needs one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        element = SubElement(self._open[-1], tag, {k: v or "" for k, v in attrs})
        if tag in VOID:
            return
        self._open.append(element)
        if len(self._open) > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH}")

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        SubElement(self._open[-1], tag, {k: v or "" for k, v in attrs})

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        inner = self._open[-1]
        if len(inner):
            inner[-1].tail = (inner[-1].tail or "") + data
        else:
            inner.text = (inner.text or "") + data


def _of_class(element: Element, kinds: Iterable[str]) -> Iterator[Element]:
    wanted = set(kinds)
    return (inner for inner in element.iter() if wanted.intersection(_classes(inner)))


def _classes(element: Element) -> list[str]:
    return element.get("class", "").split()


def _properties(element: Element) -> dict[str, str]:
    found = PROPERTY.findall(element.get("title", ""))
    return {key: value.strip() for key, value in found}


def _read_page(element: Element, index: int) -> Page:
    about = _properties(element)
    box = _box(about)
    if box is None:
        raise ValueError("a page has no bbox")
    source = _unquoted(about.get("image", ""))
    stem = re.split(r"[/\\]", source)[-1].rpartition(".")[0]
    ppi = about.get("scan_res", "300").split()[0]
    return Page(
        id=element.get("data-page") or stem or f"page{index + 1}",
        index=int(about.get("ppageno", index)),
        width=box.right,
        height=box.bottom,
        ppi=float(ppi),
        source=source,
        regions=tuple(_read_regions(element)),
    )


def _unquoted(text: str) -> str:
    inner = text[1:-1] if len(text) > 1 and text[0] in "\"'" else text
    return re.sub(r"\\(.)", r"\1", inner) if text[:1] == '"' else inner


def _read_regions(page: Element) -> Iterator[Region]:
    """Its areas; where there are none, as in kraken's files, all its lines as one."""
    areas = list(_of_class(page, REGIONS)) or [page]
    for number, area in enumerate(areas, start=1):
        region_id = _id(area, f"r{number}")
        found = [
            _read_line(line, f"{region_id}l{i}")
            for i, line in enumerate(_of_class(area, LINES), start=1)
        ]
        lines = tuple(line for line in found if line)
        boundary = _boundary(_properties(area)) if area is not page else ()
        corners = boundary or tuple(point for line in lines for point in line.boundary)
        if corners:
            outline = boundary or box_around(corners).polygon()
            yield Region(region_id, area.get("data-kind") or "text", outline, lines)


def _id(element: Element, otherwise: str) -> str:
    return xml_name(id_in_page(element.get("id", "")), otherwise)


def _read_line(element: Element, otherwise: str) -> Line | None:
    about = _properties(element)
    words = [word for word in map(_read_word, _of_class(element, ("ocrx_word",))) if word]
    text = None if words else _text(element)
    confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
    boundary = _boundary(about)
    baseline = _read_baseline(about, box_around(boundary)) if boundary else ()
    return whole_line(_id(element, otherwise), boundary, baseline, words, text, confidence)


def _read_word(element: Element) -> Word | None:
    about = _properties(element)
    text, box = _text(element), _box(about)
    if not text or box is None:
        return None
    return Word(text, box, min(max(float(about.get("x_wconf", 0)) / 100, 0.0), 1.0))


def _text(element: Element) -> str:
    return unicodedata.normalize("NFC", " ".join("".join(element.itertext()).split()))


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.replace(",", " ").split()]


def _box(about: dict[str, str]) -> Box | None:
    if "bbox" not in about:
        return None
    left, top, right, bottom = _numbers(about["bbox"])
    return box_around([(left, top), (right, bottom)])


def _boundary(about: dict[str, str]) -> Polygon:
    numbers = _numbers(about.get("poly", ""))
    corners: list[Point] = list(zip(numbers[::2], numbers[1::2], strict=True))
    box = _box(about)
    return tuple(corners) if len(corners) > 2 else box.polygon() if box else ()


def _read_baseline(about: dict[str, str], box: Box) -> Polygon:
    numbers = _numbers(about.get("baseline", ""))
    if len(numbers) != 2:
        return ()
    slope, offset = numbers
    start = box.bottom + offset
    return ((box.left, start), (box.right, start + slope * box.width))
