"""Bytes of unknown origin -> an element tree; no DTD, no entities, nothing outside is opened."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

# What reading a file of another shape than expected raises.
XML_ERRORS = (
    expat.ExpatError,
    ElementTree.ParseError,
    StopIteration,
    LookupError,
    ValueError,
    RecursionError,
)


def parse_xml(data: bytes) -> Element:
    """The root element, once a first pass has made sure that there is no DTD.

    Raises:
        ValueError: if there is a DTD.
        xml.parsers.expat.ExpatError: if this is not well-formed XML.
    """
    guard = expat.ParserCreate()
    guard.StartDoctypeDeclHandler = _refuse_dtd
    guard.Parse(data, True)
    return ElementTree.fromstring(data)


def _refuse_dtd(*_: object) -> None:
    raise ValueError("it has a DTD")


def tag_of(element: Element) -> str:
    """The element's name without its namespace, which differs from year to year."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, *tags: str) -> Iterator[Element]:
    """The children of these names, in order."""
    return (child for child in element if tag_of(child) in tags)


def descendants(element: Element, *tags: str) -> Iterator[Element]:
    """All elements of these names within, in document order."""
    return (inner for inner in element.iter() if tag_of(inner) in tags)
