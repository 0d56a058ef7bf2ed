"""Line images to readings: batched by width, the same reading whatever else is read with it."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from pipeline.errors import InputError
from pipeline.processor import has_bfloat16, has_byte_products
from recognize.alphabet import Alphabet
from recognize.alternatives import Rivals, Standing, standings_of_words
from recognize.beam import BeamDecoder, Ranked
from recognize.calibration import Calibration
from recognize.ctc import Labelling, Probabilities, align, decode_greedily, widen
from recognize.dataset import round_up, stack
from recognize.language import NO_LANGUAGES, Languages, load_languages
from recognize.model import STRIDE, LineNet, fuse_norms
from recognize.normalize import Gray, LineArray, normalize
from recognize.quantize import EightBitCnn
from recognize.reviser import mean_reading, revise
from recognize.weights import DEFAULT, Card, load_model

# Power of the network's confidence in a word beside the beam's; chosen on val, see benchmarks.
_NETWORK = 0.15
# Mean confidence of a line from which no language helps: it would put wrong more than right.
_SURE = 0.985
# The same from which the reviser finds nothing to put right.
_QUITE_SURE = 0.997
# Share of the second reading in what a beam is given, the rest being the first's: the reviser has
# language in it that would else count twice.
_SECOND = 0.45
# Weight of a language at least, by how much more for what a line's mean confidence lacks of 1, and
# at most: where much is in doubt the network deserves less trust.
_HELP, _HELP_IN_DOUBT, _MOST_HELP = 0.2, 3.0, 0.8
_MAX_COLUMNS = 16_000  # columns of a batch: some 30 lines, 200 MB of activations at most


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line image says.

    Attributes:
        text: NFC, without white space at its ends.
        spans: one (left, right) a character of `text`, in pixels of the line image.
        confidences: one a character, a probability in [0, 1].
        rivals: for each word what else it may be, with the odds; empty where only the network
            was asked.
    """

    text: str
    spans: tuple[tuple[float, float], ...]
    confidences: tuple[float, ...]
    rivals: tuple[Rivals, ...] = ()

    @property
    def confidence(self) -> float:
        """Of the line: the mean over its characters; 0 without any."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else 0.0

    @property
    def words(self) -> tuple[tuple[int, int], ...]:
        """First character and last + 1 of each word of `text`."""
        return tuple(found.span() for found in re.finditer(r"\S+", self.text))

    def word_confidence(self, start: int, end: int) -> float:
        """That a word is right, given by its characters: all of them must be."""
        return math.prod(self.confidences[start:end])


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What the network sees in a line image, before it is read again and decoded.

    Attributes:
        probabilities: float32 (T, labels).
        scaled: columns of the network's input.
        width: columns of the line image.
    """

    probabilities: Probabilities
    scaled: int
    width: int

    def x(self, column: float) -> float:
        """The place of an output column's left edge in the line image, in pixels."""
        return min(column * STRIDE / self.scaled, 1.0) * self.width


