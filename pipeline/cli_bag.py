"""`inkfolio bag`: the command that packs a run for an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import Verbose, app, speaking_plainly


@app.command()
def bag(
    run: Annotated[Path, typer.Argument(help="The folder of a run.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The bag to make, a new folder.", show_default=False)],
    originals: Annotated[
        bool, typer.Option("--originals", help="Put the scans into the bag too.")
    ] = False,
    organization: Annotated[str, typer.Option(help="Who the bag is from.")] = "",
    verbose: Verbose = False,
) -> None:
    """Pack a run's files into a BagIt bag, with checksums, as archives take them in.

    Example: inkfolio bag searchable/ --out searchable-bag --originals
    """
    with speaking_plainly(verbose):
        from pipeline.bag import bag_run

        made = bag_run(run, out, originals=originals, organization=organization)
    typer.echo(f"{made.files} files, {made.bytes} bytes", err=True)
    typer.echo(str(out))
