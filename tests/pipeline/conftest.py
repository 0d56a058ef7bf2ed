"""What several test files stand on: an endpoint on this machine, a look at what is really read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import pipeline.worker
from pipeline.settings import Settings
from tests.pipeline.endpoint import Stub


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub.started()
    yield server
    server.stop()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the pages that were really read."""
    names: list[str] = []
    real = pipeline.worker.open_page

    def noted(source: Any, settings: Settings) -> object:
        names.append(source.path.name)
        return real(source, settings)

    monkeypatch.setattr(pipeline.worker, "open_page", noted)
    return names
