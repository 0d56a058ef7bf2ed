"""LineNet: line images to label probabilities per column. CNN, column maximum, BiLSTM, CTC.

After Puigcerver, "Are multidimensional recurrent layers really necessary for handwritten text
recognition?" (ICDAR 2017), with residual blocks (He et al., CVPR 2016), the maximum over the
column and an auxiliary CTC head as in Retsinas et al., "Best practices for a handwritten text
recognition system" (DAS 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from recognize.reviser import Reviser

STRIDE = 4  # image columns per output column


@dataclass(frozen=True, slots=True)
class ModelParams:
    """Sizes of a LineNet; a change needs a new training."""

    height: int = 48  # rows of the input, pixels: 12 before the first block
    # Lines are made wider by this, all alike: narrow letters need columns more than rows.
    stretch: float = 1.0
    # Rows far from a line's writing are cut off first: what stays gets all of the input's rows.
    focused: bool = False
    stem: int = 24  # channels of the first convolution, which sees every pixel: keep it small
    # Channels of the residual blocks; between stages the height is halved, the width never.
    stages: tuple[tuple[int, ...], ...] = ((48,), (96, 96), (160, 160))
    hidden: int = 224  # units of a BiLSTM per direction
    layers: int = 2  # BiLSTMs on top of each other
    # Another BiLSTM beside a shortcut, on top of them: at first it adds nothing, so that a trained
    # network can grow by it.
    refined: bool = False
    dropout: float = 0.2  # before each BiLSTM and the head
    # Units a direction of a network that reads the first reading again, see recognize/reviser.py;
    # none at 0. It is trained by itself.
    revised: int = 0
    grams: int = 0  # rows of its table of runs of letters, a power of 2
    gaps: int = 0  # rows of its table of what is between letters, a power of 2


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """A block from `inputs` to `outputs` channels."""
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H, W)."""
        y: Tensor = torch.relu(self.body(x) + self.shortcut(x))
        return y


def fuse_norms(net: nn.Module) -> None:
    """Take the batch norms of a network that only reads into their convolutions, in place."""
    for part in net.modules():
        if not isinstance(part, nn.Sequential):
            continue
        for place in range(len(part) - 1):
            layer, norm = part[place], part[place + 1]
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                part[place] = fuse_conv_bn_eval(layer.eval(), norm.eval())
                part[place + 1] = nn.Identity()


class Refinement(nn.Module):
    """A BiLSTM around a shortcut, its share of every unit learnt from 0.

    After Bachlechner et al., "ReZero is all you need" (UAI 2021).
    """

    def __init__(self, hidden: int) -> None:
        """For states of two directions of `hidden` units."""
        super().__init__()
        self.lstm = nn.LSTM(2 * hidden, hidden, bidirectional=True)
        self.share = nn.Parameter(torch.zeros(2 * hidden))

    def forward(self, states: Tensor) -> Tensor:
        """(T, N, 2 hidden) to the same."""
        change, _ = self.lstm(states)
        refined: Tensor = states + self.share * change
        return refined


class LineNet(nn.Module):
    """CNN, maximum over the column, BiLSTM, linear: logits for CTC."""

    def __init__(self, labels: int, params: ModelParams = ModelParams()) -> None:
        """A network for `labels` labels, the blank included."""
        super().__init__()
        self.params = params
        self.cnn: nn.Module = nn.Sequential(*_cnn_layers(params))
        features = params.stages[-1][-1]
        self.dropout = nn.Dropout(params.dropout)
        self.lstm = nn.LSTM(
            features,
            params.hidden,
            params.layers,
            bidirectional=True,
            dropout=params.dropout if params.layers > 1 else 0.0,
        )
        self.refinement = Refinement(params.hidden) if params.refined else nn.Identity()
        self.head = nn.Linear(2 * params.hidden, labels)
        self.auxiliary = nn.Linear(features, labels)  # used in training only
        sizes = params.revised, params.grams, params.gaps
        self.reviser = Reviser(labels, *sizes) if params.revised else None

    def columns(self, lines: Tensor) -> Tensor:
        """(N, 1, height, W) lines to (W / 4, N, C) features."""
        maps = self.cnn(lines)  # (N, C, height / 16, W / 4)
        features: Tensor = maps.amax(dim=2).permute(2, 0, 1).float()
        return features

    def forward(self, lines: Tensor) -> Tensor:
        """(N, 1, height, W) lines, 0 = paper, to (W / 4, N, labels) logits."""
        return self.decode(self.columns(lines))

    def decode(self, features: Tensor) -> Tensor:
        """(T, N, C) features to (T, N, labels) logits."""
        states, _ = self.lstm(self.dropout(features))
        logits: Tensor = self.head(self.dropout(self.refinement(states)))
        return logits


def _cnn_layers(params: ModelParams) -> list[nn.Module]:
    first = params.stages[0][0]
    layers: list[nn.Module] = [
        nn.Conv2d(1, params.stem, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(params.stem),
        nn.ReLU(inplace=True),
        nn.Conv2d(params.stem, first, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(first),
        nn.ReLU(inplace=True),
    ]
    channels = first
    for number, stage in enumerate(params.stages):
        if number:
            layers.append(nn.MaxPool2d((2, 1)))
        for outputs in stage:
            layers.append(Residual(channels, outputs))
            channels = outputs
    return layers
