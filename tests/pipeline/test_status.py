from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import FileAccessError
from pipeline.ledger import DocumentRow, PageRow, open_ledger
from pipeline.status import read_status


def test_status_during_and_after_a_run(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.note(pages=3, started="2026-01-01")
        ledger.record_page(PageRow("d", "p1", 1, "k", "done", 2.0, "", b""))
        ledger.record_page(PageRow("d", "p2", 2, "k", "failed", 9.0, "p2: no", b""))
        seen = read_status(tmp_path)
        assert "process" in seen.runner
        ledger.record_page(PageRow("d", "p3", 3, "k", "blank", 4.0, "", b""))
        ledger.record_document(DocumentRow("d", 3, "k", "done", "", b""))
    assert (seen.total, seen.pages, seen.errors) == (3, {"done": 1, "failed": 1}, ["p2: no"])
    assert (seen.seconds_per_page, seen.documents) == (2.0, {})
    after = read_status(tmp_path)
    assert after.runner == ""
    assert after.lines() == [
        "complete",
        "pages: 1 done, 1 blank, 0 skipped, 1 failed, of 3 found; 3.0 s a page",
        "documents: 1 done, 0 failed",
        "failed: p2: no",
    ]


def test_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="no run has written here"):
        read_status(tmp_path)
