"""What pages load: checkpoints in a good order, each loaded once, anew when it changes; pictures as they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgbias_core.aviary import draw_recipes, render
from bgbias_core.errors import UnknownNameError
from pages.components.loaders import aviary_picture, checkpoint_names, listing, load_checkpoint_cached

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.conftest import MakeCheckpoint

ORDER = [f"aviary-{kind}-{strategy}" for kind in ("convnext", "vit") for strategy in ("unmasked", "early", "late")]


def test_checkpoints_come_convnext_first_and_unmasked_before_early_before_late(
    make_checkpoint: MakeCheckpoint,
) -> None:
    for name in sorted(ORDER, reverse=True):
        make_checkpoint(name)
    assert checkpoint_names("species") == ORDER
    assert checkpoint_names("imagenet") == []


def test_heads_trained_on_photographs_are_for_photographs(make_checkpoint: MakeCheckpoint) -> None:
    make_checkpoint(ORDER[0])
    make_checkpoint("aviary-convnext-early", answer="kite", classes=("kestrel", "kite"))
    assert checkpoint_names("species") == ORDER[:1]
    assert checkpoint_names("imagenet") == ["aviary-convnext-early"]


def test_a_broken_card_hides_no_other(make_checkpoint: MakeCheckpoint, shipped: Path) -> None:
    make_checkpoint(ORDER[0])
    (shipped / "broken.json").write_text("{")
    assert checkpoint_names("species") == ORDER[:1]
    assert list(listing().broken) == ["broken"]


def test_a_checkpoint_is_loaded_once_and_again_when_another_takes_its_name(
    make_checkpoint: MakeCheckpoint,
) -> None:
    make_checkpoint(ORDER[0])
    first, lock = load_checkpoint_cached(ORDER[0])
    assert load_checkpoint_cached(ORDER[0]) == (first, lock)
    make_checkpoint(ORDER[0], answer="fan-crested jay")
    second, other_lock = load_checkpoint_cached(ORDER[0])
    assert second is not first
    assert other_lock is not lock


def test_an_unknown_checkpoint_is_refused(make_checkpoint: MakeCheckpoint) -> None:
    make_checkpoint(ORDER[0])
    with pytest.raises(UnknownNameError, match=ORDER[0]):
        load_checkpoint_cached("aviary-convnext-unmaskd")


def test_pictures_are_those_of_the_recipe() -> None:
    recipe = draw_recipes("test", 1)[0]
    image, mask = aviary_picture(recipe, 96)
    rendering = render(recipe, 96)
    np.testing.assert_array_equal(image, rendering.image)
    np.testing.assert_array_equal(mask, rendering.mask)
    assert mask.dtype == np.float32
