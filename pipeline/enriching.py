"""Documents read from files -> tables, speech and translations beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.build import newest
from pipeline.corrected import Corrected, read_corrected
from pipeline.document import Page
from pipeline.errors import FileAccessError, InputError, UsageError
from pipeline.files import write_bytes
from pipeline.load import LoadParams, load_page
from pipeline.names import shown
from pipeline.page_images import ImageFolder, image_folders, scaled, source_page

if TYPE_CHECKING:
    from enrich.speech import Sound, Unit, Voice
    from enrich.tables import Table


@dataclass(frozen=True, slots=True)
class TableOptions:
    """Settings of `make_tables`.

    Attributes:
        forms: of csv and xlsx.
        template: of a form, TOML; None for registers.
        images: folder of the images; None for beside the files.
        overwrite: whether files that are there already may be replaced.
    """

    forms: tuple[str, ...] = ("csv",)
    template: Path | None = None
    images: Path | None = None
    overwrite: bool = False


def make_tables(
    sources: Sequence[Path], out: Path, options: TableOptions = TableOptions()
) -> list[Path]:
    """Write the tables of some documents, or with a template a row a page.

    Returns:
        The files written.

    Raises:
        UsageError: if a form is unknown.
        InputError: if a source cannot be read, or no page has a table.
        DependencyError: if a workbook is wanted and openpyxl is not installed.
    """
    unknown = set(options.forms) - {"csv", "xlsx"}
    if unknown or not options.forms:
        raise UsageError(
            f"no tables as {', '.join(sorted(unknown)) or 'nothing'}; there are: csv, xlsx"
        )
    if options.template and options.forms != ("csv",):
        raise UsageError("a form's rows are written as csv; leave out --to")
    written: list[Path] = []
    for corrected in read_corrected(sources, one_format=True):
        if options.template:
            from enrich.forms import form_csv, read_form

            data = form_csv(read_form(options.template), corrected.document).encode()
            written.append(place(out / f"{corrected.name}.form.csv", data, options.overwrite))
            continue
        tables = _tables(corrected, options)
        created = newest(corrected.files)
        for form in options.forms:
            for name, data in _table_files(corrected.name, tables, form, created):
                written.append(place(out / name, data, options.overwrite))
    if not written:
        names = ", ".join(map(shown, sources))
        raise InputError(f"{names}: no page has a table; name pages with columns")
    return written


def _tables(corrected: Corrected, options: TableOptions) -> list[Table]:
    from enrich.rulings import find_rulings  # slow: loads OpenCV
    from enrich.tables import find_table

    folders = image_folders(corrected.files, options.images)
    tables = []
    for page in corrected.document.pages:
        path = image_of(page, folders)
        if path is None:
            table = find_table(page)
        else:
            image = load_page(source_page(page, path, LoadParams()))
            placed = scaled(page, image.width, image.height)
            table = find_table(placed, *find_rulings(image.gray))
        if table:
            tables.append(table)
    return tables


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """Settings of `make_speech`.

    Attributes:
        language: ISO 639 code of the text; empty to guess.
        voice: a voice file of Piper's; None for espeak-ng.
        images: folder of the scans for the book; None for beside the files.
        overwrite: whether files that are there already may be replaced.
    """

    language: str = ""
    voice: Path | None = None
    images: Path | None = None
    overwrite: bool = False


SOUND_SUFFIXES = (".epub", ".m4b", ".wav")


def make_speech(
    sources: Sequence[Path], out: Path, options: SpeechOptions = SpeechOptions()
) -> list[Path]:
    """Say a document: an EPUB with scan, text and voice, an audiobook, or a WAV.

    Beside m4b and WAV goes a table of all words' times, JSON.

    Returns:
        The files written.

    Raises:
        UsageError: if the suffix is none of `SOUND_SUFFIXES`, or there is no such voice.
        InputError: if the sources are not one document with words.
        DependencyError: if a part is not installed.
    """
    suffix = out.suffix.lower()
    if suffix not in SOUND_SUFFIXES:
        raise UsageError(f"{shown(out)}: must end in one of {', '.join(SOUND_SUFFIXES)}")
    timings = out.with_suffix(".times.json")
    targets = [out] if suffix == ".epub" else [out, timings]
    for path in targets:
        refuse_present(path, options.overwrite)
    found = read_corrected(sources, one_format=True)
    if len(found) != 1:
        raise InputError(f"{len(found)} documents to say at once; name one")
    said, sounds, language = _said(found[0], options)
    if suffix == ".epub":
        data = _book(found[0], said, sounds, language, options)
        return [place(out, data, options.overwrite)]
    if suffix == ".wav":
        import numpy as np

        from enrich.speech import wav_bytes

        data = wav_bytes(np.concatenate([sound.samples for sound in sounds]), sounds[0].rate)
    else:
        from enrich.audio import m4b_bytes

        data = m4b_bytes(sounds, found[0].document.title)
    from enrich.speech import timings_json

    times = timings_json(found[0].document, said, sounds)
    return [place(out, data, options.overwrite), place(timings, times, options.overwrite)]


def _said(
    corrected: Corrected, options: SpeechOptions
) -> tuple[list[list[Unit]], list[Sound], str]:
    """What is said on each page, its sound, and the language."""
    from enrich.speech import say_document
    from enrich.spoken_language import spoken_language
    from enrich.voices import EspeakVoice, PiperVoice

    document = corrected.document
    if not any(line.words for page in document.pages for line in page.lines):
        raise InputError(f"{shown(corrected.files[0])}: has no words to say; read it first")
    language = options.language or spoken_language(document)
    voice: Voice = PiperVoice(options.voice) if options.voice else EspeakVoice(language)
    return *say_document(document, voice), language


def _book(
    corrected: Corrected,
    said: Sequence[Sequence[Unit]],
    sounds: Sequence[Sound],
    language: str,
    options: SpeechOptions,
) -> bytes:
    from enrich.epub import spoken_book

    folders = image_folders(corrected.files, options.images)
    pictures = [_picture(page, folders) for page in corrected.document.pages]
    created = newest(corrected.files)
    return spoken_book(corrected.document, said, sounds, pictures, language, created)


def _picture(page: Page, folders: Sequence[ImageFolder]) -> bytes:
    """The page's scan for a screen; empty where its image is not found."""
    from pipeline.page_images import with_image
    from pipeline.web_picture import web_picture

    path = image_of(page, folders)
    return web_picture(with_image(page, path, LoadParams())[1]) if path else b""


