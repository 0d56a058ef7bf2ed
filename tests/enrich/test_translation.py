from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pypdfium2
import pytest

from enrich.bilingual import bilingual_html, bilingual_json, bilingual_pdf, translation_text
from enrich.sentences import sentences
from enrich.translation import (
    Apertium,
    CTranslate2Model,
    Translated,
    installed_pairs,
    translated,
    translator,
)
from pipeline.document import Document
from pipeline.errors import DependencyError, UsageError
from tests.export.pages import document, page

LETTER = page("I was in <Paris> with my", "mother. It was good.")


class Shout:
    def translate(self, texts: Sequence[str]) -> list[str]:
        return [text.upper() for text in texts]


def letter() -> tuple[Document, list[Translated]]:
    made = document(LETTER)
    return made, translated(sentences(made), Shout())


def test_a_translation_keeps_its_lines() -> None:
    made, rows = letter()
    table = json.loads(bilingual_json(made, rows, "eng", "spa"))["sentences"]
    assert [(row["translation"], row["lines"]) for row in table] == [
        ("I WAS IN <PARIS> WITH MY MOTHER.", ["r1l1", "r1l2"]),
        ("IT WAS GOOD.", ["r1l2"]),
    ]
    assert translation_text(made, rows) == "I WAS IN <PARIS> WITH MY MOTHER. IT WAS GOOD.\n"


def test_html_has_both_and_escapes_them() -> None:
    text = bilingual_html(*letter(), "eng", "spa").decode()
    assert '<p lang="en"><span data-s="0" data-lines="r1l1 r1l2">I was in &lt;Paris&gt;' in text
    assert "I WAS IN &lt;PARIS&gt;" in text and "<Paris>" not in text


def test_pdf_has_both_and_the_same_bytes() -> None:
    made, rows = letter()
    data = bilingual_pdf(made, rows)
    with pypdfium2.PdfDocument(io.BytesIO(data)) as pdf:
        text = " ".join(pdf[0].get_textpage().get_text_range().split())
    assert "It was good." in text and "IT WAS GOOD." in text
    assert bilingual_pdf(made, rows) == data


def test_apertium_translates_one_for_one() -> None:
    pairs = installed_pairs()
    if ("eng", "spa") not in pairs:
        pytest.skip("needs apertium-eng-spa")
    by = Apertium(pairs["eng", "spa"])
    first, second = by.translate(["I was in Paris\nwith my mother.", "The house is big."])
    assert "París con mi madre" in first and "casa" in second


def test_installed_pairs_are_found_by_themselves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a stand-in for Apertium; modes of dialects and intermediate steps are no pairs."""
    program = tmp_path / "apertium"
    modes = "  eng-cat_valencia\n  fr-es\n  isl-swe\n  fr-es-tagger\n"
    program.write_text(f"#!/bin/sh\nprintf '{modes}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert installed_pairs() == {("fra", "spa"): "fr-es", ("isl", "swe"): "isl-swe"}
    assert translator("fra", "spa") == Apertium("fr-es")
    with pytest.raises(DependencyError, match="installed: fra-spa, isl-swe"):
        translator("spa", "eng")


def test_a_missing_pair_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DependencyError, match="apt install apertium apertium-fr-es"):
        translator("fr", "spa")
    with pytest.raises(DependencyError, match="give a CTranslate2 model by --model"):
        translator("deu", "fin")
    with pytest.raises(UsageError, match="in eng already"):
        translator("en", "eng")


def test_a_model_that_cannot_be_loaded_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(path: str, **settings: object) -> None:
        raise RuntimeError("File model.bin is incomplete")

    for name, member, value in (
        ("ctranslate2", "Translator", refuse),
        ("sentencepiece", "SentencePieceProcessor", str),
    ):
        module = ModuleType(name)
        setattr(module, member, value)
        monkeypatch.setitem(sys.modules, name, module)
    (tmp_path / "model.bin").touch()
    with pytest.raises(UsageError, match=r"cannot be loaded .*; unpack it anew"):
        CTranslate2Model(tmp_path)


def test_a_model_in_place_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With stand-ins for CTranslate2 and SentencePiece; a real model is a hundred megabytes."""

    class Pieces:
        def __init__(self, path: str) -> None:
            pass

        def encode(self, text: str, out_type: type) -> list[str]:
            return text.split()

        def decode(self, tokens: list[str]) -> str:
            return " ".join(tokens)

    class Model:
        def __init__(self, path: str, **settings: object) -> None:
            pass

        def translate_batch(self, batch: list[list[str]], beam_size: int) -> list[SimpleNamespace]:
            return [SimpleNamespace(hypotheses=[tokens[::-1]]) for tokens in batch]

    for name, member, value in (
        ("ctranslate2", "Translator", Model),
        ("sentencepiece", "SentencePieceProcessor", Pieces),
    ):
        module = ModuleType(name)
        setattr(module, member, value)
        monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(UsageError, match="holds no CTranslate2 model"):
        CTranslate2Model(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").touch()
    (tmp_path / "sentencepiece.model").touch()
    assert translator("eng", "fin", tmp_path).translate(["a b", "c"]) == ["b a", "c"]
