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
from pipeline.processor import has_bfloat16, has_byte_products, in_bfloat16
from recognize.alphabet import Alphabet
from recognize.alternatives import Rivals, Standing, standings_of_words
from recognize.beam import BeamDecoder, Ranked, ranked_by_all
from recognize.calibration import Calibration
from recognize.ctc import (
    Labelling,
    Probabilities,
    align,
    decode_greedily,
    log_likelihoods,
    widen,
)
from recognize.dataset import round_up, stack
from recognize.language import NO_LANGUAGES, Languages, load_languages
from recognize.model import STRIDE, LineNet, fuse_norms
from recognize.normalize import Gray, LineArray, leaning, normalize
from recognize.quantize import EightBitCnn
from recognize.reviser import ends_of, in_company, mean_reading, revise
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
_HELP, _HELP_IN_DOUBT, _MOST_HELP = 0.15, 3.0, 0.8
# Mean confidence of a line below which it is looked at again.
_DOUBTED = 0.97
_AGAIN = 32  # doubted lines that are looked at together
_MAX_COLUMNS = 16_000  # columns of a batch: some 30 lines, 200 MB of activations at most


@dataclass(frozen=True, slots=True)
class View:
    """How a line is looked at.

    Attributes:
        width: of its letters, as a share of what the network is used to.
        slant: see `recognize.normalize.leaning`.
    """

    width: float = 1.0
    slant: float = 0.0


# Hands are wider, narrower and more slanted than a network is used to. In the order of what each
# adds on val to those before it, see docs/experiments.md.
VIEWS = (View(), View(1.25), View(0.8), View(1.12, 0.15))


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


