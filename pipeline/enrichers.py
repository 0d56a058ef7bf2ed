"""What can be made of a document's text besides its formats; each loads its part when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from export.mets import FileRecord
from pipeline.errors import SettingsError, UsageError
from pipeline.stages import Finished, Output, Writer, outputs_of
from pipeline.web_picture import load_source, web_picture

if TYPE_CHECKING:
    from enrich.phrases import Phrase
    from enrich.rulings import Ruling
    from enrich.speech import Sound, Unit
    from enrich.translation import Translated

TRANSLATION = "translation:"


def _nothing_wanted(language: str) -> None:
    """Of what needs no other part, and takes every language."""


@dataclass(frozen=True, slots=True)
class Enricher:
    """A way to enrich.

    Attributes:
        writer: makes its files.
        check: raises a DependencyError if a part is missing, a UsageError if the language
            (BCP 47, or empty) is not offered.
    """

    writer: Writer
    check: Callable[[str], None] = _nothing_wanted


def check_enrichers(names: Sequence[str], language: str) -> None:
    """Refuse what cannot be done before anything is begun.

    Raises:
        SettingsError: if a name is unknown.
        DependencyError: if a part is not installed.
        UsageError: if a language is not offered.
    """
    unknown = [name for name in names if not _known(name)]
    if unknown:
        there = ", ".join((*ENRICHERS, TRANSLATION + "LANGUAGE"))
        raise SettingsError(f"cannot enrich by {', '.join(unknown)}; there are: {there}")
    for name in names:
        enricher(name).check(language)


def enricher(name: str) -> Enricher:
    """What makes what a name asks for: one of `ENRICHERS`, or a translation: translation:spa."""
    if not name.startswith(TRANSLATION):
        return ENRICHERS[name]
    target = name.removeprefix(TRANSLATION)
    return Enricher(partial(translation_outputs, target), partial(_check_translation, target))


def _known(name: str) -> bool:
    return name in ENRICHERS or (name.startswith(TRANSLATION) and name != TRANSLATION)


def all_outputs(
    done: Finished,
    formats: Sequence[str],
    enrich: Sequence[str],
    made: Sequence[FileRecord] = (),
) -> Iterator[tuple[str, Output]]:
    """The files of a document, each with the name of its format, then of its enricher.

    Args:
        done: the document.
        formats: names of `WRITERS`.
        enrich: names that `enricher` knows.
        made: what has been made of it; may be added to as the files are written.
    """
    yield from outputs_of(done, formats, made)
    for name in enrich:
        for output in enricher(name).writer(done):
            yield name, output


def with_mentions(done: Finished, names: Sequence[str]) -> Finished:
    """The document with its names and dates, if these are among what is wanted."""
    if "entities" not in names:
        return done
    from enrich.entities import find_mentions

    return replace(done, mentions=tuple(find_mentions(done.document, done.language)))


def _check_names(language: str) -> None:
    from enrich.entities import known_language
    from enrich.names_model import load_model

    known_language(language, load_model())


def _file(done: Finished, suffix: str, make: Callable[[], bytes]) -> Output:
    def write(file: BinaryIO) -> None:
        file.write(make())

    return Output(PurePosixPath(f"{done.name}{suffix}"), write)


def entity_outputs(done: Finished) -> Iterator[Output]:
    """The names and dates as JSON and CSV."""
    from enrich.entities import mentions_csv, mentions_json

    document, mentions = done.document, done.mentions
    yield _file(done, ".entities.json", lambda: mentions_json(document, mentions))
    yield _file(done, ".entities.csv", lambda: mentions_csv(document, mentions).encode())


def _check_phrases(language: str) -> None:
    from enrich.phrases import check_phrases

    check_phrases()


def phrase_outputs(done: Finished) -> Iterator[Output]:
    """The key phrases as JSON and CSV."""

    def phrases() -> list[Phrase]:
        from enrich.phrases import key_phrases

        return key_phrases(done.document, done.language)

    def as_json() -> bytes:
        from enrich.phrases import phrases_json

        return phrases_json(done.document, phrases())

    def as_csv() -> bytes:
        from enrich.phrases import phrases_csv

        return phrases_csv(phrases()).encode()

    yield _file(done, ".phrases.json", as_json)
    yield _file(done, ".phrases.csv", as_csv)


def summary_outputs(done: Finished) -> Iterator[Output]:
    """The most telling sentences as text."""

    def make() -> bytes:
        from enrich.summary import summary, summary_text

        return summary_text(summary(done.document)).encode()

    yield _file(done, ".summary.txt", make)


def _check_sentiment(language: str) -> None:
    from enrich.sentiment import check_sentiment

    check_sentiment(language)


def sentiment_outputs(done: Finished) -> Iterator[Output]:
    """The tone as JSON, by page, and as CSV, by sentence."""

    def as_json() -> bytes:
        from enrich.sentiment import sentiment_json, tones

        return sentiment_json(done.document, tones(done.document, done.language))

    def as_csv() -> bytes:
        from enrich.sentiment import sentiment_csv, tones

        return sentiment_csv(tones(done.document, done.language)).encode()

    yield _file(done, ".sentiment.json", as_json)
    yield _file(done, ".sentiment.csv", as_csv)


def table_outputs(done: Finished) -> Iterator[Output]:
    """The table of each page as CSV, by rulings and the gaps between words; empty without one."""
    digits = len(str(len(done.document.pages)))

    def table_of(place: int) -> bytes:
        from enrich.tables import find_table, table_csv

        table = find_table(done.document.pages[place], *_rulings(done, place))
        return table_csv(table).encode() if table else b""

    for place, page in enumerate(done.document.pages):
        name = f".tables/page{page.index + 1:0{digits}}.csv"
        yield _file(done, name, partial(table_of, place))


def _rulings(done: Finished, place: int) -> tuple[list[Ruling], list[Ruling]]:
    """The rulings of a page's image; none where the images are not at hand."""
    from enrich.rulings import find_rulings  # slow: loads OpenCV

    if not _has_images(done):
        return [], []
    return find_rulings(load_source(done.sources[place]).gray)


