"""Page <-> PAGE XML 2019-07-15, the layout format of PRImA, OCR-D, Transkribus and eScriptorium."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement
from xml.parsers import expat

from export.credit import software
from export.outline import sound_polygon, sound_polyline
from export.xml_text import legal
from pipeline.document import Box, Line, Page, Point, Polygon, Region, Step, Word
from pipeline.errors import InputError

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
SCHEMA_FILE = f"{NAMESPACE}/pagecontent.xsd"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
TYPES = {"text": "paragraph", "margin": "marginalia"}
KINDS = {"marginalia": "margin"}
CUSTOM = re.compile(r"page \{id:([^;]*); index:(\d+);\}")


def page_xml(page: Page, steps: Sequence[Step], created: datetime) -> bytes:
    """Write a page as PAGE XML.

    Args:
        page: the page; words, lines and regions keep their order and their IDs.
        steps: how the page was made, for the metadata.
        created: when; the same moment gives the same bytes.

    Returns:
        UTF-8 XML that is valid under the schema of 2019-07-15. Coordinates are whole pixels of
        the original image. Characters that XML cannot hold are left out.
    """
    root = Element("PcGts", {"xmlns": NAMESPACE, "xmlns:xsi": SCHEMA_INSTANCE})
    root.set("xsi:schemaLocation", f"{NAMESPACE} {SCHEMA_FILE}")
    _add_metadata(root, steps, created)
    element = SubElement(root, "Page", _page_attributes(page))
    if page.regions:
        _add_reading_order(element, page)
    for region in page.regions:
        _add_region(element, region, page)
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
            label = {"type": legal(name), "value": legal(_plain(value))}
            SubElement(labels, "Label", label)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


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
    for number, word in enumerate(line.words, start=1):
        _add_word(element, word, f"{line.id}w{number}", page)
    if line.words:
        _add_text(element, line.text, line.confidence)


def _add_word(parent: Element, word: Word, word_id: str, page: Page) -> None:
    element = SubElement(parent, "Word", {"id": word_id})
    _add_coords(element, word.box.polygon(), page)
    _add_text(element, word.text, word.confidence)


def _add_coords(parent: Element, boundary: Polygon, page: Page) -> None:
    polygon = sound_polygon(boundary, page.width, page.height)
    SubElement(parent, "Coords", {"points": _points(polygon)})


def _add_text(parent: Element, text: str, confidence: float | None) -> None:
    attributes = {"index": "1"}
    if confidence is not None:
        attributes["conf"] = f"{min(max(confidence, 0.0), 1.0):.4f}"
    SubElement(SubElement(parent, "TextEquiv", attributes), "Unicode").text = legal(text)


def _points(points: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def read_page_xml(data: bytes, name: str = "PAGE file") -> Page:
    """Read a page from PAGE XML, ours or a peer's of any year.

    Args:
        data: the file's bytes; a DTD is refused, and nothing outside is ever opened.
        name: what to call the file in an error.

    Raises:
        InputError: if this is no PAGE file, or lacks what a page needs.
    """
    try:
        root = _parse(data)
        element = next(child for child in root if _tag(child) == "Page")
        return _read_page(element)
    except (expat.ExpatError, ElementTree.ParseError, StopIteration, KeyError, ValueError) as error:
        raise InputError(f"{name} is not a PAGE file ({error}); export it again") from error


def _parse(data: bytes) -> Element:
    """The root element, once a first pass has made sure that there is no DTD."""
    guard = expat.ParserCreate()
    guard.StartDoctypeDeclHandler = _refuse_dtd
    guard.Parse(data, True)
    return ElementTree.fromstring(data)


def _refuse_dtd(*_: object) -> None:
    raise ValueError("it has a DTD")


def _tag(element: Element) -> str:
    """The element's name without its namespace, which differs from year to year."""
    return element.tag.rpartition("}")[2]


def _children(element: Element, tag: str) -> Iterator[Element]:
    return (child for child in element if _tag(child) == tag)


def _read_page(element: Element) -> Page:
    source = element.attrib["imageFilename"]
    custom = CUSTOM.fullmatch(element.get("custom", ""))
    return Page(
        id=unquote(custom[1]) if custom else source.rpartition("/")[2].rpartition(".")[0] or source,
        index=int(custom[2]) if custom else 0,
        width=int(element.attrib["imageWidth"]),
        height=int(element.attrib["imageHeight"]),
        ppi=float(element.get("imageXResolution", 300)),
        skew=float(element.get("orientation", 0)),
        source=source,
        regions=tuple(_read_region(region) for region in _in_order(element)),
    )


def _in_order(element: Element) -> list[Element]:
    """The text regions in reading order; those that the order leaves out come last."""
    regions = list(_children(element, "TextRegion"))
    references = [e.get("regionRef") for e in element.iter() if _tag(e) == "RegionRefIndexed"]
    place = {reference: i for i, reference in enumerate(references)}
    return sorted(regions, key=lambda region: place.get(region.get("id"), len(place)))


def _read_region(element: Element) -> Region:
    kind = element.get("type", "paragraph")
    return Region(
        id=element.attrib["id"],
        kind=element.get("custom", "text") if kind == "other" else KINDS.get(kind, "text"),
        boundary=_read_points(element, "Coords"),
        lines=tuple(_read_line(line) for line in _children(element, "TextLine")),
    )


def _read_line(element: Element) -> Line:
    _, confidence = _read_text(element)
    return Line(
        id=element.attrib["id"],
        boundary=_read_points(element, "Coords"),
        baseline=_read_points(element, "Baseline"),
        words=tuple(_read_word(word) for word in _children(element, "Word")),
        confidence=confidence,
    )


def _read_word(element: Element) -> Word:
    text, confidence = _read_text(element)
    points = _read_points(element, "Coords")
    xs, ys = [round(x) for x, _ in points], [round(y) for _, y in points]
    return Word(text, Box(min(xs), min(ys), max(xs), max(ys)), confidence)


def _read_points(element: Element, tag: str) -> Polygon:
    points = next(_children(element, tag)).attrib["points"]
    return tuple(_read_point(point) for point in points.split())


def _read_point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), float(y)


def _read_text(element: Element) -> tuple[str, float]:
    """Text and confidence of an element's best reading."""
    readings = sorted(_children(element, "TextEquiv"), key=lambda e: int(e.get("index", 0)))
    if not readings:
        return "", 0.0
    unicode = next(_children(readings[0], "Unicode"))
    return unicode.text or "", float(readings[0].get("conf", 0))
