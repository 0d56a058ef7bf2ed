"""Commands for text that is there already: transcriptions, and pages that have been corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import Verbose, _speaking_plainly, app


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
