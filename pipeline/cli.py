"""The `inkfolio` command: arguments in, exit codes out; everything else is done elsewhere."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipeline.errors import FileAccessError, InkfolioError, InputError, UsageError

if TYPE_CHECKING:
    from export.pdf import PdfParams
    from pipeline.executor import Limits
    from pipeline.remote_reader import RemoteParams, RemoteReader
    from pipeline.settings import Settings

app = typer.Typer(
    name="inkfolio",
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


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"inkfolio {version('inkfolio')}")
        raise typer.Exit


@app.callback()
def inkfolio(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Say which version this is."
        ),
    ] = False,
) -> None:
    """Turn folders of scanned pages, handwritten or printed, into searchable PDFs and text."""


FORMATS_HELP = (
    "Formats, with commas: pdf, txt, page, html, iiif, mets, page2013, alto, hocr, tei, "
    "reading, md, docx, json, csv, tsv."
)
Sources = Annotated[
    list[str] | None,
    typer.Argument(help="Images, PDFs, and folders of them; URLs too.", show_default=False),
]
Pages = Annotated[
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
PdfA = Annotated[str, typer.Option(help="PDF/A to make: 1b, 2b, 3b or none.")]
Scans = Annotated[
    str,
    typer.Option(
        metavar="original|jpeg:75|bitonal",
        help="Scans in the PDF: untouched; as JPEG of some quality; black and white.",
        show_default="original",
    ),
]
BaseUrl = Annotated[
    str,
    typer.Option(
        help="Address at which a web server will have --out; for IIIF.",
        show_default="http://localhost:8000",
    ),
]
Tagged = Annotated[bool, typer.Option("--tagged", help="Tag paragraphs, for screen readers.")]
LanguageModel = Annotated[
    str,
    typer.Option(
        help="Language model that helps: eng, fra, deu, spa, auto for the page's own, or none.",
        show_default="none",
    ),
]
Looks = Annotated[
    int,
    typer.Option(
        min=0, max=4, help="Looks at a line in doubt, 1 to 4; 1 is fastest.", show_default="4"
    ),
]
RemoteUrl = Annotated[
    str,
    typer.Option(
        "--reader",
        metavar="openai:URL",
        help="Ask a vision-language model for the text, by OpenAI's protocol; its key is "
        "taken from INKFOLIO_API_KEY or OPENAI_API_KEY.",
        show_default=False,
    ),
]
RemoteModel = Annotated[
    str, typer.Option("--reader-model", help="The model's name there.", show_default="default")
]
ReaderSends = Annotated[
    str,
    typer.Option(help="What --reader is sent: the page, or each of its lines (lines)."),
]
MaxRequests = Annotated[
    int, typer.Option(min=1, help="Requests sent to --reader at most, retries included.")
]
RequestTimeout = Annotated[float, typer.Option(min=1, help="Seconds that an answer may take.")]
RequestsAtOnce = Annotated[
    int, typer.Option(min=1, help="Requests that wait for their answers at a time.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log what is being done.")]


@app.command()
def convert(
    sources: Sources = None,
    out: Annotated[str, typer.Option(help="Folder for what is made, or its URL.")] = "out",
    to: Annotated[str, typer.Option(help=FORMATS_HELP)] = "",
    jobs: Annotated[
        int, typer.Option(min=0, help="Pages worked on at once; 0: one a core.", show_default="0")
    ] = 0,
    model: Annotated[
        str, typer.Option(help="A shipped model's name, or a .safetensors file.")
    ] = "",
    lm: LanguageModel = "",
    looks: Looks = 0,
    adapt: Annotated[
        bool,
        typer.Option(
            "--adapt", help="Learn the hands first, from a first reading; see inkfolio adapt."
        ),
    ] = False,
    lang: Annotated[str, typer.Option(help="Language noted in the PDF, such as fr.")] = "",
    enrich: Annotated[
        str,
        typer.Option(
            help="Also make, with commas: entities, phrases, summary, sentiment, tables, speech, "
            "book, translation:LANGUAGE."
        ),
    ] = "",
    pdfa: Annotated[
        str, typer.Option(help="PDF/A to make: 1b, 2b, 3b or none.", show_default="2b")
    ] = "",
    tagged: Tagged = False,
    image: Scans = "",
    base_url: BaseUrl = "",
    existing_text: Annotated[
        str,
        typer.Option(
            metavar="skip|redo|keep",
            help="PDF pages with text: left unread; invisible text replaced; ours added.",
            show_default="redo",
        ),
    ] = "",
    lines: Lines = "",
    net: Net = "",
    order_from: Annotated[
        str, typer.Option(metavar="DIR", help="PAGE files that state the reading order.")
    ] = "",
    reader: RemoteUrl = "",
    reader_model: RemoteModel = "default",
    reader_sends: ReaderSends = "page",
    max_requests: MaxRequests = 100,
    request_timeout: RequestTimeout = 120.0,
    requests_at_once: RequestsAtOnce = 1,
    config: Config = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that no earlier run made.")
    ] = False,
    page_timeout: Annotated[
        float, typer.Option(min=0, help="Seconds that a page may take; 0: no limit.")
    ] = 600.0,
    max_memory_per_page: Annotated[
        str,
        typer.Option(metavar="SIZE", help="Memory that a page's process may take; 0: no limit."),
    ] = "4G",
    cluster: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="A Dask scheduler, tcp://host:8786, or local.",
            show_default=False,
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and how long it may take.")
    ] = False,
    watch: Annotated[
        Path | None,
        typer.Option(help="A folder to convert files from as they come.", show_default=False),
    ] = None,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Log lines of JSON to stderr, one a page.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Read scanned pages and write searchable documents.

    A folder with images is one document; each subfolder, PDF and multi-page TIFF is its own.
    Stopped at any moment and started again, a run goes on with what is not done.
    With --reader the pages are sent to a model that you run or pay for; what it answers is laid
    on the ink, and our own reading stands where the ink does not bear it out.

    Example: inkfolio convert letters/ --out searchable --to pdf,txt,page
    """
    level = logging.INFO if log_json else logging.WARNING
    with speaking_plainly(verbose, level, as_json=log_json):
        from dataclasses import replace

        from pipeline.executor import Limits
        from pipeline.remote_reader import RemoteReader
        from pipeline.runner import convert as run  # slow: loads OpenCV

        if bool(sources) == bool(watch):
            raise UsageError("name files and folders, or a folder to --watch; one of the two")
        settings = settings_from(
            config, to=to, model=model, lm=lm, looks=looks, lang=lang, lines=lines, net=net
        )
        settings = _with_enrich(settings, enrich)
        settings = _with_existing_text(settings, existing_text)
        settings = replace(settings, order_from=order_from or settings.order_from)
        settings = _with_pdf(settings, pdfa, tagged, image)
        settings = _with_base_url(settings, base_url)
        limits = Limits(page_timeout, _bytes(max_memory_per_page))
        workers = jobs or _cores()
        asked = remote_from(
            reader, reader_model, reader_sends, max_requests, request_timeout, requests_at_once
        )
        if dry_run:
            _say_what_would_be_done(sources or [], out, settings, workers, limits, asked)
        remote = RemoteReader(asked) if asked else None
        if adapt:
            settings = _adapted(sources or [], out, settings, cluster, shown=not log_json)
        if watch:
            _watch(watch, out, settings, workers, limits, overwrite, remote)
        with _progress(shown=not log_json) as progress:
            report = run(
                sources or [],
                out,
                settings,
                jobs=workers,
                limits=limits,
                cluster=cluster,
                overwrite=overwrite,
                remote=remote,
                progress=progress,
            )
    if log_json:
        logging.getLogger("inkfolio").info("%s", report.summary(), extra=report.counts())
    else:
        typer.echo(report.summary(), err=True)
    raise typer.Exit(report.exit_code)


