"""Page <-> ALTO 4.4, the format of libraries; ALTO of any version is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from export.credit import software
from export.hyphens import BrokenWord, Lexicon, broken_words
from export.ids import word_ids
from export.line_parts import box_around, spread_words, whole_line
from export.outline import sound_polygon, sound_polyline
from export.provenance import settings_text
from export.safe_xml import XML_ERRORS, children, descendants, parse_xml, tag_of
from export.xml_text import legal
from pipeline.document import Alternative, Box, Line, Page, Point, Polygon, Region, Step, Word
from pipeline.errors import InputError
from pipeline.mentions import Mention

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA_FILE = "https://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
# IDs of ours that are no part of the page begin so; a page's own never do.
TAG_PREFIX, NAME_PREFIX, STEP_PREFIX, PAGE_ID = "_kind_", "_name_", "_step_", "_page"
RECOGNITION = "recognition"  # of alternatives; others may be spellings
UNKNOWN_PPI = 300.0  # ALTO does not say; the image does


def alto(
    page: Page,
    steps: Sequence[Step],
    created: datetime,
    lexicon: Lexicon = Lexicon(),
    mentions: Sequence[Mention] = (),
) -> bytes:
    """Write a page as ALTO.

    Args:
        page: the page; words, lines and regions keep their order and their IDs.
        steps: how the page was made.
        created: when; the same moment gives the same bytes.
        lexicon: words of the document, to join those broken at the end of a line.
        mentions: what the page mentions; each becomes a NamedEntityTag of its words.

    Returns:
        UTF-8 XML that is valid under ALTO 4.4, in whole pixels of the original image.
    """
    root = Element("alto", {"xmlns": NAMESPACE, "xmlns:xsi": SCHEMA_INSTANCE})
    root.set("xsi:schemaLocation", f"{NAMESPACE} {SCHEMA_FILE}")
    root.set("SCHEMAVERSION", "4.4")
    _add_description(root, page, steps, created)
    kinds = list(dict.fromkeys(region.kind for region in page.regions))
    if kinds:
        _add_tags(root, kinds, mentions)
        _add_reading_order(root, page)
    tags = _tags_of_words(page, mentions)
    element = SubElement(SubElement(root, "Layout"), "Page", _page_attributes(page))
    space = SubElement(element, "PrintSpace", _extent(Box(0, 0, page.width, page.height)))
    broken = broken_words(page, lexicon)
    for region in page.regions:
        tag = f"{TAG_PREFIX}{kinds.index(region.kind) + 1}"
        _add_region(space, region, page, tag, broken, tags)
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return data + b"\n"


def _add_description(root: Element, page: Page, steps: Sequence[Step], created: datetime) -> None:
    description = SubElement(root, "Description")
    SubElement(description, "MeasurementUnit").text = "pixel"
    image = SubElement(description, "sourceImageInformation")
    SubElement(image, "fileName").text = legal(page.source)
    SubElement(image, "fileIdentifier").text = legal(page.id)
    moment = created.astimezone(UTC).isoformat(timespec="seconds")
    for number, step in enumerate(steps, start=1):
        element = SubElement(description, "Processing", {"ID": f"{STEP_PREFIX}{number}"})
        SubElement(element, "processingCategory").text = "contentGeneration"
        SubElement(element, "processingDateTime").text = moment
        SubElement(element, "processingStepDescription").text = legal(step.name)
        SubElement(element, "processingStepSettings").text = settings_text(step)
        program = SubElement(element, "processingSoftware")
        SubElement(program, "softwareName").text = software().split()[0]
        SubElement(program, "softwareVersion").text = legal(step.version)


def _add_tags(root: Element, kinds: Sequence[str], mentions: Sequence[Mention]) -> None:
    tags = SubElement(root, "Tags")
    for number, kind in enumerate(kinds, start=1):
        about = {"ID": f"{TAG_PREFIX}{number}", "TYPE": "region", "LABEL": legal(kind)}
        SubElement(tags, "LayoutTag", about)
    for number, mention in enumerate(mentions, start=1):
        about = {"ID": f"{NAME_PREFIX}{number}", "TYPE": mention.kind, "LABEL": legal(mention.text)}
        if mention.normal:
            about["DESCRIPTION"] = mention.normal
        SubElement(tags, "NamedEntityTag", about)


def _tags_of_words(page: Page, mentions: Sequence[Mention]) -> dict[str, str]:
    """The IDs of their NamedEntityTags by word ID."""
    ids = {line.id: word_ids(line) for line in page.lines}
    tags: dict[str, list[str]] = {}
    for number, mention in enumerate(mentions, start=1):
        for part in mention.parts:
            for word_id in ids[part.line_id][part.first : part.last + 1]:
                tags.setdefault(word_id, []).append(f"{NAME_PREFIX}{number}")
    return {word_id: " ".join(found) for word_id, found in tags.items()}


def _add_reading_order(root: Element, page: Page) -> None:
    order = SubElement(SubElement(root, "ReadingOrder"), "OrderedGroup", {"ID": "_order"})
    for number, region in enumerate(page.regions, start=1):
        SubElement(order, "ElementRef", {"ID": f"_order_{number}", "REF": region.id})


def _page_attributes(page: Page) -> dict[str, str]:
    return {
        "ID": PAGE_ID,
        "PHYSICAL_IMG_NR": str(page.index + 1),
        "WIDTH": str(page.width),
        "HEIGHT": str(page.height),
        "ROTATION": f"{page.skew:.3f}",
    }


def _extent(box: Box) -> dict[str, str]:
    return {
        "HPOS": str(box.left),
        "VPOS": str(box.top),
        "WIDTH": str(box.width),
        "HEIGHT": str(box.height),
    }


def _placed(identifier: str, boundary: Polygon, page: Page) -> tuple[dict[str, str], str]:
    """ID and extent of a shape, and its corners, mended."""
    polygon = sound_polygon(boundary, page.width, page.height)
    return {"ID": identifier, **_extent(box_around(polygon))}, _points(polygon)


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _add_region(
    space: Element,
    region: Region,
    page: Page,
    tag: str,
    broken: Mapping[str, BrokenWord],
    tags: Mapping[str, str],
) -> None:
    about, corners = _placed(region.id, region.boundary, page)
    block = SubElement(space, "TextBlock", about | {"TAGREFS": tag})
    SubElement(SubElement(block, "Shape"), "Polygon", {"POINTS": corners})
    for line in region.lines:
        _add_line(block, line, page, broken, tags)


def _add_line(
    block: Element,
    line: Line,
    page: Page,
    broken: Mapping[str, BrokenWord],
    tags: Mapping[str, str],
) -> None:
    about, corners = _placed(line.id, line.boundary, page)
    baseline = _points(sound_polyline(line.baseline, page.width, page.height))
    element = SubElement(block, "TextLine", about | {"BASELINE": baseline})
    SubElement(SubElement(element, "Shape"), "Polygon", {"POINTS": corners})
    if not line.words:  # the schema wants a word, eScriptorium writes an empty one
        extent = {name: about[name] for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")}
        SubElement(element, "String", {"CONTENT": "", **extent})
    before: Box | None = None
    for word_id, word in zip(word_ids(line), line.words, strict=True):
        if before:
            SubElement(element, "SP", _gap(before, word.box))
        _add_word(element, word_id, word, page, broken.get(word_id), tags.get(word_id, ""))
        before = word.box


def _gap(before: Box, after: Box) -> dict[str, str]:
    width = max(after.left - before.right, 0)
    places = {"HPOS": before.right, "VPOS": after.top, "WIDTH": width}
    return {name: str(max(place, 0)) for name, place in places.items()}


def _add_word(
    line: Element, word_id: str, word: Word, page: Page, broken: BrokenWord | None, tags: str
) -> None:
    about, _ = _placed(word_id, word.box.polygon(), page)
    if tags:
        about["TAGREFS"] = tags
    about["WC"] = f"{min(max(word.confidence, 0.0), 1.0):.4f}"
    text, sign = legal(word.text), ""
    if broken:
        about["SUBS_TYPE"] = "HypPart1" if broken.is_first else "HypPart2"
        about["SUBS_CONTENT"] = legal(broken.whole)
    if broken and broken.is_first:
        text, sign = text[:-1], text[-1]
    element = SubElement(line, "String", about | {"CONTENT": text})
    for other in word.alternatives:
        SubElement(element, "ALTERNATIVE", {"PURPOSE": RECOGNITION}).text = legal(other.text)
    if sign:
        SubElement(line, "HYP", {"CONTENT": sign})


def read_alto(data: bytes, name: str = "ALTO file") -> list[Page]:
    """Read the pages of an ALTO file, ours or a peer's of any version.

    Coordinates in tenths of millimetres or 1200ths of an inch are kept as they are, width and
    height of the page along with them; whoever knows the image can scale the page to it.

    Args:
        data: the file's bytes; a DTD is refused, and nothing outside is ever opened.
        name: what to call the file in an error.

    Raises:
        InputError: if this is no ALTO file, or lacks what a page needs.
    """
    try:
        root = parse_xml(data)
        if tag_of(root) != "alto":
            raise ValueError("its root is not alto")
        source = _text_of(root, "fileName")
        kinds = {e.get("ID", ""): e.get("LABEL", "") for e in descendants(root, "LayoutTag")}
        kinds |= {e.get("ID", ""): e.get("LABEL", "") for e in descendants(root, "OtherTag")}
        pages = list(descendants(root, "Page"))
        page_id = _text_of(root, "fileIdentifier") if len(pages) == 1 else ""
        return [_read_page(page, page_id, source, kinds) for page in pages]
    except XML_ERRORS as error:
        raise InputError(f"{name} is not an ALTO file ({error}); export it again") from error


def _text_of(root: Element, tag: str) -> str:
    found = next(descendants(root, tag), None)
    return (found.text or "").strip() if found is not None else ""


def _read_page(element: Element, page_id: str, source: str, kinds: Mapping[str, str]) -> Page:
    stem = re.split(r"[/\\]", source)[-1].rpartition(".")[0] or source
    number = round(float(element.get("PHYSICAL_IMG_NR", "1") or 1))
    blocks = list(descendants(element, "TextBlock"))
    regions = (_read_region(block, kinds, i) for i, block in enumerate(blocks, start=1))
    return Page(
        id=page_id or stem or f"page{number}",
        index=max(number - 1, 0),
        width=_whole(element, "WIDTH", 0),
        height=_whole(element, "HEIGHT", 0),
        ppi=UNKNOWN_PPI,
        skew=float(element.get("ROTATION", 0)),
        source=source,
        regions=tuple(filter(None, regions)),
    )


def _read_region(block: Element, kinds: Mapping[str, str], number: int) -> Region | None:
    region_id = block.get("ID") or f"r{number}"
    found = (
        _read_line(line, line.get("ID") or f"{region_id}l{i}")
        for i, line in enumerate(children(block, "TextLine"), start=1)
    )
    lines = tuple(filter(None, found))
    boundary = _boundary(block) or tuple(point for line in lines for point in line.boundary)
    if not boundary:
        return None
    labels = [kinds[tag] for tag in block.get("TAGREFS", "").split() if tag in kinds]
    is_margin = any("margin" in label.casefold() for label in labels)
    kind = labels[0] if labels and block.get("TAGREFS", "").startswith(TAG_PREFIX) else ""
    if len(boundary) < 3 or not _boundary(block):
        boundary = box_around(boundary).polygon()
    return Region(region_id, kind or ("margin" if is_margin else "text"), boundary, lines)


def _read_line(element: Element, line_id: str) -> Line | None:
    found = list(children(element, "String", "HYP"))
    words: list[Word] = []
    for piece in found:
        text = unicodedata.normalize("NFC", piece.get("CONTENT", ""))
        if tag_of(piece) == "HYP" and words:
            words[-1] = replace(words[-1], text=words[-1].text + (text or "-"))
        elif tag_of(piece) == "String" and text.strip():
            confidence = float(piece.get("WC", 0))
            others = tuple(_alternatives(piece))
            words.append(Word(text, _box(piece, element), confidence, alternatives=others))
    whole = [part for word in words for part in _split(word)]
    confidence = sum(word.confidence for word in whole) / len(whole) if whole else 0.0
    return whole_line(
        line_id,
        _boundary(element),
        _pairs(element.get("BASELINE", "")),
        whole,
        confidence=confidence,
    )


def _alternatives(piece: Element) -> Iterator[Alternative]:
    """What else a String may be; ALTO has no confidence for it."""
    for element in children(piece, "ALTERNATIVE"):
        text = unicodedata.normalize("NFC", (element.text or "").strip())
        if element.get("PURPOSE") == RECOGNITION and len(text.split()) == 1:
            yield Alternative(text, 0.0)


def _split(word: Word) -> list[Word]:
    """The words of a String; eScriptorium and kraken may put a whole line into one."""
    texts = word.text.split()
    if len(texts) == 1:
        return [replace(word, text=texts[0])]
    around = word.box.polygon()
    return list(spread_words(texts, Line("", around, around[:2], confidence=word.confidence)))


def _box(piece: Element, line: Element) -> Box:
    """A String's box; the line's where it has none."""
    placed = piece if piece.get("HPOS") and piece.get("WIDTH") else line
    return box_around(_boundary(placed))


def _boundary(element: Element) -> Polygon:
    """The Shape's polygon, else the box; empty if there is neither."""
    shape = next(children(element, "Shape"), None)
    polygon = next(children(shape, "Polygon"), None) if shape is not None else None
    if polygon is not None:
        points = _pairs(polygon.get("POINTS", ""))
        if len(points) > 2:
            return points
    if element.get("HPOS") is None or element.get("WIDTH") is None:
        return ()
    left, top = float(element.attrib["HPOS"]), float(element.attrib["VPOS"])
    right, bottom = left + float(element.attrib["WIDTH"]), top + float(element.attrib["HEIGHT"])
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _pairs(text: str) -> Polygon:
    """Points written as x,y x,y or x y x y; a lone number, a baseline's height, is no point."""
    numbers = [float(n) for n in text.replace(",", " ").split()]
    return tuple(zip(numbers[::2], numbers[1::2], strict=True)) if len(numbers) > 1 else ()


def _whole(element: Element, name: str, otherwise: int) -> int:
    return round(float(element.get(name, otherwise)))
