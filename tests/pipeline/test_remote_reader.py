"""A reader over the network, against a stub that answers and one that misbehaves."""

from __future__ import annotations

import ast
import socket
from pathlib import Path

import pytest

from pipeline.align_files import AlignParams, align_documents
from pipeline.errors import UsageError
from pipeline.remote_reader import RemoteError, RemoteParams, RemoteReader, endpoint_of
from pipeline.settings import Settings
from tests.pipeline.endpoint import BAD_ANSWERS, Answer, Stub, raw, says

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "typed" / "Schreiben.jpg"


def reader(stub: Stub, **params: object) -> tuple[RemoteReader, list[float]]:
    waited: list[float] = []
    asked = RemoteParams(stub.url, timeout_s=0.5, **params)  # type: ignore[arg-type]
    return RemoteReader(asked, waited.append), waited


def test_a_page_is_sent_as_a_picture(stub: Stub) -> None:
    stub.answers = [says("Ma chère mère,\nje vous écris")]
    one, _ = reader(stub)
    assert one.read(b"jpeg") == "Ma chère mère,\nje vous écris"
    image = stub.asked[0][1]["messages"][0]["content"][1]["image_url"]["url"]  # type: ignore[index]
    assert image.startswith("data:image/jpeg;base64,anBlZw")


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_a_bad_answer_is_asked_for_again_later(stub: Stub, bad: Answer) -> None:
    stub.answers = [bad, says("at last")]
    one, waited = reader(stub)
    assert one.read(b"jpeg") == "at last"
    assert len(waited) == 1


def test_waits_grow_and_heed_the_server_within_bounds(stub: Stub) -> None:
    stub.answers = [
        raw(b"", 429, Retry_After="7"),
        raw(b"", 503, Retry_After="9999"),
        raw(b"", 500),
    ]
    one, waited = reader(stub)
    with pytest.raises(RemoteError, match="HTTP 500"):
        one.read(b"jpeg")
    assert waited == [7.0, 60.0, 60.0]


def test_no_more_is_sent_than_allowed(stub: Stub) -> None:
    stub.answers = [says("text")]
    one, _ = reader(stub, max_requests=2)
    one.read(b"1"), one.read(b"2")
    with pytest.raises(RemoteError, match="--max-requests"):
        one.read(b"3")
    assert len(stub.asked) == 2


def test_nothing_is_sent_after_a_halt(stub: Stub) -> None:
    stub.answers = [says("text")]
    one, _ = reader(stub)
    one.halt()
    with pytest.raises(RemoteError, match="the run ends"):
        one.read(b"jpeg")
    assert not stub.asked


@pytest.mark.parametrize("code", [302, 400, 401])
def test_what_will_not_change_is_not_asked_again(stub: Stub, code: int) -> None:
    stub.answers = [raw(b"", code, Location="http://127.0.0.1:1/elsewhere")]
    one, waited = reader(stub)
    with pytest.raises(RemoteError, match=f"HTTP {code}"):
        one.read(b"jpeg")
    assert len(stub.asked) == 1 and not waited


def test_what_no_page_bears_is_dropped_from_an_answer(stub: Stub) -> None:
    stub.answers = [says("```\nMa ch\x00\x1bère\ud800\fmère\r\n```")]
    one, _ = reader(stub)
    assert one.read(b"jpeg").split() == ["Ma", "chère", "mère"]


def test_the_key_is_from_the_environment_and_never_told(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("INKFOLIO_API_KEY", "s3cret\n")
    stub.answers = [raw(b"s3cret", 401)]
    one, _ = reader(stub)
    with caplog.at_level(0), pytest.raises(RemoteError) as error:
        one.read(b"jpeg")
    assert stub.asked[0][0]["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in caplog.text + str(error.value)


@pytest.mark.parametrize("key", ["s3\ncret", "s3crét", "s3\x00cret"])
def test_a_key_that_cannot_be_one_is_refused_and_not_told(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr("os.environ", {"OPENAI_API_KEY": key})
    with pytest.raises(UsageError, match="OPENAI_API_KEY holds") as error:
        reader(stub)
    assert "s3" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "file:///etc/passwd", "http://k:y@host/v1", "http://host/v1?k=y"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        RemoteParams(url)


def test_another_readers_name_is_refused() -> None:
    with pytest.raises(UsageError, match="openai:http"):
        endpoint_of("http://localhost")
    assert endpoint_of("openai:http://localhost:1/v1/") == "http://localhost:1/v1"


def test_without_the_option_no_connection_is_opened(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection is opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    (tmp_path / "t.txt").write_text("Stadtarchiv Lindau")
    settings = Settings(model=str(tiny_model))
    (one,) = align_documents([SAMPLE], tmp_path / "t.txt", AlignParams(settings))
    assert one.alignment.words == 2


def test_only_the_remote_reader_can_open_a_connection() -> None:
    network = {"socket", "ssl", "http", "urllib.request", "requests", "httpx", "ftplib", "smtplib"}
    users = set()
    for package in ("pipeline", "segment", "recognize", "export"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if any(n in network or n.split(".")[0] in network for n in names):
                    users.add(path.name)
    # The ledger asks for the name of its own machine.
    assert users == {"remote_reader.py", "ledger.py"}