def _say_what_would_be_done(
    sources: list[str],
    out: str,
    settings: Settings,
    jobs: int,
    limits: Limits,
    remote: RemoteParams | None,
) -> NoReturn:
    from pipeline.estimate import estimate

    found = estimate(sources, out, settings, jobs=jobs, limits=limits, remote=remote)
    for line in found.lines():
        typer.echo(line)
    raise typer.Exit(0)


def _adapted(
    sources: list[str], out: str, settings: Settings, cluster: str, *, shown: bool
) -> Settings:
    """The settings with a model that has learnt the hands of the sources, if it could."""
    from dataclasses import replace

    from pipeline.adapting import adapt as run
    from pipeline.ledger import FOLDER
    from pipeline.names import safe_name
    from pipeline.remote import place, run_folder
    from recognize.adapt import AdaptParams

    places, folder = [place(source) for source in sources], run_folder(place(out))
    paths = [path for path in places if isinstance(path, Path)]
    if cluster or not paths or len(paths) < len(places):
        raise UsageError(
            "--adapt learns on this machine, from files and folders: "
            "let inkfolio adapt do it before, and name its file by --model"
        )
    typer.echo("learning the hands: a first reading of some pages, some minutes", err=True)
    params = AdaptParams(settings.lm if settings.lm != "none" else "auto")
    own = folder / FOLDER / f"adapted-{safe_name(Path(settings.model).stem)}"
    try:
        with _learning(shown=shown) as told:
            model = run(paths, own, settings, params=params, leave=[folder], told=told)
    except InputError as error:  # where it is more than that, the run itself will say so
        typer.echo(f"nothing was learnt: {error}", err=True)
        return settings
    return replace(settings, model=str(model))


