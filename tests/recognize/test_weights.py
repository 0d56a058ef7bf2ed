from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipeline.errors import InputError
from recognize.alphabet import Alphabet
from recognize.model import LineNet
from recognize.weights import find_weights, load_model, transfer


def copy_of(model: Path, folder: Path) -> Path:
    for suffix in (".safetensors", ".json"):
        shutil.copy(model.with_suffix(suffix), folder)
    return folder / model.name


def test_model_survives_the_disk(tiny_model: Path) -> None:
    first, second = (load_model(str(tiny_model)) for _ in range(2))
    lines = torch.rand(1, 1, 48, 64)
    assert torch.equal(first[0](lines), second[0](lines))
    assert len(first[1]) == 28


def test_weights_changed_after_the_card_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    path = copy_of(tiny_model, tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="card"):
        load_model(str(path))


@pytest.mark.parametrize("card", ["", "[]", '{"name": "x"}', '{"model": {"stages": []}}'])
def test_broken_card_is_named(tiny_model: Path, tmp_path: Path, card: str) -> None:
    path = copy_of(tiny_model, tmp_path)
    path.with_suffix(".json").write_text(card)
    with pytest.raises(InputError, match=r"tiny\.json"):
        load_model(str(path))


def test_card_of_other_sizes_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    path = copy_of(tiny_model, tmp_path)
    card = json.loads(path.with_suffix(".json").read_text())
    card["alphabet"] += "é"
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="sizes"):
        load_model(str(path))


def test_a_network_may_begin_from_one_of_another_height(tiny_model: Path) -> None:
    old, alphabet, _ = load_model(str(tiny_model))
    new = LineNet(len(alphabet), replace(old.params, height=64, dropout=0.0)).eval()
    transfer(old, alphabet, new, alphabet)
    lines = torch.rand(1, 1, 64, 64)
    assert torch.equal(new(lines), old(lines))


def test_a_network_may_grow_by_a_refinement(tiny_model: Path) -> None:
    old, alphabet, card = load_model(str(tiny_model))
    new = LineNet(len(alphabet), replace(card.model, refined=True)).eval()
    transfer(old, alphabet, new, alphabet)
    line = torch.rand(1, 1, card.model.height, 64)
    assert torch.equal(old(line), new(line))


def test_a_network_may_get_a_reviser(tiny_model: Path) -> None:
    old, alphabet, card = load_model(str(tiny_model))
    new = LineNet(len(alphabet), replace(card.model, revised=4))
    transfer(old, alphabet, new, alphabet)
    assert torch.equal(old.head.weight, new.head.weight)


def test_a_reviser_may_get_tables_which_say_nothing_at_first(tiny_model: Path) -> None:
    params = replace(load_model(str(tiny_model))[2].model, revised=4)
    alphabet = Alphabet("abc")
    old, new = LineNet(4, params).eval(), LineNet(4, replace(params, grams=64, gaps=64)).eval()
    assert old.reviser and new.reviser
    torch.nn.init.normal_(old.reviser.head.weight)
    transfer(old, alphabet, new, alphabet)
    seen = torch.rand(7, 1, 4)
    assert torch.allclose(old.reviser(seen), new.reviser(seen))


def test_a_reviser_knows_letters_by_name_and_new_ones_not_at_all(tiny_model: Path) -> None:
    alphabet, grown = Alphabet("abc"), Alphabet("aábcé")
    params = replace(load_model(str(tiny_model))[2].model, revised=4, grams=64, gaps=64)
    old = LineNet(4, params).eval()
    assert old.reviser and old.reviser.grams and old.reviser.gaps
    torch.nn.init.normal_(old.reviser.head.weight)
    torch.nn.init.normal_(old.reviser.grams.table)
    torch.nn.init.normal_(old.reviser.gaps.table)
    torch.nn.init.ones_(old.reviser.gaps.share)
    new = LineNet(6, old.params).eval()
    transfer(old, alphabet, new, grown)
    assert new.reviser and new.reviser.grams and new.reviser.gaps
    for table in (new.reviser.grams, new.reviser.gaps):
        assert len(set(table.names.tolist())) == 6
    seen = torch.rand(7, 1, 4) + 0.1
    wider = torch.zeros(7, 1, 6)
    known = [0, 1, 3, 4]  # a, b, c among the letters that there are now
    wider[:, :, known] = seen
    wider[:, :, 5] = 0.01  # é
    before, after = old.reviser(seen), new.reviser(wider)
    assert torch.allclose(before, after[:, :, known], atol=1e-6)
    assert torch.allclose(after[:, :, 5], torch.full((7, 1), 0.0101).log(), atol=1e-3)


def test_a_network_cannot_begin_from_one_of_other_sizes(tiny_model: Path) -> None:
    old, alphabet, _ = load_model(str(tiny_model))
    new = LineNet(len(alphabet), replace(old.params, hidden=old.params.hidden + 8))
    with pytest.raises(ValueError, match="cannot begin"):
        transfer(old, alphabet, new, alphabet)


def test_unknown_model_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="one of"):
        find_weights("klingon")
