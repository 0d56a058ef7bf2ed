"""Optional libraries and programs: loaded when they are wanted, named if they are missing."""

from __future__ import annotations

import shutil
from importlib import import_module
from types import ModuleType

from pipeline.errors import DependencyError

EXTRA = frozenset(["openpyxl", "yake", "vaderSentiment", "espeakng-loader"])  # inkfolio[enrich]


def need(module: str, package: str, purpose: str) -> ModuleType:
    """Import a library.

    Raises:
        DependencyError: if it is not installed; names the package and what it is wanted for.
    """
    try:
        return import_module(module)
    except ImportError as error:
        wanted = f"inkfolio[enrich], or {package} alone" if package in EXTRA else package
        raise DependencyError(
            f"{purpose} need {package}, which is not installed; pip install {wanted}"
        ) from error


def need_program(program: str, package: str, purpose: str) -> str:
    """The path of a program.

    Raises:
        DependencyError: if it is not installed; names Debian's package and what it is wanted for.
    """
    path = shutil.which(program)
    if not path:
        raise DependencyError(
            f"{purpose} need {program}, which is not installed; apt install {package}"
        )
    return path
