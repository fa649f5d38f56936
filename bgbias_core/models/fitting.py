"""Weights from a file in a network of another image size, and the fingerprint by which weights are known again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.layers import resample_abs_pos_embed
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from bgbias_core.errors import ModelError

POSITIONS = "pos_embed"


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """sha256 over names and values of a state dict, in the order of the names."""
    digest = hashlib.sha256()
    for key in sorted(state):
        digest.update(key.encode())
        digest.update(state[key].detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        ModelError: It is missing or damaged.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"The weights in {path} cannot be read ({error}); put a whole safetensors file there."
        ) from error


def fit_weights(network: nn.Module, state: Mapping[str, Tensor], source: str, *, smooth: bool = True) -> None:
    """Load weights strictly; a ViT's grid of positions is resampled to the network's (bicubic).

    Args:
        network: The network without its head, built for the wanted image size.
        state: The weights; tensors that the network has not (a head) are left out.
        source: What the weights are, for the message.
        smooth: Whether positions are low-passed as they are resampled, which is timm's way.

    Raises:
        ModelError: Tensors are missing or have another shape.
    """
    fitted = dict(state)
    expected = network.state_dict()
    if isinstance(network, VisionTransformer) and POSITIONS in state and state[POSITIONS].ndim == 3:
        prefix = 0 if network.no_embed_class else network.num_prefix_tokens
        grid = network.patch_embed.grid_size
        fitted[POSITIONS] = resample_abs_pos_embed(state[POSITIONS], grid, num_prefix_tokens=prefix, antialias=smooth)
    missing = expected.keys() - fitted.keys()
    wrong = [key for key in expected.keys() & fitted.keys() if expected[key].shape != fitted[key].shape]
    if missing or wrong:
        raise ModelError(
            f"{source}: {len(missing)} tensors are missing and {len(wrong)} have another shape; "
            "give weights of that architecture."
        )
    network.load_state_dict({key: fitted[key] for key in expected})
