"""The `inkfolio` command: arguments in, exit codes out; everything else is done elsewhere."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.errors import InkfolioError

if TYPE_CHECKING:
    from pipeline.settings import Settings

app = typer.Typer(
    name="inkfolio",
    help="Turn folders of scanned pages, handwritten or printed, into searchable PDFs and text.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
evaluate = typer.Typer(
    help="Measure readings against ground truth.\n\n"
    "Example: inkfolio evaluate lines corpus.parquet --split val --json",
    no_args_is_help=True,
)
app.add_typer(evaluate, name="evaluate")

Sources = Annotated[
    list[Path], typer.Argument(help="Images, PDFs, and folders of them.", show_default=False)
]
Model = Annotated[str, typer.Option(help="A shipped model's name, or a .safetensors file.")]
Lines = Annotated[
    str, typer.Option(help="How lines are found: profile, net or auto.", show_default="auto")
]
Net = Annotated[str, typer.Option(help="The trained line finder's .safetensors file.")]
Config = Annotated[
    Path | None, typer.Option(help="Settings in TOML; flags go before it.", show_default=False)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what is being done.")]


@app.command()
def convert(
    sources: Sources,
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("out"),
    to: Annotated[str, typer.Option(help="Formats, with commas: pdf, txt, page.")] = "",
    jobs: Annotated[
        int, typer.Option(min=0, help="Pages worked on at once; 0: one a core.", show_default="0")
    ] = 0,
    model: Annotated[
        str, typer.Option(help="A shipped model's name, or a .safetensors file.")
    ] = "",
    lang: Annotated[str, typer.Option(help="Language noted in the PDF, such as fr.")] = "",
    lines: Lines = "",
    net: Net = "",
    config: Config = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that no earlier run made.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Read scanned pages and write searchable documents.

    A folder with images is one document; each subfolder, PDF and multi-page TIFF is its own.

    Example: inkfolio convert letters/ --out searchable --to pdf,txt,page
    """
    with _speaking_plainly(verbose):
        from pipeline.runner import convert as run  # slow: loads torch

        settings = _settings(config, to, model, lang, lines, net)
        with _progress() as progress:
            report = run(
                sources,
                out,
                settings,
                jobs=jobs or _cores(),
                overwrite=overwrite,
                progress=progress,
            )
    typer.echo(report.summary(), err=True)
    raise typer.Exit(report.exit_code)


@app.command()
def inspect(
    page: Annotated[Path, typer.Argument(help="An image or a PDF.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The picture to write, a PNG.")] = Path("inspect.png"),
    number: Annotated[int, typer.Option(min=1, help="Which page of the file.")] = 1,
    model: Model = "latin",
    lines: Lines = "",
    net: Net = "",
    config: Config = None,
    verbose: Verbose = False,
) -> None:
    """Draw what is found on a page: lines, words, reading order and text.

    Example: inkfolio inspect letter.jpg --out letter-seen.png
    """
    with _speaking_plainly(verbose):
        from pipeline.inspection import inspect_page  # slow: loads torch

        settings = _settings(config, "", model, "", lines, net)
        inspect_page(page, number - 1, out, settings)
    typer.echo(str(out))


@app.command()
def train(
    corpora: Annotated[list[Path], typer.Argument(help="Parquet files of lines.")],
    recipe: Annotated[Path, typer.Option(help="The recipe, TOML.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Run folder; gone on from if it exists.")],
    threads: Annotated[int, typer.Option(min=0, help="0: one a core.", show_default="0")] = 0,
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda.")] = "cpu",
    workers: Annotated[int, typer.Option(min=0, help="Processes that load lines ahead.")] = 0,
    minutes: Annotated[float, typer.Option(help="Stop after so long.")] = float("inf"),
    verbose: Verbose = False,
) -> None:
    """Train a model on transcribed lines; started again, it goes on where it stopped.

    Example: inkfolio train lines/*.parquet --recipe recognize/recipes/latin.toml --out runs/latin
    """
    with _speaking_plainly(verbose, logging.INFO):
        from pipeline.tables import read_table
        from recognize.reader import use_threads
        from recognize.train import Recipe, train_model

        use_threads(threads or _cores())
        plan = read_table(recipe, Recipe)
        path = train_model(plan, corpora, out, device=device, workers=workers, minutes=minutes)
    typer.echo(str(path) if path else f"stopped on the way; start it again to go on: {out}")


