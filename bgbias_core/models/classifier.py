"""The one classifier: preprocessing's normalisation, a timm backbone, a masking strategy, pooling and a linear head."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from bgbias_core.errors import ModelError
from bgbias_core.models.masking import mask_features, mask_image, mask_to_grid, masked_output, token_grid
from bgbias_core.models.preprocessing import Triple
from bgbias_core.models.strategy import Depths, Pooling, Region, Strategy, check_combination


@dataclass(frozen=True)
class Features:
    """A backbone's last features.

    Attributes:
        grid: ``[B, C, h, w]``.
        cls: ``[B, C]``, or ``None`` where the backbone has no class token.
    """

    grid: Tensor
    cls: Tensor | None


class MaskedClassifier(nn.Module):
    """Classify images whose background is left alone, removed from the image, or removed from the features.

    Args:
        backbone: A timm network without head that gives a feature map or tokens, and describes itself in
            ``feature_info`` (one entry a stage or block).
        classes: Number of classes.
        strategy: Whether and at which depth the background is removed.
        pooling: ``cls``, ``gap`` or ``cls+gap`` (concatenated).
        region: Which cells ``gap`` averages: ``all``, or ``foreground`` weighted by the mask.
        size: Side of the square images in pixels, which fixes the feature grids.
        mean: Mean of each RGB channel in [0, 1].
        std: Standard deviation of each RGB channel in [0, 1].
        head_norm: Whether a LayerNorm stands between pooling and the linear head, as in ConvNeXt.

    Raises:
        ModelError: The combination cannot mean anything, or the backbone does not describe its stages.

    An empty mask leaves no evidence: early classifies the bare fill, and foreground cells that do not exist average to
    zero. A mask of ones gives exactly what ``unmasked`` gives.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        backbone: nn.Module,
        classes: int,
        strategy: Strategy,
        *,
        size: int,
        pooling: Pooling = "gap",
        region: Region = "all",
        mean: Triple = (0.485, 0.456, 0.406),
        std: Triple = (0.229, 0.224, 0.225),
        head_norm: bool = False,
    ) -> None:
        super().__init__()
        self.stages = read_stages(backbone)
        self.depths = describe_depths(backbone, size)
        check_combination(self.depths, strategy, pooling, region)
        self.strategy, self.pooling, self.region = strategy, pooling, region
        self.depth = self.depths.resolve(strategy)
        if self.depth is not None and 0 < self.depth < self.depths.last:
            _check_stage(backbone, self.stages[self.depth - 1])
        self.prefix = int(getattr(backbone, "num_prefix_tokens", 0))
        self.channels = cast("int", backbone.num_features)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.backbone = backbone
        width = self.channels * (2 if pooling == "cls+gap" else 1)
        self.head = nn.Sequential(
            nn.LayerNorm(width, eps=1e-6) if head_norm else nn.Identity(), nn.Linear(width, classes)
        )

    def forward(self, images: Tensor, masks: Tensor | None = None) -> Tensor:
        """Return logits.

        Args:
            images: float ``[B, 3, H, W]``, RGB in [0, 1], not normalised.
            masks: float ``[B, 1, H, W]`` in [0, 1], 1 = foreground; only ``unmasked`` does without.

        Returns:
            float ``[B, classes]``.

        Raises:
            ModelError: The mask is missing or is not of the images' size.
        """
        if not self.strategy.needs_mask:
            masks = None
        elif masks is None:
            raise ModelError(f"Strategy '{self.strategy.name}' needs a mask for every image; give masks [B, 1, H, W].")
        elif masks.shape != (images.shape[0], 1, *images.shape[2:]):
            raise ModelError(
                f"Masks have shape {list(masks.shape)}, expected {[images.shape[0], 1, *images.shape[2:]]}; "
                "resize image and mask together."
            )
        return self.classify(self.features(images, masks), masks)

    def features(self, images: Tensor, masks: Tensor | None) -> Features:
        """Run the backbone, masking the image or an inner depth where the strategy says so.

        Args:
            images: float ``[B, 3, H, W]`` in [0, 1].
            masks: float ``[B, 1, H, W]``, or ``None`` for unmasked.
        """
        if self.depth == 0 and masks is not None:
            images = mask_image(images, masks, self.strategy.fill, self.mean)
        with self._masked_inside(masks):
            output = self.backbone.forward_features((images - self.mean) / self.std)  # type: ignore[operator]
        return self._as_features(output, (images.shape[-2], images.shape[-1]))

    def classify(self, features: Features, masks: Tensor | None) -> Tensor:
        """Mask the last depth where the strategy says so, pool and apply the head.

        Args:
            features: The backbone's last features.
            masks: float ``[B, 1, H, W]``, or ``None`` for unmasked.

        Returns:
            float ``[B, classes]``.
        """
        return self.read_out(self.mask_last(features, masks), masks)

    def mask_last(self, features: Features, masks: Tensor | None) -> Features:
        """Mask the features where the strategy does so at the last depth; at any other they come back as they are.

        Args:
            features: The backbone's last features.
            masks: float ``[B, 1, H, W]``, or ``None`` for unmasked.
        """
        if masks is None or self.depth != self.depths.last:
            return features
        grid = mask_features(features.grid, masks, self.channels, 0, self.strategy.mask_resize)
        return replace(features, grid=grid)

    def read_out(self, features: Features, masks: Tensor | None) -> Tensor:
        """Pool features that are masked already, and apply the head.

        Args:
            features: What :meth:`mask_last` gives.
            masks: float ``[B, 1, H, W]``, or ``None`` for unmasked.

        Returns:
            float ``[B, classes]``.
        """
        logits: Tensor = self.head(self.pool(features, masks))
        return logits

    def pool(self, features: Features, masks: Tensor | None) -> Tensor:
        """Pool features that are masked already: what the head is applied to.

        Args:
            features: What :meth:`mask_last` gives.
            masks: float ``[B, 1, H, W]``, or ``None`` for unmasked.

        Returns:
            float ``[B, width]``; width is the backbone's, twice that with pooling ``cls+gap``.
        """
        pooled = [features.cls] if features.cls is not None and "cls" in self.pooling else []
        if "gap" in self.pooling:
            pooled.append(self._average(features.grid, masks))
        return torch.cat(pooled, dim=1)

    def _average(self, grid: Tensor, masks: Tensor | None) -> Tensor:
        if self.region == "all" or masks is None:
            return grid.mean(dim=(2, 3))
        weights = mask_to_grid(masks, (grid.shape[2], grid.shape[3]), self.strategy.mask_resize).to(grid.dtype)
        # Features masked at the last depth carry the weight already; applying it twice would favour full cells.
        weighted = grid if self.depth == self.depths.last else grid * weights
        return weighted.sum(dim=(2, 3)) / weights.sum(dim=(2, 3)).clamp_min(torch.finfo(torch.float32).eps)

    def _masked_inside(self, masks: Tensor | None) -> AbstractContextManager[None]:
        if masks is None or self.depth is None or not 0 < self.depth < self.depths.last:
            return nullcontext()
        stage = self.stages[self.depth - 1]
        module = self.backbone.get_submodule(stage.module)
        return masked_output(module, masks, stage.channels, self.prefix, self.strategy.mask_resize)

    def _as_features(self, output: Tensor, image: tuple[int, int]) -> Features:
        if output.ndim == 3:
            patches = output[:, self.prefix :].transpose(1, 2)
            rows, columns = token_grid(patches.shape[2], image)
            has_cls = self.depths.has_cls
            return Features(patches.unflatten(2, (rows, columns)), output[:, 0] if has_cls else None)
        grid = output if output.shape[1] == self.channels else output.permute(0, 3, 1, 2)
        return Features(grid, None)


