"""Page <-> PAGE XML, the layout format of PRImA, OCR-D, Transkribus and eScriptorium."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from export.credit import software
from export.ids import word_ids
from export.line_parts import box_around, whole_line
from export.outline import sound_polygon, sound_polyline
from export.provenance import setting_text, settings_text
from export.safe_xml import XML_ERRORS, children, descendants, parse_xml
from export.xml_text import legal
from pipeline.document import Alternative, Line, Page, Point, Polygon, Region, Step, Word
from pipeline.errors import InputError

Edition = Literal["2019-07-15", "2013-07-15"]
NAMESPACES = "http://schema.primaresearch.org/PAGE/gts/pagecontent/"
NAMESPACE = f"{NAMESPACES}2019-07-15"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
TYPES = {"text": "paragraph", "margin": "marginalia"}
KINDS = {"marginalia": "margin"}
NEWER_PAGE_ATTRIBUTES = (
    "imageXResolution",
    "imageYResolution",
    "imageResolutionUnit",
    "orientation",
)
TRANSKRIBUS_ORDER = re.compile(r"readingOrder\s*\{\s*index\s*:\s*(\d+)")
CUSTOM = re.compile(r"page \{id:([^;]*); index:(\d+);\}")


def page_xml(
    page: Page, steps: Sequence[Step], created: datetime, edition: Edition = "2019-07-15"
) -> bytes:
    """Write a page as PAGE XML.

    Args:
        page: the page; words, lines and regions keep their order and their IDs.
        steps: how the page was made, for the metadata.
        created: when; the same moment gives the same bytes.
        edition: which schema; Transkribus wants 2013's, which says less.

    Returns:
        UTF-8 XML that is valid under the edition's schema. Coordinates are whole pixels of
        the original image. Characters that XML cannot hold are left out.
    """
    namespace = NAMESPACES + edition
    root = Element("PcGts", {"xmlns": namespace, "xmlns:xsi": SCHEMA_INSTANCE})
    root.set("xsi:schemaLocation", f"{namespace} {namespace}/pagecontent.xsd")
    _add_metadata(root, steps, created)
    element = SubElement(root, "Page", _page_attributes(page))
    if page.regions:
        _add_reading_order(element, page)
    for region in page.regions:
        _add_region(element, region, page)
    if edition == "2013-07-15":
        _make_older(root, steps)
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return data + b"\n"


def _add_metadata(root: Element, steps: Sequence[Step], created: datetime) -> None:
    metadata = SubElement(root, "Metadata")
    moment = created.astimezone(UTC).isoformat(timespec="seconds")
    SubElement(metadata, "Creator").text = software()
    SubElement(metadata, "Created").text = moment
    SubElement(metadata, "LastChange").text = moment
    for step in steps:
        about = {"type": "processingStep", "name": legal(step.name), "value": legal(step.version)}
        labels = SubElement(SubElement(metadata, "MetadataItem", about), "Labels")
        for name, value in step.parameters.items():
            label = {"type": legal(name), "value": setting_text(value)}
            SubElement(labels, "Label", label)


def _make_older(root: Element, steps: Sequence[Step]) -> None:
    """Take out what the edition of 2013 does not know; the steps become a comment."""
    metadata, page = root
    for item in list(children(metadata, "MetadataItem")):
        metadata.remove(item)
    if steps:
        said = (f"{legal(s.name)} {legal(s.version)}: {settings_text(s)}" for s in steps)
        SubElement(metadata, "Comments").text = "\n".join(said)
    for name in NEWER_PAGE_ATTRIBUTES:
        page.attrib.pop(name)
    for word in descendants(page, "Word"):
        for alternative in list(children(word, "TextEquiv"))[1:]:
            word.remove(alternative)
    for text in descendants(page, "TextEquiv"):
        text.attrib.pop("index")


def _page_attributes(page: Page) -> dict[str, str]:
    """The page's attributes; what PAGE has no place for goes into `custom`."""
    return {
        "imageFilename": legal(page.source),
        "imageWidth": str(page.width),
        "imageHeight": str(page.height),
        "imageXResolution": f"{page.ppi:g}",
        "imageYResolution": f"{page.ppi:g}",
        "imageResolutionUnit": "PPI",
        "orientation": f"{page.skew:.3f}",
        "custom": f"page {{id:{quote(page.id, errors='replace')}; index:{page.index};}}",
    }


def _add_reading_order(element: Element, page: Page) -> None:
    order = SubElement(SubElement(element, "ReadingOrder"), "OrderedGroup", {"id": "order"})
    for index, region in enumerate(page.regions):
        reference = {"index": str(index), "regionRef": region.id}
        SubElement(order, "RegionRefIndexed", reference)


def _add_region(parent: Element, region: Region, page: Page) -> None:
    kind = TYPES.get(region.kind, "other")
    element = SubElement(parent, "TextRegion", {"id": region.id, "type": kind})
    if region.kind not in TYPES:
        element.set("custom", legal(region.kind))
    _add_coords(element, region.boundary, page)
    for line in region.lines:
        _add_line(element, line, page)
    if any(line.words for line in region.lines):
        _add_text(element, region.text, None)


def _add_line(parent: Element, line: Line, page: Page) -> None:
    element = SubElement(parent, "TextLine", {"id": line.id})
    _add_coords(element, line.boundary, page)
    baseline = sound_polyline(line.baseline, page.width, page.height)
    SubElement(element, "Baseline", {"points": _points(baseline)})
    for word_id, word in zip(word_ids(line), line.words, strict=True):
        _add_word(element, word, word_id, page)
    if line.words:
        _add_text(element, line.text, line.confidence)


