"""Strategies are values that refuse what cannot mean anything."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bgbias_core.errors import ModelError
from bgbias_core.models import Depths, Strategy, check_combination

VIT = Depths(grids=((8, 8),) * 4, has_cls=True)
CONVNEXT = Depths(grids=((24, 24), (12, 12), (6, 6), (3, 3)), has_cls=False)


@pytest.mark.parametrize(
    ("strategy", "depth"),
    [
        (Strategy(name="unmasked"), None),
        (Strategy(name="early"), 0),
        (Strategy(name="early", depth=0), 0),
        (Strategy(name="late"), 4),
        (Strategy(name="late", depth=2), 2),
    ],
)
def test_depth_resolves(strategy: Strategy, depth: int | None) -> None:
    assert VIT.resolve(strategy) == depth


@pytest.mark.parametrize(("name", "depth"), [("unmasked", 0), ("early", 1), ("late", 0), ("late", -1)])
def test_a_depth_that_contradicts_the_name_is_refused(name: str, depth: int) -> None:
    with pytest.raises(ValidationError):
        Strategy.model_validate({"name": name, "depth": depth})


@pytest.mark.parametrize(
    ("depths", "strategy", "pooling", "region", "words"),
    [
        (VIT, Strategy(name="late"), "cls", "all", "exactly unmasked"),
        (VIT, Strategy(name="late", depth=5), "gap", "all", "depths 1 to 4"),
        (VIT, Strategy(name="early"), "cls", "foreground", "averages none"),
        (VIT, Strategy(name="unmasked"), "gap", "foreground", "late masking at the last depth"),
        (CONVNEXT, Strategy(name="unmasked"), "cls", "all", "needs a class token"),
        (CONVNEXT, Strategy(name="unmasked"), "cls+gap", "all", "needs a class token"),
        (CONVNEXT, Strategy(name="late"), "gap", "all", "3×3"),
        (CONVNEXT, Strategy(name="late", depth=2), "gap", "foreground", "3×3"),
        (CONVNEXT, Strategy(name="early"), "gap", "foreground", "3×3"),
    ],
)
def test_what_means_nothing_is_refused_in_words(
    depths: Depths, strategy: Strategy, pooling: str, region: str, words: str
) -> None:
    with pytest.raises(ModelError, match=words.replace("+", r"\+")):
        check_combination(depths, strategy, pooling, region)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("depths", "strategy", "pooling", "region"),
    [
        (VIT, Strategy(name="unmasked"), "cls", "all"),
        (VIT, Strategy(name="late"), "cls+gap", "foreground"),
        (VIT, Strategy(name="late", depth=3), "cls", "all"),
        (VIT, Strategy(name="early"), "cls", "all"),
        (CONVNEXT, Strategy(name="late", depth=3), "gap", "all"),
        (CONVNEXT, Strategy(name="early"), "gap", "all"),
    ],
)
def test_what_means_something_is_allowed(depths: Depths, strategy: Strategy, pooling: str, region: str) -> None:
    check_combination(depths, strategy, pooling, region)  # type: ignore[arg-type]
