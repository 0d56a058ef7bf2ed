"""Document <-> JSON that loses nothing; `document.schema.json` beside this file describes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pipeline.document import Alternative, Box, Document, Line, Page, Polygon, Region, Step, Word
from pipeline.errors import InputError

FORMAT, VERSION = "inkfolio-document", 1
SCHEMA = Path(__file__).with_name("document.schema.json")
SURROGATE = re.compile("[\ud800-\udfff]")
ID = re.compile(r"[^\W\d][\w.-]*")


def json_document(document: Document) -> bytes:
    """Write a document as JSON in UTF-8, an object as `document.schema.json` describes it."""
    table = {
        "format": FORMAT,
        "version": VERSION,
        "title": document.title,
        "steps": [
            {"name": s.name, "version": s.version, "parameters": s.parameters}
            for s in document.steps
        ],
        "pages": [_page(page) for page in document.pages],
    }
    text = json.dumps(table, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # UTF-8 has no place for half a surrogate pair, which undecodable file names are made of.
    escaped = SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return escaped.encode() + b"\n"


def _page(page: Page) -> dict[str, object]:
    return {
        "id": page.id,
        "index": page.index,
        "width": page.width,
        "height": page.height,
        "ppi": page.ppi,
        "skew": page.skew,
        "source": page.source,
        "regions": [_region(region) for region in page.regions],
    }


def _region(region: Region) -> dict[str, object]:
    return {
        "id": region.id,
        "kind": region.kind,
        "boundary": region.boundary,
        "lines": [_line(line) for line in region.lines],
    }


def _line(line: Line) -> dict[str, object]:
    return {
        "id": line.id,
        "boundary": line.boundary,
        "baseline": line.baseline,
        "confidence": line.confidence,
        "words": [_word(word) for word in line.words],
    }


def _word(word: Word) -> dict[str, object]:
    box = word.box
    others = [{"text": a.text, "confidence": a.confidence} for a in word.alternatives]
    return {
        "text": word.text,
        "box": [box.left, box.top, box.right, box.bottom],
        "confidence": word.confidence,
        "spans": word.spans,
        **({"alternatives": others} if others else {}),
    }


def read_json_document(data: bytes, name: str = "JSON file") -> Document:
    """Read a document that `json_document` wrote, or that someone corrected since.

    Raises:
        InputError: if it is not as the schema says.
    """
    try:
        table = json.loads(data)
        if table["format"] != FORMAT or table["version"] != VERSION:
            raise ValueError(f"it is no {FORMAT} of version {VERSION}")
        steps = (Step(s["name"], s["version"], dict(s["parameters"])) for s in table["steps"])
        pages = tuple(_read_page(page) for page in table["pages"])
        return Document(_text(table["title"]), pages, tuple(steps))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{name} is not an Inkfolio document ({error}); export it again"
        ) from error


def _read_page(table: Any) -> Page:
    return Page(
        id=_text(table["id"]),
        index=int(table["index"]),
        width=int(table["width"]),
        height=int(table["height"]),
        ppi=float(table["ppi"]),
        skew=float(table["skew"]),
        source=_text(table["source"]),
        regions=tuple(_read_region(region) for region in table["regions"]),
    )


def _read_region(table: Any) -> Region:
    lines = tuple(_read_line(line) for line in table["lines"])
    return Region(_id(table["id"]), _text(table["kind"]), _points(table["boundary"], 1), lines)


def _read_line(table: Any) -> Line:
    return Line(
        id=_id(table["id"]),
        boundary=_points(table["boundary"], 1),
        baseline=_points(table["baseline"], 2),
        words=tuple(_read_word(word) for word in table["words"]),
        confidence=float(table["confidence"]),
    )


def _read_word(table: Any) -> Word:
    text, box = _word_text(table), Box(*map(int, table["box"]))
    others = tuple(
        Alternative(_word_text(other), float(other["confidence"]))
        for other in table.get("alternatives", [])
    )
    return Word(text, box, float(table["confidence"]), _points(table["spans"], 0), others)


def _word_text(table: Any) -> str:
    text = _text(table["text"])
    if not text or text.split() != [text]:
        raise ValueError(f"{text!r} is not one word")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _id(value: object) -> str:
    text = _text(value)
    if not ID.fullmatch(text):
        raise ValueError(f"{text!r} cannot be an ID")
    return text


def _points(values: Any, least: int) -> Polygon:
    points = tuple((_number(x), _number(y)) for x, y in values)
    if len(points) < least:
        raise ValueError(f"{least} points are wanted, not {len(points)}")
    return points


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value
