"""Ground truth from files of PAGE and ALTO."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.evaluate_pages import evaluate_folder, table_of
from pipeline.true_pages import true_pages
from tests.pipeline.test_evaluate_pages import folder  # noqa: F401
from tests.pipeline.test_line_corpus import line, scan


@pytest.mark.parametrize("form", ["page", "alto"])
def test_files_of_a_peer_are_ground_truth(tmp_path: Path, form: str) -> None:
    letters = scan(tmp_path / "letters", line(1, "chère"), line(2, "", 0.0), form=form)
    (page,) = true_pages(letters)
    assert (page.name, page.corpus, page.kind) == ("p1", "letters", "")
    assert (page.image, page.width, page.height) == ((letters / "p1.png").resolve(), 800, 1000)
    assert [(one.text, one.readable) for one in page.lines] == [("chère", True), ("", False)]
    assert len(page.lines[0].boundary) == 4 and len(page.lines[0].baseline) == 2


def test_their_images_may_lie_elsewhere(tmp_path: Path) -> None:
    letters = scan(tmp_path / "letters", line(1, "chère"))
    (tmp_path / "scans").mkdir()
    (letters / "p1.png").rename(tmp_path / "scans" / "p1.png")
    with pytest.raises(InputError, match=r"p1\.png.*--images"):
        list(true_pages(letters))
    (page,) = true_pages(letters, tmp_path / "scans")
    assert page.image.parent.name == "scans"


def test_page_json_comes_before_other_files(folder: Path) -> None:  # noqa: F811
    scan(folder, line(1, "chère"))
    assert [page.name for page in true_pages(folder)] == ["a", "b"]


def test_a_page_of_unknown_kind_counts_in_its_corpus(tmp_path: Path) -> None:
    letters = scan(tmp_path / "letters", line(1, "chère"), line(2, "mère"))
    scores = evaluate_folder(letters)
    assert scores["kinds"] == {}
    assert table_of(scores).splitlines()[2].split()[-2:] == ["-", "-"]  # nothing was read
    assert scores["corpora"]["letters"]["lines"]["truth"] == 2
