"""Line images to readings: batched by width, the same reading whatever else is read with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from recognize.alphabet import Alphabet
from recognize.ctc import Probabilities, decode_greedily, widen
from recognize.dataset import round_up, stack
from recognize.model import STRIDE, LineNet
from recognize.normalize import Gray, LineArray, normalize
from recognize.weights import DEFAULT, load_model

_MAX_COLUMNS = 16_000  # columns of a batch: some 30 lines, 200 MB of activations at most


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line image says.

    Attributes:
        text: NFC, without white space at its ends.
        spans: one (left, right) a character of `text`, in pixels of the line image.
        confidences: one a character, a probability in [0, 1].
    """

    text: str
    spans: tuple[tuple[float, float], ...]
    confidences: tuple[float, ...]


class Reader:
    """A network that is loaded once and reads any number of lines."""

    def __init__(self, net: LineNet, alphabet: Alphabet) -> None:
        """A reader of a network in evaluation mode."""
        self._net = net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._alphabet = alphabet
        self._device = next(net.parameters()).device
        self._bfloat16 = self._device.type != "cpu" or has_bfloat16()

    @classmethod
    def load(cls, name: str = DEFAULT) -> Reader:
        """The reader of a shipped model, or of a safetensors file.

        Raises:
            InputError: if there is no such model or it is damaged.
        """
        net, alphabet, _ = load_model(name)
        return cls(net, alphabet)

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read line images, each uint8 (H, W) with dark ink on light paper.

        Every line is padded by its own width alone, and only lines of one padded width share a
        batch, so that a reading does not depend on its neighbours.
        """
        arrays = [normalize(line, self._net.params.height) for line in lines]
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for index, array in enumerate(arrays):
            groups[round_up(array.shape[1])].append(index)
        readings: dict[int, Reading] = {}
        for width, indices in groups.items():
            size = max(1, _MAX_COLUMNS // width)
            for start in range(0, len(indices), size):
                batch = indices[start : start + size]
                found = self._read_batch([arrays[i] for i in batch], [lines[i] for i in batch])
                readings.update(zip(batch, found, strict=True))
        return [readings[index] for index in range(len(lines))]

    @torch.inference_mode()
    def _read_batch(self, arrays: Sequence[LineArray], lines: Sequence[Gray]) -> list[Reading]:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
            logits = self._net(stack(arrays).to(self._device))
        probabilities = logits.float().softmax(2).cpu().numpy()
        readings = []
        for number, (array, line) in enumerate(zip(arrays, lines, strict=True)):
            columns = -(-array.shape[1] // STRIDE)
            readings.append(
                self._reading(probabilities[:columns, number], array.shape[1], line.shape[1])
            )
        return readings

    def _reading(self, probabilities: Probabilities, scaled: int, width: int) -> Reading:
        """The reading of a line `width` pixels wide that the network saw `scaled` wide."""
        found = decode_greedily(probabilities)
        text = self._alphabet.decode(found.labels)
        spans = tuple(
            (min(left * STRIDE / scaled, 1.0) * width, min(right * STRIDE / scaled, 1.0) * width)
            for left, right in widen(found.spans, len(probabilities))
        )
        first = len(text) - len(text.lstrip())
        last = len(text.rstrip())
        return Reading(text[first:last], spans[first:last], found.confidences[first:last])


def use_threads(count: int) -> None:
    """Let this process's networks use `count` threads."""
    torch.set_num_threads(count)


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 numbers: reading is then twice as fast.

    Networks are trained in bfloat16 too; docs/benchmarks.md has what it costs in errors.
    """
    # The only way to ask; processors without the instructions emulate them, slowly.
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return bool(asked())
