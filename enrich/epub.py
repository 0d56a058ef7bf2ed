"""Pages with scans and sound -> EPUB 3 with media overlays: scan, text and voice run together."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import groupby

from enrich.audio import m4a_bytes
from enrich.speech import UNCERTAIN, Sound, Unit
from enrich.spoken_language import two_letters
from export.xml_text import legal
from pipeline.document import Document

STYLE = """body { margin: 0 auto; max-width: 40em; font-family: serif; line-height: 1.6 }
img { display: block; width: 100% }
.uncertain { border-bottom: 0.1em dotted currentColor }
.active { background: #ffe08a; color: #000 }
"""
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class SpokenPage:
    """A page ready to be read aloud.

    Attributes:
        number: from 1.
        said: its words, one or more texts each.
        times: for each of these its beginning and end, seconds.
        seconds: length of the sound.
        sound: MPEG-4 audio (AAC); left out of a page without words.
        picture: JPEG of the scan; empty for none.
    """

    number: int
    said: Sequence[Unit]
    times: Sequence[tuple[float, float]]
    seconds: float
    sound: bytes
    picture: bytes = b""


def spoken_book(
    document: Document,
    said: Sequence[Sequence[Unit]],
    sounds: Sequence[Sound],
    pictures: Sequence[bytes],
    language: str,
    created: datetime,
) -> bytes:
    """A document as a book that speaks.

    Args:
        document: its pages, one for each of what follows.
        said: the words of each page.
        sounds: of each page.
        pictures: JPEGs of the scans; empty for none.
        language: of the text, any ISO 639 code.
        created: when.

    Returns:
        As `epub`.

    Raises:
        DependencyError: if ffmpeg is not installed.
    """
    pages = [
        SpokenPage(page.index + 1, own, sound.times, sound.seconds, m4a_bytes(sound), picture)
        for page, own, sound, picture in zip(document.pages, said, sounds, pictures, strict=True)
    ]
    return epub(document.title, two_letters(language), pages, created)


def epub(title: str, language: str, pages: Sequence[SpokenPage], created: datetime) -> bytes:
    """Write a book.

    Args:
        title: of the book.
        language: BCP 47 tag of its text.
        pages: in order.
        created: when; the same moment gives the same bytes.

    Returns:
        An EPUB 3 that is valid by epubcheck; words read uncertainly have the class "uncertain",
        and a title that says so.
    """
    moment = created.astimezone(UTC)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        for name, data in _entries(legal(title) or "untitled", language, pages, moment):
            info = zipfile.ZipInfo(name, (max(moment.year, 1980), *moment.timetuple()[1:6]))
            is_dense = name == "mimetype" or name.endswith((".m4a", ".jpg"))
            info.compress_type = zipfile.ZIP_STORED if is_dense else zipfile.ZIP_DEFLATED
            book.writestr(info, data)
    return file.getvalue()


def _entries(
    title: str, language: str, pages: Sequence[SpokenPage], created: datetime
) -> Iterator[tuple[str, bytes]]:
    yield "mimetype", b"application/epub+zip"
    yield (
        "META-INF/container.xml",
        f'{_HEAD}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="EPUB/package.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>\n'.encode(),
    )
    yield "EPUB/package.opf", _package(title, language, pages, created).encode()
    yield "EPUB/nav.xhtml", _navigation(title, language, pages).encode()
    yield "EPUB/style.css", STYLE.encode()
    for page in pages:
        yield f"EPUB/page{page.number}.xhtml", _text(title, language, page).encode()
        if page.said:
            yield f"EPUB/page{page.number}.smil", _overlay(page).encode()
            yield f"EPUB/page{page.number}.m4a", page.sound
        if page.picture:
            yield f"EPUB/page{page.number}.jpg", page.picture


def _package(title: str, language: str, pages: Sequence[SpokenPage], created: datetime) -> str:
    digest = hashlib.sha256(
        "\0".join([title, language, *(u.text for page in pages for u in page.said)]).encode()
    ).hexdigest()
    name = f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    durations = "".join(
        f'<meta property="media:duration" refines="#smil{p.number}">{_clock(p.seconds)}</meta>\n'
        for p in pages
        if p.said
    )
    total = _clock(sum(page.seconds for page in pages if page.said))
    has_pictures = any(page.picture for page in pages)
    modes = ("textual", "auditory", *(("visual",) if has_pictures else ()))
    access = "".join(f'<meta property="schema:accessMode">{mode}</meta>\n' for mode in modes)
    features = "".join(
        f'<meta property="schema:accessibilityFeature">{feature}</meta>\n'
        for feature in ("synchronizedAudioText", "readingOrder", "structuralNavigation")
    )
    return (
        f'{_HEAD}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        f'unique-identifier="id" xml:lang="{escape(language)}">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="id">urn:uuid:{name}</dc:identifier>\n'
        f"<dc:title>{escape(title)}</dc:title>\n<dc:language>{escape(language)}</dc:language>\n"
        f'<meta property="dcterms:modified">{created:%Y-%m-%dT%H:%M:%SZ}</meta>\n'
        f'{durations}<meta property="media:duration">{total}</meta>\n'
        f'<meta property="media:active-class">active</meta>\n{access}{features}'
        '<meta property="schema:accessModeSufficient">textual</meta>\n'
        '<meta property="schema:accessibilityHazard">none</meta>\n'
        '<meta property="schema:accessibilitySummary">Text recognised by machine, with its scan '
        "and a synthetic voice; words read uncertainly are marked.</meta>\n</metadata>\n"
        f"<manifest>\n{''.join(_items(pages))}</manifest>\n<spine>\n"
        + "".join(f'<itemref idref="page{page.number}"/>\n' for page in pages)
        + "</spine>\n</package>\n"
    )


def _items(pages: Sequence[SpokenPage]) -> Iterator[str]:
    yield '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>\n'
    yield '<item id="style" href="style.css" media-type="text/css"/>\n'
    for page in pages:
        n = page.number
        # A page without words has nothing to run along with.
        overlay = f' media-overlay="smil{n}"' if page.said else ""
        yield (
            f'<item id="page{n}" href="page{n}.xhtml" media-type="application/xhtml+xml"'
            f"{overlay}/>\n"
        )
        if page.said:
            yield f'<item id="smil{n}" href="page{n}.smil" media-type="application/smil+xml"/>\n'
            yield f'<item id="sound{n}" href="page{n}.m4a" media-type="audio/mp4"/>\n'
        if page.picture:
            yield f'<item id="scan{n}" href="page{n}.jpg" media-type="image/jpeg"/>\n'


def _navigation(title: str, language: str, pages: Sequence[SpokenPage]) -> str:
    links = "".join(
        f'<li><a href="page{page.number}.xhtml">{page.number}</a></li>' for page in pages
    )
    body = (
        f'<nav epub:type="toc"><h1>{escape(title)}</h1><ol>{links}</ol></nav>'
        f'<nav epub:type="page-list" hidden="hidden"><ol>{links}</ol></nav>'
    )
    return _xhtml(title, language, body)


def _text(title: str, language: str, page: SpokenPage) -> str:
    body = f'<section epub:type="bodymatter" aria-label="{page.number}">\n'
    if page.picture:
        body += f'<p><img src="page{page.number}.jpg" alt="{page.number}"/></p>\n'
    numbered = enumerate(page.said)
    for _, paragraph in groupby(numbered, key=lambda item: item[1].region):
        body += "<p>" + " ".join(_word(number, unit) for number, unit in paragraph) + "</p>\n"
    return _xhtml(title, language, body + "</section>")


def _word(number: int, unit: Unit) -> str:
    text = escape(legal(unit.text))
    if unit.confidence >= UNCERTAIN:
        return f'<span id="w{number}">{text}</span>'
    sure = f"{100 * unit.confidence:.0f} %"
    return f'<span id="w{number}" class="uncertain" title="{sure}">{text}</span>'


def _xhtml(title: str, language: str, body: str) -> str:
    code = escape(language)
    return (
        f'{_HEAD}<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{code}" lang="{code}">\n'
        f'<head><title>{escape(title)}</title><link rel="stylesheet" type="text/css" '
        f'href="style.css"/></head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def _overlay(page: SpokenPage) -> str:
    n = page.number
    pairs = "".join(
        f'<par id="p{i}"><text src="page{n}.xhtml#w{i}"/><audio src="page{n}.m4a" '
        f'clipBegin="{start:.3f}s" clipEnd="{end:.3f}s"/></par>\n'
        for i, (start, end) in enumerate(_clips(page))
    )
    return (
        f'{_HEAD}<smil xmlns="http://www.w3.org/ns/SMIL" version="3.0">\n<body>\n{pairs}'
        "</body>\n</smil>\n"
    )


def _clips(page: SpokenPage) -> Iterator[tuple[float, float]]:
    """Times in whole milliseconds, none of them empty."""
    for start, end in page.times:
        first = min(round(start, 3), round(page.seconds, 3) - 0.001)
        yield first, max(round(end, 3), first + 0.001)


def _clock(seconds: float) -> str:
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{rest:03}"
