"""PageNet: level page images to maps of line cores, line ends and extents. A small U-Net.

After Ronneberger et al., "U-Net" (MICCAI 2015), with residual blocks (He et al., CVPR 2016) and a
stem that folds 4 x 4 pixels into channels. What the maps say is in `segment.net.targets`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from segment.net.targets import CELL, CHANNELS

MULTIPLE = 32  # sides of the input, pixels, are multiples of this


@dataclass(frozen=True, slots=True)
class NetParams:
    """Sizes of a PageNet; a change needs a new training."""

    # Channels at 1/4, 1/8, 1/16 and 1/32 of the page: cheap where there are many cells.
    channels: tuple[int, ...] = (24, 48, 80, 112)
    blocks: tuple[int, ...] = (1, 2, 2, 2)  # residual blocks there, on the way down


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut; `stride` 2 halves the sides."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        """A block from `inputs` to `outputs` channels."""
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, stride, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        y: Tensor = torch.relu(self.body(x) + self.shortcut(x))
        return y


class Merge(nn.Module):
    """What was seen from afar, enlarged, joined with what was seen from near."""

    def __init__(self, far: int, near: int) -> None:
        """From `far` channels at half the size and `near` at the full size to `near`."""
        super().__init__()
        self.narrow = nn.Conv2d(far, near, 1, bias=False)
        self.block = Residual(near, near)

    def forward(self, far: Tensor, near: Tensor) -> Tensor:
        """(N, far, H / 2, W / 2) and (N, near, H, W) to (N, near, H, W)."""
        large = nn.functional.interpolate(self.narrow(far), scale_factor=2.0, mode="nearest")
        y: Tensor = self.block(large + near)
        return y


class PageNet(nn.Module):
    """Stem, four stages down, three up, one 1x1 convolution."""

    def __init__(self, params: NetParams = NetParams()) -> None:
        """A network of given sizes."""
        super().__init__()
        self.params = params
        widths = params.channels
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(CELL),
            nn.Conv2d(CELL * CELL, widths[0], 3, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        )
        self.down = nn.ModuleList(
            _stage(widths[max(0, i - 1)], width, count, 2 if i else 1)
            for i, (width, count) in enumerate(zip(widths, params.blocks, strict=True))
        )
        self.up = nn.ModuleList(
            Merge(widths[i + 1], widths[i]) for i in reversed(range(len(widths) - 1))
        )
        self.head = nn.Conv2d(widths[0], CHANNELS, 1)

    def forward(self, pages: Tensor) -> Tensor:
        """(N, 1, H, W) pages, 0 = paper and 1 = black, to (N, CHANNELS, H / 4, W / 4)."""
        x = self.stem(pages)
        seen = []
        for stage in self.down:
            x = stage(x)
            seen.append(x)
        for merge, near in zip(self.up, reversed(seen[:-1]), strict=True):
            x = merge(x, near)
        maps: Tensor = self.head(x).float()
        return maps


def _stage(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
    first = Residual(inputs, outputs, stride)
    return nn.Sequential(first, *(Residual(outputs, outputs) for _ in range(blocks - 1)))
