"""Pages of one form and a template of its boxes -> a row a page."""

from __future__ import annotations

import csv
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz

from export.word_table import guarded
from pipeline.document import Box, Document, Page, Word
from pipeline.errors import SettingsError
from pipeline.tables import from_table

LIKE = 60.0  # of 100: how like the anchor's text what was read must be


@dataclass(frozen=True, slots=True)
class Field:
    """A box to be filled in.

    Attributes:
        name: of the column.
        anchor: words printed on the form that the box lies by; empty for the page's corner.
        box: left, top, right, bottom from the anchor's left top corner, in pixels of a page as
            wide as `Form.width`.
    """

    name: str
    box: tuple[float, ...]
    anchor: str = ""

    def __post_init__(self) -> None:
        """Refuse a box that is none."""
        if len(self.box) != 4 or self.box[2] <= self.box[0] or self.box[3] <= self.box[1]:
            raise ValueError(f"box of {self.name} must be [left, top, right, bottom]: {self.box}")


@dataclass(frozen=True, slots=True)
class Form:
    """What a form asks for, as measured on a page of `width` pixels."""

    width: float
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a box: its text, and the least confidence of its words, 0 without any."""

    text: str
    confidence: float


def read_form(path: Path) -> Form:
    """Read a template: `width`, and a table `[[fields]]` a box.

    Raises:
        SettingsError: if it cannot be read, or has unknown keys or boxes that are none.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not a readable TOML file ({error}); mend it") from error
    fields = table.pop("fields", [])
    width = table.pop("width", 0)
    if table or not fields or not isinstance(width, int | float) or width <= 0:
        raise SettingsError(f"{path}: must have a width and [[fields]], and nothing else; mend it")
    try:
        found = tuple(from_table(field, Field, "fields.") for field in fields)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    return Form(float(width), found)


def fill(form: Form, page: Page) -> list[Entry]:
    """What stands in each of the form's boxes on a page; words count where their middles are."""
    scale = page.width / form.width
    words = [word for line in page.lines for word in line.words]
    anchors = {field.anchor: _find(field.anchor, page) for field in form.fields}
    entries = []
    for field in form.fields:
        at = anchors[field.anchor]
        inside = [word for word in words if at and _is_in(word, field, at, scale)]
        text = " ".join(word.text for word in inside)
        entries.append(Entry(text, min((word.confidence for word in inside), default=0.0)))
    return entries


def _is_in(word: Word, field: Field, at: tuple[float, float], scale: float) -> bool:
    x = ((word.box.left + word.box.right) / 2 - at[0]) / scale
    y = (word.box.middle - at[1]) / scale
    left, top, right, bottom = field.box
    return left <= x < right and top <= y < bottom


def _find(anchor: str, page: Page) -> tuple[float, float] | None:
    """The left top corner of what reads most like the anchor; None if nothing does."""
    if not anchor:
        return 0.0, 0.0
    count = len(anchor.split())
    best, place = LIKE, None
    for line in page.lines:
        for start in range(len(line.words) - count + 1):
            words = line.words[start : start + count]
            likeness = fuzz.ratio(anchor.lower(), " ".join(w.text for w in words).lower())
            if likeness >= best and (place is None or likeness > best):
                box = Box.around([word.box for word in words])
                best, place = likeness, (float(box.left), float(box.top))
    return place


def form_csv(form: Form, document: Document) -> str:
    """A row a page: page, then each field with its confidence; formulas are guarded."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = [guarded(field.name) for field in form.fields]
    writer.writerow(
        ["page", "page_id", *(n for name in names for n in (name, f"{name} confidence"))]
    )
    for page in document.pages:
        cells = [c for e in fill(form, page) for c in (guarded(e.text), f"{e.confidence:.4f}")]
        writer.writerow([page.index + 1, guarded(page.id), *cells])
    return file.getvalue()
