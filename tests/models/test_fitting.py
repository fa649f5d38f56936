"""Weights from a file: at other image sizes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from bgbias_core.errors import ModelError
from bgbias_core.models import backbone_spec, build_network, fetch_backbone, load_backbone, weights_file
from bgbias_core.models.fitting import fingerprint, fit_weights, read_weights

VIT = "timm/test_vit.r160_in1k"
SPEC = backbone_spec(VIT)


def weights_of(name: str) -> dict[str, Tensor]:
    spec = backbone_spec(name)
    torch.manual_seed(3)
    return {key: torch.rand_like(value) for key, value in build_network(spec, spec.size).state_dict().items()}


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path


@pytest.mark.parametrize("size", [SPEC.size, 96, 224])
def test_a_vit_loads_at_any_size_with_its_grid_resampled(folder: Path, size: int) -> None:
    state = weights_of(VIT)
    save_file(state | {"head.weight": torch.rand(5, 64)}, folder / "given.safetensors")
    fetch_backbone(VIT, str(folder / "given.safetensors"))
    network, _ = load_backbone(VIT, size, "pretrained")
    loaded = network.state_dict()
    prefix, old, new = network.num_prefix_tokens, SPEC.size // 16, size // 16
    grid = state["pos_embed"][:, prefix:].unflatten(1, (old, old)).permute(0, 3, 1, 2)
    resampled = functional.interpolate(grid, size=(new, new), mode="bicubic", antialias=True).flatten(2).mT
    torch.testing.assert_close(loaded["pos_embed"][:, prefix:], resampled)
    assert torch.equal(loaded["pos_embed"][:, :prefix], state["pos_embed"][:, :prefix])
    assert all(torch.equal(loaded[key], value) for key, value in state.items() if key != "pos_embed")


def test_the_fingerprint_is_that_of_the_weights_at_every_size(folder: Path) -> None:
    save_file(weights_of(VIT), folder / "given.safetensors")
    fetch_backbone(VIT, str(folder / "given.safetensors"))
    origins = [load_backbone(VIT, size, "pretrained")[1] for size in (96, 160)]
    assert origins[0] == origins[1]
    assert origins[0].sha256 is not None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"norm.weight": None}, "1 tensors are missing and 0 have another shape"),
        ({"norm.weight": torch.ones(3)}, "0 tensors are missing and 1 have another shape"),
        ({"patch_embed.proj.weight": torch.ones(64, 3, 14, 14)}, "0 tensors are missing and 1 have another shape"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_not_kept(
    folder: Path, changes: dict[str, Tensor | None], words: str
) -> None:
    state = {key: value for key, value in (weights_of(VIT) | changes).items() if value is not None}
    save_file(state, folder / "given.safetensors")
    with pytest.raises(ModelError, match=words):
        fetch_backbone(VIT, str(folder / "given.safetensors"))
    assert not weights_file(VIT).exists()


def test_weights_without_positions_say_so() -> None:
    state = weights_of(VIT)
    del state["pos_embed"]
    with pytest.raises(ModelError, match="the file: 1 tensors are missing"):
        fit_weights(build_network(SPEC, SPEC.size), state, "the file")


def test_a_damaged_file_is_refused(folder: Path) -> None:
    path = folder / "given.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="whole safetensors file"):
        read_weights(path)


def test_fingerprints_tell_names_and_values_apart() -> None:
    one = {"a": torch.zeros(2), "b": torch.ones(2)}
    assert fingerprint(one) == fingerprint(dict(reversed(one.items())))
    assert len({fingerprint(one), fingerprint({"a": one["b"], "b": one["a"]}), fingerprint({"a": one["a"]})}) == 3
