"""Commands for text that is there already: transcriptions, and pages that have been corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import (
    FORMATS_HELP,
    Config,
    Lines,
    MaxRequests,
    Model,
    Net,
    Pages,
    PdfA,
    ReaderSends,
    RemoteModel,
    RemoteUrl,
    RequestsAtOnce,
    RequestTimeout,
    Scans,
    Tagged,
    Verbose,
    app,
    names_in,
    pdf_params_from,
    remote_from,
    settings_from,
    speaking_plainly,
)
from pipeline.errors import UsageError

_TEXT = typer.Option(
    help="The transcription: .txt, .docx or .xml (TEI, PAGE, ALTO) of all pages; or a folder "
    "with one for each document or page, under its name.",
    show_default=False,
)
Text = Annotated[Path, _TEXT]
OptionalText = Annotated[Path | None, _TEXT]


@app.command()
def align(
    sources: Pages,
    text: OptionalText = None,
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("aligned"),
    to: Annotated[str, typer.Option(help=FORMATS_HELP)] = "pdf,page",
    model: Model = "latin",
    lang: Annotated[str, typer.Option(help="Language noted in the files, such as fr.")] = "",
    pdfa: PdfA = "2b",
    tagged: Tagged = False,
    image: Scans = "",
    lines: Lines = "",
    net: Net = "",
    config: Config = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
    reader: RemoteUrl = "",
    reader_model: RemoteModel = "default",
    reader_sends: ReaderSends = "page",
    max_requests: MaxRequests = 100,
    request_timeout: RequestTimeout = 120.0,
    requests_at_once: RequestsAtOnce = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --reader: say what would be sent.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Lay a text that is known on its scans: searchable documents of a transcription.

    The text may keep line breaks and mark pages (by form feeds) or not. Words without ink and
    ink without words are listed in NAME.align.json. With --reader the text of each page comes
    from a model that you run or pay for: pages are sent there, and nowhere without it.

    Example: inkfolio align letters/ --text letters.txt --out aligned --to pdf,page
    """
    with speaking_plainly(verbose):
        from pipeline.align_files import (  # slow: loads torch
            AlignParams,
            align_files,
            plan_align,
            summary,
        )
        from pipeline.build import BuildParams

        if (text is None) == (not reader):
            raise UsageError("name a transcription by --text, or whom to ask by --reader; one")

        formats = names_in(to)
        settings = settings_from(config, model=model, lines=lines, net=net)
        written = BuildParams(
            formats, lang, overwrite, pdf_params_from(pdfa, tagged, image or "original")
        )
        remote = remote_from(
            reader, reader_model, reader_sends, max_requests, request_timeout, requests_at_once
        )
        params = AlignParams(settings, written, remote)
        if dry_run:
            typer.echo(plan_align(sources, out, params))
            raise typer.Exit(0)
        made, aligned = align_files(sources, text, out, params)
    for path in made.files:
        typer.echo(str(path))
    for one in aligned:
        typer.echo(f"{one.finished.name}: {summary(one.alignment)}", err=True)
    for shortfall in made.shortfalls:
        typer.echo(f"inkfolio: {shortfall.message}", err=True)
    if any(one.unanswered for one in aligned):
        raise typer.Exit(16)
    raise typer.Exit(made.shortfalls[0].exit_code if made.shortfalls else 0)


@app.command()
def check(
    sources: Pages,
    text: Text,
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("checked"),
    model: Model = "latin",
    lang: Annotated[str, typer.Option(help="Language of the text, such as fr.")] = "",
    lines: Lines = "",
    net: Net = "",
    config: Config = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Find what in a transcription the ink does not bear out: misread, missed, invented.

    Writes a list, the gravest first (NAME.check.html and .csv), and a view of the pages.

    Example: inkfolio check letters/ --text letters.txt --out checked
    """
    with speaking_plainly(verbose):
        from pipeline.align_files import AlignParams, check_files, summary  # slow: loads torch
        from pipeline.build import BuildParams

        settings = settings_from(config, model=model, lines=lines, net=net)
        params = AlignParams(settings, BuildParams((), lang, overwrite))
        made, aligned = check_files(sources, text, out, params)
    for path in made.files:
        if ".check." in path.name:
            typer.echo(str(path))
    for one in aligned:
        typer.echo(f"{one.finished.name}: {summary(one.alignment)}", err=True)


@app.command("cut-lines")
def cut_lines(
    pages: Annotated[
        list[Path],
        typer.Argument(help="PAGE, ALTO, hOCR or JSON, and folders of them.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="The Parquet file to write.", show_default=False)],
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of the images; else beside the files.", show_default=False),
    ] = None,
    least_support: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out lines with a lower confidence.")
    ] = 0.3,
    val_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the pages kept for choosing.")
    ] = 0.1,
    corpus: Annotated[
        str, typer.Option(help="Name of the corpus.", show_default="the folder's")
    ] = "",
    lang: Annotated[str, typer.Option(help="ISO 639-3 code of the text, such as fra.")] = "",
    kind: Annotated[str, typer.Option(help="hand, print or typed.")] = "hand",
    as_found: Annotated[
        bool,
        typer.Option("--as-found", help="Outline lines as convert finds them, not as told."),
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Cut the lines of corrected or aligned pages out of their images, to train and evaluate on.

    Example: inkfolio cut-lines aligned/ --images scans/ --out letters.parquet
    """
    with speaking_plainly(verbose):
        from pipeline.line_corpus import CutParams
        from pipeline.line_corpus import cut_lines as run  # slow: loads OpenCV

        params = CutParams(least_support, val_share, corpus, lang, kind, as_found)
        kept, left_out = run(pages, images, out, params)
    typer.echo(f"{kept} lines, {left_out} left out for want of support", err=True)
    typer.echo(str(out))
