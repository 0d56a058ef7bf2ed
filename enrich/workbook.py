"""Tables -> an XLSX workbook, a sheet a page; needs openpyxl."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from enrich.parts import need
from enrich.tables import Table, table_rows

DOUBTFUL = 0.5  # cells below that confidence are shaded
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def workbook(tables: Sequence[Table], created: datetime) -> bytes:
    """Write tables as a workbook; cells are text, never formulas, and doubtful ones shaded.

    Raises:
        DependencyError: if openpyxl is not installed.
    """
    openpyxl: Any = need("openpyxl", "openpyxl", "XLSX files")
    from openpyxl.styles import Font, PatternFill

    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.created = book.properties.modified = created.replace(tzinfo=None)
    shade = PatternFill("solid", fgColor="FFF2CC")
    for table in tables:
        sheet = book.create_sheet(f"page {table.page + 1}")
        for number, (texts, sure) in enumerate(table_rows(table), start=1):
            for column, text in enumerate(texts, start=1):
                cell = sheet.cell(number, column, _FORBIDDEN.sub("", text))
                cell.data_type = "s"
                if sure[column - 1] < DOUBTFUL:
                    cell.fill = shade
                if number == 1 and table.head:
                    cell.font = Font(bold=True)
        sheet.freeze_panes = "A2" if table.head else None
    if not tables:
        book.create_sheet("no table")
    file = io.BytesIO()
    book.save(file)
    return _dated(file.getvalue(), created)


def _dated(data: bytes, created: datetime) -> bytes:
    """The archive with one date throughout, so that the same tables give the same bytes."""
    moment = created.timetuple()[:6]
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":  # openpyxl notes when it saved
                stamp = created.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            info = zipfile.ZipInfo(entry.filename, (max(moment[0], 1980), *moment[1:]))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
    return file.getvalue()
