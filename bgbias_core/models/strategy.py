"""Masking strategies as plain values, and which combinations with a backbone and a pooling mean anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bgbias_core.errors import ModelError

StrategyName = Literal["unmasked", "early", "late"]
Fill = Literal["black", "mean", "blur"]
MaskResize = Literal["area", "nearest-exact"]
Pooling = Literal["cls", "gap", "cls+gap"]
Region = Literal["all", "foreground"]

STRATEGY_NAMES: tuple[StrategyName, ...] = ("unmasked", "early", "late")
LEAKING_FILLS: frozenset[Fill] = frozenset({"blur"})
"""Fills that carry the background's colours into the masked image."""

SMALLEST_GRID = 4
"""Cells a side below which one cell no longer tells an object from its surroundings."""


class Strategy(BaseModel):
    """Whether, and at which depth, the background is removed.

    Attributes:
        name: ``unmasked``, ``early`` (from the image, depth 0) or ``late`` (from the features).
        depth: 0 = the image, ``k`` = after the backbone's ``k``-th stage or block; the last depth lies after the final
            normalisation. ``None`` stands for the usual one: none, 0 and the last.
        fill: What early masking puts in the background's place. ``black`` and ``mean`` (the preprocessing's mean
            colour) are constants; ``blur`` leaks the background's colours.
        mask_resize: How a mask is brought to the feature grid: ``area`` gives each cell the share that the mask covers,
            so that no object falls between cells; ``nearest-exact`` samples the cell's centre.

    Reference:
        Aniraj et al., "Masking Strategies for Background Bias Removal in Computer Vision Models", ICCVW 2023, §3
        (which uses black and ``nearest-exact``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: StrategyName
    depth: int | None = Field(default=None, ge=0)
    fill: Fill = "black"
    mask_resize: MaskResize = "area"

    @model_validator(mode="after")
    def _depth_fits_name(self) -> Self:
        allowed = {
            "unmasked": self.depth is None,
            "early": self.depth in (None, 0),
            "late": self.depth is None or self.depth > 0,
        }
        if not allowed[self.name]:
            raise ValueError(
                f"Strategy '{self.name}' cannot have depth {self.depth}: unmasked has none, early is depth 0, "
                "late is 1 or more. Leave depth out to take the usual one."
            )
        return self

    @property
    def needs_mask(self) -> bool:
        """Whether the classifier looks at a mask at all."""
        return self.name != "unmasked"

    @property
    def hides_background(self) -> bool:
        """Whether, under a hard mask, the classifier sees the same pixels on every background."""
        return self.name == "early" and self.fill not in LEAKING_FILLS


@dataclass(frozen=True)
class Depths:
    """What a strategy needs to know of a backbone.

    Attributes:
        grids: Cells (rows, columns) of the feature grid after each depth 1, 2, …, at the backbone's image size.
        has_cls: Whether it has a class token.
    """

    grids: tuple[tuple[int, int], ...]
    has_cls: bool

    @property
    def last(self) -> int:
        """The last depth."""
        return len(self.grids)

    def resolve(self, strategy: Strategy) -> int | None:
        """The depth at which ``strategy`` masks: ``None``, 0, or 1 to ``last``.

        Raises:
            ModelError: The strategy asks for a depth that the backbone does not have.
        """
        if strategy.name == "unmasked":
            return None
        if strategy.name == "early":
            return 0
        depth = self.last if strategy.depth is None else strategy.depth
        if depth > self.last:
            raise ModelError(f"This backbone has depths 1 to {self.last}, got depth {depth}; choose one of those.")
        return depth


def check_combination(depths: Depths, strategy: Strategy, pooling: Pooling, region: Region) -> None:
    """Refuse, in words, what cannot mean anything.

    Raises:
        ModelError: The combination is meaningless; the message says why and what to choose instead.
    """
    depth = depths.resolve(strategy)
    if "cls" in pooling and not depths.has_cls:
        raise ModelError(f"Pooling '{pooling}' needs a class token and this backbone has none; use pooling 'gap'.")
    if pooling == "cls" and region == "foreground":
        raise ModelError(
            "Region 'foreground' says which cells gap averages, and pooling 'cls' averages none; use region 'all'."
        )
    if strategy.name == "unmasked" and region == "foreground":
        raise ModelError(
            "Averaging foreground cells only is late masking at the last depth; choose strategy 'late', "
            "or region 'all'."
        )
    if strategy.name == "late" and depth == depths.last and pooling == "cls":
        raise ModelError(
            "Late masking after the last block with pooling 'cls' is exactly unmasked, because the class token is "
            "never masked; choose an earlier depth, or pooling 'gap' or 'cls+gap'."
        )
    cut = [depths.grids[depth - 1]] if depth else []
    cut += [depths.grids[-1]] if region == "foreground" else []
    for rows, columns in cut:
        if min(rows, columns) < SMALLEST_GRID:
            raise ModelError(
                f"A feature grid of {rows}×{columns} cells cannot carry an object's outline (at least "
                f"{SMALLEST_GRID}×{SMALLEST_GRID} are needed); choose an earlier depth or a larger image size."
            )