def _watch(
    folder: Path,
    out: str,
    settings: Settings,
    jobs: int,
    limits: Limits,
    overwrite: bool,
    remote: RemoteReader | None,
) -> NoReturn:
    """Convert what comes, until somebody interrupts; a page that failed waits for a new file."""
    from pipeline.remote import place, run_folder
    from pipeline.runner import convert as run
    from pipeline.watch import watch

    log = logging.getLogger("inkfolio")

    def take(unsettled: Collection[Path]) -> None:
        try:
            report = run(
                [folder],
                out,
                settings,
                jobs=jobs,
                limits=limits,
                overwrite=overwrite,
                retry=False,
                leave=unsettled,
                remote=remote,
            )
        except (InputError, FileAccessError) as error:  # may be over when the next file comes
            log.error("%s", error)
        else:
            log.warning("%s", report.summary(), extra=report.counts())

    watch(folder, take, out=run_folder(place(out)))
    raise typer.Exit(0)


@app.command()
def status(
    out: Annotated[str, typer.Argument(help="The folder of a run, or its URL.")] = "out",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
    verbose: Verbose = False,
) -> None:
    """Say how far a run is, while it works or after it stopped.

    Example: inkfolio status searchable
    """
    with speaking_plainly(verbose):
        from dataclasses import asdict

        from pipeline.remote import place, run_folder
        from pipeline.status import read_status

        found = read_status(run_folder(place(out)))
        text = json.dumps(asdict(found), indent=2) if as_json else "\n".join(found.lines())
        typer.echo(text)


