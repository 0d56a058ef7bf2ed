"""Pages -> sound: each word's place in time, uncertain words with a faint tone under them."""

from __future__ import annotations

import io
import itertools
import json
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from export.hyphens import Lexicon, joined
from export.ids import word_ids
from pipeline.document import Document, Line, Page, Region

Samples = NDArray[np.int16]  # one channel
BETWEEN_REGIONS = "\n\n"
BLANK_S = 0.5  # of silence for a page without text
TONE_HZ, TONE_LEVEL = 220.0, 0.04  # of an uncertain word's tone, the level of full scale
UNCERTAIN = 0.5  # a word with less confidence is marked


@dataclass(frozen=True, slots=True)
class Unit:
    """What is said as one word.

    Attributes:
        text: as said; a word broken by a line's end is whole.
        word_ids: of the words that it stands for; two if it was broken.
        line_id: of the line where it begins.
        confidence: the least of its words.
        region: number of the region on the page, from 0.
    """

    text: str
    word_ids: tuple[str, ...]
    line_id: str
    confidence: float
    region: int


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound with the words that are said in it.

    Attributes:
        samples: int16 (N,).
        rate: samples a second.
        times: for each word its beginning and end in seconds, in order.
    """

    samples: Samples
    rate: int
    times: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


class Voice(Protocol):
    """Whatever says words."""

    def say(self, words: Sequence[str], breaks: Sequence[int]) -> Sound:
        """Say words in a row; a new paragraph begins at each index in `breaks`."""
        ...


def units(page: Page, lexicon: Lexicon = Lexicon()) -> list[Unit]:
    """What there is to say on a page, in reading order."""
    return [
        unit
        for number, region in enumerate(page.regions)
        for unit in _region_units(region, number, lexicon)
    ]


def _region_units(region: Region, number: int, lexicon: Lexicon) -> Iterator[Unit]:
    lines = [line for line in region.lines if line.words]
    first = 0
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        pairs = list(zip(word_ids(line), line.words, strict=True))[first:]
        first = 0
        for word_id, word in pairs:
            whole = _whole(line, after, lexicon) if after and word is line.words[-1] else None
            if whole and after:
                sure = min(word.confidence, after.words[0].confidence)
                yield Unit(whole, (word_id, word_ids(after)[0]), line.id, sure, number)
                first = 1
            else:
                yield Unit(word.text, (word_id,), line.id, word.confidence, number)


def _whole(line: Line, after: Line, lexicon: Lexicon) -> str | None:
    # A line of one word that ends a broken one cannot begin another here; it is rare.
    return joined(line.words[-1].text, after.words[0].text, lexicon)


def say_page(said: Sequence[Unit], voice: Voice) -> Sound:
    """Say a page; under uncertain words a faint tone sounds."""
    if not said:
        rate = voice.say(["a"], ()).rate
        return Sound(np.zeros(round(BLANK_S * rate), np.int16), rate, ())
    breaks = [i for i in range(1, len(said)) if said[i].region != said[i - 1].region]
    sound = voice.say([unit.text for unit in said], breaks)
    samples = sound.samples.astype(np.float32)
    for unit, (start, end) in zip(said, sound.times, strict=True):
        if unit.confidence < UNCERTAIN:
            first, last = round(start * sound.rate), round(end * sound.rate)
            part = samples[first:last]  # a view: the tone is added in place
            part += _tone(len(part), sound.rate)
    clipped = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
    return Sound(clipped, sound.rate, sound.times)


def say_document(document: Document, voice: Voice) -> tuple[list[list[Unit]], list[Sound]]:
    """What is said on each page, and its sound."""
    lexicon = Lexicon.of(document)
    said = [units(page, lexicon) for page in document.pages]
    return said, [say_page(own, voice) for own in said]


def _tone(count: int, rate: int) -> NDArray[np.float32]:
    """A tone that swells and fades."""
    t = np.arange(count) / rate
    swell = np.sin(np.pi * np.arange(count) / max(count, 1))
    return (TONE_LEVEL * 32767 * swell * np.sin(2 * np.pi * TONE_HZ * t)).astype(np.float32)


def in_order(
    starts: dict[int, float], count: int, seconds: float
) -> tuple[tuple[float, float], ...]:
    """Beginnings and ends of all words, from the beginnings that are known.

    Words without a beginning of their own share the time up to the next known one; times never
    run backwards or past the end.
    """
    known = [(0, 0.0), *sorted((i, s) for i, s in starts.items() if i > 0), (count, seconds)]
    if 0 in starts:
        known[0] = (0, starts[0])
    times = np.interp(np.arange(count + 1), [i for i, _ in known], [s for _, s in known])
    times = np.minimum(np.maximum.accumulate(times), seconds)
    return tuple((float(a), float(b)) for a, b in itertools.pairwise(times))


def wav_bytes(samples: Samples, rate: int) -> bytes:
    """A WAV file of one channel."""
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def timings_json(
    document: Document, said: Sequence[Sequence[Unit]], sounds: Sequence[Sound]
) -> bytes:
    """When each word is said, in seconds from the beginning of the first page, JSON in UTF-8."""
    rows: list[dict[str, object]] = []
    start = 0.0
    for page, own, sound in zip(document.pages, said, sounds, strict=True):
        words = [
            {
                "text": unit.text,
                "words": list(unit.word_ids),
                "start": round(start + begin, 3),
                "end": round(start + end, 3),
                "confidence": round(unit.confidence, 4),
            }
            for unit, (begin, end) in zip(own, sound.times, strict=True)
        ]
        rows.append({"page": page.index + 1, "start": round(start, 3), "words": words})
        start += sound.seconds
    table = {"format": "inkfolio-speech", "version": 1, "pages": rows}
    return json.dumps(table, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
