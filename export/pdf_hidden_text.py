"""A page of a PDF without its invisible text, such as an earlier program's reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pypdf import PageObject, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
)

from export.glyphless import deflated

INVISIBLE = 3  # text render mode
_SHOWS = (b"Tj", b"TJ", b"'", b'"')
_NEXT_LINE = (b"'", b'"')  # these move down before they show
_MOST_NESTED = 8

Operation = tuple[list[Any], bytes]


def remove_hidden_text(page: PageObject, writer: PdfWriter) -> None:
    """Take the invisible text out of a page's content and of the forms that it draws.

    Args:
        page: a page that belongs to `writer`; what it shows stays as it is.
        writer: the PDF in the making.
    """
    if "/Contents" not in page:
        return
    content = ContentStream(page["/Contents"].get_object(), writer)
    kept, mode_at = _without_hidden(content, 0)
    if len(kept) < len(content.operations) or kept != content.operations:
        page[NameObject("/Contents")] = ArrayObject([writer._add_object(_stream(kept, writer))])
    _clean_forms(page, mode_at, writer, set(), 0)


def _without_hidden(content: ContentStream, mode: int) -> tuple[list[Operation], dict[str, int]]:
    """The operations that remain, and the render mode under which each form is drawn."""
    modes: dict[str, int] = {}
    kept = list(_visible(content.operations, mode, modes))
    return kept, modes


def _visible(operations: list[Operation], mode: int, modes: dict[str, int]) -> Iterator[Operation]:
    saved: list[int] = []
    for operands, operator in operations:
        if operator == b"q":
            saved.append(mode)
        elif operator == b"Q" and saved:
            mode = saved.pop()
        elif operator == b"Tr" and operands:
            mode = int(operands[0])
        elif operator == b"Do" and operands:
            modes[str(operands[0])] = mode
        if operator in _SHOWS and mode == INVISIBLE:
            if operator in _NEXT_LINE:
                yield [], b"T*"
            continue
        yield operands, operator


def _clean_forms(
    holder: DictionaryObject,
    modes: dict[str, int],
    writer: PdfWriter,
    seen: set[int],
    depth: int,
) -> None:
    resources = holder.get("/Resources", DictionaryObject()).get_object()
    objects = resources.get("/XObject", DictionaryObject()).get_object()
    for name, mode in modes.items():
        form = objects.get(name, DictionaryObject()).get_object()
        is_form = isinstance(form, StreamObject) and form.get("/Subtype") == "/Form"
        if not is_form or id(form) in seen or depth >= _MOST_NESTED:
            continue
        seen.add(id(form))
        content = ContentStream(form, writer)
        kept, inner = _without_hidden(content, mode)
        if kept != content.operations:
            cleaned = _stream(kept, writer)
            for key in form:
                if key not in ("/Length", "/Filter", "/DecodeParms"):
                    cleaned[NameObject(key)] = form.raw_get(key)
            objects[NameObject(name)] = writer._add_object(cleaned)
            form = cleaned
        _clean_forms(form, inner, writer, seen, depth + 1)


def _stream(operations: list[Operation], writer: PdfWriter) -> StreamObject:
    content = ContentStream(None, writer)
    content.operations = operations
    made: StreamObject = deflated(content.get_data())
    made[NameObject("/Length")] = NumberObject(len(made._data))
    return made
