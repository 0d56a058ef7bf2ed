"""Guards of the flat layout: five packages with plain names that must stay one application's."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("pipeline", "segment", "recognize", "export", "enrich")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def is_installed() -> bool:
    try:
        return bool(importlib.metadata.version("inkfolio"))
    except importlib.metadata.PackageNotFoundError:
        return False


def test_packages_are_found_together_from_anywhere(tmp_path: Path) -> None:
    """Another distribution's `export` or `pipeline` would come from another folder."""
    code = (
        "import importlib, pathlib\n"
        f"for name in {PACKAGES}:\n"
        "    module = importlib.import_module(name)\n"
        "    print(pathlib.Path(module.__file__).resolve().parents[1])\n"
    )
    # Where nothing is installed, as while developing, the checkout takes its place.
    path = {} if is_installed() else {"PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, **path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines() == [str(ROOT)] * len(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_wheel_names_its_packages() -> None:
    wheel = project()["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel["packages"]) == sorted(PACKAGES)


def test_no_package_is_forgotten() -> None:
    with_init = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert with_init == set(PACKAGES)


def test_tests_are_no_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_licence_is_there() -> None:
    stated = project()["project"]
    assert stated["license"] == "Apache-2.0"
    for name in stated["license-files"]:
        assert "Apache License" in (ROOT / name).read_text(encoding="utf-8")


def test_every_dependency_gives_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("dependencies = [") + 1
    entries = lines[start : lines.index("]", start)]
    assert [line for line in entries if "#" not in line] == []