def _has_images(done: Finished) -> bool:
    return len(done.sources) == len(done.document.pages)


def _check_speech(language: str) -> None:
    from enrich.voices import EspeakVoice

    EspeakVoice(language or "eng")


def _language_of(done: Finished) -> str:
    from enrich.spoken_language import spoken_language

    return done.language or spoken_language(done.document)


def _said(done: Finished) -> tuple[list[list[Unit]], list[Sound]]:
    from enrich.speech import say_document
    from enrich.voices import EspeakVoice

    return say_document(done.document, EspeakVoice(_language_of(done)))


def speech_outputs(done: Finished) -> Iterator[Output]:
    """The document read aloud as WAV, and when each word is said as JSON."""

    @cache
    def said() -> tuple[list[list[Unit]], list[Sound]]:
        return _said(done)

    def sound() -> bytes:
        import numpy as np

        from enrich.speech import wav_bytes

        sounds = said()[1]
        return wav_bytes(np.concatenate([one.samples for one in sounds]), sounds[0].rate)

    def times() -> bytes:
        from enrich.speech import timings_json

        return timings_json(done.document, *said())

    yield _file(done, ".wav", sound)
    yield _file(done, ".times.json", times)


def _check_book(language: str) -> None:
    from enrich.audio import check_audio

    _check_speech(language)
    check_audio()


def book_outputs(done: Finished) -> Iterator[Output]:
    """An EPUB in which scan, text and voice run together."""

    def make() -> bytes:
        from enrich.epub import spoken_book

        sources = done.sources if _has_images(done) else ()
        pictures = [web_picture(one) for one in sources] or [b""] * len(done.document.pages)
        return spoken_book(done.document, *_said(done), pictures, _language_of(done), done.created)

    yield _file(done, ".epub", make)


def _check_translation(target: str, language: str) -> None:
    from enrich.translation import translator

    if not language:
        raise UsageError(f"name the language of the text by --lang to translate it to {target}")
    translator(language, target)


def translation_outputs(target: str, done: Finished) -> Iterator[Output]:
    """Original and translation side by side as HTML, and the translation as text."""
    from enrich.spoken_language import three_letters

    own, other = three_letters(done.language), three_letters(target)

    @cache
    def rows() -> list[Translated]:
        from enrich.sentences import sentences
        from enrich.translation import translated, translator

        return translated(sentences(done.document), translator(own, other))

    def make(form: str) -> bytes:
        from enrich.bilingual import bilingual

        return bilingual(form, done.document, rows(), own, other)

    for form in ("html", "txt"):
        yield _file(done, f".{other}.{form}", partial(make, form))


ENRICHERS: dict[str, Enricher] = {
    "entities": Enricher(entity_outputs, _check_names),
    "phrases": Enricher(phrase_outputs, _check_phrases),
    "summary": Enricher(summary_outputs),
    "sentiment": Enricher(sentiment_outputs, _check_sentiment),
    "tables": Enricher(table_outputs),
    "speech": Enricher(speech_outputs, _check_speech),
    "book": Enricher(book_outputs, _check_book),
}
