"""`ocrmypdf --inkfolio IN.pdf OUT.pdf`, which OCRmyPDF knows wherever Inkfolio is installed.

Without the option nothing changes for OCRmyPDF: this plugin, which it finds by itself, gives way
to its own engines, and loads nothing. `--plugin inkfolio_ocrmypdf` does the same as the option.
"""

from __future__ import annotations

from argparse import ArgumentError, ArgumentParser
from contextlib import suppress
from typing import TYPE_CHECKING

from ocrmypdf import hookimpl

if TYPE_CHECKING:
    from ocrmypdf import OcrOptions
    from ocrmypdf.pluginspec import OcrEngine


@hookimpl
def add_options(parser: ArgumentParser) -> None:
    """Add `--inkfolio` to OCRmyPDF's options, and those of our reader."""
    parser.add_argument("--inkfolio", action="store_true", help="read by Inkfolio: handwriting too")
    add_reader_options(parser)


def add_reader_options(parser: ArgumentParser) -> None:
    """Add the options of our reader, unless they are there."""
    group = parser.add_argument_group("Inkfolio", "Options of the reader of handwriting")
    with suppress(ArgumentError):  # the plugin that is named by --plugin has them as well
        group.add_argument("--inkfolio-model", default="latin", help="name or .safetensors file")
        group.add_argument("--inkfolio-lm", default="none", help="language model: eng, auto, none")


@hookimpl
def check_options(options: OcrOptions) -> None:
    """Refuse what our engine cannot do, if it is wanted."""
    if _is_wanted(options):
        from inkfolio_ocrmypdf import check_options as check  # slow: loads OpenCV

        check(options)


@hookimpl(tryfirst=True)
def get_ocr_engine(options: OcrOptions | None) -> OcrEngine | None:
    """Our engine, if it is wanted."""
    if not _is_wanted(options):
        return None
    from inkfolio_ocrmypdf import get_ocr_engine as engine  # slow: loads OpenCV

    return engine(options)


def _is_wanted(options: OcrOptions | None) -> bool:
    # What OCRmyPDF does not know itself, it keeps in the extra attributes.
    return options is not None and bool(options.extra_attrs.get("inkfolio"))
