"""Sound -> AAC in MPEG-4, a page for a book or an audiobook with a chapter a page; by ffmpeg."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from enrich.parts import need_program
from enrich.speech import Sound, wav_bytes
from pipeline.errors import OutputError

BIT_RATE = "48k"


def check_audio() -> None:
    """Refuse early what cannot be encoded.

    Raises:
        DependencyError: if ffmpeg is not installed.
    """
    _ffmpeg()


def _ffmpeg() -> str:
    return need_program("ffmpeg", "ffmpeg", "EPUB and m4b")


def m4a_bytes(sound: Sound) -> bytes:
    """A page's sound as an .m4a.

    Raises:
        DependencyError: if ffmpeg is not installed.
    """
    return _encoded([sound], "")


def m4b_bytes(sounds: Sequence[Sound], title: str) -> bytes:
    """The pages' sounds as an audiobook.

    Raises:
        DependencyError: if ffmpeg is not installed.
    """
    return _encoded(sounds, _chapters(sounds, title))


def _chapters(sounds: Sequence[Sound], title: str) -> str:
    """Ffmpeg's own notation of a title and chapters."""
    plain = "".join(f"\\{c}" if c in "=;#\\\n" else c for c in title)
    text, start = f";FFMETADATA1\ntitle={plain}\n", 0
    for number, sound in enumerate(sounds, start=1):
        end = start + round(sound.seconds * 1000)
        text += f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={number}\n"
        start = end
    return text


def _encoded(sounds: Sequence[Sound], chapters: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        joined = np.concatenate([sound.samples for sound in sounds])
        (folder / "in.wav").write_bytes(wav_bytes(joined, sounds[0].rate))
        (folder / "chapters.txt").write_text(chapters, "utf-8")
        extra = ["-i", str(folder / "chapters.txt"), "-map_metadata", "1"] if chapters else []
        command = [
            *(_ffmpeg(), "-nostdin", "-v", "error", "-i", str(folder / "in.wav"), *extra),
            *("-map", "0:a", "-c:a", "aac", "-b:a", BIT_RATE, "-bitexact", "-f", "mp4"),
            *("-movflags", "+faststart", str(folder / "out.m4a")),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OutputError(f"ffmpeg made no sound file ({done.stderr.strip()}); report this")
        return (folder / "out.m4a").read_bytes()
