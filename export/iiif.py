"""Document -> IIIF Presentation 3 manifest: a canvas a page, its lines as annotations.

A manifest is read from a web server, so every address in it is absolute; which server is the
user's to say.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from export.ids import page_id
from export.line_parts import box_around
from export.outline import sound_polygon
from export.provenance import settings_text
from export.xml_text import legal
from pipeline.document import Document, Line, Page, Step

PRESENTATION = "http://iiif.io/api/presentation/3/context.json"
GRANULARITY = "http://iiif.io/api/extension/text-granularity/context.json"
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class CanvasPicture:
    """The picture that is painted on a canvas, a JPEG.

    Attributes:
        path: relative to the manifest's folder.
        width: columns; the canvas itself has as many as the page.
        height: rows.
    """

    path: str
    width: int
    height: int


def manifest(
    document: Document, pictures: Sequence[CanvasPicture], folder_url: str, language: str = ""
) -> bytes:
    """Write a document as a manifest.

    Args:
        document: the pages; a line with words becomes an annotation, whose address ends in the
            line's ID.
        pictures: one a page.
        folder_url: address of the folder that the manifest lies in.
        language: BCP 47 tag of the text, such as "fr"; empty if not known.

    Returns:
        JSON in UTF-8; canvases are measured in the page's pixels.
    """
    table = {
        "@context": [GRANULARITY, PRESENTATION],
        "id": f"{folder_url}/manifest.json",
        "type": "Manifest",
        "label": _label(document.title or "untitled"),
        **({"metadata": [_step(step) for step in document.steps]} if document.steps else {}),
        "items": [
            _canvas(page, picture, folder_url, language)
            for page, picture in zip(document.pages, pictures, strict=True)
        ],
    }
    return json.dumps(table, ensure_ascii=False, indent=1).encode() + b"\n"


def _label(text: str) -> Json:
    return {"none": [legal(text)]}


def _step(step: Step) -> Json:
    said = f"{legal(step.version)}: {settings_text(step)}"
    return {"label": {"en": [f"Processing: {legal(step.name)}"]}, "value": {"none": [said]}}


def _canvas(page: Page, picture: CanvasPicture, folder_url: str, language: str) -> Json:
    canvas = f"{folder_url}/canvas/{page_id(page)}"
    size = {"width": page.width, "height": page.height}
    lines = [_annotation(line, page, canvas, language) for line in page.lines if line.words]
    texts = {"id": f"{canvas}/lines", "type": "AnnotationPage", "items": lines}
    return {
        "id": canvas,
        "type": "Canvas",
        "label": _label(str(page.index + 1)),
        **size,
        "items": [_painting(canvas, picture, folder_url)],
        **({"annotations": [texts]} if lines else {}),
    }


def _painting(canvas: str, picture: CanvasPicture, folder_url: str) -> Json:
    body = {
        "id": f"{folder_url}/{quote(picture.path)}",
        "type": "Image",
        "format": "image/jpeg",
        "width": picture.width,
        "height": picture.height,
    }
    painting = {
        "id": f"{canvas}/painting/1",
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": canvas,
    }
    return {"id": f"{canvas}/painting", "type": "AnnotationPage", "items": [painting]}


def _annotation(line: Line, page: Page, canvas: str, language: str) -> Json:
    box = box_around(sound_polygon(line.boundary, page.width, page.height))
    body = {"type": "TextualBody", "value": legal(line.text), "format": "text/plain"}
    return {
        "id": f"{canvas}/lines/{quote(line.id)}",
        "type": "Annotation",
        "motivation": "supplementing",
        "textGranularity": "line",
        "body": body | ({"language": language} if language else {}),
        "target": f"{canvas}#xywh={box.left},{box.top},{box.width},{box.height}",
    }
