from __future__ import annotations

import pytest
import torch

from pipeline.processor import has_byte_products
from recognize.model import LineNet, ModelParams, fuse_norms
from recognize.quantize import EightBitCnn, Range, measure_ranges

pytestmark = pytest.mark.skipif(
    not has_byte_products(), reason="the processor has no products of bytes (AVX2)"
)


def a_network() -> LineNet:
    torch.manual_seed(1)
    net = LineNet(11, ModelParams(stem=4, stages=((8,), (8, 16)), hidden=8))
    for _ in range(20):  # the norms see something
        net(torch.rand(8, 1, 48, 64))
    fuse_norms(net.eval())
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def some_lines(count: int = 4, width: int = 128) -> torch.Tensor:
    torch.manual_seed(2)
    return torch.rand(count, 1, 48, width).contiguous(memory_format=torch.channels_last)


def in_eight_bits(net: LineNet) -> EightBitCnn:
    return EightBitCnn(net.cnn, measure_ranges(net, [some_lines()])).eval()


def test_bytes_stand_evenly_for_a_range() -> None:
    found = Range(-6.0, 2.5)
    assert found.step == pytest.approx(1 / 30)
    assert found.zero == 180
    assert Range(0.0, 4.0).zero == 0


@torch.inference_mode()
def test_eight_bits_see_nearly_the_same() -> None:
    net, lines = a_network(), some_lines()
    exact, found = net.cnn(lines), in_eight_bits(net)(lines)
    assert found.shape == exact.shape
    assert (found - exact).norm() < 0.02 * exact.norm()
    assert not torch.equal(found, exact)


@torch.inference_mode()
def test_a_line_is_seen_the_same_whatever_is_beside_it() -> None:
    cnn, lines = in_eight_bits(a_network()), some_lines()
    assert torch.equal(cnn(lines)[2:3], cnn(lines[2:3]))


@torch.inference_mode()
def test_lines_are_left_as_they_were() -> None:
    cnn, lines = in_eight_bits(a_network()), some_lines()
    first = cnn(lines)
    assert torch.equal(lines, some_lines())
    assert torch.equal(cnn(lines), first)


@torch.inference_mode()
def test_sums_of_the_largest_products_fit() -> None:
    """AVX2 adds up two in 16 bits, and what is more than they hold would be cut."""
    net, white = a_network(), torch.full((1, 1, 48, 64), 9.0)
    for layer in net.cnn.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.weight.data = layer.weight.data.abs()
    ranges = measure_ranges(net, [white])
    exact, found = net.cnn(white), EightBitCnn(net.cnn, ranges).eval()(white)
    assert (found - exact).norm() < 0.02 * exact.norm()


@torch.inference_mode()
def test_what_is_out_of_range_is_cut_off() -> None:
    cnn = in_eight_bits(a_network())
    found = cnn(1000 * some_lines())
    assert found.min() >= 0
    assert found.max() <= cnn.given.high * 1.001


def test_each_layer_has_a_range() -> None:
    net = a_network()
    ranges = measure_ranges(net, [some_lines()])
    # The stem, and of each block its middle, its end, and the shortcut of the one that grows.
    assert len(ranges) == 1 + 2 + 2 + 3
    assert [one.low < 0 for one in ranges].count(True) == 1
    for wrong in (ranges[:-1], (*ranges, ranges[0]), ()):
        with pytest.raises(ValueError, match="ranges"):
            EightBitCnn(net.cnn, wrong)


def test_ranges_are_those_of_most_lines() -> None:
    net, lines = a_network(), some_lines()
    once, often = (measure_ranges(net, [lines] * count) for count in (1, 3))
    assert once == often


def test_without_lines_there_are_no_ranges() -> None:
    assert measure_ranges(a_network(), []) == ()
