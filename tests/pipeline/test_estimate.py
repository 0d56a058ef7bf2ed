from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.estimate import estimate
from pipeline.settings import Settings


def test_estimate_counts_and_extrapolates(tmp_path: Path, tiny_model: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(20):
        path = tmp_path / "box" / f"p{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (100, 120), np.uint8)).save(path, dpi=(100, 100))
    (tmp_path / "box" / "p10.png").write_bytes(b"")
    settings = Settings(model=str(tiny_model), formats=("pdf",))
    found = estimate([tmp_path / "box"], tmp_path / "out", settings)
    assert found.documents == (("box", 20),)
    assert found.inputs == {".png": 20}
    assert (found.samples, found.failed) == (5, 1)
    assert found.seconds > 0
    assert 100 * 120 * 15 < found.disk_bytes < 100 * 120 * 40
    assert not (tmp_path / "out").exists()
    assert "20 pages from 20 .png" in found.lines()[-2]
