"""A page that would take more memory than it may costs itself alone, and is never called blank."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import InputError
from pipeline.executor import Limits
from pipeline.runner import convert
from pipeline.settings import Settings
from segment.page import SegmentParams

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs a system that limits memory"),
]

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
LETTER = SAMPLES / "letters" / "page 1.jpg"
LARGE = {
    "large.png": (12_000, 12_000),
    "large.jp2": (5000, 5000),
    "large.heic": (6000, 6000),
    "large.avif": (6000, 6000),
    "large.pdf": (6000, 8000),
}


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Between two letters, pictures and a PDF that take hundreds of megabytes."""
    folder = tmp_path / "box"
    folder.mkdir()
    for name, size in LARGE.items():
        picture = Image.new("RGB", size, "lightgray")
        if name.endswith(".heic"):
            fast = {"preset": "ultrafast"}
            pillow_heif.from_pillow(picture).save(folder / name, enc_params=fast)
        else:
            picture.save(folder / name, dpi=(600, 600), resolution=600, speed=10)
    for name in ("a.jpg", "z.jpg"):
        shutil.copy(LETTER, folder / name)
    return folder


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    segment = SegmentParams(finder="profile")
    return Settings(model=str(tiny_model), formats=("txt",), segment=segment)


def test_page_over_the_limit_costs_itself_alone(
    tmp_path: Path, settings: Settings, box: Path
) -> None:
    limits = Limits(memory_bytes=700 << 20)
    report = convert([box], tmp_path / "out", settings, jobs=1, limits=limits)
    status = {Path(page.source).name: page.status for page in report.pages}
    assert status == dict.fromkeys(LARGE, "failed") | {"a.jpg": "done", "z.jpg": "done"}
    assert all("raise --max-memory-per-page" in failure.message for failure in report.failures)
    assert report.exit_code == 16
    assert max(page.peak_mib for page in report.pages) < 1000


def test_limit_below_the_model_is_told_before_the_first_page(
    tmp_path: Path, settings: Settings
) -> None:
    with pytest.raises(InputError, match="that the model takes without any page; raise it"):
        limits = Limits(memory_bytes=50 << 20)
        convert([LETTER], tmp_path / "out", settings, jobs=1, limits=limits)


def test_a_usual_page_stays_far_below_the_default(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["convert", str(LETTER), "--out", str(tmp_path), "--jobs", "1"])
    assert ran.exit_code == 0
    (document,) = json.loads((tmp_path / "report.json").read_text())["documents"]
    (page,) = document["pages"]
    assert page["status"] == "done"
    assert page["peak_mib"] < 1024
