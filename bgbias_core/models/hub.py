"""Weights from the hub, or the mirror that ``$HF_ENDPOINT`` names; from its cache where they were fetched before."""

from __future__ import annotations

from pathlib import Path

import timm
from huggingface_hub import constants, get_session, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError

from bgbias_core.errors import ModelError
from bgbias_core.models.backbones import backbone_spec
from bgbias_core.models.local import weights_file

HUB_TIMEOUT = 5
"""Seconds in which the hub must answer at all; its own client would ask for most of a minute."""

FILE = "model.safetensors"


def cached_from_hub(name: str) -> Path | None:
    """The hub's file of a backbone's weights where it was fetched before, without asking the hub.

    Args:
        name: A name of ``BACKBONES`` or ``timm/…`` whose weights are on the hub.
    """
    found = try_to_load_from_cache(_repository(name), FILE)
    return Path(found) if isinstance(found, str) else None


def find_on_hub(name: str) -> Path:
    """The hub's file of a backbone's weights, from its cache or fetched now.

    Args:
        name: A name of ``BACKBONES`` or ``timm/…`` whose weights are on the hub.

    Raises:
        ModelError: It is not on this machine and the hub does not give it.
    """
    if cached := cached_from_hub(name):
        return cached
    repository = _repository(name)
    try:
        get_session().head(hf_hub_url(repository, FILE), timeout=HUB_TIMEOUT)
        return Path(hf_hub_download(repository, FILE))
    except Exception as error:  # the hub client raises dozens of kinds, among them plain OSError and httpx's own
        reason = f"answered {error.response.status_code}" if isinstance(error, HfHubHTTPError) else "cannot be reached"
        raise ModelError(
            f"The pretrained weights of '{name}' ({backbone_spec(name).timm_name}) are not on this machine and the "
            f"hub {reason} ({constants.ENDPOINT}; $HF_ENDPOINT names a mirror). Connect once, or put the "
            f"safetensors file at {weights_file(name)}, or ask for random weights by name (weights: random)."
        ) from error


def _repository(name: str) -> str:
    timm_name = backbone_spec(name).timm_name
    settings = timm.get_pretrained_cfg(timm_name)
    if settings is None or not settings.hf_hub_id:
        raise ModelError(f"timm names no weights on the hub for '{timm_name}'; ask for random ones (weights: random).")
    return str(settings.hf_hub_id)
