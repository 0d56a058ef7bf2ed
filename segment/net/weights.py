"""A trained finder on disk, with its card."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline import weights
from pipeline.weights import fill, load_weights, no_card, read_values, save_weights, write_card
from segment.net.model import NetParams, PageNet

SHIPPED = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True)
class Card:
    """What must be known to use a finder, and what a user should know about it.

    Attributes:
        name: the finder's name, for people.
        version: counts up with every training that ships.
        model: sizes of the network.
        sha256: of the safetensors file.
        training: corpora, recipe, crops seen; free form.
        licence: what the weights may be used for.
        scores: what was measured with them, and on what.
    """

    name: str
    version: str
    model: NetParams
    sha256: str
    training: dict[str, object] = field(default_factory=dict)
    licence: str = ""
    scores: dict[str, object] = field(default_factory=dict)


def find_weights(name: str) -> Path:
    """The safetensors file of a shipped finder's name or of a path.

    Raises:
        InputError: if there is no such finder.
    """
    return weights.find_weights(name, SHIPPED, "line finder")


def save_net(net: PageNet, path: Path, card: Card) -> Card:
    """Write `net` in fp16 to `path` and its card beside it.

    Returns:
        The card as written, with the file's SHA-256.
    """
    written = replace(card, sha256=save_weights(net.state_dict(), path))
    write_card(path.with_suffix(".json"), written)
    return written


def load_net(name: str) -> tuple[PageNet, Card]:
    """A network ready to find lines, by a shipped finder's name or the path of its safetensors.

    Raises:
        InputError: if the files are missing, damaged or do not belong together.
    """
    path = find_weights(name)
    card = read_card(path.with_suffix(".json"))
    net = PageNet(card.model)
    fill(net, load_weights(path, card.sha256), path)
    return net.eval(), card


def read_card(path: Path) -> Card:
    """The card in a JSON file.

    Raises:
        InputError: if it is missing or not a card.
    """
    values = read_values(path)
    try:
        sizes = {key: tuple(value) for key, value in values.pop("model").items()}
        return Card(model=NetParams(**sizes), **values)
    except (KeyError, TypeError, AttributeError) as error:
        raise no_card(path, error) from error
