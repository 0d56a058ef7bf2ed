"""Muon for a network's matrices, AdamW for the rest, as one optimiser.

A step of Muon has the same size in every direction of a matrix (Jordan et al., "Muon: an optimizer
for hidden layers in neural networks", 2024), scaled to the size of AdamW's steps so that one
learning rate serves both (Liu et al., "Muon is scalable for LLM training", 2025). What it gained is
in docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.processor import has_bfloat16

_GATES = 4  # matrices that an LSTM keeps on top of each other
_MOMENTUM = 0.95
# Of AdamW's steps; a matrix's steps are made as large.
_SIZE = 0.2
# A polynomial that draws a matrix's singular values towards 1, and how often it is applied.
_QUINTIC, _TIMES = (3.4445, -4.7750, 2.0315), 5


class Muon(torch.optim.Optimizer):
    """The steps of torch.optim.Muon, in float32 where bfloat16 is not fast.

    PyTorch's knows bfloat16 alone, which processors without its instructions emulate: a step of
    `latin` took them 36 s.
    """

    def __init__(self, matrices: Iterable[Tensor], weight_decay: float) -> None:
        """Optimise `matrices`; the learning rate is set before each step."""
        super().__init__(matrices, {"lr": 0.0, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Move the matrices that have gradients."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._move(matrix, matrix.grad, group["lr"], group["weight_decay"])

    def _move(self, matrix: Tensor, gradient: Tensor, rate: float, weight_decay: float) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        momentum = state["momentum_buffer"].lerp_(gradient, 1 - _MOMENTUM)
        direction = orthogonalized(gradient.lerp(momentum, _MOMENTUM))
        matrix.mul_(1 - rate * weight_decay)
        matrix.add_(direction, alpha=-rate * _SIZE * max(matrix.shape) ** 0.5)


def orthogonalized(matrix: Tensor) -> Tensor:
    """A matrix whose singular values are about 1, by Newton-Schulz iterations.

    Args:
        matrix: float32 (rows, columns).

    Returns:
        The same shape, bfloat16 where that is fast, else float32.
    """
    a, b, c = _QUINTIC
    dtype = torch.bfloat16 if has_bfloat16(matrix.device.type) else torch.float32
    is_tall = matrix.shape[0] > matrix.shape[1]
    wide = (matrix.T if is_tall else matrix).to(dtype, copy=True)
    wide /= wide.norm().clamp(min=1e-7)
    for _ in range(_TIMES):
        square = wide @ wide.T
        change = torch.addmm(square, square, square, beta=b, alpha=c)
        wide = torch.addmm(wide, change, wide, beta=a)
    return wide.T if is_tall else wide


class MatrixOptimizer:
    """Muon for convolutions and LSTMs, AdamW for biases, norms and 1x1 layers."""

    def __init__(self, net: nn.Module, weight_decay: float) -> None:
        """Optimise `net`.

        Args:
            net: convolutions in channels_last; no parameter may move in memory from now on.
            weight_decay: share of the learning rate by which weights shrink a step.
        """
        self._matrices = [(one, _twins(one)) for one in _of_matrices(net)]
        known = {id(parameter) for parameter, _ in self._matrices}
        rest = [parameter for parameter in net.parameters() if id(parameter) not in known]
        flat = [twin for _, twins in self._matrices for twin in twins]
        self._optimizers: list[torch.optim.Optimizer] = []
        if flat:
            self._optimizers.append(Muon(flat, weight_decay))
        if rest:
            self._optimizers.append(torch.optim.AdamW(rest, weight_decay=weight_decay))

    def step(self, learning_rate: float) -> None:
        """Move the parameters by their gradients, then forget these."""
        for parameter, twins in self._matrices:
            if parameter.grad is not None:
                for twin, gradient in zip(twins, _split(parameter.grad), strict=True):
                    twin.grad = gradient
                parameter.grad = None
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def values(self) -> list[Tensor]:
        """What it remembers of the gradients, to be changed in place by whoever must."""
        states = [state for optimizer in self._optimizers for state in optimizer.state.values()]
        return [value for state in states for value in state.values()]

    def state_dict(self) -> list[dict[str, Any]]:
        """All that a resume needs."""
        return [optimizer.state_dict() for optimizer in self._optimizers]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Take up what `state_dict` gave."""
        for optimizer, state in zip(self._optimizers, states, strict=True):
            optimizer.load_state_dict(state)


def _of_matrices(net: nn.Module) -> list[Tensor]:
    """The parameters that are Muon's; layers of one pixel, outputs among them, are AdamW's."""
    found: list[Tensor] = []
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d) and max(layer.kernel_size) > 1:
            found.append(layer.weight)
        elif isinstance(layer, nn.LSTM):
            found += [parameter for parameter in layer.parameters() if parameter.ndim == 2]
    return found


def _twins(parameter: Tensor) -> list[Tensor]:
    """The matrices in a parameter, which share its memory: Muon takes nothing but matrices."""
    twins = _split(parameter.detach())
    if twins[0].data_ptr() != parameter.data_ptr():
        raise ValueError("convolutions must be in channels_last")
    return twins


def _split(values: Tensor) -> list[Tensor]:
    """A convolution's (outputs, rows * columns * inputs) matrix, or those of an LSTM's gates."""
    if values.ndim == 4:
        return [values.permute(0, 2, 3, 1).flatten(1)]
    return list(values.chunk(_GATES))
