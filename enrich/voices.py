"""Voices: espeak-ng, of the system or of a wheel, and Piper's where the user names a voice file."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Sequence
from ctypes.util import find_library
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from enrich.parts import need
from enrich.speech import Samples, Sound, in_order
from enrich.spoken_language import two_letters
from pipeline.errors import DependencyError, UsageError

_RETRIEVAL, _UTF8, _POSITION_CHARACTER, _WORD = 1, 1, 1, 1


class _Event(ctypes.Structure):
    """espeak_EVENT of espeak-ng's speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class EspeakVoice:
    """A voice of espeak-ng; the library has one at a time, so it is told before each speech."""

    def __init__(self, language: str, words_per_minute: int = 150) -> None:
        """A voice for a language, ISO 639 or a name of espeak-ng's such as en-gb.

        Raises:
            DependencyError: if espeak-ng is not installed.
            UsageError: if it has no such voice.
        """
        self._library, self._rate = _started()
        self._name = two_letters(language).lower().encode()
        self._words_per_minute = words_per_minute
        if not self._choose():
            raise UsageError(f"espeak-ng has no voice for {language}; name another by --lang")

    def _choose(self) -> bool:
        """Make it the library's voice; whether there is such a one."""
        known: bool = self._library.espeak_SetVoiceByName(self._name) == 0
        self._library.espeak_SetParameter(1, self._words_per_minute, 0)
        return known

    def say(self, words: Sequence[str], breaks: Sequence[int]) -> Sound:
        """Say words in a row; the library tells when each begins."""
        text, offsets = _running(words, breaks)
        samples: list[Samples] = []
        begun: dict[int, float] = {}

        def take(sound: Any, count: int, events: Any) -> int:
            if sound and count:
                samples.append(np.ctypeslib.as_array(sound, (count,)).copy())
            number = 0
            while events[number].type:
                event = events[number]
                if event.type == _WORD:
                    place = int(np.searchsorted(offsets, event.text_position - 1, "right")) - 1
                    begun.setdefault(max(place, 0), event.audio_position / 1000)
                number += 1
            return 0

        data = text.encode() + b"\0"
        kept = _CALLBACK(take)  # the library keeps only its address
        self._choose()  # another voice may have spoken since
        self._library.espeak_SetSynthCallback(kept)
        arguments = (data, len(data), 0, _POSITION_CHARACTER, 0, _UTF8, None, None)
        self._library.espeak_Synth(*arguments)
        self._library.espeak_Synchronize()
        said = np.concatenate(samples) if samples else np.zeros(1, np.int16)
        times = in_order(begun, len(words), len(said) / self._rate)
        return Sound(said.astype(np.int16), self._rate, times)


def _running(words: Sequence[str], breaks: Sequence[int]) -> tuple[str, list[int]]:
    """The words as a text, and where each begins in it."""
    text, offsets = "", []
    for number, word in enumerate(words):
        text += "" if not number else "\n\n" if number in breaks else " "
        offsets.append(len(text))
        text += word.replace("\0", "")
    return text, offsets


@cache
def _started() -> tuple[Any, int]:
    """The library and its samples a second; started anew it would hang now and then.

    Raises:
        DependencyError: if it is not installed.
    """
    library, data = _espeak()
    rate = int(library.espeak_Initialize(_RETRIEVAL, 0, data, 0))
    if rate <= 0:
        raise DependencyError("espeak-ng does not start; apt install espeak-ng")
    return library, rate


def _espeak() -> tuple[Any, bytes | None]:
    """The library and its data's folder; the system's own knows where that is."""
    system = find_library("espeak-ng")
    if system:
        return _declared(ctypes.CDLL(system)), None
    try:
        loader: Any = import_module("espeakng_loader")
    except ImportError as error:
        raise DependencyError(
            "speech needs espeak-ng, which is not installed; apt install espeak-ng, "
            "or pip install inkfolio[enrich]"
        ) from error
    library = ctypes.CDLL(loader.get_library_path())
    return _declared(library), str(Path(loader.get_data_path()).parent).encode()


def _declared(library: Any) -> Any:
    library.espeak_Initialize.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int)
    library.espeak_Synth.argtypes = (
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint),
        *(ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
    )
    return library


class PiperVoice:
    """A voice of Piper, of a file that the user has; words share a line's time by their letters."""

    def __init__(self, model: Path) -> None:
        """Load a voice, an .onnx file with its .onnx.json beside it.

        Raises:
            DependencyError: if Piper is not installed.
            UsageError: if one of the two is not there, or they are not what they should be.
        """
        if not model.is_file():
            raise UsageError(f"{model}: is no voice file; download one of Piper's, an .onnx")
        settings = model.with_name(f"{model.name}.json")
        if not settings.is_file():
            raise UsageError(f"{settings}: is missing; download it too, it comes with the voice")
        piper: Any = need("piper", "piper-tts", "Piper's voices")
        try:
            voice = piper.PiperVoice.load(str(model))
            list(voice.synthesize("a"))  # a model of another sort fails only here
        except Exception as error:  # what Piper and ONNX Runtime raise has no class in common
            raise UsageError(
                f"{model}: is no voice that Piper can use; download it anew, with its .onnx.json"
            ) from error
        self._synthesize: Callable[[str], Any] = voice.synthesize

    def say(self, words: Sequence[str], breaks: Sequence[int]) -> Sound:
        """Say words in a row, paragraph by paragraph."""
        parts: list[Samples] = []
        times: list[tuple[float, float]] = []
        rate, done = 22050, 0
        for first, last in zip((0, *breaks), (*breaks, len(words)), strict=True):
            chunks = list(self._synthesize(" ".join(words[first:last])))
            rate = chunks[0].sample_rate if chunks else rate
            said = [np.asarray(chunk.audio_int16_array, np.int16) for chunk in chunks]
            length = sum(len(part) for part in said)
            letters = np.cumsum([0, *(len(word) + 1 for word in words[first:last])])
            edges = (done + length * letters / letters[-1]) / rate
            times += [(float(a), float(b)) for a, b in itertools.pairwise(edges)]
            parts += said
            done += length
        samples = np.concatenate(parts) if parts else np.zeros(1, np.int16)
        return Sound(samples, rate, tuple(times))