@app.command()
def build(
    sources: Annotated[
        list[Path],
        typer.Argument(help="PAGE, ALTO, hOCR or JSON, and folders of them.", show_default=False),
    ],
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of the images; else beside the files.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("built"),
    to: Annotated[str, typer.Option(help=FORMATS_HELP)] = "pdf,txt",
    lang: Annotated[str, typer.Option(help="Language noted in the files, such as fr.")] = "",
    pdfa: PdfA = "2b",
    tagged: Tagged = False,
    image: Scans = "",
    base_url: BaseUrl = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Make every format from corrected text, ours or another program's, without reading again.

    Example: inkfolio build corrected/ --images scans/ --to pdf,txt
    """
    with speaking_plainly(verbose):
        from dataclasses import replace

        from pipeline.build import BuildParams
        from pipeline.build import build as run  # slow: loads OpenCV

        formats = names_in(to)
        pdf = pdf_params_from(pdfa, tagged, image or "original")
        params = BuildParams(formats, lang, overwrite, pdf)
        params = replace(params, base_url=base_url or params.base_url)
        made = run(sources, images, out, params)
    for path in made.files:
        typer.echo(str(path))
    for shortfall in made.shortfalls:
        typer.echo(f"inkfolio: {shortfall.message}", err=True)
    raise typer.Exit(made.shortfalls[0].exit_code if made.shortfalls else 0)


@app.command()
def index(
    folder: Annotated[Path, typer.Argument(help="A run's folder.", show_default=False)],
    verbose: Verbose = False,
) -> None:
    """Make all documents in a folder searchable together; they need JSON, PAGE, ALTO or hOCR.

    Example: inkfolio index searchable/
    """
    with speaking_plainly(verbose):
        from pipeline.search_index import index_folder

        made = index_folder(folder)
    typer.echo(f"{made.documents} documents, {made.pages} pages, {made.words} words", err=True)


@app.command()
def search(
    folder: Annotated[Path, typer.Argument(help="A folder that is indexed.", show_default=False)],
    query: Annotated[
        str, typer.Argument(help='Words; "in a row"; the start of one with *.', show_default=False)
    ],
    fuzzy: Annotated[bool, typer.Option("--fuzzy", help="Also words misread a little.")] = False,
    most: Annotated[int, typer.Option(min=1, help="How many places at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, with boxes in pixels.")] = False,
    verbose: Verbose = False,
) -> None:
    """Find words in all documents of an indexed folder, whatever their accents and capitals.

    Example: inkfolio search searchable/ "chère mère" --fuzzy
    """
    with speaking_plainly(verbose):
        from dataclasses import asdict

        from pipeline.search_index import search_index

        hits = search_index(folder, query, fuzzy=fuzzy, most=most)
    if as_json:
        typer.echo(json.dumps([asdict(hit) for hit in hits], ensure_ascii=False, indent=2))
        return
    for hit in hits:
        said = f"{hit.before} [{hit.found}] {hit.after}".strip()
        said += "" if hit.match == "read" else f" ({hit.match})"
        typer.echo(f"{hit.document}, page {hit.page}, line {hit.line}: {said}")


@app.command()
def inspect(
    page: Annotated[Path, typer.Argument(help="An image or a PDF.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The picture to write, a PNG.")] = Path("inspect.png"),
    number: Annotated[int, typer.Option(min=1, help="Which page of the file.")] = 1,
    model: Model = "latin",
    lm: LanguageModel = "",
    lines: Lines = "",
    net: Net = "",
    config: Config = None,
    verbose: Verbose = False,
) -> None:
    """Draw what is found on a page: lines, words, reading order and text.

    Example: inkfolio inspect letter.jpg --out letter-seen.png
    """
    with speaking_plainly(verbose):
        from pipeline.inspection import inspect_page  # slow: loads torch

        settings = settings_from(config, model=model, lm=lm, lines=lines, net=net)
        inspect_page(page, number - 1, out, settings)
    typer.echo(str(out))


@app.command()
def train(
    corpora: Annotated[
        list[Path],
        typer.Argument(help="Parquet files of lines; folders of PAGE or ALTO with their images."),
    ],
    out: Annotated[Path, typer.Option(help="Run folder; gone on from if it exists.")],
    recipe: Annotated[
        Path | None,
        typer.Option(help="The recipe, TOML.", show_default="with --from: ours for a new hand"),
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="0: one a core.", show_default="0")] = 0,
    processes: Annotated[
        int, typer.Option(min=1, help="That train together; more lines a second than threads.")
    ] = 1,
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda.")] = "cpu",
    workers: Annotated[int, typer.Option(min=0, help="Processes that load lines ahead.")] = 0,
    minutes: Annotated[float, typer.Option(help="Stop after so long.")] = float("inf"),
    start: Annotated[str, typer.Option("--from", help="Begin from this model.")] = "",
    verbose: Verbose = False,
) -> None:
    """Train a model on transcribed lines; started again, it goes on where it stopped.

    Example: inkfolio train letters/ --from latin --out runs/letters
    """
    with speaking_plainly(verbose, logging.INFO):
        from pipeline.line_corpus import cut_folders
        from pipeline.tables import read_table
        from pipeline.team import train_together
        from recognize.train import NEW_HAND, Recipe, train_model

        if not recipe and not start:
            raise UsageError("name a --recipe, or by --from the model to begin from")
        plan = read_table(recipe or NEW_HAND, Recipe)
        corpora = cut_folders(corpora, out)
        how = partial(train_model, device=device, workers=workers, minutes=minutes, start=start)
        training = partial(how, plan, corpora, out)
        path = train_together(training, processes, threads or _cores())
    typer.echo(str(path) if path else f"stopped on the way; start it again to go on: {out}")


@app.command()
def adapt(
    sources: Pages,
    out: Annotated[Path, typer.Option(help="Run folder; gone on from if it exists.")],
    start: Annotated[str, typer.Option("--from", help="Begin from this model.")] = "latin",
    lm: Annotated[
        str, typer.Option(help="Language model that helps to read them, as in convert.")
    ] = "auto",
    pages: Annotated[int, typer.Option(min=1, help="Read at most, evenly spread over all.")] = 40,
    rounds: Annotated[int, typer.Option(min=1, help="Readings that are learnt from.")] = 2,
    config: Config = None,
    verbose: Verbose = False,
) -> None:
    """Teach a model the hands of some scans by what it reads in them itself: no transcript needed.

    Then read them with the file that it names: inkfolio convert letters/ --model FILE --lm auto

    Example: inkfolio adapt letters/ --out hands/letters
    """
    with speaking_plainly(verbose, logging.INFO):
        from pipeline.adapting import adapt as run
        from recognize.adapt import AdaptParams

        settings = settings_from(config, model=start)
        params = AdaptParams(lm, rounds)
        with _learning() as told:
            path = run(sources, out, settings, pages=pages, params=params, told=told)
    typer.echo(str(path))


@app.command("train-reviser")
def train_reviser(
    corpora: Annotated[list[Path], typer.Argument(help="Parquet files of lines.")],
    recipe: Annotated[Path, typer.Option(help="The recipe, TOML.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Run folder; gone on from if it exists.")],
    start: Annotated[str, typer.Option("--from", help="The model that it is for.")] = "latin",
    processes: Annotated[int, typer.Option(min=1, help="That train together, one a core.")] = 1,
    verbose: Verbose = False,
) -> None:
    """Train what reads a model's first reading again, knowing languages better than it.

    Example: inkfolio train-reviser lines.parquet --recipe reviser.toml --out runs/reviser
    """
    with speaking_plainly(verbose, logging.INFO):
        from pipeline.tables import read_table
        from pipeline.team import train_together
        from recognize.train_reviser import Recipe
        from recognize.train_reviser import train_reviser as run

        plan = read_table(recipe, Recipe)
        path = train_together(partial(run, plan, corpora, out, start=start), processes, processes)
    typer.echo(str(path))


@app.command("train-language")
def train_language(
    texts: Annotated[list[Path], typer.Argument(help="Prose, UTF-8, a paragraph a line; .xz too.")],
    lang: Annotated[str, typer.Option(help="ISO 639-3 code of the language.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The model to write, .npz.", show_default=False)],
    lines: Annotated[
        list[Path] | None, typer.Option(help="Parquet files of lines: their transcripts too.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Make a language model that helps to read.

    Example: inkfolio train-language prose.txt --lang fra --lines lines.parquet --out fra.npz
    """
    with speaking_plainly(verbose):
        from recognize.language import train_language as run

        run(texts, lines or [], lang, out)
    typer.echo(str(out))


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
    start: Annotated[str, typer.Option("--from", help="Begin from this finder.")] = "",
    verbose: Verbose = False,
) -> None:
    """Train a finder of lines on pages; started again, it goes on where it stopped.

    Example: inkfolio train-lines train/ --val val/ --recipe lines.toml --out runs/lines
    """
    with speaking_plainly(verbose, logging.INFO):
        from pipeline.tables import read_table
        from recognize.reader import use_threads
        from segment.net.train import Recipe, train_net

        use_threads(threads or _cores())
        plan = read_table(recipe, Recipe)
        path = train_net(
            plan, pages, val, out, device=device, workers=workers, minutes=minutes, start=start
        )
    typer.echo(str(path) if path else f"stopped on the way; start it again to go on: {out}")


