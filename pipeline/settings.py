"""All settings of a run in one frozen record, made of the stages' own parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

from export.pdf import PdfParams
from pipeline.load import LoadParams
from segment.page import SegmentParams


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides how pages are read and written; the same settings give the same bytes.

    Attributes:
        model: a shipped model's name or the path of a safetensors file.
        formats: what is written, names of `pipeline.stages.WRITERS`.
        language: BCP 47 code of the documents for the PDF's readers, such as "fr"; may be empty.
        load: limits and assumptions in loading.
        segment: how lines are found.
        pdf: which PDF/A, and whether tagged.
    """

    model: str = "latin"
    formats: tuple[str, ...] = ("pdf", "txt")
    language: str = ""
    load: LoadParams = field(default_factory=LoadParams)
    segment: SegmentParams = field(default_factory=SegmentParams)
    pdf: PdfParams = field(default_factory=PdfParams)
