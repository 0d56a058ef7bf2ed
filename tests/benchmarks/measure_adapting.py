"""What a model gains by learning hands from its own readings of them (`inkfolio adapt`).

python tests/benchmarks/measure_adapting.py [--model MODEL] PARQUET[:PAGE]...

Each PARQUET is taken for a folder of scans: the lines of its val split, of the pages whose names
begin with PAGE if that is given. They are read page by page with the language models' help, what
was read surely enough is learnt, and they are read again: the truth serves to count errors alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from recognize.adapt import adapt_model
from recognize.dataset import LineSample, read_samples
from recognize.evaluate import read_pages, score, total, word_calibration_error
from recognize.reader import Reader, use_threads
from recognize.weights import DEFAULT


def rates(samples: Sequence[LineSample], model: str) -> str:
    """Errors and the words' calibration error, alone and with help."""
    found = []
    for language in ("none", "auto"):
        readings = read_pages(Reader.load(model, language), samples)
        pairs = zip(samples, readings, strict=True)
        cer = total(score(sample.text, reading.text) for sample, reading in pairs).cer
        found.append(f"{cer:.4f} (ece {word_calibration_error(samples, readings):.3f})")
    return " and ".join(found)


def measure(argument: str, begun: str) -> str:
    """The line of the table for one argument and the model to begin from."""
    use_threads(1)
    path, _, page = argument.partition(":")
    samples = [one for one in read_samples([Path(path)], "val") if one.page.startswith(page)]
    before = rates(samples, begun)
    with TemporaryDirectory() as folder:
        began = time.monotonic()
        model = adapt_model(samples, Path(folder), begun)
        seconds = time.monotonic() - began
        after = rates(samples, str(model))
    name = f"{Path(path).stem} {page}".strip()
    return (
        f"{name}: {len(samples)} lines, alone and with --lm auto {before}; {after}; {seconds:.0f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lines", nargs="+", metavar="PARQUET[:PAGE]")
    parser.add_argument("--model", default=DEFAULT, help="the model to begin from")
    given = parser.parse_args()
    for argument in given.lines:
        print(measure(argument, given.model), flush=True)
