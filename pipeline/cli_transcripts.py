"""Commands for text that is there already: transcriptions, and pages that have been corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import (
    FORMATS_HELP,
    Config,
    Lines,
    Model,
    Net,
    PdfA,
    Scans,
    Tagged,
    Verbose,
    _pdf_params,
    _settings,
    _speaking_plainly,
    app,
)

Pages = Annotated[
    list[Path], typer.Argument(help="Images, PDFs, and folders of them.", show_default=False)
]
Text = Annotated[
    Path,
    typer.Option(
        help="The transcription: .txt, .docx or .xml (TEI, PAGE, ALTO) of all pages; or a folder "
        "with one for each document or page, under its name.",
        show_default=False,
    ),
]


@app.command()
def align(
    sources: Pages,
    text: Text,
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
    verbose: Verbose = False,
) -> None:
    """Lay a text that is known on its scans: searchable documents of a transcription.

    The text may keep line breaks and mark pages (by form feeds) or not. Words without ink and
    ink without words are listed in NAME.align.json.

    Example: inkfolio align letters/ --text letters.txt --out aligned --to pdf,page
    """
    with _speaking_plainly(verbose):
        from pipeline.align_files import AlignParams, align_files, summary  # slow: loads torch
        from pipeline.build import BuildParams

        formats = tuple(name.strip() for name in to.split(",") if name.strip())
        settings = _settings(config, model=model, lines=lines, net=net)
        written = BuildParams(
            formats, lang, overwrite, _pdf_params(pdfa, tagged, image or "original")
        )
        made, aligned = align_files(sources, text, out, AlignParams(settings, written))
    for path in made.files:
        typer.echo(str(path))
    for one in aligned:
        typer.echo(f"{one.finished.name}: {summary(one.alignment)}", err=True)
    for shortfall in made.shortfalls:
        typer.echo(f"inkfolio: {shortfall.message}", err=True)
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
    with _speaking_plainly(verbose):
        from pipeline.align_files import AlignParams, check_files, summary  # slow: loads torch
        from pipeline.build import BuildParams

        settings = _settings(config, model=model, lines=lines, net=net)
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
    ] = 0.5,
    val_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the pages kept for choosing.")
    ] = 0.1,
    corpus: Annotated[
        str, typer.Option(help="Name of the corpus.", show_default="the folder's")
    ] = "",
    lang: Annotated[str, typer.Option(help="ISO 639-3 code of the text, such as fra.")] = "",
    kind: Annotated[str, typer.Option(help="hand, print or typed.")] = "hand",
    verbose: Verbose = False,
) -> None:
    """Cut the lines of corrected or aligned pages out of their images, to train and evaluate on.

    Example: inkfolio cut-lines aligned/ --images scans/ --out letters.parquet
    """
    with _speaking_plainly(verbose):
        from pipeline.line_corpus import CutParams
        from pipeline.line_corpus import cut_lines as run  # slow: loads OpenCV

        params = CutParams(least_support, val_share, corpus, lang, kind)
        kept, left_out = run(pages, images, out, params)
    typer.echo(f"{kept} lines, {left_out} left out for want of support", err=True)
    typer.echo(str(out))
