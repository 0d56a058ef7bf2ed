"""A trained model on disk, with its card; what one model has learnt given to another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import weights
from pipeline.weights import fill, load_weights, no_card, read_values, save_weights, write_card
from recognize.alphabet import BLANK, Alphabet
from recognize.calibration import Calibration
from recognize.model import LineNet, ModelParams
from recognize.quantize import Range

SHIPPED = Path(__file__).parent / "weights"
DEFAULT = "latin"

_EMBEDDING = "reviser.embedding.weight"
_NAMES = "reviser.grams.names", "reviser.gaps.names"
_BETWEEN = "reviser.gaps.between."
# What a network has for every label: by rows, but for the embedding.
_BY_LABEL = (
    *("head.", "auxiliary.", "reviser.head.", "reviser.next.", "reviser.previous."),
    *(_EMBEDDING, *_NAMES, _BETWEEN),
)


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
        calibration: what the model's confidence is worth where it reads alone.
        helped: the same where a language model helps.
        ranges: of the CNN's layers, to read in 8 bits by, see recognize/quantize.py; none if it was
            not measured.
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
    helped: Calibration = Calibration()
    ranges: tuple[Range, ...] = ()


def find_weights(name: str) -> Path:
    """The safetensors file of a shipped model's name or of a path.

    Raises:
        InputError: if there is no such model.
    """
    return weights.find_weights(name, SHIPPED, "model")


def save_model(net: LineNet, path: Path, card: Card) -> Card:
    """Write `net` in fp16 to `path` and its card beside it.

    Returns:
        The card as written, with the file's SHA-256.
    """
    # The auxiliary head serves in training only, but a training that begins here needs it: a fresh
    # one would spoil the CNN before it has learnt anything.
    written = replace(card, sha256=save_weights(net.state_dict(), path))
    write_card(path.with_suffix(".json"), written)
    return written


def load_model(name: str) -> tuple[LineNet, Alphabet, Card]:
    """A network ready to read, by the name of a shipped model or the path of a safetensors file.

    Raises:
        InputError: if the files are missing, damaged or do not belong together.
    """
    path = find_weights(name)
    card = read_card(path.with_suffix(".json"))
    alphabet = Alphabet(card.alphabet)
    net = LineNet(len(alphabet), card.model)
    fill(net, load_weights(path, card.sha256), path)
    return net.eval(), alphabet, card


def transfer(old: LineNet, known: Alphabet, new: LineNet, alphabet: Alphabet) -> None:
    """Give a network what a trained one has learnt, character by character where labels differ.

    Args:
        old: the trained network.
        known: its alphabet.
        new: takes the weights; the outputs of characters that `old` does not know stay as they are.
        alphabet: of `new`.

    Raises:
        ValueError: if the networks differ in more than their alphabets, the scale and rows of a
            line and the dropout, on which no weight depends, and a refinement, a reviser and its
            tables that `new` has more.
    """
    sizes = new.params
    same = {name: getattr(sizes, name) for name in ("height", "stretch", "focused", "dropout")}
    grown = ("refined", "revised", "grams", "gaps")
    more = {name: getattr(old.params, name) or getattr(sizes, name) for name in grown}
    if replace(old.params, **more, **same) != sizes:
        raise ValueError(f"a network of {old.params} cannot begin from one of {new.params}")
    state = new.state_dict()
    learnt = old.state_dict()
    state.update({k: v for k, v in learnt.items() if not k.startswith(_BY_LABEL)})
    labels = {character: label for label, character in enumerate(known.characters, start=1)}
    pairs = [(0, BLANK)] + [
        (label, labels[character])
        for label, character in enumerate(alphabet.characters, start=1)
        if character in labels
    ]
    mine, theirs = (list(side) for side in zip(*pairs, strict=True))
    for name in [name for name in learnt if name.startswith(_BY_LABEL)]:
        if name == _EMBEDDING:  # of each label twice, see Reviser; of those not known, nothing
            state[name].zero_()
            for place in (0, 1):
                columns = [label + place * len(alphabet) for label in mine]
                state[name][:, columns] = learnt[name][:, [n + place * len(known) for n in theirs]]
        elif name in _NAMES:  # those of new characters must be new, too
            state[name] += int(learnt[name].max()) + 1
            state[name][mine] = learnt[name][theirs]
        else:
            if name.startswith(_BETWEEN):  # of new characters the table has nothing to say
                state[name].zero_()
            state[name][mine] = learnt[name][theirs]
    new.load_state_dict(state)


def read_card(path: Path) -> Card:
    """The card in a JSON file.

    Raises:
        InputError: if it is missing or not a card.
    """
    values = read_values(path)
    try:
        sizes = values.pop("model")
        sizes["stages"] = tuple(tuple(stage) for stage in sizes["stages"])
        curves: dict[str, Any] = {
            name: _calibration(values.pop(name))
            for name in ("calibration", "helped")
            if name in values
        }
        ranges = tuple(Range(*pair) for pair in values.pop("ranges", ()))
        return Card(model=ModelParams(**sizes), **curves, ranges=ranges, **values)
    except (KeyError, TypeError, AttributeError) as error:
        raise no_card(path, error) from error


def _calibration(values: dict[str, Any]) -> Calibration:
    knots = {name: tuple(values[name]) for name in ("confidences", "rates")}
    return Calibration(**{**values, **knots})
