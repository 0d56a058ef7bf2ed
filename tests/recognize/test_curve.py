from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from recognize.curve import draw_curve

LOG = """\
step,seen,hours,learning_rate,loss,val_cer
10,400,0.1,0.002,2.5,0.4
20,800,0.2,0.001,1.1,0.2
"""


def test_a_log_is_drawn_the_same_every_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    log = tmp_path / "log.csv"
    log.write_text(LOG)
    draw_curve(log, tmp_path / "curve.png")
    draw_curve(log, tmp_path / "again.png")
    assert (tmp_path / "curve.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    picture = cv2.imread(str(tmp_path / "curve.png"))
    assert picture is not None
    assert picture.min() < 160 < picture.max()


def test_no_picture_without_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    log = tmp_path / "log.csv"
    log.write_text(LOG)
    draw_curve(log, tmp_path / "curve.png")
    assert not (tmp_path / "curve.png").exists()
    assert "matplotlib" in caplog.text


def test_a_training_without_val_has_its_loss_alone(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    log = tmp_path / "log.csv"
    log.write_text("\n".join(line.rpartition(",")[0] for line in LOG.splitlines()))
    draw_curve(log, tmp_path / "curve.png")
    assert cv2.imread(str(tmp_path / "curve.png")) is not None