class Reader:
    """A network that is loaded once and reads any number of lines."""

    def __init__(
        self,
        net: LineNet,
        alphabet: Alphabet,
        languages: Languages = NO_LANGUAGES,
        calibration: Calibration = Calibration(),
    ) -> None:
        """A reader of a network in evaluation mode; `languages` help it to decode.

        `calibration` tells what the confidences of its lines are worth.
        """
        self.calibration = calibration
        self._net = net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._alphabet = alphabet
        self._device = next(net.parameters()).device
        self._bfloat16 = self._device.type != "cpu" or has_bfloat16()
        self._languages = languages
        self._decoders = {
            name: BeamDecoder(alphabet, model) for name, model in languages.models.items()
        }

    @classmethod
    def load(cls, name: str = DEFAULT, language: str = "none") -> Reader:
        """The reader of a shipped model, or of a safetensors file.

        Args:
            name: of the model, or the path of its weights.
            language: ISO 639-3 code of the language model that helps, "auto" for the one that
                fits the page, or "none".

        Raises:
            InputError: if there is no such model or it is damaged.
        """
        net, alphabet, card = load_model(name)
        fuse_norms(net)
        if card.ranges and has_byte_products():
            net.cnn = _in_eight_bits(net, card, name)
        languages = load_languages(language)
        calibration = card.helped if languages.models else card.calibration
        return cls(net, alphabet, languages, calibration)

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read line images, each uint8 (H, W) with dark ink on light paper.

        Every line is padded by its own width alone, and only lines of one padded width share a
        batch, so that what the network sees in a line does not depend on its neighbours. They
        only tell the language, if there are several to choose from.
        """
        return self.decode(self.look(lines))

    def decode(self, sights: Sequence[Sight]) -> list[Reading]:
        """Read lines by what the network sees in them; the reviser and the languages help."""
        # What is sure, and what is strange, is asked of the network alone.
        first = [decode_greedily(sight.probabilities) for sight in sights]
        sureness = [_mean(one.confidences) for one in first]
        revised = self._revised(sights, sureness)
        found = [
            old if sight is seen else decode_greedily(sight.probabilities)
            for old, seen, sight in zip(first, sights, revised, strict=True)
        ]
        ranked: list[Ranked] = [[] for _ in sights]
        language = self._choose_language(first)
        if language:
            decoder = self._decoders[language]
            for index in [n for n, sure in enumerate(sureness) if sure < _SURE]:
                once, twice = sights[index].probabilities, revised[index].probabilities
                weight = min(_MOST_HELP, _HELP + _HELP_IN_DOUBT * (1 - sureness[index]))
                ranked[index] = decoder.ranked(mean_reading(once, twice, _SECOND), weight)
                found[index] = align(twice, ranked[index][0][0])
        readings = [self._reading(*pair) for pair in zip(found, revised, strict=True)]
        return [self._weighed(*pair) for pair in zip(readings, ranked, strict=True)]

    def _revised(self, sights: Sequence[Sight], sureness: Sequence[float]) -> Sequence[Sight]:
        """What the network sees, read again where it was not read surely."""
        if not self._net.reviser:
            return sights
        doubtful = [n for n, sure in enumerate(sureness) if sure < _QUITE_SURE]
        second = revise(
            self._net.reviser, [sights[n].probabilities for n in doubtful], self._bfloat16
        )
        revised = list(sights)
        for index, found in zip(doubtful, second, strict=True):
            revised[index] = replace(sights[index], probabilities=found)
        return revised

    def _choose_language(self, found: Sequence[Labelling]) -> str:
        """The language of lines that were decoded greedily; empty if none of ours fits."""
        confidences = [one for labelling in found for one in labelling.confidences]
        texts = [self._alphabet.decode(labelling.labels) for labelling in found]
        return self._languages.choose(texts, _mean(confidences))

    def _weighed(self, reading: Reading, ranked: Ranked) -> Reading:
        """The reading with what a beam else holds possible, its confidences accordingly."""
        if not ranked:
            return reading
        hypotheses = [(self._alphabet.decode(labels), score) for labels, score in ranked]
        standings = standings_of_words(reading.text, hypotheses)
        return replace(
            reading,
            confidences=helped_confidences(reading, standings),
            rivals=tuple(standing.rivals for standing in standings),
        )

    @property
    def alphabet(self) -> Alphabet:
        """What the network's labels stand for."""
        return self._alphabet

    def look(self, lines: Sequence[Gray]) -> list[Sight]:
        """The label probabilities of line images as `read` takes them, one a line."""
        params = self._net.params
        scale = params.height, params.stretch, params.focused
        arrays = [normalize(line, *scale) for line in lines]
        return [
            Sight(found, array.shape[1], line.shape[1])
            for found, array, line in zip(self._probabilities(arrays), arrays, lines, strict=True)
        ]

    def _probabilities(self, arrays: Sequence[LineArray]) -> list[Probabilities]:
        """Label probabilities of each line, float32 (T, labels)."""
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for index, array in enumerate(arrays):
            groups[round_up(array.shape[1])].append(index)
        found: dict[int, Probabilities] = {}
        for width, indices in groups.items():
            size = max(1, _MAX_COLUMNS // width)
            for start in range(0, len(indices), size):
                batch = indices[start : start + size]
                found.update(zip(batch, self._run([arrays[i] for i in batch]), strict=True))
        return [found[index] for index in range(len(arrays))]

    @torch.inference_mode()
    def _run(self, arrays: Sequence[LineArray]) -> list[Probabilities]:
        """Probabilities of a batch, each line without its padding."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16):
            logits = self._net(stack(arrays).to(self._device))
        probabilities = logits.float().softmax(2).cpu().numpy()
        return [probabilities[: _columns(array), n] for n, array in enumerate(arrays)]

    def _reading(self, found: Labelling, sight: Sight) -> Reading:
        """The reading of a line as it was decoded."""
        text = self._alphabet.decode(found.labels)
        spans = tuple(
            (sight.x(left), sight.x(right))
            for left, right in widen(found.spans, -(-sight.scaled // STRIDE))
        )
        first = len(text) - len(text.lstrip())
        last = len(text.rstrip())
        return Reading(text[first:last], spans[first:last], found.confidences[first:last])


def _in_eight_bits(net: LineNet, card: Card, name: str) -> EightBitCnn:
    try:
        return EightBitCnn(net.cnn, card.ranges)
    except ValueError as error:
        raise InputError(
            f"{name}: the card does not fit the network ({error}); install it again"
        ) from error


def _mean(confidences: Sequence[float]) -> float:
    """Of letters; 0 without any."""
    return float(np.mean(confidences)) if len(confidences) else 0.0


def helped_confidences(reading: Reading, standings: Sequence[Standing]) -> tuple[float, ...]:
    """Of letters whose word stands so among a beam's hypotheses.

    The network alone doubts much that a language puts right, and the beam is too sure of it: the
    product of a word's letters is the word's share times the network's product to a small power.
    """
    confidences = list(reading.confidences)
    for (start, end), standing in zip(reading.words, standings, strict=True):
        share = standing.share ** (1 / (end - start))
        for index in range(start, end):
            confidences[index] = reading.confidences[index] ** _NETWORK * share
    return tuple(confidences)


def _columns(array: LineArray) -> int:
    """Output columns of a line without its padding."""
    width: int = array.shape[1]
    return -(-width // STRIDE)


def use_threads(count: int) -> None:
    """Let this process's networks use `count` threads."""
    torch.set_num_threads(count)
