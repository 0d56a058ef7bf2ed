"""Muon for a network's matrices, AdamW for the rest, as one optimiser.

A step of Muon has the same size in every direction of a matrix (Jordan et al., "Muon: an optimizer
for hidden layers in neural networks", 2024), scaled to the size of AdamW's steps so that one
learning rate serves both (Liu et al., "Muon is scalable for LLM training", 2025). What it gained is
in docs/experiments.md.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_GATES = 4  # matrices that an LSTM keeps on top of each other


class MatrixOptimizer:
    """torch.optim.Muon for convolutions and LSTMs, AdamW for biases, norms and 1x1 layers."""

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
            self._optimizers.append(
                torch.optim.Muon(flat, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
            )
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
