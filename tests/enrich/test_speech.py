from __future__ import annotations

import io
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from enrich.epub import SpokenPage, epub
from enrich.speech import Sound, in_order, say_page, timings_json, units, wav_bytes
from enrich.voices import EspeakVoice, PiperVoice
from pipeline.document import Page
from pipeline.errors import UsageError
from tests.export.pages import document, page

EPUBCHECK = Path("/usr/share/java/epubcheck.jar")  # Debian's epubcheck
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
LETTER = page("My dear Hook-", "er, I was in Paris", "on the 3d of May 1785.")


class Clock:
    """A voice that takes a tenth of a second a word."""

    def say(self, words: Sequence[str], breaks: Sequence[int]) -> Sound:
        times = tuple((i / 10, (i + 1) / 10) for i in range(len(words)))
        return Sound(np.zeros(800 * len(words), np.int16), 8000, times)


def doubtful(made: Page) -> Page:
    region = made.regions[0]
    first = region.lines[0]
    words = (replace(first.words[0], confidence=0.2), *first.words[1:])
    lines = (replace(first, words=words), *region.lines[1:])
    return replace(made, regions=(replace(region, lines=lines),))


@pytest.fixture(scope="module")
def english() -> EspeakVoice:
    from pipeline.errors import DependencyError

    try:
        return EspeakVoice("eng")
    except DependencyError as error:
        pytest.skip(str(error))


def test_broken_words_are_said_whole() -> None:
    said = units(LETTER)
    assert [unit.text for unit in said][:4] == ["My", "dear", "Hooker,", "I"]
    assert said[2].word_ids == ("r1l1w3", "r1l2w1")


def test_times_of_words_without_their_own_are_between() -> None:
    assert in_order({0: 0.0, 2: 1.0}, 3, 2.0) == ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0))
    assert in_order({1: 1.0, 2: 0.5}, 3, 2.0)[2] == (1.0, 2.0)


def test_under_an_uncertain_word_there_is_a_tone() -> None:
    said = units(doubtful(LETTER))
    samples = say_page(said, Clock()).samples
    assert np.abs(samples[:800]).max() > 500
    assert not samples[800:].any()


def test_a_blank_page_is_a_silence() -> None:
    sound = say_page([], Clock())
    assert (sound.seconds, sound.times, sound.samples.any()) == (0.5, (), False)


def test_the_voice_is_heard_and_its_words_come_in_order(english: EspeakVoice) -> None:
    said = units(LETTER)
    sound = say_page(said, english)
    assert 0.15 * len(said) < sound.seconds < 1.5 * len(said)
    level = np.sqrt(np.mean(sound.samples.astype(float) ** 2))
    assert level > 300
    starts = [start for start, _ in sound.times]
    assert starts == sorted(starts) and len(starts) == len(said)
    assert all(start < end <= sound.seconds for start, end in sound.times)
    with wave.open(io.BytesIO(wav_bytes(sound.samples, sound.rate))) as file:
        assert file.getnframes() == len(sound.samples)


def test_a_word_is_where_it_is_heard(english: EspeakVoice) -> None:
    """Two words with a paragraph between: silence lies before the second one's beginning."""
    sound = english.say(["one", "two"], [1])
    second = round(sound.times[1][0] * sound.rate)
    pause = sound.samples[second - sound.rate // 20 : second - sound.rate // 100]
    word = sound.samples[second : second + sound.rate // 4]
    assert np.abs(pause).mean() < np.abs(word).mean() / 5


def test_no_such_voice() -> None:
    pytest.importorskip("espeakng_loader")
    with pytest.raises(UsageError, match="no voice for qqq"):
        EspeakVoice("qqq")


def test_piper_says_paragraphs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a stand-in for the library; a real voice is tens of megabytes."""

    @dataclass
    class Chunk:
        audio_int16_array: np.ndarray
        sample_rate: int = 1000

    class Voice:
        @staticmethod
        def load(path: str) -> Voice:
            return Voice()

        def synthesize(self, text: str) -> list[Chunk]:
            return [Chunk(np.ones(100 * len(text), np.int16))]

    module = ModuleType("piper")
    module.PiperVoice = Voice
    monkeypatch.setitem(sys.modules, "piper", module)
    model = tmp_path / "voice.onnx"
    model.touch()
    with pytest.raises(UsageError, match=r"voice\.onnx\.json: is missing"):
        PiperVoice(model)
    model.with_name("voice.onnx.json").touch()
    sound = PiperVoice(model).say(["ab", "cd", "ef"], [2])
    assert sound.seconds == pytest.approx(0.7)
    assert sound.times[2] == pytest.approx((0.5, 0.7))
    with pytest.raises(UsageError, match="no voice file"):
        PiperVoice(tmp_path / "none.onnx")


def test_a_damaged_voice_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Piper raises whatever ONNX Runtime, JSON and its own look-ups do."""

    class Voice:
        @staticmethod
        def load(path: str) -> Voice:
            if b"voice" not in Path(path).read_bytes():
                raise KeyError("num_symbols")
            return Voice()

        def synthesize(self, text: str) -> Iterator[object]:
            raise RuntimeError("INVALID_ARGUMENT: no input named scales")
            yield

    module = ModuleType("piper")
    module.PiperVoice = Voice
    monkeypatch.setitem(sys.modules, "piper", module)
    model = tmp_path / "voice.onnx"
    model.with_name("voice.onnx.json").write_text("{}")
    for data in (b"damaged", b"no such voice"):
        model.write_bytes(data)
        with pytest.raises(UsageError, match=r"voice\.onnx: is no voice that Piper can use"):
            PiperVoice(model)


def test_voices_speak_by_turns_each_in_its_own_tongue(english: EspeakVoice) -> None:
    alone = english.say(["My", "dear", "Hooker"], [])
    french = EspeakVoice("fra").say(["My", "dear", "Hooker"], [])
    with pytest.raises(UsageError):
        EspeakVoice("qqq")
    again = english.say(["My", "dear", "Hooker"], [])
    # Some samples more or less come from what was said before.
    assert abs(len(again.samples) - len(alone.samples)) < 50
    assert abs(len(french.samples) - len(alone.samples)) > 500


def test_times_run_on_over_pages() -> None:
    import json

    made = document(LETTER, page("again", index=1))
    said = [units(one) for one in made.pages]
    table = json.loads(timings_json(made, said, [say_page(one, Clock()) for one in said]))
    assert table["pages"][1]["words"][0]["start"] == table["pages"][1]["start"] > 0.5


@pytest.mark.slow
def test_epub_is_valid(tmp_path: Path, english: EspeakVoice) -> None:
    if not (EPUBCHECK.exists() and shutil.which("java") and shutil.which("ffmpeg")):
        pytest.skip("needs Debian's epubcheck, java and ffmpeg")
    from PIL import Image

    from enrich.audio import m4a_bytes

    picture = io.BytesIO()
    Image.new("L", (100, 140), 255).save(picture, "JPEG")
    pages = []
    for number, made in enumerate((doubtful(LETTER), replace(LETTER, regions=())), start=1):
        said = units(made)
        sound = say_page(said, english)
        data = m4a_bytes(sound)
        pages.append(SpokenPage(number, said, sound.times, sound.seconds, data, picture.getvalue()))
    path = tmp_path / "book.epub"
    path.write_bytes(epub("Letters <1785>", "en", pages, CREATED))
    done = subprocess.run(
        ["java", "-jar", str(EPUBCHECK), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert epub("Letters <1785>", "en", pages, CREATED) == path.read_bytes()
