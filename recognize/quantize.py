"""A trained CNN in 8-bit integers: read in less time, where the processor multiplies bytes.

Weights are rounded by output channel, activations by layer, to ranges measured once on train lines,
so that what is read in a line does not depend on its neighbours (Jacob et al., "Quantization and
training of neural networks for efficient integer-arithmetic-only inference", CVPR 2018). The
convolutions are oneDNN's, through the operators that PyTorch's own compiler uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from recognize.model import LineNet, Residual

# Of a layer's activations; the rest is cut off. All of them would cost the others a digit.
_KEPT = 0.9999
_LOOKED_AT = 1_000_000  # activations of a batch that tell its range
_STEPS = 255  # from the least to the greatest byte
# Of a weight: AVX2 adds up two products in 16 bits, which hold no more.
_LARGEST = 63
_ops: Any = torch.ops.onednn


class Range(NamedTuple):
    """What the bytes of a layer stand for, evenly from `low` (never above 0) to `high`."""

    low: float
    high: float

    @property
    def step(self) -> float:
        """From a byte to the next."""
        return (self.high - self.low) / _STEPS

    @property
    def zero(self) -> int:
        """The byte that stands for 0."""
        return round(-self.low / self.step)


@torch.inference_mode()
def measure_ranges(net: LineNet, batches: Iterable[Tensor]) -> tuple[Range, ...]:
    """The ranges that an `EightBitCnn` needs, as they are on average.

    Args:
        net: in evaluation mode.
        batches: lines as the network takes them, (N, 1, height, W).
    """
    found = torch.tensor(
        [[_bounds(layer) for layer in _activations(net.cnn, lines)] for lines in batches]
    )
    bounds = found.mean(0).tolist() if len(found) else []
    return tuple(Range(round(low, 3), round(high, 3)) for low, high in bounds)


def _bounds(activations: Tensor) -> list[float]:
    values = activations.float().flatten()
    some = values[:: max(1, len(values) // _LOOKED_AT)]
    low, high = some.quantile(torch.tensor([1 - _KEPT, _KEPT])).tolist()
    return [min(low, 0.0), max(high, 1e-3)]


def _activations(cnn: nn.Module, lines: Tensor) -> Iterator[Tensor]:
    """What an `EightBitCnn` rounds, in its order."""
    stem, rest = _split(cnn)
    x: Tensor = stem(lines)
    yield x
    for layer in rest:
        if isinstance(layer, Residual):
            yield layer.body[:3](x)
            if isinstance(layer.shortcut, nn.Conv2d):
                yield layer.shortcut(x)
        x = layer(x)
        if isinstance(layer, Residual):
            yield x


def _split(cnn: nn.Module) -> tuple[nn.Sequential, list[nn.Module]]:
    """The layers before the first block, which see few channels, and the others."""
    layers = list(cnn.children())
    first = next(n for n, layer in enumerate(layers) if isinstance(layer, Residual))
    return nn.Sequential(*layers[:first]), layers[first:]


def _rounded(layer: nn.Module) -> int:
    """How many tensors of a layer are rounded: of a block the middle, the shortcut, the end."""
    if not isinstance(layer, Residual):
        return 0
    return 3 if isinstance(layer.shortcut, nn.Conv2d) else 2


class EightBitCnn(nn.Module):
    """In the place of a LineNet's `cnn` whose norms are in its convolutions."""

    def __init__(self, cnn: nn.Module, ranges: Sequence[Range]) -> None:
        """Round the weights of `cnn`; `ranges` as measured.

        Raises:
            ValueError: if there are more or fewer ranges than it has layers.
        """
        super().__init__()
        self.stem, rest = _split(cnn)
        wanted = 1 + sum(_rounded(layer) for layer in rest)
        if len(ranges) != wanted:
            raise ValueError(f"expected {wanted} ranges of layers, got {len(ranges)}")
        left = iter(ranges)
        self.seen = seen = next(left)
        layers: list[nn.Module] = []
        for layer in rest:
            if isinstance(layer, Residual):
                here = tuple(islice(left, _rounded(layer)))
                layers.append(_Block(layer, seen, here))
                seen = here[-1]
            else:
                layers.append(_Pool())
        self.blocks = nn.Sequential(*layers)
        self.given = seen

    def forward(self, lines: Tensor) -> Tensor:
        """(N, 1, height, W) lines to (N, C, height / 16, W / 4) maps, float32."""
        x: Tensor = self.stem(lines).float() / self.seen.step
        x = x.round_().clamp_(0, _STEPS).to(torch.uint8, memory_format=torch.channels_last)
        maps: Tensor = self.blocks(x).float() * self.given.step
        return maps


