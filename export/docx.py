"""Document -> DOCX (Office Open XML), written by hand: four small parts in a ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from export.credit import software
from export.paragraphs import Paragraph, paragraphs
from export.xml_text import legal
from pipeline.document import Document

HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org"
WORD = f"{OFFICE}/wordprocessingml/2006/main"
RELATIONS = f"{OFFICE}/package/2006/relationships"
OFFICE_RELATIONS = f"{OFFICE}/officeDocument/2006/relationships"
CORE = f"{OFFICE}/package/2006/metadata/core-properties"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def docx(document: Document, created: datetime, language: str = "") -> bytes:
    """Write a document's paragraphs as DOCX, a scanned page a page.

    Args:
        document: the pages; marginal notes are set in the style Quote.
        created: date of the document; the same moment gives the same bytes.
        language: BCP 47 tag of the text, for the spelling checker; empty if not known.
    """
    parts = {
        "[Content_Types].xml": _types(),
        "_rels/.rels": _relations(
            (f"{OFFICE_RELATIONS}/officeDocument", "word/document.xml"),
            (f"{RELATIONS}/metadata/core-properties", "docProps/core.xml"),
        ),
        "docProps/core.xml": _core(document.title, created, language),
        "word/document.xml": _body(document),
        "word/_rels/document.xml.rels": _relations((f"{OFFICE_RELATIONS}/styles", "styles.xml")),
        "word/styles.xml": _styles(language),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in parts.items():
            about = zipfile.ZipInfo(name)  # dated 1980, always
            about.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(about, (HEADER + text).encode())
    return target.getvalue()


def _types() -> str:
    parts = (
        ("/word/document.xml", f"{MAIN}.document.main+xml"),
        ("/word/styles.xml", f"{MAIN}.styles+xml"),
        ("/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"),
    )
    overrides = "".join(f'<Override PartName="{p}" ContentType="{t}"/>' for p, t in parts)
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'<Types xmlns="{OFFICE}/package/2006/content-types">'
        f'<Default Extension="rels" ContentType="{relations}"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _relations(*aims: tuple[str, str]) -> str:
    entries = "".join(
        f'<Relationship Id="r{number}" Type="{kind}" Target="{aim}"/>'
        for number, (kind, aim) in enumerate(aims, start=1)
    )
    return f'<Relationships xmlns="{RELATIONS}">{entries}</Relationships>'


def _core(title: str, created: datetime, language: str) -> str:
    moment = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    dates = "".join(
        f'<dcterms:{name} xsi:type="dcterms:W3CDTF">{moment}</dcterms:{name}>'
        for name in ("created", "modified")
    )
    said = f"<dc:language>{escape(language)}</dc:language>" if language else ""
    return (
        f'<cp:coreProperties xmlns:cp="{CORE}" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(legal(title))}</dc:title>"
        f"<dc:creator>{escape(software())}</dc:creator>{dates}{said}</cp:coreProperties>"
    )


def _styles(language: str) -> str:
    language_tag = f"<w:lang w:val={quoteattr(language)}/>" if language else ""
    styles = (
        _style("Normal", "Normal", ' w:default="1"', '<w:pPr><w:spacing w:after="120"/></w:pPr>'),
        _style("Title", "Title", "", '<w:rPr><w:b/><w:sz w:val="36"/></w:rPr>'),
        _style("Quote", "Quote", "", '<w:pPr><w:ind w:left="720"/></w:pPr><w:rPr><w:i/></w:rPr>'),
    )
    return (
        f'<w:styles xmlns:w="{WORD}"><w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="24"/>'
        f"{language_tag}</w:rPr></w:rPrDefault></w:docDefaults>{''.join(styles)}</w:styles>"
    )


def _style(style_id: str, name: str, default: str, looks: str) -> str:
    return (
        f'<w:style w:type="paragraph"{default} w:styleId="{style_id}"><w:name w:val="{name}"/>'
        f"{looks}</w:style>"
    )


def _body(document: Document) -> str:
    title = [_paragraph(document.title, "Title", False)] if document.title else []
    blocks = "".join([*title, *_blocks(paragraphs(document))])
    return f'<w:document xmlns:w="{WORD}"><w:body>{blocks}</w:body></w:document>'


def _blocks(found: Iterator[Paragraph]) -> Iterator[str]:
    page: int | None = None
    for paragraph in found:
        style = "Quote" if paragraph.kind == "margin" else "Normal"
        yield _paragraph(paragraph.text, style, page is not None and page != paragraph.page)
        page = paragraph.page


def _paragraph(text: str, style: str, on_new_page: bool) -> str:
    page_break = "<w:pageBreakBefore/>" if on_new_page else ""
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{page_break}</w:pPr><w:r>'
        f'<w:t xml:space="preserve">{escape(legal(text))}</w:t></w:r></w:p>'
    )
