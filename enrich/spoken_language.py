"""Document -> its language, as far as the languages of the names' model go; codes of languages."""

from __future__ import annotations

from enrich.names_model import load_model
from enrich.tokens import region_tokens
from pipeline.document import Document

# ISO 639-3 to 639-1, of the languages that voices, phrases and translations are asked for in.
TWO_LETTERS = {
    "eng": "en", "fra": "fr", "deu": "de", "swe": "sv", "spa": "es", "ita": "it", "lat": "la",
    "nld": "nl", "por": "pt", "cat": "ca", "ces": "cs", "dan": "da", "pol": "pl", "glg": "gl",
    "oci": "oc", "ron": "ro", "fin": "fi", "nor": "no",
}  # fmt: skip
THREE_LETTERS = {short: long for long, short in TWO_LETTERS.items()}


def spoken_language(document: Document) -> str:
    """The language that knows most of the document's words, ISO 639-3: deu, eng, fra or swe."""
    words = (
        token.text
        for page in document.pages
        for region in page.regions
        for token in region_tokens(region)
    )
    return load_model().language_of(words)


def two_letters(language: str) -> str:
    """The BCP 47 tag of a language given by any ISO 639 code; as it is if that is not known."""
    code, dash, rest = language.partition("-")
    return TWO_LETTERS.get(code, code) + dash + rest


def three_letters(language: str) -> str:
    """The ISO 639-3 code of a language given by a code or BCP 47 tag."""
    code = language.partition("-")[0].lower()
    return THREE_LETTERS.get(code, code)
