"""Title, dates, language -> a PDF's information dictionary, XMP packet and catalog entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)

from export.credit import software
from export.glyphless import deflated
from export.provenance import settings_text
from export.srgb import NAME, srgb_profile
from export.xml_text import legal
from pipeline.document import Step


def describe(
    writer: PdfWriter,
    title: str,
    created: datetime | None,
    language: str,
    steps: Sequence[Step] = (),
) -> None:
    """Say what the document is, the same in the information dictionary and in XMP.

    Args:
        writer: the PDF in the making.
        title: the document's title.
        created: its date; None for no date.
        language: BCP 47 tag, or empty.
        steps: how it was made.
    """
    title = legal(title)
    writer.metadata = _information(title, created)
    packet = DecodedStreamObject()
    packet.set_data(_xmp(title, created, language, steps).encode("utf-8"))
    packet[NameObject("/Type")] = NameObject("/Metadata")
    packet[NameObject("/Subtype")] = NameObject("/XML")
    root = writer.root_object
    root[NameObject("/Metadata")] = writer._add_object(packet)
    if language:
        root[NameObject("/Lang")] = TextStringObject(language)
    shows_title = {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    root[NameObject("/ViewerPreferences")] = DictionaryObject(shows_title)


def claim_archive(writer: PdfWriter, part: int) -> None:
    """Say that a described PDF keeps level B of a part of PDF/A, and what its colours mean.

    What has no colour profile of its own is sRGB; every PDF/A must name such a profile.
    """
    packet = writer.root_object["/Metadata"].get_object()
    claim = f"<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"
    end = "</rdf:Description>"
    if isinstance(packet, DecodedStreamObject):
        packet.set_data(packet.get_data().replace(end.encode(), f"{claim}{end}".encode(), 1))
    profile = writer._add_object(deflated(srgb_profile(), N=3))
    name = TextStringObject(NAME.decode("ascii"))
    entries = {
        "/Type": NameObject("/OutputIntent"),
        "/S": NameObject("/GTS_PDFA1"),
        "/OutputConditionIdentifier": name,
        "/Info": name,
        "/RegistryName": TextStringObject("http://www.color.org"),
        "/DestOutputProfile": profile,
    }
    intent = DictionaryObject({NameObject(k): v for k, v in entries.items()})
    writer.root_object[NameObject("/OutputIntents")] = ArrayObject([writer._add_object(intent)])


def pdf_date(moment: datetime) -> str:
    """A moment as PDF writes it."""
    return moment.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")


def _information(title: str, created: datetime | None) -> DictionaryObject:
    entries = {"/Title": title, "/Creator": software(), "/Producer": software()}
    if created:
        entries |= {"/CreationDate": pdf_date(created), "/ModDate": pdf_date(created)}
    return DictionaryObject({NameObject(k): TextStringObject(v) for k, v in entries.items()})


def _xmp(title: str, created: datetime | None, language: str, steps: Sequence[Step]) -> str:
    date = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00") if created else ""
    dates = [f"<xmp:{name}>{date}</xmp:{name}>" for name in ("CreateDate", "ModifyDate") if date]
    languages = f"<dc:language><rdf:Bag><rdf:li>{escape(language)}</rdf:li></rdf:Bag></dc:language>"
    return _XMP.format(
        title=escape(title),
        software=escape(software()),
        dates="".join(dates),
        languages=languages if language else "",
        history=_history(steps),
    )


def _history(steps: Sequence[Step]) -> str:
    """What was done, by which version and under which settings, as events of XMP's own schema.

    PDF/A knows that schema, and so wants no description of it in the file. When it was done is
    left out, as in all that must come out the same again.
    """
    if not steps:
        return ""
    events = "".join(
        _EVENT.format(
            action=escape(legal(step.name)),
            agent=escape(legal(f"Inkfolio {step.version}")),
            settings=escape(settings_text(step)),
        )
        for step in steps
    )
    return f"<xmpMM:History><rdf:Seq>{events}</rdf:Seq></xmpMM:History>"


_EVENT = (
    '\n<rdf:li rdf:parseType="Resource"><stEvt:action>{action}</stEvt:action>'
    "<stEvt:softwareAgent>{agent}</stEvt:softwareAgent>"
    "<stEvt:parameters>{settings}</stEvt:parameters></rdf:li>"
)


_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
{languages}<xmp:CreatorTool>{software}</xmp:CreatorTool>{dates}
<pdf:Producer>{software}</pdf:Producer>{history}
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
