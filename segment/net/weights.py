"""A trained finder on disk: NAME.safetensors (fp16) beside NAME.json, its card. Never a pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from safetensors.torch import load, save

from pipeline.errors import InputError
from pipeline.files import write_bytes
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
    path = Path(name) if name.endswith(".safetensors") else SHIPPED / f"{name}.safetensors"
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.safetensors"))) or "none"
        raise InputError(f"no line finder {name!r}: give a .safetensors file or one of: {shipped}")
    return path


def save_net(net: PageNet, path: Path, card: Card) -> Card:
    """Write `net` in fp16 to `path` and its card beside it.

    Returns:
        The card as written, with the file's SHA-256.
    """
    halves = {
        name: value.half().contiguous().cpu() if value.is_floating_point() else value.cpu()
        for name, value in net.state_dict().items()
    }
    data = save(halves)
    written = replace(card, sha256=hashlib.sha256(data).hexdigest())
    write_bytes(path, data)
    text = json.dumps(asdict(written), ensure_ascii=False, indent=2) + "\n"
    write_bytes(path.with_suffix(".json"), text.encode())
    return written


def load_net(name: str) -> tuple[PageNet, Card]:
    """A network ready to find lines, by a shipped finder's name or the path of its safetensors.

    Raises:
        InputError: if the files are missing, damaged or do not belong together.
    """
    path = find_weights(name)
    card = read_card(path.with_suffix(".json"))
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise InputError(f"{path}: not the weights that its card describes; install them again")
    net = PageNet(card.model)
    try:
        net.load_state_dict(
            {
                key: value.float() if value.is_floating_point() else value
                for key, value in load(data).items()
            }
        )
    except RuntimeError as error:
        message = f"{path}: the weights do not fit the sizes in its card; install them again"
        raise InputError(message) from error
    return net.eval(), card


def read_card(path: Path) -> Card:
    """The card in a JSON file.

    Raises:
        InputError: if it is missing or not a card.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        sizes = {key: tuple(value) for key, value in values.pop("model").items()}
        return Card(model=NetParams(**sizes), **values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: no readable card ({error}); install the finder again") from error
