"""A server, and a file of random bytes on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bgbias_core.download import fetching
from tests.download.serving import FileServer, serving

CONTENT = np.random.default_rng(0).bytes(900_000)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(fetching, "_PAUSE", 0.001)
    with serving(FileServer(files={"birds.tgz": CONTENT})) as running:
        yield running
