from __future__ import annotations

import torch

from recognize.model import STRIDE, LineNet, ModelParams, fuse_norms


def test_one_row_of_logits_for_four_columns() -> None:
    net = LineNet(11, ModelParams(stem=4, stages=((4,), (8,)), hidden=8)).eval()
    assert net(torch.zeros(2, 1, 48, 128)).shape == (128 // STRIDE, 2, 11)


def test_shipped_sizes_stay_small() -> None:
    weights = sum(parameter.numel() for parameter in LineNet(200).parameters())
    assert 3_000_000 < weights < 3_500_000


def test_auxiliary_head_reads_the_same_columns() -> None:
    net = LineNet(11, ModelParams(stem=4, stages=((4,), (8,)), hidden=8)).eval()
    features = net.columns(torch.zeros(2, 1, 48, 64))
    assert net.auxiliary(features).shape == net.decode(features).shape


def test_a_refinement_changes_nothing_until_it_has_learnt() -> None:
    torch.manual_seed(1)
    net = LineNet(11, ModelParams(stem=4, stages=((4,), (8,)), hidden=8, refined=True)).eval()
    lines = torch.rand(1, 1, 48, 64)
    begun = net(lines)
    net.refinement.share.data += 1.0
    learnt = net(lines)
    net.refinement = torch.nn.Identity()
    assert torch.equal(begun, net(lines))
    assert not torch.equal(begun, learnt)


def test_norms_taken_into_convolutions_change_nothing() -> None:
    torch.manual_seed(1)
    net = LineNet(11, ModelParams(stem=4, stages=((4,), (8,)), hidden=8))
    net(torch.rand(8, 1, 48, 64))  # the norms see something
    net.eval()
    lines = torch.rand(2, 1, 48, 64)
    before = net(lines)
    fuse_norms(net)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in net.modules())
    assert torch.allclose(before, net(lines), atol=1e-5)