@evaluate.command("lines")
def evaluate_lines(
    corpora: Annotated[list[Path], typer.Argument(help="Parquet files of lines.")],
    split: Annotated[str, typer.Option(help="Which split of the corpora.")] = "val",
    model: Model = "latin",
    lm: Annotated[str, typer.Option(help="Language model that helps, as in convert.")] = "none",
    looks: Looks = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="0: one a core.", show_default="0")] = 0,
    verbose: Verbose = False,
) -> None:
    """Character and word error rates on line images: total, by kind, language and corpus.

    Example: inkfolio evaluate lines corpus.parquet --split val --json
    """
    with speaking_plainly(verbose):
        from pipeline.settings import Settings
        from recognize.evaluate import evaluate_model, table_of
        from recognize.reader import use_threads

        use_threads(threads or _cores())
        scores = evaluate_model(corpora, split, model, lm, looks or Settings().looks)
        typer.echo(
            json.dumps(scores, ensure_ascii=False, indent=2) if as_json else table_of(scores)
        )


@evaluate.command("pages")
def evaluate_pages(
    folder: Annotated[Path, typer.Argument(help="PAGE, ALTO, hOCR or page JSON beside images.")],
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images, if they lie elsewhere.")
    ] = None,
    model: Model = "latin",
    lm: LanguageModel = "",
    looks: Looks = 0,
    read: Annotated[bool, typer.Option(help="Read the lines too, not only find them.")] = True,
    lines: Lines = "",
    net: Net = "",
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="0: one a core.", show_default="0")] = 0,
    verbose: Verbose = False,
) -> None:
    """Lines found and text read on whole pages: F1 at IoU 0.5, baseline F1, CER, WER.

    Some of your own pages with their transcripts tell what to expect of the others.

    Example: inkfolio evaluate pages letters/page --images letters
    """
    with speaking_plainly(verbose):
        from pipeline.evaluate_pages import evaluate_folder, table_of
        from recognize.reader import Reader, use_threads

        use_threads(threads or _cores())
        settings = settings_from(config, model=model, lm=lm, looks=looks, lines=lines, net=net)
        scores = evaluate_folder(
            folder,
            settings,
            Reader.load(settings.model, settings.lm, settings.looks) if read else None,
            images,
        )
        typer.echo(
            json.dumps(scores, ensure_ascii=False, indent=2) if as_json else table_of(scores)
        )


