"""The trained dials: every point is there once and differs from its shipped recipe in nothing but the point."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bgbias_core.models import DIALS, find_checkpoint
from bgbias_core.paths import SHIPPED_CHECKPOINTS
from bgbias_core.training import Point, TrainingConfig, build, dial_points, in_dial, is_finished, open_training_data
from bgbias_core.training.assembly import image_size

POINTS = dial_points()


def of(backbone: str, dial: str) -> list[Point]:
    return [point for point in POINTS if dial in point.dials and point.config.model.backbone == backbone]


def shipped(point: Point) -> TrainingConfig:
    name = f"{point.config.model.backbone}-{point.strategy}"
    return TrainingConfig.read(SHIPPED_CHECKPOINTS / "configs" / f"{name}.json")


def differences(one: Any, other: Any, where: str = "") -> dict[str, Any]:
    """What ``one`` says otherwise, by its path."""
    if not isinstance(one, dict):
        return {} if one == other else {where: one}
    assert one.keys() == other.keys()
    return {
        path: value
        for key in one
        for path, value in differences(one[key], other[key], f"{where}.{key}".lstrip(".")).items()
    }


@pytest.mark.parametrize(
    ("backbone", "correlations"),
    [("aviary-convnext", (0, 0.5, 0.8, 0.9, 0.95, 1)), ("aviary-vit", (0, 0.95, 1))],
)
def test_every_strategy_that_sees_places_is_trained_at_every_correlation_once(
    backbone: str, correlations: tuple[float, ...]
) -> None:
    found = [(point.correlation, point.strategy) for point in of(backbone, "correlation")]
    expected = [(correlation, name) for correlation in correlations for name in ("unmasked", "late")]
    assert sorted(found) == sorted([*expected, (0.95, "early")])


def test_early_masking_sees_the_same_training_at_every_correlation() -> None:
    """So that one model stands for all of them: its pictures are the same to the byte, unmasked ones are not."""
    early = next(point for point in POINTS if point.name == "aviary-convnext-early").config
    seen = []
    for correlation in (0, 1):
        data = early.data.model_copy(update={"correlation": correlation, "train": 48, "validation": 12})
        made = open_training_data(early.model_copy(update={"data": data}), 64)
        [(images, masks)] = made.inputs("train", range(48), [find_checkpoint("aviary-convnext-early")[0]])
        assert masks is not None
        seen.append((images * masks, masks, images))
    assert torch.equal(seen[0][0], seen[1][0])
    assert torch.equal(seen[0][1], seen[1][1])
    assert not torch.equal(seen[0][2], seen[1][2])


@pytest.mark.parametrize(("backbone", "depths"), [("aviary-convnext", [0, 1, 2, 3, 4]), ("aviary-vit", [0, 2, 4])])
def test_the_depth_dial_goes_from_the_image_to_the_last_depth(backbone: str, depths: list[int]) -> None:
    points = of(backbone, "depth")
    classifiers = {point.name: build(point.config, 12)[0] for point in points}
    assert sorted(point.depth for point in points if point.depth is not None) == depths
    assert next(iter(classifiers.values())).depths.last == depths[-1]
    for point in points:
        assert classifiers[point.name].depth == point.depth
        assert point.correlation == 0.95


def test_the_shipped_early_models_are_the_points_that_are_not_trained_again() -> None:
    built_in = [point for point in POINTS if point.built_in]
    assert {point.name for point in built_in} == {"aviary-convnext-early", "aviary-vit-early"}
    assert all(point.config == shipped(point) for point in built_in)
    at_home = [point for point in POINTS if point.correlation == 0.95 and "correlation" in point.dials]
    assert {point.dials for point in at_home if point.strategy == "unmasked"} == {("correlation",)}
    assert {point.dials for point in at_home if point.strategy != "unmasked"} == {("correlation", "depth")}


def test_names_and_titles_are_unique_and_no_shipped_checkpoint_is_overwritten() -> None:
    assert len({point.name for point in POINTS}) == len({point.config.title for point in POINTS}) == len(POINTS) == 24
    for point in POINTS:
        assert point.built_in == (SHIPPED_CHECKPOINTS / f"{point.name}.json").is_file()


@pytest.mark.parametrize("point", [point for point in POINTS if not point.built_in], ids=lambda point: point.name)
def test_a_point_has_the_shipped_recipe_but_for_itself(point: Point) -> None:
    recipe = shipped(point)
    early = TrainingConfig.read(SHIPPED_CHECKPOINTS / "configs" / f"{point.config.model.backbone}-early.json")
    assert point.config.optimisation.epochs == early.optimisation.epochs
    changed = differences(point.config.model_dump(mode="json"), recipe.model_dump(mode="json"))
    changed.pop("optimisation.epochs", None)
    assert changed.pop("name") == point.name
    assert changed.pop("title").startswith(f"{recipe.title}, ")
    home = point.correlation == 0.95
    if point.dials == ("depth",):
        assert changed == {"model.strategy.depth": point.depth}
    else:
        assert changed == ({} if home else {"data.correlation": point.correlation})
    # What was validated is what was written: the copy is a configuration that its own file would give.
    assert TrainingConfig.model_validate(point.config.model_dump()) == point.config


def test_the_ends_of_a_dial_come_before_its_middle() -> None:
    unmasked = [point.correlation for point in of("aviary-convnext", "correlation") if point.strategy == "unmasked"]
    assert set(unmasked[:2]) == {0, 1}


def test_points_of_one_correlation_share_their_drawn_data() -> None:
    drawn: dict[float, set[str]] = {}
    for point in POINTS:
        data = open_training_data(point.config, image_size(point.config))
        drawn.setdefault(point.correlation, set()).update({data.key("train", masked=True), data.key("ID", masked=True)})
    assert all(len(keys) == 2 for keys in drawn.values())


def test_a_dial_is_read_along_its_curves() -> None:
    first = [(point.strategy, point.correlation) for point in in_dial(POINTS, "correlation")][:8]
    assert first == [*(("unmasked", c) for c in (0, 0.5, 0.8, 0.9, 0.95, 1)), ("early", 0.95), ("late", 0)]
    assert [point.depth for point in in_dial(POINTS, "depth")] == [0, 1, 2, 3, 4, 0, 2, 4]


def test_what_ships_of_the_dials_was_trained_as_its_point_says() -> None:
    points = {point.name: point for point in POINTS if not point.built_in}
    for path in (SHIPPED_CHECKPOINTS / DIALS).glob("*.json"):
        assert is_finished(points[path.stem].config, path.parent)
