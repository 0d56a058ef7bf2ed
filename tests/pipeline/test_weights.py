from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from pipeline.errors import InputError
from pipeline.weights import fill, find_weights, load_weights, read_values, save_weights


def test_weights_come_back_in_full_precision(tmp_path: Path) -> None:
    state = {"a": torch.tensor([0.5, -2.0]), "steps": torch.tensor(3)}
    sha256 = save_weights(state, tmp_path / "w.safetensors")
    loaded = load_weights(tmp_path / "w.safetensors", sha256)
    assert loaded["a"].dtype == torch.float32
    assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_tables_are_kept_in_fewer_bits(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    table = torch.linspace(-0.7, 0.7, 1001)
    found = load_weights(path, save_weights({"some.table": table}, path))["some.table"]
    assert path.stat().st_size < 1001 + 200
    assert found.dtype == torch.float32
    assert torch.allclose(found, table, rtol=0.07, atol=0.002)


def test_other_weights_than_the_cards_are_refused(tmp_path: Path) -> None:
    save_weights({"a": torch.zeros(2)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="not the weights"):
        load_weights(tmp_path / "w.safetensors", "0" * 64)


def test_weights_of_other_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sizes"):
        fill(nn.Linear(2, 2), {"weight": torch.zeros(3, 3), "bias": torch.zeros(3)}, tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_card_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "w.json").write_text(text)
    with pytest.raises(InputError, match=r"w\.json"):
        read_values(tmp_path / "w.json")


def test_an_unknown_name_is_answered_with_the_known(tmp_path: Path) -> None:
    save_weights({"a": torch.zeros(1)}, tmp_path / "latin.safetensors")
    with pytest.raises(InputError, match=r"no model 'greek'.*latin"):
        find_weights("greek", tmp_path, "model")
