"""Document -> TEI P5: a facsimile with zones, and a text that points at them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from export.credit import software
from export.ids import id_in_document, page_id, word_ids
from export.outline import sound_polygon
from export.provenance import settings_text
from export.xml_text import legal
from pipeline.document import Document, Line, Page, Polygon, Region, Step
from pipeline.mentions import Mention

NAMESPACE = "http://www.tei-c.org/ns/1.0"
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NAMES = {"person": "persName", "place": "placeName", "organisation": "orgName", "date": "date"}
VERSION = re.compile(r"\d+[a-z]*\d*(\.\d+[a-z]*\d*){0,3}")


def tei(
    document: Document, created: datetime, language: str = "", mentions: Sequence[Mention] = ()
) -> bytes:
    """Write a document as TEI.

    Args:
        document: the pages; every zone's ID is the part's own, after its page's number.
        created: when; the same moment gives the same bytes.
        language: BCP 47 tag of the text, such as "fr"; empty if not known.
        mentions: names and dates, to be marked; one that goes on in another line is as many
            elements as lines, joined by `next` and `prev`.

    Returns:
        UTF-8 XML that is valid under tei_all. A region is an `ab`, a line an `lb`, a word a `w`;
        confidences are in `cert`.
    """
    root = Element("TEI", {"xmlns": NAMESPACE})
    _add_header(root, document, created)
    facsimile = SubElement(root, "facsimile")
    body = SubElement(SubElement(root, "text", _language(language)), "body")
    for page in document.pages:
        _add_surface(facsimile, page)
        _add_text(body, page)
    words = {word.get("facs", ""): word for word in body.iter("w")} if mentions else {}
    parents = {child: parent for parent in body.iter() for child in parent} if mentions else {}
    for number, mention in enumerate(mentions, start=1):
        _mark(mention, f"name{number}", words, parents)
    data: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return data + b"\n"


def _language(language: str) -> dict[str, str]:
    return {XML_LANG: language} if language else {}


def _add_header(root: Element, document: Document, created: datetime) -> None:
    header = SubElement(root, "teiHeader")
    file = SubElement(header, "fileDesc")
    SubElement(SubElement(file, "titleStmt"), "title").text = legal(document.title) or "untitled"
    moment = created.astimezone(UTC).date().isoformat()
    published = SubElement(SubElement(file, "publicationStmt"), "p")
    published.text = "Made by machine on "
    SubElement(published, "date", {"when": moment}).text = moment
    sources = ", ".join(dict.fromkeys(legal(page.source) for page in document.pages))
    SubElement(SubElement(file, "sourceDesc"), "p").text = f"Scanned pages: {sources or 'none'}"
    _add_steps(header, document.steps)


def _add_steps(header: Element, steps: Sequence[Step]) -> None:
    name, _, release = software().partition(" ")
    about = {"ident": name, "version": release if VERSION.fullmatch(release) else "0"}
    info = SubElement(SubElement(header, "encodingDesc"), "appInfo")
    application = SubElement(info, "application", about)
    SubElement(application, "label").text = software()
    for step in steps:
        said = f"{legal(step.name)} {legal(step.version)}: {settings_text(step)}"
        SubElement(application, "desc").text = said


def _add_surface(facsimile: Element, page: Page) -> None:
    extent = {"ulx": "0", "uly": "0", "lrx": str(page.width), "lry": str(page.height)}
    surface = SubElement(facsimile, "surface", {XML_ID: page_id(page), **extent})
    size = {"width": f"{page.width}px", "height": f"{page.height}px"}
    SubElement(surface, "graphic", {"url": quote(page.source, errors="replace"), **size})
    for region in page.regions:
        zone = _add_zone(surface, page, region.id, "region", region.boundary)
        for line in region.lines:
            inner = _add_zone(zone, page, line.id, "line", line.boundary)
            for word_id, word in zip(word_ids(line), line.words, strict=True):
                _add_zone(inner, page, word_id, "word", word.box.polygon())


def _add_zone(parent: Element, page: Page, part: str, kind: str, boundary: Polygon) -> Element:
    corners = sound_polygon(boundary, page.width, page.height)
    points = " ".join(f"{x},{y}" for x, y in corners)
    about = {XML_ID: id_in_document(page, part), "type": kind, "points": points}
    return SubElement(parent, "zone", about)


def _add_text(body: Element, page: Page) -> None:
    division = SubElement(body, "div", {"type": "page"})
    SubElement(division, "pb", {"n": str(page.index + 1), "facs": f"#{page_id(page)}"})
    for region in page.regions:
        _add_region(division, page, region)
    if not page.regions:
        SubElement(division, "ab")


def _add_region(division: Element, page: Page, region: Region) -> None:
    kind = re.sub(r"\W+", "_", region.kind) or "text"
    block = SubElement(
        division, "ab", {"type": kind, "facs": f"#{id_in_document(page, region.id)}"}
    )
    block.text = "\n"
    for line in region.lines:
        _add_line(block, page, line)


def _add_line(block: Element, page: Page, line: Line) -> None:
    SubElement(block, "lb", {"facs": f"#{id_in_document(page, line.id)}"})
    last: Element | None = None
    for word_id, word in zip(word_ids(line), line.words, strict=True):
        certain = f"{min(max(word.confidence, 0.0), 1.0):.4f}"
        about = {"facs": f"#{id_in_document(page, word_id)}", "cert": certain}
        last = SubElement(block, "w", about)
        last.text, last.tail = legal(word.text), " "
    (block[-1] if last is None else last).tail = "\n"


def _mark(
    mention: Mention, name: str, words: dict[str, Element], parents: dict[Element, Element]
) -> None:
    """Put the words of a mention into an element a line."""
    for number, part in enumerate(mention.parts, start=1):
        places = range(part.first + 1, part.last + 2)
        page = f"#p{mention.page + 1}_{part.line_id}w"
        inside = [words[f"{page}{place}"] for place in places]
        parent = parents[inside[0]]
        if any(parents[word] is not parent for word in inside):
            continue  # a word of it is already another mention's
        element = Element(NAMES[mention.kind], _about(mention, name, number))
        parents[element] = parent
        parent.insert(list(parent).index(inside[0]), element)
        element.tail, inside[-1].tail = inside[-1].tail, None
        for word in inside:
            parent.remove(word)
            element.append(word)
            parents[word] = element


def _about(mention: Mention, name: str, number: int) -> dict[str, str]:
    about = {"cert": f"{mention.confidence:.4f}"}
    if mention.normal:
        about["when"] = mention.normal
    if len(mention.parts) > 1:
        about[XML_ID] = f"{name}_{number}"
    if number > 1:
        about["prev"] = f"#{name}_{number - 1}"
    if number < len(mention.parts):
        about["next"] = f"#{name}_{number + 1}"
    return about
