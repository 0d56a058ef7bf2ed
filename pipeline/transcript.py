"""A transcription's file -> its words, with the page marks and line breaks that it keeps.

Plain text (a form feed between pages), Word documents, and XML: TEI, PAGE, ALTO.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from export.safe_xml import XML_ERRORS, parse_xml, tag_of
from pipeline.corrected import read_corrected
from pipeline.errors import InputError
from pipeline.names import shown
from pipeline.sources import natural_order

SUFFIXES = (".txt", ".docx", ".xml")
MAX_BYTES = 1 << 28
_PAGE_MARK = "\f"
_JOINED = "\ue000"  # private use: a line's or page's end inside a word
# TEI's elements that begin a new line of text.
_BLOCKS = frozenset(
    ("p", "head", "l", "ab", "div", "item", "row", "cell", "note", "opener", "closer", "signed")
)
_SILENT = frozenset(("teiHeader", "facsimile", "sourceDoc", "standOff", "del"))
_AS_WRITTEN = ("sic", "orig", "abbr")  # of a choice, what stands on the paper


@dataclass(frozen=True, slots=True)
class Transcript:
    """What somebody has transcribed.

    Attributes:
        name: of the file, for messages.
        words: NFC, without white space.
        lines: numbers of the words with which a line begins.
        pages: numbers of the words with which a page begins, the first page's included: equal
            numbers are pages without text. One alone if pages are not marked.
    """

    name: str
    words: tuple[str, ...]
    lines: frozenset[int]
    pages: tuple[int, ...]

    @property
    def has_page_marks(self) -> bool:
        """Whether pages are told apart."""
        return len(self.pages) > 1


def read_transcript(path: Path) -> Transcript:
    """Read a transcription.

    Raises:
        InputError: if it cannot be read, is of another format, or holds no word.
    """
    readers = {".txt": _plain, ".docx": _docx, ".xml": _xml}
    if path.suffix.lower() not in readers:
        raise InputError(
            f"{shown(path)}: is no transcription that is read; save it as .txt, .docx or .xml"
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{shown(path)}: is larger than {MAX_BYTES >> 20} MiB; split it")
        text = readers[path.suffix.lower()](path)
    except OSError as error:
        raise InputError(
            f"{shown(path)}: cannot be read ({error.strerror}); check the name"
        ) from error
    found = transcript_of(text, path.name)
    if not found.words:
        raise InputError(f"{shown(path)}: holds no word; name the file with the text")
    return found


def transcript_of(text: str, name: str = "") -> Transcript:
    """The words of a text in which line feeds end lines and form feeds end pages."""
    words: list[str] = []
    lines: set[int] = set()
    pages: list[int] = []
    for page in unicodedata.normalize("NFC", text).removesuffix(_PAGE_MARK).split(_PAGE_MARK):
        pages.append(len(words))
        for line in page.splitlines():
            found = line.split()
            if found:
                lines.add(len(words))
            words += found
    return Transcript(name, tuple(words), frozenset(lines), tuple(pages))


def together(transcripts: Sequence[Transcript], name: str) -> Transcript:
    """Transcripts of single pages as one of all of them."""
    words: list[str] = []
    lines: set[int] = set()
    pages: list[int] = []
    for one in transcripts:
        pages.append(len(words))
        lines |= {len(words) + number for number in one.lines}
        words += one.words
    return Transcript(name, tuple(words), frozenset(lines), tuple(pages))


def find_transcripts(folder: Path, name: str) -> list[Path]:
    """The files in a folder that bear a document's or page's name, in natural order."""
    found = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    return sorted((path for path in found if path.is_file()), key=natural_order)


def _plain(path: Path) -> str:
    data = path.read_bytes()
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(path)}: is not UTF-8 text; save it as UTF-8") from error


def _docx(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("word/document.xml")
            if info.file_size > MAX_BYTES:
                raise InputError(f"{shown(path)}: is too large when unpacked; split it")
            return "".join(_docx_text(parse_xml(archive.read(info))))
    except (zipfile.BadZipFile, NotImplementedError, *XML_ERRORS) as error:
        raise InputError(f"{shown(path)}: is no Word document ({error}); save it again") from error


def _docx_text(element: Element) -> Iterator[str]:
    """The text as a reader sees it; what tracked changes have deleted is left out."""
    tag = tag_of(element)
    if tag in ("del", "moveFrom", "instrText"):
        return
    if tag == "t":
        yield element.text or ""
    elif tag == "tab":
        yield " "
    elif tag == "noBreakHyphen":
        yield "-"
    elif tag in ("br", "cr"):
        is_page = any(name.endswith("}type") and v == "page" for name, v in element.items())
        yield _PAGE_MARK if is_page else "\n"
    for child in element:
        yield from _docx_text(child)
    if tag == "p":
        yield "\n"


def _xml(path: Path) -> str:
    try:
        root = parse_xml(path.read_bytes())
        is_layout = tag_of(root) in ("alto", "PcGts")
        text = "" if is_layout else "".join(_tei_text(root))
    except XML_ERRORS as error:
        raise InputError(
            f"{shown(path)}: is not readable XML ({error}); export it again"
        ) from error
    if is_layout:
        documents = read_corrected([path])
        pages = [page.text for document in documents for page in document.document.pages]
        return _PAGE_MARK.join(pages)
    # A break inside a word leaves it whole.
    text = re.sub(rf"\s*{_JOINED}\s*", "", text)
    # What comes before the first page's mark is no page.
    before, mark, rest = text.partition(_PAGE_MARK)
    return f"{before}{rest}" if mark else text


def _tei_text(element: Element) -> Iterator[str]:
    """The text of TEI, or of any other XML, with line feeds and form feeds for its breaks."""
    tag = tag_of(element)
    if tag in ("lb", "pb", "cb"):
        if element.get("break") == "no":
            yield _JOINED
        else:
            yield _PAGE_MARK if tag == "pb" else "\n"
    elif tag == "choice":
        written = [child for child in element if tag_of(child) in _AS_WRITTEN]
        for child in written[:1] or element[:1]:
            yield from _tei_text(child)
    elif tag not in _SILENT:
        if tag in _BLOCKS:
            yield "\n"
        yield re.sub(r"\s+", " ", element.text or "")
        for child in element:
            yield from _tei_text(child)
            yield re.sub(r"\s+", " ", child.tail or "")
        if tag in _BLOCKS:
            yield "\n"
