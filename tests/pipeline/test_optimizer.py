from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pipeline.optimizer import MatrixOptimizer, Muon, orthogonalized


class Small(nn.Module):
    """One of each kind of layer."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 3, 3)
        self.lstm = nn.LSTM(3, 4, bidirectional=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        features = self.convolution(x).amax(dim=2).permute(2, 0, 1)
        logits: Tensor = self.head(self.lstm(features)[0])
        return logits


def small() -> Small:
    torch.manual_seed(1)
    net: Small = Small().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


def step(net: Small, optimizer: MatrixOptimizer, rate: float = 0.01) -> float:
    x = torch.linspace(-1, 1, 2 * 2 * 6 * 9).reshape(2, 2, 6, 9)
    loss = (net(x) - 1).square().mean()
    loss.backward()
    optimizer.step(rate)
    return float(loss.detach())


def test_every_parameter_moves() -> None:
    net = small()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    step(net, MatrixOptimizer(net, 0.0))
    assert all((value != before[name]).any() for name, value in net.state_dict().items())


def test_the_loss_falls() -> None:
    net = small()
    optimizer = MatrixOptimizer(net, 0.0)
    losses = [step(net, optimizer) for _ in range(40)]
    assert losses[-1] < 0.1 * losses[0]


def test_a_step_in_a_matrix_is_of_one_size_in_every_direction() -> None:
    net = small()
    before = net.convolution.weight.detach().clone()
    net.convolution.weight.grad = torch.randn_like(before)
    MatrixOptimizer(net, 0.0).step(0.01)
    moved = (net.convolution.weight.detach() - before).flatten(1)
    sizes = torch.linalg.svdvals(moved)
    expected = 0.01 * 0.2 * moved.shape[1] ** 0.5
    assert sizes.tolist() == pytest.approx([expected] * len(sizes), rel=0.4)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
def test_in_bfloat16_steps_are_pytorchs(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]
) -> None:
    monkeypatch.setattr("pipeline.optimizer.has_bfloat16", lambda device: True)
    ours, theirs = torch.ones(shape), torch.ones(shape)
    others = torch.optim.Muon([theirs], weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    optimizer = Muon([ours], 0.01)
    for number in range(3):
        torch.manual_seed(number)
        ours.grad = torch.randn(shape)
        theirs.grad = ours.grad.clone()
        for one in (optimizer, others):
            one.param_groups[0]["lr"] = 0.02
            one.step()
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("fast", [True, False])
def test_numbers_are_those_that_the_processor_multiplies_fast(
    monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    monkeypatch.setattr("pipeline.optimizer.has_bfloat16", lambda device: fast)
    found = orthogonalized(torch.randn(6, 4))
    assert found.dtype == (torch.bfloat16 if fast else torch.float32)


def test_gradients_are_forgotten_after_a_step() -> None:
    net = small()
    step(net, MatrixOptimizer(net, 0.0))
    assert all(parameter.grad is None for parameter in net.parameters())


def test_taken_up_again_it_takes_the_same_steps() -> None:
    whole, halved = small(), small()
    optimizer = MatrixOptimizer(whole, 0.01)
    for _ in range(4):
        step(whole, optimizer)
    first = MatrixOptimizer(halved, 0.01)
    step(halved, first)
    step(halved, first)
    second = MatrixOptimizer(halved, 0.01)
    second.load_state_dict(first.state_dict())
    step(halved, second)
    step(halved, second)
    for one, other in zip(whole.parameters(), halved.parameters(), strict=True):
        assert torch.equal(one, other)


def test_convolutions_in_another_order_of_memory_are_refused() -> None:
    with pytest.raises(ValueError, match="channels_last"):
        MatrixOptimizer(Small(), 0.0)
