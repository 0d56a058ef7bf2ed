"""`convert` works without a network: no process of it opens a connection or looks up a name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# Python tells its audit hooks of every use of sockets, whoever makes it.
WATCH = """
import os, socket, sys
log = os.environ["SOCKET_LOG"]
def note(line):
    with open(log, "a") as file:
        file.write(line + "\\n")
def hook(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        note(event)
    if event in ("socket.connect", "socket.bind") and arguments[0].family != socket.AF_UNIX:
        note(event)
sys.addaudithook(hook)
note("watched")
"""
CONVERT = "from pipeline.cli import app; app()"


def watched(tmp_path: Path, code: str, *words: object) -> list[str]:
    """What a program and the processes that it starts did with sockets, a line each."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    top = Path(__file__).resolve().parents[2]
    log = tmp_path / "sockets"
    paths = os.pathsep.join([str(tmp_path), str(top)])
    environment = {**os.environ, "PYTHONPATH": paths, "SOCKET_LOG": str(log)}
    command = [sys.executable, "-c", code, *map(str, words)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=250)
    return log.read_text().split()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_convert_opens_no_connection(tmp_path: Path, tiny_model: Path) -> None:
    page = np.full((160, 200), 230, np.uint8)
    page[60:90, 20:180:12] = 30
    Image.fromarray(page).save(tmp_path / "p.png", dpi=(100, 100))
    words = (tmp_path / "p.png", "--out", tmp_path / "out", "--model", tiny_model, "--jobs", 1)
    noted = watched(tmp_path, CONVERT, "convert", *words, "--to", "pdf,txt,page")
    assert set(noted) == {"watched"}
    assert len(noted) >= 2, "the worker has been watched too"


def test_a_connection_would_be_noticed(tmp_path: Path) -> None:
    code = "import socket; socket.socket().connect_ex(('127.0.0.1', 1))"
    assert "socket.connect" in watched(tmp_path, code)