def _add_word(parent: Element, word: Word, word_id: str, page: Page) -> None:
    element = SubElement(parent, "Word", {"id": word_id})
    _add_coords(element, word.box.polygon(), page)
    _add_text(element, word.text, word.confidence)
    for index, other in enumerate(word.alternatives, start=2):
        _add_text(element, other.text, other.confidence, index)


def _add_coords(parent: Element, boundary: Polygon, page: Page) -> None:
    polygon = sound_polygon(boundary, page.width, page.height)
    SubElement(parent, "Coords", {"points": _points(polygon)})


def _add_text(parent: Element, text: str, confidence: float | None, index: int = 1) -> None:
    attributes = {"index": str(index)}
    if confidence is not None:
        attributes["conf"] = f"{min(max(confidence, 0.0), 1.0):.4f}"
    SubElement(SubElement(parent, "TextEquiv", attributes), "Unicode").text = legal(text)


def _points(points: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def read_page_xml(data: bytes, name: str = "PAGE file") -> Page:
    """Read a page from PAGE XML, ours or a peer's of any year.

    A line's own text goes before that of its words, since people correct lines; words that a
    peer left out are spread along their line.

    Args:
        data: the file's bytes; a DTD is refused, and nothing outside is ever opened.
        name: what to call the file in an error.

    Raises:
        InputError: if this is no PAGE file, or lacks what a page needs.
    """
    try:
        root = parse_xml(data)
        return _read_page(next(children(root, "Page")))
    except XML_ERRORS as error:
        raise InputError(f"{name} is not a PAGE file ({error}); export it again") from error


def _read_page(element: Element) -> Page:
    source = element.attrib["imageFilename"]
    custom = CUSTOM.fullmatch(element.get("custom", ""))
    stem = re.split(r"[/\\]", source)[-1].rpartition(".")[0]
    return Page(
        id=unquote(custom[1]) if custom else stem or source,
        index=int(custom[2]) if custom else 0,
        width=int(element.attrib["imageWidth"]),
        height=int(element.attrib["imageHeight"]),
        ppi=float(element.get("imageXResolution", 300)),
        skew=float(element.get("orientation", 0)),
        source=source,
        regions=tuple(filter(None, map(_read_region, _in_order(element)))),
    )


def _in_order(element: Element) -> list[Element]:
    """Text regions, and the cells of tables, in reading order; those it leaves out come last."""
    regions = list(descendants(element, "TextRegion", "TableCell"))
    references = [e.get("regionRef") for e in descendants(element, "RegionRefIndexed")]
    place = {reference: i for i, reference in enumerate(references)}
    if place:
        return sorted(regions, key=lambda region: place.get(region.get("id"), len(place)))
    return sorted(regions, key=_transkribus_place)


def _transkribus_place(element: Element) -> int:
    """Where Transkribus puts an element among its like; 0 if it does not say."""
    order = TRANSKRIBUS_ORDER.search(element.get("custom", ""))
    return int(order[1]) if order else 0


def _read_region(element: Element) -> Region | None:
    """A region; none if there is neither an outline nor a line to take it from."""
    kind = element.get("type", "paragraph")
    in_order = sorted(children(element, "TextLine"), key=_transkribus_place)
    lines = tuple(filter(None, map(_read_line, in_order)))
    boundary = _read_points(element, "Coords")
    if not boundary and not lines:
        return None
    around = [point for line in lines for point in line.boundary]
    return Region(
        id=element.attrib["id"],
        kind=element.get("custom", "text") if kind == "other" else KINDS.get(kind, "text"),
        boundary=boundary or box_around(around).polygon(),
        lines=lines,
    )


def _read_line(element: Element) -> Line | None:
    text, confidence = _read_text(element)
    return whole_line(
        element.attrib["id"],
        _read_points(element, "Coords"),
        _read_points(element, "Baseline"),
        [word for word in map(_read_word, children(element, "Word")) if word],
        text,
        confidence,
    )


def _read_word(element: Element) -> Word | None:
    (text, confidence), *others = _readings(element) or [("", 0.0)]
    points = _read_points(element, "Coords")
    if not text or not points:
        return None
    alternatives = tuple(Alternative(*other) for other in others if len(other[0].split()) == 1)
    return Word(text, box_around(points), confidence, alternatives=alternatives)


def _read_points(element: Element, tag: str) -> Polygon:
    found = next(children(element, tag), None)
    points = found.get("points", "") if found is not None else ""
    return tuple(_read_point(point) for point in points.split())


def _read_point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), float(y)


def _read_text(element: Element) -> tuple[str | None, float]:
    """Text and confidence of an element's best reading; None if it has none."""
    readings = _readings(element)
    return readings[0] if readings else (None, 0.0)


def _readings(element: Element) -> list[tuple[str, float]]:
    """Texts and confidences of an element, the best first."""
    found = sorted(children(element, "TextEquiv"), key=lambda e: int(e.get("index", 0)))
    return [(_text_of(reading), float(reading.get("conf", 0))) for reading in found]


def _text_of(reading: Element) -> str:
    unicode = next(children(reading, "Unicode"))
    return unicodedata.normalize("NFC", unicode.text or "")
