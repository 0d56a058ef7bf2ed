"""Pages drawn with their truth, and a finder small enough to make."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from segment.net.model import NetParams, PageNet
from segment.net.weights import Card, save_net

SMALL = NetParams(channels=(8, 8), blocks=(1, 1))
Truth = list[tuple[list[tuple[float, float]], list[tuple[float, float]]]]


def drawn_page(count: int = 10, columns: int = 1) -> tuple[np.ndarray, Truth]:
    """A page of written lines: its pixels, and boundary and baseline of each line."""
    page = np.full((60 + 40 * count, 60 + 320 * columns), 235, np.uint8)
    truth: Truth = []
    for number in range(count * columns):
        x, y = 40 + 320 * (number % columns), 60 + 40 * (number // columns)
        words = ["in the name of", "everything seen", "both by day", "and by night"][number % 4]
        cv2.putText(page, words, (x, y), cv2.FONT_HERSHEY_COMPLEX, 0.7, 40, 2, cv2.LINE_AA)
        width = cv2.getTextSize(words, cv2.FONT_HERSHEY_COMPLEX, 0.7, 2)[0][0]
        boundary = [(x, y - 18), (x + width, y - 18), (x + width, y + 7), (x, y + 7)]
        truth.append((boundary, [(x, y), (x + width, y)]))
    return page, truth


@pytest.fixture(scope="session")
def true_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two drawn pages with page JSON."""
    folder = tmp_path_factory.mktemp("pages")
    for number in (1, 2):
        page, truth = drawn_page(6 + number, number)
        cv2.imwrite(str(folder / f"p{number}.png"), page)
        lines = [{"polygon": boundary, "baseline": base} for boundary, base in truth]
        text = json.dumps({"image": f"p{number}.png", "lines": lines})
        (folder / f"p{number}.json").write_text(text)
    return folder


@pytest.fixture(scope="session")
def tiny_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained finder: it finds nonsense, always the same."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("net") / "tiny.safetensors"
    save_net(PageNet(SMALL), path, Card("tiny", "0", SMALL, ""))
    return path