# Where the line before one ends, and where the one after it begins.
Company = tuple[Probabilities | None, Probabilities | None]
_ALONE: Company = None, None


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What is made of a line at one look.

    Attributes:
        sight: what the network sees.
        revised: the same read again; what it was where nothing was in doubt.
        first: the sight decoded greedily.
        found: the same, revised.
    """

    sight: Sight
    revised: Sight
    first: Labelling
    found: Labelling

    @property
    def sureness(self) -> float:
        """What the network alone thinks of it, in [0, 1]."""
        return _mean(self.first.confidences)

    @property
    def likelihood(self) -> float:
        """The logarithm of how likely what was found is, of all that may stand there."""
        return float(log_likelihoods(self.revised.probabilities, [self.found.labels])[0])

    @property
    def both(self) -> Probabilities:
        """What a beam is given: the first reading and the revised one."""
        return mean_reading(self.sight.probabilities, self.revised.probabilities, _SECOND)


class Reader:
    """A network that is loaded once and reads any number of lines."""

    def __init__(
        self,
        net: LineNet,
        alphabet: Alphabet,
        languages: Languages = NO_LANGUAGES,
        calibration: Calibration = Calibration(),
        looks: int = len(VIEWS),
    ) -> None:
        """A reader of a network in evaluation mode; `languages` help it to decode.

        `calibration` tells what the confidences of its lines are worth, `looks` how many of `VIEWS`
        a line in doubt is read in.
        """
        self.calibration = calibration
        self._views = VIEWS[1:looks]
        self._net = net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._alphabet = alphabet
        self._device = next(net.parameters()).device
        self._bfloat16 = has_bfloat16(self._device.type)
        self._languages = languages
        self._decoders = {
            name: BeamDecoder(alphabet, model) for name, model in languages.models.items()
        }

    @classmethod
    def load(cls, name: str = DEFAULT, language: str = "none", looks: int = len(VIEWS)) -> Reader:
        """The reader of a shipped model, or of a safetensors file.

        Args:
            name: of the model, or the path of its weights.
            language: ISO 639-3 code of the language model that helps, "auto" for the one that
                fits the page, or "none".
            looks: at a line in doubt, 1 or more; the fewer, the sooner it is read.

        Raises:
            InputError: if there is no such model or it is damaged.
        """
        net, alphabet, card = load_model(name)
        fuse_norms(net)
        if card.ranges and has_byte_products():
            net.cnn = _in_eight_bits(net, card, name)
        languages = load_languages(language)
        calibration = card.helped if languages.models else card.calibration
        return cls(net, alphabet, languages, calibration, looks)

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read a page's line images in their order, each uint8 (H, W), dark ink on light paper.

        A line that is not read surely is looked at in several ways, and the way that makes most
        sense of it counts. Every line is padded by its own width alone, and only lines of one
        padded width share a batch, so that what the network sees in a line does not depend on its
        neighbours. What it makes of that does: words go on from line to line, and they tell the
        language, if there are several to choose from.
        """
        sights = self.look(lines)
        company = company_of(sights)
        looks = self._looks(sights, company)
        return self._calibrated(self._readings(looks, self._looks_again(lines, looks, company)))

    def glance(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read line images as `read` takes them at one look each, by themselves: to judge them.

        Their confidences are the network's own, uncalibrated, so that one limit serves all models.
        """
        looks = self._looks(self.look(lines), [_ALONE] * len(lines))
        return self._readings(looks, [[look] for look in looks])

    def decode(self, sights: Sequence[Sight]) -> list[Reading]:
        """Read a page's lines by what the network sees in them; reviser and languages help."""
        looks = self._looks(sights, company_of(sights))
        return self._calibrated(self._readings(looks, [[look] for look in looks]))

    def _calibrated(self, readings: Sequence[Reading]) -> list[Reading]:
        return raised(readings, self.calibration.power)

    def _looks(self, sights: Sequence[Sight], company: Sequence[Company]) -> list[_Look]:
        """What is made of lines by what the network sees in them, the reviser's help included."""
        first = [decode_greedily(sight.probabilities) for sight in sights]
        revised = self._revised(sights, company, [_mean(one.confidences) for one in first])
        return [
            _Look(seen, sight, old, old if sight is seen else decode_greedily(sight.probabilities))
            for old, seen, sight in zip(first, sights, revised, strict=True)
        ]

    def _looks_again(
        self, lines: Sequence[Gray], looks: Sequence[_Look], company: Sequence[Company]
    ) -> list[list[_Look]]:
        """All looks at each line, more than one if it is in doubt, the most sensible first."""
        tried = [[look] for look in looks]
        doubted = [n for n, look in enumerate(looks) if look.sureness < _DOUBTED]
        for start in range(0, len(doubted) if self._views else 0, _AGAIN):
            some = doubted[start : start + _AGAIN]
            again = [lines[n] for _ in self._views for n in some]
            views = [view for view in self._views for _ in some]
            beside = [company[n] for _ in self._views for n in some]
            others = self._looks(self._seen(again, views), beside)
            for place, index in enumerate(some):
                tried[index] += others[place :: len(some)]
                tried[index].sort(key=lambda look: -look.likelihood)
        return tried

    def _readings(self, first: Sequence[_Look], looks: Sequence[Sequence[_Look]]) -> list[Reading]:
        """The readings of lines by all looks at each; the first ones tell the language."""
        found = [best.found for best, *_ in looks]
        ranked: list[Ranked] = [[] for _ in looks]
        language = self._choose_language([look.first for look in first])
        if language:
            decoder = self._decoders[language]
            for index, (best, *others) in enumerate(looks):
                if best.sureness < _SURE:
                    weight = min(_MOST_HELP, _HELP + _HELP_IN_DOUBT * (1 - best.sureness))
                    read = [look.both for look in (best, *others)]
                    ranked[index] = ranked_by_all(decoder.ranked(read[0], weight), read)
                    found[index] = align(best.revised.probabilities, ranked[index][0][0])
        readings = [
            self._reading(one, best.revised) for one, (best, *_) in zip(found, looks, strict=True)
        ]
        return [self._weighed(*pair) for pair in zip(readings, ranked, strict=True)]

    def _revised(
        self, sights: Sequence[Sight], company: Sequence[Company], sureness: Sequence[float]
    ) -> Sequence[Sight]:
        """What the network sees, read again amid its company where it was not read surely."""
        if not self._net.reviser:
            return sights
        doubtful = [n for n, sure in enumerate(sureness) if sure < _QUITE_SURE]
        space = self._alphabet.space
        shown = [in_company(sights[n].probabilities, *company[n], space) for n in doubtful]
        second = revise(self._net.reviser, [all_ for all_, _ in shown], self._bfloat16)
        revised = list(sights)
        for index, found, (_, own) in zip(doubtful, second, shown, strict=True):
            revised[index] = replace(sights[index], probabilities=found[own])
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
        """The label probabilities of line images as `read` takes them, at one look each."""
        return self._seen(lines, [VIEWS[0]] * len(lines))

    def _seen(self, lines: Sequence[Gray], views: Sequence[View]) -> list[Sight]:
        """The label probabilities of line images, each looked at in its way."""
        arrays = [self._input(line, view) for line, view in zip(lines, views, strict=True)]
        return [
            Sight(found, array.shape[1], line.shape[1])
            for found, array, line in zip(self._probabilities(arrays), arrays, lines, strict=True)
        ]

    def _input(self, line: Gray, view: View) -> LineArray:
        params = self._net.params
        array = normalize(line, params.height, params.stretch * view.width, params.focused)
        return leaning(array, view.slant) if view.slant else array

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
        with in_bfloat16(self._device.type):
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


def company_of(sights: Sequence[Sight]) -> list[Company]:
    """What stands beside each of a page's lines."""
    ends = [ends_of(sight.probabilities) for sight in sights]
    beside = [(None, None), *ends, (None, None)]
    return [(beside[n][1], beside[n + 2][0]) for n in range(len(ends))]


def raised(readings: Sequence[Reading], power: float) -> list[Reading]:
    """Readings with their confidences raised to a power, see `Calibration`."""
    return [
        replace(one, confidences=tuple(sure**power for sure in one.confidences)) for one in readings
    ]


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
