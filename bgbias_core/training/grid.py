"""The trained dials: the small models of Aviary at other correlations, and with masks at other depths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bgbias_core.models import STRATEGY_NAMES, StrategyName
from bgbias_core.paths import SHIPPED_CHECKPOINTS
from bgbias_core.training.config import TrainingConfig

DialName = Literal["correlation", "depth"]
DIAL_NAMES: tuple[DialName, ...] = ("correlation", "depth")

SHIPPED_CORRELATION = 0.95
"""c of the shipped models, of the depth dial, and of the ID places that every point is measured in."""


@dataclass(frozen=True)
class Reach:
    """How far the dials of one backbone go.

    Attributes:
        backbone: A name of ``BACKBONES``.
        correlations: Of the training places, for unmasked and late; both ends first, so that a stop leaves a curve.
        depths: Of the masks: 0 is early masking, the last one late masking.
    """

    backbone: str
    correlations: tuple[float, ...]
    depths: tuple[int, ...]


REACHES: tuple[Reach, ...] = (
    Reach("aviary-convnext", (0.0, 1.0, SHIPPED_CORRELATION, 0.5, 0.8, 0.9), (0, 1, 2, 3, 4)),
    Reach("aviary-vit", (0.0, 1.0, SHIPPED_CORRELATION), (0, 2, 4)),
)


@dataclass(frozen=True)
class Point:
    """One model of the dials, trained once, with one seed.

    Attributes:
        config: How it is trained.
        dials: Which dials it is a point of.
        correlation: c of its training places.
        depth: ``None`` for unmasked, 0 for the image, ``k`` for after the ``k``-th stage or block.
        built_in: Whether it is one of the checkpoints that ship in any case, which are not trained again.
    """

    config: TrainingConfig
    dials: tuple[DialName, ...]
    correlation: float
    depth: int | None
    built_in: bool

    @property
    def name(self) -> str:
        """Name of its checkpoint."""
        return self.config.name

    @property
    def strategy(self) -> StrategyName:
        """How it masks."""
        return self.config.model.strategy.name


def dial_points(configs: Path | None = None) -> tuple[Point, ...]:
    """Every point of both dials, in the order of training.

    Early masking with Aviary's exact masks sees the same pixels at every correlation, so it has one point: training at
    another c would give the same weights again.

    A point has the recipe of the shipped model of its backbone and strategy, at another correlation or depth, and as
    many epochs as early masking: the shipped unmasked and late models are done as soon as they have learned the places'
    shortcut, and where there is none, or less of it, so short a training would show models that have not learned the
    birds yet. Of all epochs the best ID is kept, as everywhere. Early masking at c = 0.95 is the shipped model itself.

    Args:
        configs: Folder of the shipped configurations, by default those that ship.

    Raises:
        ConfigError: A shipped configuration is missing or damaged.
    """
    folder = configs or SHIPPED_CHECKPOINTS / "configs"
    return tuple(
        point
        for reach in REACHES
        for recipes in [_recipes(reach.backbone, folder)]
        for point in (*_correlations(reach, recipes), *_depths(reach, recipes))
    )


def in_dial(points: tuple[Point, ...], dial: DialName) -> list[Point]:
    """The points of one dial, as a person reads them: by backbone, then along the curves."""
    order = [reach.backbone for reach in REACHES]
    return sorted(
        (point for point in points if dial in point.dials),
        key=lambda point: (
            order.index(point.config.model.backbone),
            STRATEGY_NAMES.index(point.strategy) if dial == "correlation" else point.depth,
            point.correlation,
        ),
    )


def _recipes(backbone: str, folder: Path) -> dict[StrategyName, TrainingConfig]:
    """The shipped recipes of a backbone, all of early masking's length."""
    recipes = {strategy: TrainingConfig.read(folder / f"{backbone}-{strategy}.json") for strategy in STRATEGY_NAMES}
    epochs = recipes["early"].optimisation.epochs
    return {
        strategy: recipe.model_copy(update={"optimisation": recipe.optimisation.model_copy(update={"epochs": epochs})})
        for strategy, recipe in recipes.items()
    }


def _depths(reach: Reach, recipes: dict[StrategyName, TrainingConfig]) -> list[Point]:
    """Those between the first and the last, which are points of the correlation dial too."""
    late = recipes["late"]
    return [
        Point(
            late.model_copy(
                update={
                    "name": f"{_stem(reach)}-depth-{depth}",
                    "title": f"{late.title}, depth {depth}",
                    "model": late.model.model_copy(
                        update={"strategy": late.model.strategy.model_copy(update={"depth": depth})}
                    ),
                }
            ),
            ("depth",),
            SHIPPED_CORRELATION,
            depth,
            built_in=False,
        )
        for depth in reach.depths[1:-1]
    ]


def _correlations(reach: Reach, recipes: dict[StrategyName, TrainingConfig]) -> list[Point]:
    depths: dict[StrategyName, int | None] = {"unmasked": None, "early": reach.depths[0], "late": reach.depths[-1]}
    points = []
    for correlation in reach.correlations:
        for strategy, recipe in recipes.items():
            shipped, early = correlation == SHIPPED_CORRELATION, strategy == "early"
            if early and not shipped:
                continue
            dials = DIAL_NAMES if shipped and strategy != "unmasked" else DIAL_NAMES[:1]
            config = recipe if early else _at_correlation(reach, recipe, correlation)
            points.append(Point(config, dials, correlation, depths[strategy], built_in=early))
    return points


def _at_correlation(reach: Reach, recipe: TrainingConfig, correlation: float) -> TrainingConfig:
    return recipe.model_copy(
        update={
            "name": f"{_stem(reach)}-{recipe.model.strategy.name}-c{correlation:g}",
            "title": f"{recipe.title}, c = {correlation:g}",
            "data": recipe.data.model_copy(update={"correlation": correlation}),
        }
    )


def _stem(reach: Reach) -> str:
    return reach.backbone.replace("aviary", "dial")
