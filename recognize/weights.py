"""A trained model on disk: NAME.safetensors (fp16) beside NAME.json, its card. Never a pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from safetensors.torch import load, save

from pipeline.errors import InputError
from pipeline.files import write_bytes
from recognize.alphabet import BLANK, Alphabet
from recognize.calibration import Calibration
from recognize.model import LineNet, ModelParams

SHIPPED = Path(__file__).parent / "weights"
DEFAULT = "latin"


@dataclass(frozen=True, slots=True)
class Card:
    """What must be known to use a model, and what a user should know about it.

    Attributes:
        name: the model's name, for people.
        version: counts up with every training that ships.
        alphabet: the characters in label order.
        model: sizes of the network.
        sha256: of the safetensors file.
        training: corpora, recipe, lines seen; free form.
        licence: what the weights may be used for.
        scores: measured error rates with the set they were measured on.
        calibration: what the model's confidence is worth.
    """

    name: str
    version: str
    alphabet: str
    model: ModelParams
    sha256: str
    training: dict[str, object] = field(default_factory=dict)
    licence: str = ""
    scores: dict[str, object] = field(default_factory=dict)
    calibration: Calibration = Calibration()


def find_weights(name: str) -> Path:
    """The safetensors file of a shipped model's name or of a path.

    Raises:
        InputError: if there is no such model.
    """
    path = Path(name) if name.endswith(".safetensors") else SHIPPED / f"{name}.safetensors"
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.safetensors"))) or "none"
        raise InputError(f"no model {name!r}: give a .safetensors file or one of: {shipped}")
    return path


def save_model(net: LineNet, path: Path, card: Card) -> Card:
    """Write `net` in fp16 to `path` and its card beside it.

    Returns:
        The card as written, with the file's SHA-256.
    """
    state = net.state_dict()
    halves = {
        name: value.half().contiguous().cpu() if value.is_floating_point() else value.cpu()
        for name, value in state.items()
        if not name.startswith("auxiliary.")
    }
    data = save(halves)
    written = replace(card, sha256=hashlib.sha256(data).hexdigest())
    write_bytes(path, data)
    write_card(path.with_suffix(".json"), written)
    return written


def write_card(path: Path, card: Card) -> None:
    """Write a card as JSON."""
    text = json.dumps(asdict(card), ensure_ascii=False, indent=2) + "\n"
    write_bytes(path, text.encode())


def load_model(name: str) -> tuple[LineNet, Alphabet, Card]:
    """A network ready to read, by the name of a shipped model or the path of a safetensors file.

    Raises:
        InputError: if the files are missing, damaged or do not belong together.
    """
    path = find_weights(name)
    card = read_card(path.with_suffix(".json"))
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise InputError(f"{path}: not the weights that its card describes; install them again")
    alphabet = Alphabet(card.alphabet)
    net = LineNet(len(alphabet), card.model)
    state = {key: value.float() for key, value in load(data).items()}
    # The auxiliary head serves in training only and does not ship.
    state.update({k: v for k, v in net.state_dict().items() if k.startswith("auxiliary.")})
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        message = f"{path}: the weights do not fit the sizes in its card; install them again"
        raise InputError(message) from error
    return net.eval(), alphabet, card


def transfer(old: LineNet, known: Alphabet, new: LineNet, alphabet: Alphabet) -> None:
    """Give a network what a trained one has learnt, character by character where labels differ.

    Args:
        old: the trained network.
        known: its alphabet.
        new: takes the weights; the outputs of characters that `old` does not know stay as they are.
        alphabet: of `new`.

    Raises:
        ValueError: if the networks differ in more than their alphabets.
    """
    if old.params != new.params:
        raise ValueError(f"a network of {old.params} cannot begin from one of {new.params}")
    state = new.state_dict()
    heads = ("head.", "auxiliary.")
    state.update({k: v for k, v in old.state_dict().items() if not k.startswith(heads)})
    labels = {character: label for label, character in enumerate(known.characters, start=1)}
    pairs = [(0, BLANK)] + [
        (label, labels[character])
        for label, character in enumerate(alphabet.characters, start=1)
        if character in labels
    ]
    mine, theirs = (list(side) for side in zip(*pairs, strict=True))
    for name in ("head.weight", "head.bias"):
        state[name][mine] = old.state_dict()[name][theirs]
    new.load_state_dict(state)


def read_card(path: Path) -> Card:
    """The card in a JSON file.

    Raises:
        InputError: if it is missing or not a card.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        sizes = values.pop("model")
        sizes["stages"] = tuple(tuple(stage) for stage in sizes["stages"])
        curve = {name: tuple(knots) for name, knots in values.pop("calibration", {}).items()}
        return Card(model=ModelParams(**sizes), calibration=Calibration(**curve), **values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no readable model card ({error}); install it again") from error