@dataclass(frozen=True)
class Stage:
    """One depth of a backbone, as timm describes it.

    Attributes:
        module: Name of the module whose output lies at this depth.
        channels: Number of channels there.
        reduction: Pixels of the image to one cell of the grid.
    """

    module: str
    channels: int
    reduction: int


def read_stages(backbone: nn.Module) -> tuple[Stage, ...]:
    """Read off a timm network where its stages or blocks are.

    Raises:
        ModelError: The network does not say so.
    """
    infos = getattr(backbone, "feature_info", None)
    if not infos or not hasattr(backbone, "forward_features"):
        raise ModelError(
            f"{type(backbone).__name__} does not describe its stages (feature_info); "
            "choose a timm backbone that gives a feature map or tokens."
        )
    return tuple(Stage(str(info["module"]), int(info["num_chs"]), int(info["reduction"])) for info in infos)


def _check_stage(backbone: nn.Module, stage: Stage) -> None:
    try:
        backbone.get_submodule(stage.module)
    except AttributeError as error:
        raise ModelError(
            f"{type(backbone).__name__} has no module '{stage.module}' whose output could be masked; "
            "mask at depth 0 or at the last depth."
        ) from error


def describe_depths(backbone: nn.Module, size: int) -> Depths:
    """Read off a timm network how many depths it has and how fine its grid is at each.

    Args:
        backbone: A timm network with ``feature_info``.
        size: Side of the square image in pixels.

    Raises:
        ModelError: The network does not say where its stages are.
    """
    grids = tuple((-(-size // stage.reduction),) * 2 for stage in read_stages(backbone))
    return Depths(grids=grids, has_cls=getattr(backbone, "cls_token", None) is not None)