@dataclass(frozen=True, slots=True)
class TranslationOptions:
    """Settings of `make_translation`.

    Attributes:
        source: ISO 639 code of the text; empty to guess.
        formats: some of `enrich.bilingual.FORMATS`.
        model: folder of a CTranslate2 model; None for Apertium.
        overwrite: whether files that are there already may be replaced.
    """

    source: str = ""
    formats: tuple[str, ...] = ("html",)
    model: Path | None = None
    overwrite: bool = False


def make_translation(
    sources: Sequence[Path],
    target: str,
    out: Path,
    options: TranslationOptions = TranslationOptions(),
) -> list[Path]:
    """Translate documents; original and translation stand side by side.

    Returns:
        The files written.

    Raises:
        UsageError: if a format is unknown, or there is nothing to translate to.
        DependencyError: if the pair of languages is not installed.
    """
    from enrich.bilingual import FORMATS, bilingual
    from enrich.sentences import sentences
    from enrich.spoken_language import spoken_language, three_letters
    from enrich.translation import translated, translator

    unknown = [name for name in options.formats if name not in FORMATS]
    if unknown or not options.formats:
        wrong = ", ".join(unknown) or "none"
        raise UsageError(f"no translation as {wrong}; there are: {', '.join(FORMATS)}")
    written = []
    for corrected in read_corrected(sources, one_format=True):
        document = corrected.document
        own = three_letters(options.source or spoken_language(document))
        rows = translated(sentences(document), translator(own, target, options.model))
        for name in options.formats:
            data = bilingual(name, document, rows, own, three_letters(target))
            path = out / f"{corrected.name}.{three_letters(target)}.{name}"
            written.append(place(path, data, options.overwrite))
    return written


def image_of(page: Page, folders: Sequence[ImageFolder]) -> Path | None:
    """The page's image, if one of the folders has it."""
    return next((path for folder in folders if (path := folder.find(page))), None)


def _table_files(
    name: str, tables: Sequence[Table], form: str, created: datetime
) -> list[tuple[str, bytes]]:
    if not tables:
        return []
    if form == "xlsx":
        from enrich.workbook import workbook

        return [(f"{name}.tables.xlsx", workbook(tables, created))]
    from enrich.tables import table_csv

    digits = len(str(max(table.page for table in tables) + 1))
    return [
        (f"{name}.tables/page{table.page + 1:0{digits}}.csv", table_csv(table).encode())
        for table in tables
    ]


def place(path: Path, data: bytes, overwrite: bool) -> Path:
    """Write a file.

    Raises:
        FileAccessError: if it is there already and may not be replaced, or cannot be written.
    """
    refuse_present(path, overwrite)
    write_bytes(path, data)
    return path


def refuse_present(path: Path, overwrite: bool) -> None:
    """Stop before a file that is there already.

    Raises:
        FileAccessError: if it may not be replaced.
    """
    if path.exists() and not overwrite:
        raise FileAccessError(
            f"{shown(path)}: is there already; choose another --out, or give --overwrite"
        )
