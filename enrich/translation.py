"""Sentences -> another language, offline: Apertium's installed pairs, or a CTranslate2 model."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from enrich.parts import need
from enrich.sentences import Sentence
from enrich.spoken_language import three_letters
from pipeline.errors import DependencyError, OutputError, UsageError

# Debian's packages by pair; each translates both ways unless it stands here one way only.
PACKAGES = {
    ("eng", "spa"): "apertium-eng-spa",
    ("eng", "cat"): "apertium-eng-cat",
    ("eng", "glg"): "apertium-en-gl",
    ("fra", "spa"): "apertium-fr-es",
    ("fra", "cat"): "apertium-fra-cat",
    ("fra", "oci"): "apertium-oci-fra",
    ("spa", "por"): "apertium-es-pt",
    ("spa", "cat"): "apertium-spa-cat",
    ("spa", "ita"): "apertium-spa-ita",
    ("spa", "glg"): "apertium-es-gl",
    ("cat", "ita"): "apertium-cat-ita",
    ("cat", "por"): "apertium-por-cat",
    ("isl", "swe"): "apertium-isl-swe",
    ("swe", "dan"): "apertium-swe-dan",
    ("swe", "nor"): "apertium-swe-nor",
}
_MODE = re.compile(r"[a-z]{2,3}-[a-z]{2,3}")
_BETWEEN = "\n\n"


class Translator(Protocol):
    """Whatever translates texts, one for one."""

    def translate(self, texts: Sequence[str]) -> list[str]:
        """As many texts, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Translated:
    """A sentence with its translation; its lines are those of the sentence."""

    sentence: Sentence
    text: str


@dataclass(frozen=True, slots=True)
class Apertium:
    """A pair of languages that Apertium has; `mode` is its name there, such as fr-es."""

    mode: str

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translate in one go; one by one if what comes back cannot be told apart."""
        flat = [" ".join(text.split()) for text in texts]
        if not flat:
            return []
        found = self._run(_BETWEEN.join(flat)).split(_BETWEEN)
        if len(found) != len(flat):
            found = [self._run(text) for text in flat]
        return [text.strip() for text in found]

    def _run(self, text: str) -> str:
        done = subprocess.run(
            ["apertium", "-u", self.mode], input=text, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise OutputError(
                f"apertium {self.mode} failed ({done.stderr.strip()}); install it anew"
            )
        return done.stdout


class CTranslate2Model:
    """A model that the user has put in place: an Argos package unpacked, or a converted OPUS-MT."""

    def __init__(self, folder: Path) -> None:
        """Load a model.

        Args:
            folder: with `model/` and `sentencepiece.model`, as Argos has it; or with `model.bin`,
                `source.spm` and `target.spm`.

        Raises:
            UsageError: if the folder holds neither, or what cannot be loaded.
            DependencyError: if CTranslate2 or SentencePiece is not installed.
        """
        is_argos = (folder / "sentencepiece.model").is_file()
        weights = folder / "model" if is_argos else folder
        if not (weights / "model.bin").is_file():
            raise UsageError(f"{folder}: holds no CTranslate2 model; unpack an Argos package there")
        ctranslate2: Any = need("ctranslate2", "ctranslate2", "models of translation")
        pieces: Any = need("sentencepiece", "sentencepiece", "models of translation")
        source, target = ("sentencepiece.model",) * 2 if is_argos else ("source.spm", "target.spm")
        self._end = [] if is_argos else ["</s>"]  # Marian's models were trained with it
        try:
            self._source = pieces.SentencePieceProcessor(str(folder / source))
            self._target = pieces.SentencePieceProcessor(str(folder / target))
            self._model = ctranslate2.Translator(str(weights), device="cpu", inter_threads=1)
        except (OSError, RuntimeError) as error:
            raise UsageError(f"{folder}: cannot be loaded ({error}); unpack it anew") from error

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translate sentence by sentence."""
        tokens = [[*self._source.encode(text, out_type=str), *self._end] for text in texts]
        results = self._model.translate_batch(tokens, beam_size=4)
        return [self._target.decode(result.hypotheses[0]) for result in results]


def installed_pairs() -> dict[tuple[str, str], str]:
    """Apertium's pairs on this machine, ISO 639-3, with their modes; empty without Apertium."""
    if not shutil.which("apertium"):
        return {}
    done = subprocess.run(["apertium", "-l"], capture_output=True, text=True, check=False)
    modes = [line.strip() for line in done.stdout.splitlines()]
    plain = [mode for mode in modes if _MODE.fullmatch(mode)]
    return {
        (three_letters(source), three_letters(target)): mode
        for mode in plain
        for source, target in [mode.split("-")]
    }


def translator(source: str, target: str, model: Path | None = None) -> Translator:
    """What translates from one language to another, ISO 639 codes.

    Raises:
        DependencyError: if nothing is installed that does; names the package.
        UsageError: if both languages are the same, or `model` is none.
    """
    own, other = three_letters(source), three_letters(target)
    if own == other:
        raise UsageError(f"the text is in {own} already; name another language by --to, or --lang")
    if model:
        return CTranslate2Model(model)
    pairs = installed_pairs()
    if (own, other) in pairs:
        return Apertium(pairs[own, other])
    package = PACKAGES.get((own, other)) or PACKAGES.get((other, own))
    advice = (
        f"apt install apertium {package}"
        if package
        else "no package of Debian has it; give a CTranslate2 model by --model"
    )
    there = ", ".join(f"{a}-{b}" for a, b in sorted(pairs)) or "none"
    raise DependencyError(
        f"translation from {own} to {other} is not installed (installed: {there}); {advice}"
    )


def translated(found: Sequence[Sentence], by: Translator) -> list[Translated]:
    """Each sentence with its translation."""
    texts = by.translate([sentence.text for sentence in found])
    return [Translated(s, text) for s, text in zip(found, texts, strict=True)]
