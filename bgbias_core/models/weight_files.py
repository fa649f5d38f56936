"""Trained weights as files: safetensors in half precision, read only where they are those that a card names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bgbias_core.errors import CheckpointError
from bgbias_core.paths import replace_file


def write_weights(path: Path, state: Mapping[str, Tensor]) -> str:
    """Write tensors, those of float32 in half precision, whole or not at all.

    Returns:
        The file's sha256.
    """
    halved = {
        key: (value.half() if value.dtype == torch.float32 else value).detach().cpu().contiguous()
        for key, value in state.items()
    }
    replace_file(path, lambda part: save_file(halved, part))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_weights(path: Path, sha256: str, whose: str) -> dict[str, Tensor]:
    """Read tensors as they lie in a file.

    Args:
        path: The file.
        sha256: What its card says of it.
        whose: Whose weights they are, for errors: "'name'".

    Raises:
        CheckpointError: The file is missing, another one, or damaged.
    """
    if not path.is_file():
        raise CheckpointError(f"The weights of {whose} ({path.name}) are missing beside its card; restore them.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise CheckpointError(
            f"The weights of {whose} are not those its card names (sha256 differs); restore both files."
        )
    try:
        return load_file(path)
    except SafetensorError as error:
        raise CheckpointError(f"The weights of {whose} are damaged ({error}); restore the file.") from error


def load_weights(network: nn.Module, state: Mapping[str, Tensor], whose: str) -> None:
    """Give a network in float32 all its weights.

    Raises:
        CheckpointError: They do not fit.
    """
    try:
        network.load_state_dict(
            {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
        )
    except RuntimeError as error:
        raise CheckpointError(
            f"The weights of {whose} do not fit the network its card describes; restore both files."
        ) from error
