"""Inputs and outputs in an S3 bucket, of a server on this machine (moto)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import FileAccessError, InputError
from pipeline.runner import convert
from pipeline.settings import Settings
from segment.page import SegmentParams
from tests.pipeline.written import files_of, stored

WHY = "needs S3's client and a stand-in for its servers: pip install --group s3"
s3fs = pytest.importorskip("s3fs", reason=WHY)
server = pytest.importorskip("moto.server", reason=WHY)

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SOURCE, OUT = "s3://archive/box", "s3://archive/made/out"
MADE = "archive/made/out"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def s3(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of its own, beside Inkfolio's, of servers with the empty bucket `archive`."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    s3fs.S3FileSystem.clear_instance_cache()
    client = s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
    client.mkdir("archive")
    yield client
    client.rm("archive", recursive=True)


@pytest.fixture
def box(tmp_path: Path, s3: Any) -> Path:
    """A folder with two letters and a TIFF of two pages, also in the bucket."""
    folder = tmp_path / "box"
    (folder / "letters").mkdir(parents=True)
    for name in ("letters/page 1.jpg", "letters/page 3.jpg", "notices.tif"):
        shutil.copy(SAMPLES / name, folder / name)
    s3.put(str(folder), "archive/box", recursive=True)
    return folder


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    segment = SegmentParams(finder="profile")
    return Settings(model=str(tiny_model), formats=("pdf", "txt", "page"), segment=segment)


def test_bucket_to_bucket_gives_the_bytes_of_a_folder(
    tmp_path: Path, settings: Settings, s3: Any, box: Path
) -> None:
    report = convert([SOURCE], OUT, settings, jobs=1)  # workers find the bucket on their own
    convert([box], tmp_path / "here", settings)
    assert (report.exit_code, len(list(report.pages))) == (0, 4)
    assert stored(s3, MADE) == files_of(tmp_path / "here")
    assert s3.exists("archive/made/out/report.json")


def _change(s3: Any) -> None:
    s3.put_file(str(SAMPLES / "letters" / "page 2.jpg"), "archive/box/letters/page 1.jpg")


def _lose(s3: Any) -> None:
    s3.rm_file("archive/made/out/box/letters.pdf")


def dates(s3: Any) -> dict[str, Any]:
    """When the documents' files were put into the bucket."""
    found = s3.find("archive/made/out", detail=True)
    return {name: about["LastModified"] for name, about in found.items() if "report." not in name}


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        pytest.param(lambda s3: None, [], id="nothing"),
        pytest.param(_change, ["page 1.jpg"], id="input changed"),
        pytest.param(_lose, [], id="output lost"),
    ],
)
def test_second_run_does_only_what_changed(
    settings: Settings,
    s3: Any,
    box: Path,
    read: list[str],
    harm: Callable[[Any], None],
    expected: list[str],
) -> None:
    convert([SOURCE], OUT, settings)
    assert len(read) == 4
    before = dates(s3)
    harm(s3)
    read.clear()
    assert convert([SOURCE], OUT, settings).exit_code == 0
    assert read == expected
    assert dates(s3).keys() == before.keys()
    untouched = "archive/made/out/box/notices.pdf"
    assert dates(s3)[untouched] == before[untouched]


def test_stranger_in_the_bucket_is_spared(settings: Settings, s3: Any, box: Path) -> None:
    s3.pipe_file("archive/made/out/box/letters.txt", b"by hand")
    with pytest.raises(FileAccessError, match=r"out/box/letters\.txt: is there already"):
        convert([SOURCE], OUT, settings)


def test_missing_bucket_is_told(settings: Settings, s3: Any) -> None:
    with pytest.raises(InputError, match="s3://none/box: is not there"):
        convert(["s3://none/box"], OUT, settings)


def _without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def _without_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        pytest.param(_without_credentials, "Unable to locate credentials", id="no credentials"),
        pytest.param(_without_server, "Could not connect", id="no server"),
    ],
)
def test_what_keeps_from_the_bucket_is_told(
    settings: Settings,
    s3: Any,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[pytest.MonkeyPatch], None],
    told: str,
) -> None:
    harm(monkeypatch)
    with pytest.raises(InputError, match=rf"{SOURCE}: cannot be read \({told}"):
        convert([SOURCE], OUT, settings)
