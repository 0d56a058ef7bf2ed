"""Document and the files made of it -> METS, the record that archives keep of a digital object.

Group names are those of the DFG Viewer's profile where it has one. What was done is told in
PREMIS events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from export.credit import software
from export.ids import page_id
from export.provenance import settings_text
from export.xml_text import legal
from pipeline.document import Document, Step

METS = "http://www.loc.gov/METS/"
XLINK = "http://www.w3.org/1999/xlink"
PREMIS = "http://www.loc.gov/premis/v3"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ORIGINAL = "original"
GROUPS = {ORIGINAL: "ORIGINAL", "alto": "FULLTEXT", "pdf": "DOWNLOAD"}
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "page": "application/vnd.prima.page+xml",
    "page2013": "application/vnd.prima.page+xml",
    "alto": "application/alto+xml",
    "hocr": "text/vnd.hocr+html",
    "tei": "application/tei+xml",
    "reading": "text/plain",
    "md": "text/markdown",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
}
BY_SUFFIX = {
    ".html": "text/html",
    ".json": "application/json",
    ".xml": "application/xml",
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".jp2": "image/jp2",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".avif": "image/avif",
    ".gif": "image/gif",
}


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that a METS record names.

    Attributes:
        path: POSIX, relative to the record's folder.
        format: name of the format, or `ORIGINAL` for a scan.
        sha256: of its bytes.
        size: bytes.
        page: ID of the page it is about; empty if it is about the whole document.
    """

    path: str
    format: str
    sha256: str
    size: int
    page: str = ""


def mets(document: Document, files: Sequence[FileRecord], created: datetime) -> bytes:
    """Write the record of a document.

    Args:
        document: title, pages in order, and how they were made.
        files: what there is of it; a file that stands for several pages, such as a scanned PDF,
            once a page.
        created: when; the same moment gives the same bytes.

    Returns:
        UTF-8 XML that is valid under METS 1.12: files in groups with SHA-256 sums, and the pages
        as the physical structure that points at them.
    """
    for prefix, namespace in (("mets", METS), ("xlink", XLINK), ("premis", PREMIS)):
        ElementTree.register_namespace(prefix, namespace)
    ElementTree.register_namespace("dc", DUBLIN_CORE)
    moment = created.astimezone(UTC).isoformat(timespec="seconds")
    root = Element(_m("mets"), {"LABEL": legal(document.title) or "untitled"})
    _add_header(root, moment)
    _add_title(root, document.title)
    _add_events(root, document.steps, moment)
    ids = {path: f"file_{number}" for number, path in enumerate(_paths(files), start=1)}
    _add_files(root, files, ids)
    _add_structure(root, document, files, ids)
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return data + b"\n"


def _m(tag: str) -> str:
    return f"{{{METS}}}{tag}"


def _paths(files: Sequence[FileRecord]) -> list[str]:
    return list(dict.fromkeys(file.path for file in files))


def _add_header(root: Element, moment: str) -> None:
    header = SubElement(root, _m("metsHdr"), {"CREATEDATE": moment})
    role = {"ROLE": "CREATOR", "TYPE": "OTHER", "OTHERTYPE": "SOFTWARE"}
    SubElement(SubElement(header, _m("agent"), role), _m("name")).text = software()


def _add_title(root: Element, title: str) -> None:
    section = SubElement(root, _m("dmdSec"), {"ID": "dmd_1"})
    wrap = SubElement(section, _m("mdWrap"), {"MDTYPE": "DC"})
    data = SubElement(wrap, _m("xmlData"))
    SubElement(data, f"{{{DUBLIN_CORE}}}title").text = legal(title) or "untitled"


def _add_events(root: Element, steps: Sequence[Step], moment: str) -> None:
    if not steps:
        return
    section = SubElement(root, _m("amdSec"), {"ID": "amd_1"})
    for number, step in enumerate(steps, start=1):
        about = SubElement(section, _m("digiprovMD"), {"ID": f"step_{number}"})
        wrap = SubElement(about, _m("mdWrap"), {"MDTYPE": "PREMIS:EVENT"})
        _add_event(SubElement(wrap, _m("xmlData")), step, f"step_{number}", moment)


def _add_event(data: Element, step: Step, identifier: str, moment: str) -> None:
    event = SubElement(data, _p("event"))
    _add_all(
        SubElement(event, _p("eventIdentifier")),
        eventIdentifierType="local",
        eventIdentifierValue=identifier,
    )
    _add_all(event, eventType=legal(step.name), eventDateTime=moment)
    detail = SubElement(event, _p("eventDetailInformation"))
    _add_all(detail, eventDetail=settings_text(step))
    _add_all(
        SubElement(event, _p("linkingAgentIdentifier")),
        linkingAgentIdentifierType="software",
        linkingAgentIdentifierValue=f"{software().split()[0]} {legal(step.version)}",
    )


def _p(tag: str) -> str:
    return f"{{{PREMIS}}}{tag}"


def _add_all(parent: Element, **texts: str) -> None:
    for tag, text in texts.items():
        SubElement(parent, _p(tag)).text = text


def _add_files(root: Element, files: Sequence[FileRecord], ids: dict[str, str]) -> None:
    if not files:
        return
    section = SubElement(root, _m("fileSec"))
    groups: dict[str, Element] = {}
    seen: set[str] = set()
    for file in files:
        if file.path in seen:
            continue
        seen.add(file.path)
        use = GROUPS.get(file.format, file.format.upper())
        if use not in groups:
            groups[use] = SubElement(section, _m("fileGrp"), {"USE": use})
        _add_file(groups[use], file, ids[file.path])


def _add_file(group: Element, file: FileRecord, identifier: str) -> None:
    about = {
        "ID": identifier,
        "MIMETYPE": _media_type(file),
        "SIZE": str(file.size),
        "CHECKSUM": file.sha256,
        "CHECKSUMTYPE": "SHA-256",
    }
    element = SubElement(group, _m("file"), about)
    place = {"LOCTYPE": "URL", f"{{{XLINK}}}href": quote(file.path, errors="replace")}
    SubElement(element, _m("FLocat"), place)


def _media_type(file: FileRecord) -> str:
    suffix = PurePosixPath(file.path).suffix.lower()
    otherwise = BY_SUFFIX.get(suffix, "application/octet-stream")
    return MEDIA_TYPES.get(file.format, otherwise)


def _add_structure(
    root: Element, document: Document, files: Sequence[FileRecord], ids: dict[str, str]
) -> None:
    structure = SubElement(root, _m("structMap"), {"TYPE": "PHYSICAL"})
    about = {"ID": "physical", "TYPE": "physSequence", "DMDID": "dmd_1"}
    if document.steps:
        about["ADMID"] = " ".join(f"step_{n}" for n in range(1, len(document.steps) + 1))
    whole = SubElement(structure, _m("div"), about)
    by_page: dict[str, list[str]] = {}
    for file in files:
        by_page.setdefault(file.page, []).append(ids[file.path])
    _add_pointers(whole, by_page.get("", []))
    for page in document.pages:
        place = {
            "ID": page_id(page),
            "TYPE": "page",
            "ORDER": str(page.index + 1),
            "LABEL": legal(page.id),
        }
        division = SubElement(whole, _m("div"), place)
        _add_pointers(division, by_page.get(page.id, []))


def _add_pointers(division: Element, ids: Sequence[str]) -> None:
    for identifier in ids:
        SubElement(division, _m("fptr"), {"FILEID": identifier})
