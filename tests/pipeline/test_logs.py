from __future__ import annotations

import json
import logging
import sys

import pytest

from pipeline.logs import JsonLines


@pytest.fixture(autouse=True)
def plain_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """OCRmyPDF, once another test has imported it, puts a page number into every record."""
    monkeypatch.setattr(logging, "_logRecordFactory", logging.LogRecord)


def logged(message: str, *args: object, **options: object) -> dict[str, object]:
    record = logging.getLogger("x").makeRecord(
        "x",
        logging.INFO,
        "f",
        1,
        message,
        args,
        options.get("exc_info"),
        extra=options.get("extra"),
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    table: dict[str, object] = json.loads(line)
    return table


def test_record_is_one_line_of_json() -> None:
    table = logged("a\n%s", "b", extra={"page": "p1", "seconds": 1.5})
    assert (table["message"], table["level"], table["page"]) == ("a\nb", "info", "p1")
    assert set(table) == {"time", "level", "logger", "message", "page", "seconds"}


def test_traceback_is_kept() -> None:
    try:
        raise ValueError("oh")
    except ValueError:
        assert "ValueError: oh" in str(logged("failed", exc_info=sys.exc_info())["traceback"])