def settings_from(
    config: Path | None,
    *,
    to: str = "",
    model: str = "",
    lm: str = "",
    looks: int = 0,
    lang: str = "",
    lines: str = "",
    net: str = "",
) -> Settings:
    """The defaults, under the TOML file's values, under the flags."""
    from dataclasses import replace

    from pipeline.settings import Settings
    from pipeline.tables import read_table
    from segment.page import check_finder  # slow: loads OpenCV

    settings = read_table(config, Settings) if config else Settings()
    formats = names_in(to)
    segment = settings.segment
    segment = replace(segment, finder=lines or segment.finder, net=net or segment.net)
    check_finder(segment)
    return replace(
        settings,
        segment=segment,
        formats=formats or settings.formats,
        model=model or settings.model,
        lm=lm or settings.lm,
        looks=looks or settings.looks,
        language=lang or settings.language,
    )


def remote_from(
    reader: str, model: str, sends: str, max_requests: int, timeout_s: float, at_once: int
) -> RemoteParams | None:
    """How a remote reader is asked, from --reader and what goes with it; None without.

    Raises:
        UsageError: if it is sent neither the page nor lines.
    """
    from pipeline.remote_reader import RemoteParams, endpoint_of

    if not reader:
        return None
    if sends not in ("page", "lines"):
        raise UsageError(f"--reader-sends must be page or lines, not {sends!r}")
    return RemoteParams(
        endpoint_of(reader),
        model,
        max_requests,
        timeout_s=timeout_s,
        at_once=at_once,
        by_line=sends == "lines",
    )


