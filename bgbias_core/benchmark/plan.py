"""What a benchmark compares: its plan, and the classifiers that follow from it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bgbias_core.errors import ConfigError, ModelError
from bgbias_core.models import (
    STRATEGY_NAMES,
    Depths,
    Pooling,
    Region,
    Strategy,
    StrategyName,
    backbone_spec,
    build_network,
    check_combination,
    describe_depths,
)
from bgbias_core.training import HEAD_OPTIMISATION, CubData, ModelConfig, Optimisation, TrainingConfig

POOLINGS: tuple[Pooling, ...] = ("gap", "cls", "cls+gap")
DEFAULT_BACKBONE = "efficientnet-lite0"
SEEDS = 3
DRAWS = 2
"""Backgrounds of each condition for each photograph, where nobody says."""

_FINE_TUNING = Optimisation(learning_rate=1e-4)  # plain and not tuned


class Plan(BaseModel):
    """What is compared, and on what.

    Attributes:
        cub: The folder of photographs, in the layout of CUB-200-2011.
        scenes: The folder of scenes, one folder a place.
        backbones: Names of backbones.
        poolings: How features are pooled; where empty, every way that means something with a backbone.
        finetune: Whether whole networks are trained and not only heads on frozen backbones.
        weights: Where backbones start; frozen ones must be pretrained.
        size: Side of the square images in pixels; ``None`` takes each backbone's usual one.
        draws: Backgrounds of each condition for each photograph.
        n: How many test photographs, drawn anew for each seed; ``None`` takes all.
        masker: What predicts masks, on the photographs and on every composite.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cub: str
    scenes: str
    backbones: tuple[str, ...] = (DEFAULT_BACKBONE,)
    poolings: tuple[Pooling, ...] = ()
    finetune: bool = False
    weights: Literal["pretrained", "random"] = "pretrained"
    size: int | None = Field(default=None, ge=32, le=1024)
    draws: int = Field(default=DRAWS, ge=1)
    n: int | None = Field(default=None, ge=1)
    masker: str

    def command(self, seeds: int) -> str:
        """The command that runs it."""
        words = ["python", "-m", "bgbias_core", "benchmark", "cub", "--cub", self.cub, "--scenes", self.scenes]
        for option, values in (("--backbone", self.backbones), ("--pooling", self.poolings)):
            for value in values:
                words += [option, value]
        words += ["--seeds", str(seeds), "--draws", str(self.draws), "--masker", self.masker]
        words += [] if self.n is None else ["--n", str(self.n)]
        words += [] if self.size is None else ["--size", str(self.size)]
        words += ["--finetune", "--weights", self.weights] if self.finetune else []
        return shlex.join(words)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if not self.backbones or len(set(self.backbones)) < len(self.backbones):
            raise ConfigError("Name at least one backbone, and each only once.")
        return self


@dataclass(frozen=True)
class Arm:
    """One of the classifiers that are compared, whatever its seed.

    Attributes:
        backbone: Name of its backbone.
        strategy: Its strategy.
        pooling: Its pooling.
    """

    backbone: str
    strategy: StrategyName
    pooling: Pooling

    @property
    def region(self) -> Region:
        """Late masking averages foreground cells where it averages any: over all cells the birds' size would count."""
        return "foreground" if self.strategy == "late" and "gap" in self.pooling else "all"

    def name(self, seed: int) -> str:
        """The name of its checkpoint."""
        backbone = re.sub(r"[^a-z0-9.-]+", "-", self.backbone.lower())
        return f"{backbone}-{self.strategy}-{self.pooling.replace('+', '-')}-seed{seed}"

    def config(self, plan: Plan, seed: int) -> TrainingConfig:
        """How it is trained: with predicted masks, as in the paper."""
        return TrainingConfig(
            name=self.name(seed),
            title=f"{backbone_spec(self.backbone).title}, {self.strategy}, {self.pooling}",
            data=CubData(root=plan.cub, masks_from="predicted"),
            model=ModelConfig(
                backbone=self.backbone,
                weights=plan.weights,
                strategy=Strategy(name=self.strategy),
                pooling=self.pooling,
                region=self.region,
                size=plan.size,
                frozen=not plan.finetune,
            ),
            optimisation=_FINE_TUNING if plan.finetune else HEAD_OPTIMISATION,
            seed=seed,
        )


def arms(plan: Plan) -> tuple[Arm, ...]:
    """All classifiers of a plan; combinations that mean nothing are left out.

    Raises:
        UnknownNameError: There is no such backbone.
        ModelError: A backbone cannot be built at this size, or none of the poolings means anything with it.
    """
    found: list[Arm] = []
    for backbone in plan.backbones:
        spec = backbone_spec(backbone)
        size = plan.size or spec.size
        depths = describe_depths(build_network(spec, size), size)
        own = [
            Arm(backbone, strategy, pooling)
            for pooling in plan.poolings or POOLINGS
            for strategy in STRATEGY_NAMES
            if _means_something(depths, Arm(backbone, strategy, pooling))
        ]
        if not own:
            raise ModelError(
                f"'{backbone}' has no class token, so poolings {', '.join(plan.poolings)} mean nothing; choose 'gap'."
            )
        found += own
    return tuple(found)


def _means_something(depths: Depths, arm: Arm) -> bool:
    try:
        check_combination(depths, Strategy(name=arm.strategy), arm.pooling, arm.region)
    except ModelError:
        return False
    return True
