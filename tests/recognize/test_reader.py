from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.errors import InputError
from pipeline.processor import has_byte_products
from recognize.alternatives import Standing
from recognize.calibration import Calibration
from recognize.model import LineNet
from recognize.quantize import Range, measure_ranges
from recognize.reader import VIEWS, Reader, Reading, Sight, View, helped_confidences
from recognize.weights import load_model, save_model, transfer


@pytest.fixture(scope="module")
def reader(tiny_model: Path) -> Reader:
    return Reader.load(str(tiny_model))


def noisy_lines(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    shapes = [(int(rng.integers(20, 90)), int(rng.integers(30, 900))) for _ in range(count)]
    return [rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes]


def test_readings_come_in_the_order_of_the_lines(reader: Reader) -> None:
    lines = noisy_lines(12)
    together = reader.read(lines)
    alone = [reader.read([line])[0] for line in lines]
    assert [reading.text for reading in together] == [reading.text for reading in alone]


def test_every_character_has_a_place_and_a_confidence(reader: Reader) -> None:
    lines = noisy_lines(12)
    for line, reading in zip(lines, reader.read(lines), strict=True):
        assert len(reading.spans) == len(reading.confidences) == len(reading.text)
        edges = [edge for span in reading.spans for edge in span]
        assert edges == sorted(edges)
        assert all(0 <= edge <= line.shape[1] + 1 for edge in edges)
        assert all(0 <= confidence <= 1 for confidence in reading.confidences)


def test_some_of_it_is_text(reader: Reader) -> None:
    assert any(reading.text for reading in reader.read(noisy_lines(12)))


def test_no_lines_give_no_readings(reader: Reader) -> None:
    assert reader.read([]) == []


def test_a_language_changes_what_is_read_but_not_where_it_may_be(tiny_model: Path) -> None:
    helped = Reader.load(str(tiny_model), "eng")
    lines = noisy_lines(6)
    for line, reading in zip(lines, helped.read(lines), strict=True):
        assert len(reading.spans) == len(reading.text)
        assert all(0 <= edge <= line.shape[1] for span in reading.spans for edge in span)


def rereading(model: Path) -> Reader:
    """A reader with a reviser that says much."""
    old, alphabet, _ = load_model(str(model))
    torch.manual_seed(1)
    new = LineNet(len(alphabet), replace(old.params, revised=8))
    transfer(old, alphabet, new, alphabet)
    assert new.reviser
    torch.nn.init.normal_(new.reviser.head.weight, std=20.0)
    return Reader(new, alphabet)


def test_a_reviser_changes_what_is_read_but_not_what_is_seen(tiny_model: Path) -> None:
    lines = noisy_lines(4)
    once, twice = Reader(*load_model(str(tiny_model))[:2]), rereading(tiny_model)
    for one, other in zip(once.look(lines), twice.look(lines), strict=True):
        assert np.array_equal(one.probabilities, other.probabilities)
    assert [one.text for one in once.read(lines)] != [one.text for one in twice.read(lines)]


def test_words_go_on_from_line_to_line(tiny_model: Path) -> None:
    reader = rereading(tiny_model)
    lines = noisy_lines(3)
    page, alone = reader.look(lines), [reader.look([line])[0] for line in lines]
    together = [one.confidences for one in reader.decode(page)]
    assert together != [reader.decode([one])[0].confidences for one in alone]
    assert together == [one.confidences for one in reader.decode(alone)]


def test_a_line_is_judged_by_itself(tiny_model: Path) -> None:
    reader = rereading(tiny_model)
    lines = noisy_lines(3)
    assert reader.glance(lines) == [reader.glance([line])[0] for line in lines]


@pytest.mark.skipif(not has_byte_products(), reason="the processor has no products of bytes")
def test_a_network_whose_ranges_are_known_reads_in_eight_bits(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, _, card = load_model(str(tiny_model))
    path = tmp_path / "ranged.safetensors"
    save_model(net, path, replace(card, ranges=measure_ranges(net, [torch.rand(8, 1, 48, 256)])))
    lines = noisy_lines(4)
    found = Reader.load(str(path)).look(lines)
    monkeypatch.setattr("recognize.reader.has_byte_products", lambda: False)
    exact = Reader.load(str(path)).look(lines)
    for one, other in zip(found, exact, strict=True):
        assert not np.array_equal(one.probabilities, other.probabilities)
        assert np.abs(one.probabilities - other.probabilities).mean() < 0.02


@pytest.mark.skipif(not has_byte_products(), reason="the processor has no products of bytes")
def test_ranges_that_are_not_the_networks_are_refused(tiny_model: Path, tmp_path: Path) -> None:
    net, _, card = load_model(str(tiny_model))
    path = tmp_path / "other.safetensors"
    save_model(net, path, replace(card, ranges=(Range(0.0, 1.0),)))
    with pytest.raises(InputError, match=r"other.safetensors: .*ranges"):
        Reader.load(str(path))


def test_a_line_that_is_read_surely_needs_no_help(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sure = np.full((4, len(Reader.load(str(tiny_model)).alphabet)), 1e-4, np.float32)
    sure[0, 1] = sure[1, 2] = sure[2, 1] = sure[3, 0] = 1.0
    unsure = sure.copy()
    unsure[1, 3] = 0.9
    helped = Reader.load(str(tiny_model), "eng")
    asked: list[object] = []
    monkeypatch.setattr(helped, "_choose_language", lambda found: "eng")
    decoder = helped._decoders["eng"]
    ranked = decoder.ranked
    monkeypatch.setattr(decoder, "ranked", lambda *one: asked.append(one) or ranked(*one))
    helped.decode([Sight(one / one.sum(1, keepdims=True), 16, 16) for one in (sure, unsure)])
    assert len(asked) == 1


def test_a_word_that_a_language_makes_sure_of_is_sure_though_the_network_doubts() -> None:
    reading = Reading("a bc", ((0.0, 1.0),) * 4, (0.9, 1.0, 0.1, 0.1))
    standings = [Standing(0.5, ()), Standing(1.0, ())]
    confidences = helped_confidences(reading, standings)
    helped = replace(reading, confidences=confidences)
    sure = [helped.word_confidence(*word) for word in helped.words]
    assert sure[0] == pytest.approx(0.5, abs=0.02)
    assert sure[1] > 0.4
    assert confidences[1] == 1.0


def test_confidences_are_what_the_calibration_says_they_are_worth(tiny_model: Path) -> None:
    net, alphabet, _ = load_model(str(tiny_model))
    lines = noisy_lines(6)
    sure = Reader(net, alphabet).read(lines)
    tempered = Reader(net, alphabet, calibration=Calibration(power=2.0)).read(lines)
    for one, other in zip(sure, tempered, strict=True):
        assert other.text == one.text
        assert other.confidences == pytest.approx([c**2 for c in one.confidences])


def test_a_glance_tells_the_networks_own_confidences(tiny_model: Path) -> None:
    net, alphabet, _ = load_model(str(tiny_model))
    lines = noisy_lines(3)
    plain = Reader(net, alphabet).glance(lines)
    assert Reader(net, alphabet, calibration=Calibration(power=2.0)).glance(lines) == plain


@pytest.fixture
def viewed(monkeypatch: pytest.MonkeyPatch) -> list[View]:
    """The views in which lines are looked at."""
    views: list[View] = []
    seen = Reader._seen

    def noted(reader: Reader, lines: list[np.ndarray], ways: list[View]) -> list[Sight]:
        views.extend(ways)
        return seen(reader, lines, ways)

    monkeypatch.setattr(Reader, "_seen", noted)
    return views


def test_a_line_in_doubt_is_looked_at_in_every_way(reader: Reader, viewed: list[View]) -> None:
    reader.read(noisy_lines(1))
    assert viewed == [*VIEWS]


def test_a_line_that_is_read_surely_is_looked_at_once(
    reader: Reader, viewed: list[View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognize.reader._DOUBTED", 0.0)
    reader.read(noisy_lines(1))
    assert viewed == [VIEWS[0]]


def test_one_look_is_a_glance(tiny_model: Path, reader: Reader, viewed: list[View]) -> None:
    lines = noisy_lines(3)
    assert Reader.load(str(tiny_model), looks=1).read(lines) == reader.glance(lines)
    assert set(viewed) == {VIEWS[0]}


def test_the_look_counts_that_makes_most_sense(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = noisy_lines(1)
    wider = max(VIEWS, key=lambda view: view.width)
    (seen,) = reader.decode(reader._seen([line], [wider]))
    monkeypatch.setattr(
        "recognize.reader._Look.likelihood",
        property(lambda look: float(look.sight.scaled)),  # the widest
    )
    assert seen in reader.read([line])