def names_in(text: str) -> tuple[str, ...]:
    """The names that stand in a text with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _with_enrich(settings: Settings, enrich: str) -> Settings:
    """The settings under the flag for what is made of the text besides."""
    from dataclasses import replace

    return replace(settings, enrich=names_in(enrich) or settings.enrich)


def _with_pdf(settings: Settings, pdfa: str, tagged: bool, image: str) -> Settings:
    """The settings under the flags that concern the PDF."""
    from dataclasses import replace

    old = settings.pdf
    pdf = pdf_params_from(pdfa or old.archive, tagged or old.tagged, image or old.image)
    return replace(settings, pdf=pdf)


def pdf_params_from(pdfa: str, tagged: bool, image: str) -> PdfParams:
    """Settings of the PDF writer from --pdfa, --tagged and --image."""
    from export.pdf import PdfParams
    from pipeline.tables import from_table

    table = {"archive": pdfa, "tagged": tagged, "image": image}
    return from_table(table, PdfParams, "pdf.")


def _with_base_url(settings: Settings, base_url: str) -> Settings:
    from dataclasses import replace

    return replace(settings, base_url=base_url or settings.base_url)


def _with_existing_text(settings: Settings, way: str) -> Settings:
    from dataclasses import replace

    try:
        return replace(settings, existing_text=way or settings.existing_text)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _bytes(size: str) -> int:
    """A size such as 500M, 4G or 1.5GiB; 0 if none is given."""
    if not size:
        return 0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", size.strip().lower())
    if not found:
        raise UsageError(f"{size!r} is no size; write it as 500M or 4G")
    return int(float(found[1]) * 1024 ** " kmgt".index(found[2] or " "))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def speaking_plainly(
    verbose: bool, level: int = logging.WARNING, *, as_json: bool = False
) -> Iterator[None]:
    """Set up logging; turn errors that a user can act on into a sentence and an exit code."""
    from pipeline.logs import set_up_logging

    level = logging.DEBUG if verbose else level
    set_up_logging(level, as_json=as_json, with_names=verbose)
    try:
        yield
    except InkfolioError as error:
        typer.echo(f"inkfolio: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        typer.echo("inkfolio: interrupted; start again to go on", err=True)
        raise typer.Exit(130) from error


@contextmanager
def _progress(
    what: str = "pages", *, shown: bool = True
) -> Iterator[Callable[[float, float], None]]:
    """A bar of pages, or of a share of 1, on a terminal's stderr; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    done = MofNCompleteColumn() if what == "pages" else TaskProgressColumn()
    columns = (TextColumn(what), BarColumn(), done, TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda completed, total: bar.update(task, completed=completed, total=total)


@contextmanager
def _learning(*, shown: bool = True) -> Iterator[Callable[[float], None]]:
    """A bar of how far learning is, a share of 1."""
    with _progress("learning", shown=shown) as progress:
        yield lambda share: progress(share, 1.0)


from pipeline import cli_bag, cli_enrich, cli_transcripts  # noqa: E402, F401  they join the app
