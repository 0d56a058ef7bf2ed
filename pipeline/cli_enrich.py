"""Commands that make something of a text: names, tables, speech, translations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import Verbose, app, names_in, speaking_plainly

Texts = Annotated[
    list[Path],
    typer.Argument(help="PAGE, ALTO, hOCR or our JSON, and folders of them.", show_default=False),
]
Language = Annotated[str, typer.Option(help="Language of the text, such as fra; else guessed.")]
Images = Annotated[
    Path | None,
    typer.Option(help="Folder of the images; else beside the files.", show_default=False),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there already.")]


@app.command()
def enrich(
    sources: Texts,
    what: Annotated[
        str,
        typer.Option(
            help="With commas: entities, phrases, summary, sentiment, tables, speech, book, "
            "translation:LANGUAGE."
        ),
    ] = "entities",
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("enriched"),
    to: Annotated[str, typer.Option(help="Formats with the names marked in them: alto, tei.")] = "",
    lang: Language = "",
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """Find persons, places, organisations and dates, key phrases and tone, with their places.

    Example: inkfolio enrich searchable/ --what entities,phrases --to alto,tei
    """
    with speaking_plainly(verbose):
        from pipeline.build import BuildParams, build

        wanted = names_in(what)
        params = BuildParams(names_in(to), lang, overwrite, enrich=wanted, one_format=True)
        made = build(sources, None, out, params)
    for path in made.files:
        typer.echo(str(path))


@app.command()
def tables(
    sources: Texts,
    to: Annotated[str, typer.Option(help="With commas: csv, xlsx.")] = "csv",
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("tables"),
    images: Images = None,
    template: Annotated[
        Path | None,
        typer.Option(help="Boxes of a form, TOML: a row a page.", show_default=False),
    ] = None,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """Put registers into rows and columns, or a stack of forms into a row a page.

    Example: inkfolio tables searchable/ --images scans/ --to xlsx
    """
    with speaking_plainly(verbose):
        from pipeline.enriching import TableOptions, make_tables

        made = make_tables(sources, out, TableOptions(names_in(to), template, images, overwrite))
    for path in made:
        typer.echo(str(path))


@app.command()
def speak(
    sources: Texts,
    out: Annotated[
        Path, typer.Option(help="A book .epub, an audiobook .m4b, or a .wav.", show_default=False)
    ],
    lang: Language = "",
    voice: Annotated[
        Path | None, typer.Option(help="A voice file of Piper's, .onnx.", show_default=False)
    ] = None,
    images: Images = None,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """Read a document aloud; in a book the scan, the text and the voice run together.

    Example: inkfolio speak searchable/letters.inkfolio.json --images letters/ --out letters.epub
    """
    with speaking_plainly(verbose):
        from pipeline.enriching import SpeechOptions, make_speech

        made = make_speech(sources, out, SpeechOptions(lang, voice, images, overwrite))
    for path in made:
        typer.echo(str(path))


@app.command()
def translate(
    sources: Texts,
    to: Annotated[str, typer.Option(help="Language to translate to, such as spa.")],
    lang: Language = "",
    formats: Annotated[
        str, typer.Option(help="With commas: html and pdf show both; txt, json.")
    ] = "html",
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("translated"),
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a CTranslate2 model; else Apertium.", show_default=False),
    ] = None,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """Translate documents offline, the original beside the translation.

    Example: inkfolio translate searchable/ --lang fra --to spa --formats html,pdf
    """
    with speaking_plainly(verbose):
        from pipeline.enriching import TranslationOptions, make_translation

        options = TranslationOptions(lang, names_in(formats), model, overwrite)
        made = make_translation(sources, to, out, options)
    for path in made:
        typer.echo(str(path))
