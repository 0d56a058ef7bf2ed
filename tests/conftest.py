"""What several packages' tests need: the shared data where it is, a model small enough to make."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run: a change is not blamed for what another draw would find.
settings.register_profile("inkfolio", derandomize=True)
settings.load_profile("inkfolio")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"needs the shared data at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model: it reads nonsense, always the same."""
    import torch

    from recognize.model import LineNet, ModelParams
    from recognize.weights import Card, save_model

    torch.manual_seed(1)
    alphabet = "".join(chr(code) for code in range(ord("a"), ord("z") + 1)) + " "
    sizes = ModelParams(height=48, stem=4, stages=((4,), (8,)), hidden=8, layers=1)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    net = LineNet(len(alphabet) + 1, sizes)
    # Lean away from the blank, so that there is something to place on the page.
    with torch.no_grad():
        net.head.bias[0] = -1.0
        net.head.weight.mul_(30)
    save_model(net, path, Card("tiny", "0", alphabet, sizes, ""))
    return path
