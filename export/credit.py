"""Inkfolio's own name and version, as written into the files that it makes."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def software() -> str:
    """Name and version; the name alone in a checkout that was never installed."""
    try:
        return f"Inkfolio {version('inkfolio')}"
    except PackageNotFoundError:
        return "Inkfolio"
