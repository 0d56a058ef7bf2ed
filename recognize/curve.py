"""A training's log as a picture: loss and val CER over the lines seen."""

from __future__ import annotations

import csv
import io
import logging
from pathlib import Path

from pipeline.files import write_bytes

logger = logging.getLogger(__name__)


def draw_curve(log: Path, picture: Path) -> None:
    """Draw log.csv of a run as a PNG; the same log gives the same bytes.

    Args:
        log: CSV with the columns seen, loss and, if there was a val, val_cer; nothing is drawn
            without it.
        picture: the file to write; left alone, with a warning, where there is no matplotlib.
    """
    if not log.exists():
        return
    try:
        from matplotlib.figure import Figure  # a tool of training: not installed for users
    except ImportError:
        logger.warning("%s not drawn: pip install matplotlib", picture)
        return
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines, losses = ([float(row[name]) for row in rows] for name in ("seen", "loss"))
    rates = [float(row["val_cer"]) for row in rows if "val_cer" in row]
    figure = Figure((6, 3.5), layout="constrained")
    left = figure.subplots()
    right = left.twinx()
    left.plot(lines, losses, color="tab:gray", marker=".", label="loss")
    right.plot(lines[: len(rates)], rates, color="tab:blue", marker=".", label="val CER")
    left.set(xlabel="lines seen", ylabel="loss per character")
    right.set(ylabel="val CER", ylim=(0, None))
    figure.legend(loc="outside upper right", ncols=2)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=120, metadata={"Software": None})
    write_bytes(picture, data.getvalue())