class _Pool(nn.Module):
    """The greater of two rows."""

    def forward(self, x: Tensor) -> Tensor:
        """Uint8 (N, C, H, W) to (N, C, H / 2, W)."""
        y = torch.maximum(x[:, :, 0::2], x[:, :, 1::2])
        return y.contiguous(memory_format=torch.channels_last)


class _Block(nn.Module):
    """A `Residual`."""

    def __init__(self, block: Residual, seen: Range, ranges: Sequence[Range]) -> None:
        """From bytes in the range `seen`; ranges of its middle, its shortcut if any, its end."""
        super().__init__()
        middle = ranges[0]
        first, second = (layer for layer in block.body if isinstance(layer, nn.Conv2d))
        self.first = _Convolution(first, seen, middle)
        self.second = _Convolution(second, middle, ranges[-1])
        self.carried = ranges[1] if len(ranges) > 2 else seen
        self.shortcut = (
            _Convolution(block.shortcut, seen, self.carried, "none")
            if isinstance(block.shortcut, nn.Conv2d)
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Uint8 (N, inputs, H, W) to (N, outputs, H, W); `x` is overwritten."""
        middle = self.first(x)
        return self.second.add_to(self.shortcut(x), self.carried, middle)


class _Convolution(nn.Module):
    """Bytes in one range to bytes in another; below 0 is 0 unless `after` says "none"."""

    def __init__(self, layer: nn.Conv2d, seen: Range, given: Range, after: str = "relu") -> None:
        super().__init__()
        weight = layer.weight.detach().float()
        scales = (weight.abs().amax((1, 2, 3)) / _LARGEST).clamp(min=1e-9)
        bytes_ = (weight / scales[:, None, None, None]).round().to(torch.int8)
        bias = torch.zeros(len(weight)) if layer.bias is None else layer.bias.detach().float()
        padding = [int(side) for side in layer.padding]
        self.seen, self.given, self.after = seen, given, after
        self._shape = ([1, 1], padding, [1, 1], 1)
        packed = _ops.qconv_prepack(bytes_, scales, seen.step, seen.zero, *self._shape)
        self._weights = (packed, scales, torch.zeros(len(weight), dtype=torch.int32))
        self._bias = bias

    def forward(self, x: Tensor) -> Tensor:
        """Uint8 (N, inputs, H, W) to (N, outputs, H, W)."""
        y: Tensor = _ops.qconv2d_pointwise(
            *(x, self.seen.step, self.seen.zero, *self._weights, self._bias, *self._shape),
            *(self.given.step, self.given.zero, torch.uint8, self.after, [], ""),
        )
        return y

    def add_to(self, carried: Tensor, in_range: Range, x: Tensor) -> Tensor:
        """The same, added to `carried`, bytes in a range of their own, in its place."""
        y: Tensor = _ops.qconv2d_pointwise.binary(
            *(x, self.seen.step, self.seen.zero, *self._weights, carried, self._bias),
            *(*self._shape, self.given.step, self.given.zero, torch.uint8),
            *(in_range.step, in_range.zero, "sum", 1.0, self.after, [], ""),
        )
        return y
