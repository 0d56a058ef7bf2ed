"""An endpoint on this machine for the tests of remote readers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pipeline.endpoint import Stub


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub.started()
    yield server
    server.stop()
