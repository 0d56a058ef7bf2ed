"""All settings of a run in one frozen record, made of the stages' own parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

from export.pdf import PdfParams
from pipeline.load import LoadParams
from segment.page import SegmentParams

EXISTING_TEXT = ("skip", "redo", "keep")


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides how pages are read and written; the same settings give the same bytes.

    Attributes:
        model: a shipped model's name or the path of a safetensors file.
        lm: language model that helps to read: an ISO 639-3 code, "auto" for the one that fits the
            page, or "none".
        looks: ways in which a line in doubt is looked at, 1 to 4; see `recognize.reader.VIEWS`.
        formats: what is written, names of `pipeline.stages.WRITERS`.
        enrich: what is made of the text besides, names that `pipeline.enrichers.enricher` knows.
        language: BCP 47 code of the documents for the PDF's readers, such as "fr"; may be empty.
        existing_text: of a PDF's page that has text already: "skip" leaves it as it is, unread;
            "redo" puts ours in place of invisible text, and adds none to visible text;
            "keep" adds ours.
        order_from: folder of PAGE files that state the order in which pages are read; empty for
            our own.
        load: limits and assumptions in loading.
        segment: how lines are found.
        pdf: which PDF/A, whether tagged, and what becomes of the scans.
        base_url: address under which the outputs will be on the web; IIIF needs one.
    """

    model: str = "latin"
    lm: str = "none"
    looks: int = 4
    formats: tuple[str, ...] = ("pdf", "txt")
    enrich: tuple[str, ...] = ()
    language: str = ""
    existing_text: str = "redo"
    order_from: str = ""
    load: LoadParams = field(default_factory=LoadParams)
    segment: SegmentParams = field(default_factory=SegmentParams)
    pdf: PdfParams = field(default_factory=PdfParams)
    base_url: str = "http://localhost:8000"

    def __post_init__(self) -> None:
        """Refuse an unknown way with existing text, and no look at all."""
        if self.existing_text not in EXISTING_TEXT:
            known = ", ".join(EXISTING_TEXT)
            raise ValueError(f"existing_text must be one of {known}: {self.existing_text!r}")
        if self.looks < 1:
            raise ValueError(f"looks must be 1 or more: {self.looks}")
