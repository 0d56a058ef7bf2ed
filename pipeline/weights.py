"""Trained weights on disk: NAME.safetensors (fp16) beside NAME.json, their card. Never a pickle.

Tables that are looked up are larger than all else and keep 8 bits of each value.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from pipeline.errors import InputError
from pipeline.files import write_bytes

# A row of it is one of many that are added up: 3 % of its values, by which they are off, cost no
# letter, see docs/experiments.md.
_TABLE = ".table"


def find_weights(name: str, shipped: Path, what: str) -> Path:
    """The safetensors file of a shipped model's name or of a path.

    Args:
        name: of a model in `shipped`, or a path that ends in .safetensors.
        shipped: folder of the models that ship.
        what: to call the model in errors.

    Raises:
        InputError: if there is no such model.
    """
    path = Path(name) if name.endswith(".safetensors") else shipped / f"{name}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in shipped.glob("*.safetensors"))) or "none"
        raise InputError(f"no {what} {name!r}: give a .safetensors file or one of: {known}")
    return path


def save_weights(state: dict[str, Tensor], path: Path) -> str:
    """Write weights in fp16, what is named `_TABLE` in fp8 (E4M3); the SHA-256 of the file."""
    data = save({name: _short(name, value) for name, value in state.items()})
    write_bytes(path, data)
    return hashlib.sha256(data).hexdigest()


def _short(name: str, value: Tensor) -> Tensor:
    if not value.is_floating_point():
        return value.cpu()
    kept = torch.float8_e4m3fn if name.endswith(_TABLE) else torch.float16
    return value.to(kept).contiguous().cpu()


def load_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """The weights in a file, in fp32.

    Raises:
        InputError: if they are not those of this SHA-256.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(f"{path}: not the weights that its card describes; install them again")
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in load(data).items()
    }


def fill(net: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Give a network the weights of a file.

    Raises:
        InputError: if the network has other sizes than they.
    """
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        message = f"{path}: the weights do not fit the sizes in its card; install them again"
        raise InputError(message) from error


def write_card(path: Path, card: Any) -> None:
    """Write a card, a dataclass, as JSON."""
    text = json.dumps(asdict(card), ensure_ascii=False, indent=2) + "\n"
    write_bytes(path, text.encode())


def read_values(path: Path) -> dict[str, Any]:
    """What a card says, by name.

    Raises:
        InputError: if it is missing or not a card.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise no_card(path, error) from error
    if not isinstance(values, dict):
        raise no_card(path, "not a JSON object")
    return values


def no_card(path: Path, reason: object) -> InputError:
    """The error for a file that is no card."""
    return InputError(f"{path}: no readable model card ({reason}); install it again")
