from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipeline.errors import FileAccessError
from pipeline.ledger import FOLDER, DocumentRow, PageRow, look_into, open_ledger, running

ROW = PageRow("d", "p1", 1, "key", "done", 1.5, "", b"outcome", b"page")


def test_page_is_kept_and_replaced(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record_page(ROW)
    with open_ledger(tmp_path) as ledger:
        assert ledger.page("d", "p1") == ROW
        assert ledger.page_key("d", "p1") == "key"
        failed = PageRow("d", "p1", 1, "key2", "failed", 0, "broken", b"outcome")
        ledger.record_page(failed)
        assert ledger.page("d", "p1") == failed


def test_failed_page_has_no_key(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record_page(PageRow("d", "p1", 1, "key", "failed", 0, "broken", b""))
        assert ledger.page_key("d", "p1") == ledger.page_key("d", "p2") == ""
        assert ledger.read_pages("d") == {}


def test_document_is_kept(tmp_path: Path) -> None:
    row = DocumentRow("d", 3, "key", "done", "", b"outcome")
    with open_ledger(tmp_path) as ledger:
        ledger.record_document(row)
        assert (ledger.document("d"), ledger.document("e")) == (row, None)


def test_file_is_ours_before_and_after_it_is_replaced(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.claim("d", [("d.txt", "old")])
        ledger.claim("d", [("d.txt", "new")])
        assert ledger.owns("d.txt", "old") and ledger.owns("d.txt", "new")
        ledger.settle([("d.txt", "new")])
        assert not ledger.owns("d.txt", "old")
        assert ledger.files("d") == [("d.txt", "new")]


def test_second_run_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    code = f"from pipeline.ledger import *; open_ledger(Path({str(tmp_path)!r})).__enter__()"
    with open_ledger(tmp_path):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "is writing into it" in done.stderr


def test_lock_ends_with_the_run(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        assert "process" in running(tmp_path)
    assert running(tmp_path) == ""


def test_ledger_can_be_looked_into_during_a_run(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record_page(ROW)
        ledger.note(pages=7)
        with look_into(tmp_path) as seen:
            assert seen.counts() == {"done": 1}
            assert seen.notes() == {"pages": "7"}


def test_looking_for_a_ledger_makes_none(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="no run"), look_into(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_answers_are_kept(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record_answer("k1", "")
    with look_into(tmp_path) as ledger:
        assert (ledger.answer("k1"), ledger.answer("k2")) == ("", None)


def test_a_ledger_without_answers_gets_a_place_for_them(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record_page(ROW)
    rows = sqlite3.connect(tmp_path / FOLDER / "ledger.sqlite")
    rows.executescript("DROP TABLE answers; PRAGMA user_version = 1")
    rows.close()
    with open_ledger(tmp_path) as ledger:
        assert ledger.page("d", "p1") == ROW and ledger.answer("k1") is None


@pytest.mark.parametrize("damage", ["noise", "version"])
def test_damaged_ledger_is_told(tmp_path: Path, damage: str) -> None:
    with open_ledger(tmp_path):
        path = tmp_path / FOLDER / "ledger.sqlite"
    if damage == "noise":
        path.write_bytes(b"noise" * 1000)
    else:
        sqlite3.connect(path).execute("PRAGMA user_version = 99")
    with pytest.raises(FileAccessError, match="is damaged"), open_ledger(tmp_path):
        pass


def test_full_disk_is_told(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger._rows.execute("PRAGMA max_page_count = 12")  # as if the disk ended there
        with pytest.raises(FileAccessError, match="make room"):
            ledger.record_page(PageRow("d", "p1", 1, "key", "done", 0, "", bytes(100_000)))
        assert ledger.page("d", "p1") is None


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileAccessError, match="another --out"), open_ledger(tmp_path / "file"):
        pass


def test_rows_survive_a_writer_that_was_killed(tmp_path: Path) -> None:
    code = f"""
import os
from pathlib import Path
from pipeline.ledger import PageRow, open_ledger
with open_ledger(Path({str(tmp_path)!r})) as ledger:
    for n in range(10):
        ledger.record_page(PageRow("d", str(n), n, "key", "done", 0, "", b""))
    ledger._rows.execute("BEGIN IMMEDIATE")
    ledger._rows.execute("DELETE FROM pages")
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    with open_ledger(tmp_path) as ledger:
        assert ledger.counts() == {"done": 10}


def test_lock_is_held_against_threads_too(tmp_path: Path) -> None:
    told: list[str] = []

    def intrude() -> None:
        try:
            with open_ledger(tmp_path):
                told.append("let in")
        except FileAccessError as error:
            told.append(str(error))

    with open_ledger(tmp_path):
        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()
    assert "is writing into it" in told[0]