@app.command("train-lines")
def train_lines(
    pages: Annotated[list[Path], typer.Argument(help="Folders of page JSON beside images.")],
    val: Annotated[list[Path], typer.Option(help="Such a folder to watch the training by.")],
    recipe: Annotated[Path, typer.Option(help="The recipe, TOML.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Run folder; gone on from if it exists.")],
    threads: Annotated[int, typer.Option(min=0, help="0: one a core.", show_default="0")] = 0,
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda.")] = "cpu",
    workers: Annotated[int, typer.Option(min=0, help="Processes that load pages ahead.")] = 0,
    minutes: Annotated[float, typer.Option(help="Stop after so long.")] = float("inf"),
    verbose: Verbose = False,
) -> None:
    """Train a finder of lines on pages; started again, it goes on where it stopped.

    Example: inkfolio train-lines train/ --val val/ --recipe lines.toml --out runs/lines
    """
    with _speaking_plainly(verbose, logging.INFO):
        from pipeline.tables import read_table
        from recognize.reader import use_threads
        from segment.net.train import Recipe, train_net

        use_threads(threads or _cores())
        plan = read_table(recipe, Recipe)
        path = train_net(plan, pages, val, out, device=device, workers=workers, minutes=minutes)
    typer.echo(str(path) if path else f"stopped on the way; start it again to go on: {out}")


@evaluate.command("lines")
def evaluate_lines(
    corpora: Annotated[list[Path], typer.Argument(help="Parquet files of lines.")],
    split: Annotated[str, typer.Option(help="Which split of the corpora.")] = "val",
    model: Model = "latin",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="0: one a core.", show_default="0")] = 0,
    verbose: Verbose = False,
) -> None:
    """Character and word error rates on line images: total, by kind, language and corpus.

    Example: inkfolio evaluate lines corpus.parquet --split val --json
    """
    with _speaking_plainly(verbose):
        from recognize.evaluate import evaluate_model, table_of
        from recognize.reader import use_threads

        use_threads(threads or _cores())
        scores = evaluate_model(corpora, split, model)
        typer.echo(
            json.dumps(scores, ensure_ascii=False, indent=2) if as_json else table_of(scores)
        )


@evaluate.command("pages")
def evaluate_pages(
    folder: Annotated[Path, typer.Argument(help="Page JSON beside page images.")],
    model: Model = "latin",
    read: Annotated[bool, typer.Option(help="Read the lines too, not only find them.")] = True,
    lines: Lines = "",
    net: Net = "",
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="0: one a core.", show_default="0")] = 0,
    verbose: Verbose = False,
) -> None:
    """Lines found and text read on whole pages: F1 at IoU 0.5, baseline F1, CER, WER.

    Example: inkfolio evaluate pages pages/val --json
    """
    with _speaking_plainly(verbose):
        from pipeline.evaluate_pages import evaluate_folder, table_of
        from recognize.reader import Reader, use_threads

        use_threads(threads or _cores())
        settings = _settings(config, "", model, "", lines, net)
        scores = evaluate_folder(folder, settings, Reader.load(settings.model) if read else None)
        typer.echo(
            json.dumps(scores, ensure_ascii=False, indent=2) if as_json else table_of(scores)
        )


def _settings(
    config: Path | None, to: str, model: str, lang: str, lines: str, net: str
) -> Settings:
    """The defaults, under the TOML file's values, under the flags."""
    from dataclasses import replace

    from pipeline.settings import Settings
    from pipeline.tables import read_table
    from segment.page import check_finder  # slow: loads OpenCV

    settings = read_table(config, Settings) if config else Settings()
    formats = tuple(name.strip() for name in to.split(",") if name.strip())
    segment = settings.segment
    segment = replace(segment, finder=lines or segment.finder, net=net or segment.net)
    check_finder(segment)
    return replace(
        settings,
        segment=segment,
        formats=formats or settings.formats,
        model=model or settings.model,
        language=lang or settings.language,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _speaking_plainly(verbose: bool, level: int = logging.WARNING) -> Iterator[None]:
    """Set up logging; turn errors that a user can act on into a sentence and an exit code."""
    form = "%(levelname)s %(name)s: %(message)s" if verbose else "%(message)s"
    logging.basicConfig(level=logging.DEBUG if verbose else level, format=form, stream=sys.stderr)
    try:
        yield
    except InkfolioError as error:
        typer.echo(f"inkfolio: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo("inkfolio: interrupted", err=True)
        raise typer.Exit(130) from error


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal's stderr; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("pages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("pages", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
