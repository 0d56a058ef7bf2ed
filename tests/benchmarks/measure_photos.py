"""Pages as people take them: lines found and text read where light and lens are poor.

python tests/benchmarks/measure_photos.py FOLDER [--every N]

The pages of such a folder as ../shared/data/pages/val are changed in each of `WAYS`, their truth
with them, and found and read at one look a line.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate_pages import evaluate_folder
from pipeline.page_truth import read_truth
from pipeline.settings import Settings
from recognize.reader import Reader, use_threads

Picture = NDArray[np.uint8]  # (H, W, 3)
Way = Callable[[Picture], tuple[Picture, NDArray[np.float64]]]  # and the 3x3 map of its points

AS_IT_IS = np.eye(3)
DESK, MARGIN = (55, 45, 40), 0.12  # its colour, and how far it goes on beyond the page
SHADED, FALLING_TO, FAINT = 0.45, 0.35, 0.35  # of light, of light, of contrast


def on_desk(
    page: Picture, corners: list[tuple[float, float]]
) -> tuple[Picture, NDArray[np.float64]]:
    """A page on a mottled desk, its corners moved by shares of its size."""
    height, width = page.shape[:2]
    margin = round(MARGIN * max(height, width))
    size = (width + 2 * margin, height + 2 * margin)
    start = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    end = np.asarray(start + margin + np.array(corners) * (width, height), np.float32)
    moved = cv2.getPerspectiveTransform(start, end)
    spots = np.random.default_rng(3).normal(0, 6, (size[1] // 8 + 1, size[0] // 8 + 1))
    spots = spots.repeat(8, 0).repeat(8, 1)[: size[1], : size[0], None]
    desk = np.clip(np.array(DESK) + spots, 0, 255)
    paper = cv2.warpPerspective(np.full((height, width), 255, np.uint8), moved, size) > 127
    taken = cv2.warpPerspective(page, moved, size, flags=cv2.INTER_CUBIC)
    return np.asarray(np.where(paper[..., None], taken, desk), np.uint8), moved


def in_shade(page: Picture) -> Picture:
    """The lower left under somebody's shadow."""
    height, width = page.shape[:2]
    shadow = np.array([(0, height), (0.6 * width, height), (0.35 * width, 0.3 * height)])
    light = np.ones((height, width), np.float32)
    outline = np.round([*shadow, (0, 0.45 * height)]).astype(np.int32)
    cv2.fillPoly(light, [outline], SHADED)
    return np.asarray(page * cv2.GaussianBlur(light, (0, 0), width / 60)[..., None], np.uint8)


def by_a_lamp(page: Picture) -> Picture:
    """Light from the upper right that falls off."""
    height, width = page.shape[:2]
    y, x = np.mgrid[:height, :width]
    far = ((x / width - 0.8) ** 2 + (y / height - 0.2) ** 2) / 0.5
    return np.asarray(page * (FALLING_TO + (1 - FALLING_TO) * np.exp(-far))[..., None], np.uint8)


def compressed(page: Picture) -> Picture:
    _, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, 20])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def halved(page: Picture) -> tuple[Picture, NDArray[np.float64]]:
    small = cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), np.diag([0.5, 0.5, 1.0])


TURNED = [(0.02, -0.02), (0.02, 0.02), (-0.02, 0.02), (-0.02, -0.02)]
ASLANT = [(0.06, 0.03), (-0.05, 0.01), (0.0, 0.0), (0.0, 0.0)]


def photographed(page: Picture) -> tuple[Picture, NDArray[np.float64]]:
    taken, moved = on_desk(page, ASLANT)
    return in_shade(by_a_lamp(taken)), moved


WAYS: dict[str, Way] = {
    "as it is": lambda page: (page, AS_IT_IS),
    "turned, on a desk": lambda page: on_desk(page, TURNED),
    "aslant, on a desk": lambda page: on_desk(page, ASLANT),
    "by a lamp": lambda page: (by_a_lamp(page), AS_IT_IS),
    "half in shade": lambda page: (in_shade(page), AS_IT_IS),
    "aslant, lamp, shade": photographed,
    "negative": lambda page: (np.asarray(255 - page, np.uint8), AS_IT_IS),
    "a third of the contrast": lambda page: (
        np.asarray(255 - (255 - page.astype(np.float32)) * FAINT, np.uint8),
        AS_IT_IS,
    ),
    "half the pixels": halved,
    "JPEG of quality 20": lambda page: (compressed(page), AS_IT_IS),
}


def change(way: Way, source: Path, image: Path, out: Path) -> None:
    """Write a page and its truth, changed."""
    page, moved = way(np.asarray(cv2.imread(str(image)), np.uint8))
    cv2.imwrite(str(out / f"{source.stem}.png"), page)
    truth = json.loads(source.read_text())
    truth |= {"image": f"{source.stem}.png", "width": page.shape[1], "height": page.shape[0]}
    for line in truth["lines"]:
        for name in ("polygon", "baseline"):
            if line[name]:
                points = np.array([line[name]], np.float64)
                line[name] = cv2.perspectiveTransform(points, moved)[0].tolist()
    (out / source.name).write_text(json.dumps(truth))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every nth page only")
    given = parser.parse_args()
    use_threads(1)
    reader = Reader.load(looks=1)
    truths = [
        (given.folder / f"{page.name}.json", page.image) for page in read_truth(given.folder)
    ][:: given.every]
    print(f"{'':24} line F1, baselines, page CER, without order")
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            for source, image in truths:
                change(way, source, image, Path(folder))
            total = evaluate_folder(Path(folder), Settings(), reader)["total"]
        print(
            f"{name:24} {total['lines']['f1']:.3f} {total['baselines']['f1']:.3f} "
            f"{total['text']['cer']:.4f} {total['text_order_free']['cer']:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
