"""Backbones from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import save_file

from bgbias_core.models import BACKBONES, backbone_spec, build_network
from tests.cli.calling import refused, run, run_json

TIMM = "timm/test_convnext.r160_in1k"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path


def test_the_list_names_all_and_says_what_to_do() -> None:
    listed = {entry["name"]: entry for entry in run_json("backbones", "list")}
    assert list(listed) == list(BACKBONES)
    assert not listed["focus-vit-small"]["present"]
    assert listed["focus-vit-small"]["needs"].startswith("needs one 90 MB download: ")
    assert listed["focus-vit-small"]["licence"] == "MIT"
    assert listed["efficientnet-lite0"]["present"]
    assert listed["efficientnet-lite0"]["bytes"] > 10_000_000
    table = run("backbones", "list").stdout
    assert all(name in table for name in BACKBONES)
    assert "No ConvNeXt and no DINOv2 weights come as a package" in table


def test_a_file_is_taken_and_used(folder: Path) -> None:
    spec = backbone_spec(TIMM)
    save_file(build_network(spec, spec.size).state_dict(), folder / "given.safetensors")
    status = run_json("backbones", "fetch", TIMM, "--from", folder / "given.safetensors")
    assert status["present"]
    assert Path(status["where"]).read_bytes() == (folder / "given.safetensors").read_bytes()
    assert status["where"] in run("backbones", "fetch", TIMM).stdout


def test_refusals_are_one_sentence(folder: Path) -> None:
    assert "did you mean convnext-small" in refused(run("backbones", "fetch", "convnext-smal"))
    assert "hub cannot be reached" in refused(run("backbones", "fetch", "convnext-small"))
    assert "trained from scratch" in refused(run("backbones", "fetch", "aviary-vit"))
    assert "cannot be read" in refused(run("backbones", "fetch", TIMM, "--from", folder / "none.safetensors"))
    (folder / "wheel.whl").write_bytes(b"no wheel")
    sentence = refused(run("backbones", "fetch", "focus-vit-small", "--from", folder / "wheel.whl"))
    assert "expected 90a0b02e3e52…" in sentence
