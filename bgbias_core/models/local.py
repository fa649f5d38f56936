"""The folder of weights on this machine: where each backbone's file is looked for."""

from __future__ import annotations

import os
from pathlib import Path

from bgbias_core.models.backbones import backbone_spec
from bgbias_core.paths import home


def weights_folder() -> Path:
    """Folder for weights on machines without internet: ``$BGBIAS_WEIGHTS``, else ``weights`` in the own folder."""
    return Path(os.environ.get("BGBIAS_WEIGHTS") or home() / "weights")


def weights_file(name: str) -> Path:
    """Where in :func:`weights_folder` the file of a backbone is looked for.

    Args:
        name: A name of ``BACKBONES`` or ``timm/…``.
    """
    spec = backbone_spec(name)
    own = name if spec.origin == "download" else spec.timm_name
    return weights_folder() / f"{own}.safetensors"


def fetch_command(name: str) -> str:
    """What a person types to fetch the weights of a backbone."""
    return f"python -m bgbias_core backbones fetch {name}"
