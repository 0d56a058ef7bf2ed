"""A stub of an OpenAI-compatible endpoint that answers as it is told, badly too."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


class Stub(ThreadingHTTPServer):
    """Gives its answers in turn, the last one for ever; keeps what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[dict[str, str], dict[str, object]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @classmethod
    def started(cls) -> Stub:
        """A stub that answers from now on."""
        stub = cls()
        threading.Thread(target=stub.serve_forever, daemon=True).start()
        return stub

    def stop(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((dict(self.headers), json.loads(body)))
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *_: object) -> None:
        pass


def says(text: object, code: int = 200, **headers: str) -> Answer:
    return raw(json.dumps({"choices": [{"message": {"content": text}}]}).encode(), code, **headers)


def raw(data: bytes, code: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def hangs(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


def dribbles(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(30):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


BAD_ANSWERS = [
    pytest.param(raw(b"", 500), id="500"),
    pytest.param(raw(b"", 429), id="429"),
    pytest.param(raw(b"<html>"), id="garbage"),
    pytest.param(raw(b"{}"), id="another shape"),
    pytest.param(says(None), id="no text"),
    pytest.param(says("a" * 50_000), id="repeats itself"),
    pytest.param(raw(b"[" * 100_000), id="deep"),
    pytest.param(raw(b" " * 3_000_000), id="too long"),
    pytest.param(hangs, id="never answers"),
    pytest.param(dribbles, id="a byte now and then"),
]
