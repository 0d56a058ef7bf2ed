import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.document import Box, Line
from pipeline.errors import InputError
from pipeline.evaluate_pages import (
    Tally,
    baseline_tally,
    evaluate_folder,
    line_tally,
    pool,
    score_page,
)
from pipeline.matching import boxes_of, overlaps
from pipeline.page_truth import read_truth

TWO = np.array([[0, 0, 100, 10], [0, 20, 100, 30]], float)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(TWO, Tally(2, 2, 2, 2), id="exact"),
        pytest.param(TWO[:0], Tally(0, 0, 0, 2), id="nothing found"),
        pytest.param(TWO[[0, 0]], Tally(1, 2, 1, 2), id="one line found twice"),
        pytest.param(np.array([[0, 0, 49, 10], [51, 0, 100, 10]]), Tally(0, 2, 0, 2), id="halves"),
        pytest.param(np.array([[0, 0, 60, 10], [0, 20, 90, 30]]), Tally(2, 2, 2, 2), id="short"),
    ],
)
def test_line_tally(found: np.ndarray, expected: Tally) -> None:
    assert line_tally(found, TWO) == expected


def test_overlaps() -> None:
    found = np.array([[0, 0, 10, 10]], float)
    truth = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 0, 30, 10]], float)
    assert overlaps(found, truth)[0] == pytest.approx([1.0, 1 / 3, 0.0])


def test_rates_of_a_tally() -> None:
    tally = Tally(3, 4, 3, 6) + Tally(0, 0, 0, 0)
    assert (tally.precision, tally.recall, tally.f1) == (0.75, 0.5, 0.6)
    assert Tally().f1 == 1.0
    assert Tally(0, 3, 0, 3).f1 == 0.0


def baseline(y: float, left: float = 0, right: float = 200) -> np.ndarray:
    return np.array([[left, y], [right, y]], float)


TRUTH = [baseline(40), baseline(80), baseline(120)]


@pytest.mark.parametrize(
    ("found", "precision", "recall"),
    [
        pytest.param(TRUTH, 1.0, 1.0, id="exact"),
        pytest.param([baseline(y + 9) for y in (40, 80, 120)], 1.0, 1.0, id="within tolerance"),
        pytest.param([baseline(y + 20) for y in (40, 80, 120)], 0.5, 0.5, id="on the soft edge"),
        pytest.param(TRUTH[:2], 1.0, 2 / 3, id="one missed"),
        pytest.param([*TRUTH, baseline(400)], 0.75, 1.0, id="one too many"),
        pytest.param([baseline(40, 0, 95), baseline(40, 105, 200)], 0.5, 1 / 3, id="split"),
        pytest.param([], 1.0, 0.0, id="nothing"),
    ],
)
def test_baseline_tally(found: list[np.ndarray], precision: float, recall: float) -> None:
    tally = baseline_tally(found, TRUTH)
    assert tally.precision == pytest.approx(precision, abs=0.02)
    assert tally.recall == pytest.approx(recall, abs=0.02)


def line(box: Box) -> Line:
    y = float(box.bottom - 2)
    return Line("r1l1", box.polygon(), ((float(box.left), y), (float(box.right), y)))


def page_json(boxes: list[Box], **more: Any) -> dict[str, Any]:
    lines = [
        {
            "polygon": [list(p) for p in line(box).boundary],
            "baseline": [list(p) for p in line(box).baseline],
            "text": "x",
            "ok": True,
        }
        for box in boxes
    ]
    size = {"width": 400, "height": 300}
    return {"image": "a.png", "corpus": "c", "kind": "hand", "lines": lines, **size, **more}


BOXES = [Box(10, 20, 180, 40), Box(10, 60, 180, 80)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, kind in (("a", "hand"), ("b", "print")):
        Image.new("L", (200, 100), 255).save(tmp_path / f"{name}.png")
        text = json.dumps(page_json(BOXES, image=f"{name}.png", kind=kind))
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    return tmp_path


def test_pages_on_which_nothing_is_found_are_named(folder: Path) -> None:
    result = evaluate_folder(folder)
    assert result["total"]["lines"]["recall"] == 0.0
    assert result["kinds"]["hand"]["lines"]["truth"] == 2
    assert result["corpora"]["c"]["pages"] == 2
    assert result["empty"] == ["a", "b"]
    assert json.loads(json.dumps(result)) == result


def test_truth_without_baselines_counts_for_boxes_only(folder: Path) -> None:
    page = page_json(BOXES)
    for entry in page["lines"]:
        entry["baseline"] = []
    (folder / "a.json").write_text(json.dumps(page), encoding="utf-8")
    truth = next(iter(read_truth(folder)))
    score = score_page(truth, [line(box) for box in BOXES])
    assert score.lines.f1 == 1.0
    assert score.baselines == Tally()


def test_a_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no page JSON"):
        list(read_truth(tmp_path))


@pytest.mark.parametrize("text", ["{", "[]", '{"lines": []}'])
def test_damaged_truth_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.json"):
        list(read_truth(tmp_path))


def test_nothing_scored_is_nothing_wrong() -> None:
    assert pool([])["total"]["lines"]["truth"] == 0
    assert boxes_of([]).shape == (0, 4)
