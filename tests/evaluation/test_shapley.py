"""Two-player Shapley: the axioms, Captum as oracle, and what must be 0 by identity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValues

from bgbias_core.aviary import draw_recipes, render
from bgbias_core.compositing import swap, without_object
from bgbias_core.errors import ConfigError, MaskError, UnknownNameError
from bgbias_core.evaluation import predict_probabilities
from bgbias_core.evaluation.shapley import (
    Coalitions,
    aviary_coalitions,
    photograph_coalitions,
    shapley_batch,
    shapley_values,
    two_players,
)
from bgbias_core.masks import MaskResult, given
from bgbias_core.models import Checkpoint, Strategy, load_checkpoint
from tests.evaluation.stand_ins import SIZE, Bright, make_checkpoint, make_picture, make_scenes

UNMASKED = make_checkpoint(Strategy(name="unmasked"))
EARLY = make_checkpoint(Strategy(name="early"))
LATE = make_checkpoint(Strategy(name="late"), region="foreground")
IMAGE, MASK = make_picture(0)
SCENES = list(make_scenes(4).values())
NAMED = UNMASKED.card.classes[3]


def photographed(k: int = 3, seed: int = 0) -> Coalitions:
    return photograph_coalitions(IMAGE, given(IMAGE, MASK), SCENES, k=k, seed=seed)


def drawn(bird: int, k: int = 3, seed: int = 0) -> Coalitions:
    return aviary_coalitions(draw_recipes("test", bird)[-1], SIZE, source="given", k=k, seed=seed)


def log_odds(checkpoint: Checkpoint, image: np.ndarray, mask: np.ndarray, target: str) -> float:
    """By way of probabilities, which the classifier's other users read."""
    probability = float(predict_probabilities(checkpoint, [image], [mask])[0, checkpoint.card.classes.index(target)])
    return float(np.log(probability) - np.log1p(-probability))


@pytest.mark.parametrize("checkpoint", [UNMASKED, EARLY, LATE], ids=lambda one: one.card.strategy.name)
@pytest.mark.parametrize("coalitions", [photographed(), drawn(5)], ids=["photograph", "aviary"])
def test_captum_finds_the_same_values_from_the_presences_alone(checkpoint, coalitions) -> None:
    def worth(shown) -> float:
        return float(np.mean([log_odds(checkpoint, one.image, one.mask.mask, NAMED) for one in shown]))

    table = {
        (0.0, 0.0): worth(coalitions.nothing),
        (1.0, 0.0): worth([coalitions.background]),
        (0.0, 1.0): worth(coalitions.foreground),
        (1.0, 1.0): worth([coalitions.everything]),
    }

    def forward(presences: torch.Tensor) -> torch.Tensor:
        return torch.tensor([table[tuple(row)] for row in presences.tolist()])  # type: ignore[index]

    found = shapley_values(checkpoint, coalitions, NAMED)
    [oracle] = ShapleyValues(forward).attribute(torch.ones(1, 2), baselines=torch.zeros(1, 2)).tolist()
    assert max(abs(value) for value in table.values()) > 0.5
    assert [found.phi_background, found.phi_foreground] == pytest.approx(oracle, abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_the_axioms_hold(seed) -> None:
    everything, background, foreground, nothing, other = np.random.default_rng(seed).normal(size=5).tolist()
    game = two_players(everything, background, foreground, nothing)
    assert game.phi_background + game.phi_foreground == pytest.approx(everything - nothing), "efficiency"
    swapped = two_players(everything, foreground, background, nothing)
    assert (swapped.phi_background, swapped.phi_foreground) == (game.phi_foreground, game.phi_background), "symmetry"
    dummy = two_players(everything, nothing, everything, nothing)
    assert (dummy.phi_background, dummy.phi_foreground) == pytest.approx((0, everything - nothing)), "dummy player"
    second = two_players(other, 1.0, 2.0, 3.0)
    both = two_players(everything + other, background + 1, foreground + 2, nothing + 3)
    assert both.phi_background == pytest.approx(game.phi_background + second.phi_background), "additivity"


def test_the_share_by_hand_and_where_it_is_not_defined() -> None:
    assert two_players(3.0, 0.0, 4.0, 0.0).share == pytest.approx(0.5 / 4.0), "φ_bg = −0.5 counts by its size"
    assert two_players(0.15, 0.0, 0.1, 0.0).share is not None
    assert two_players(0.1, 0.05, 0.05, 0.0).share is None


def test_values_are_efficient_and_do_not_depend_on_the_batch() -> None:
    coalitions = [photographed(), drawn(1), drawn(2, k=5)]
    targets = [NAMED, UNMASKED.card.classes[0], NAMED]
    ticks: list[tuple[int, int]] = []
    whole = shapley_batch(LATE, coalitions, targets)
    parts = shapley_batch(LATE, coalitions, targets, batch_size=7, progress=lambda *tick: ticks.append(tick))
    assert ticks == [(7, 28), (14, 28), (21, 28), (28, 28)]
    for one, another, coalition, target in zip(whole, parts, coalitions, targets, strict=True):
        alone = shapley_values(LATE, coalition, target)
        assert one.phi_background == pytest.approx(alone.phi_background, abs=1e-4)
        assert one.phi_background == pytest.approx(another.phi_background, abs=1e-4)
        assert one.phi_background + one.phi_foreground == pytest.approx(one.everything - one.nothing, abs=1e-9)


@pytest.mark.parametrize("fill", ["black", "mean"])
def test_early_with_given_masks_gives_its_background_nothing(fill) -> None:
    early = make_checkpoint(Strategy(name="early", fill=fill))
    for coalitions in (photographed(), drawn(3)):
        found = shapley_values(early, coalitions, NAMED)
        assert found.phi_background == pytest.approx(0, abs=1e-5)
        assert abs(found.phi_foreground) > 0.01
        assert abs(shapley_values(UNMASKED, coalitions, NAMED).phi_background) > 0.1


@pytest.mark.parametrize("architecture", ["convnext", "vit"])
def test_of_those_that_ship_early_is_0_and_unmasked_is_not(architecture) -> None:
    recipes = draw_recipes("test", 8)
    coalitions = [aviary_coalitions(recipe, SIZE, source="given", k=2) for recipe in recipes]
    targets = [recipe.species for recipe in recipes]
    early = shapley_batch(load_checkpoint(f"aviary-{architecture}-early"), coalitions, targets)
    unmasked = shapley_batch(load_checkpoint(f"aviary-{architecture}-unmasked"), coalitions, targets)
    assert max(abs(one.phi_background) for one in early) < 1e-5
    assert min(one.phi_foreground for one in early) > 1
    assert np.mean([one.phi_background for one in unmasked]) > 1


def test_a_contrast_is_the_difference_of_two_logits() -> None:
    other = UNMASKED.card.classes[0]
    found = shapley_values(UNMASKED, photographed(), NAMED, contrast=other)
    [row] = predict_probabilities(UNMASKED, [IMAGE])
    index = UNMASKED.card.classes.index
    assert found.everything == pytest.approx(float(np.log(row[index(NAMED)] / row[index(other)])), abs=1e-3)
    turned = shapley_values(UNMASKED, photographed(), other, contrast=NAMED)
    assert turned.phi_background == pytest.approx(-found.phi_background)


def test_aviary_puts_the_same_bird_on_other_scenes() -> None:
    recipe = draw_recipes("test", 4)[-1]
    coalitions, rendering = drawn(4, k=6), render(recipe, SIZE)
    np.testing.assert_array_equal(coalitions.everything.image, rendering.image)
    np.testing.assert_array_equal(coalitions.everything.mask.mask, rendering.mask)
    np.testing.assert_array_equal(coalitions.background.image, rendering.scene)
    bird = rendering.mask == 1
    for on_scene, empty in zip(coalitions.foreground, coalitions.nothing, strict=True):
        assert on_scene.name == empty.name
        np.testing.assert_array_equal(on_scene.image[bird], rendering.image[bird])
        away = rendering.coverage == 0
        np.testing.assert_array_equal(on_scene.image[away], empty.image[away])
        np.testing.assert_array_equal(on_scene.mask.mask, rendering.mask)
        assert empty.mask.empty
    assert len({shown.image.tobytes() for shown in coalitions.nothing}) == 6


def test_a_photograph_is_emptied_and_its_object_put_on_the_chosen_scenes() -> None:
    coalitions = photographed(k=4)
    np.testing.assert_array_equal(coalitions.background.image, without_object(IMAGE, MASK))
    assert coalitions.background.image[MASK == 1].mean() < 130, "the bright object is painted over"
    assert sorted(shown.name for shown in coalitions.foreground) == [f"scene {index}" for index in range(4)]
    for on_scene, empty in zip(coalitions.foreground, coalitions.nothing, strict=True):
        index = int(on_scene.name.split()[-1])
        np.testing.assert_array_equal(on_scene.image, swap(IMAGE, MASK, SCENES[index]).image)
        np.testing.assert_array_equal(on_scene.image[MASK == 0], empty.image[MASK == 0])
    assert len(photographed(k=9).foreground) == 9, "fewer scenes than wanted are drawn again"


def test_the_draw_follows_its_seed() -> None:
    def names(coalitions: Coalitions) -> list[str]:
        return [shown.name for shown in coalitions.foreground]

    assert names(drawn(1, k=8)) == names(drawn(1, k=8)) != names(drawn(1, k=8, seed=1))
    assert names(photographed(k=4)) == names(photographed(k=4)) != names(photographed(k=4, seed=3))
    recipe = draw_recipes("test", 1)[0]
    elsewhere = aviary_coalitions(replace(recipe, place="city"), SIZE, source="given", k=8)
    assert names(elsewhere) == names(drawn(1, k=8)), "a bird meets the same scenes wherever it stands"


def test_predicted_masks_are_found_in_every_picture() -> None:
    masker = Bright()
    for coalitions in (
        photograph_coalitions(IMAGE, masker(IMAGE), [np.full_like(IMAGE, 255), *SCENES], masker=masker, k=5),
        aviary_coalitions(draw_recipes("test", 1)[0], SIZE, source="predicted", masker=masker, k=2),
    ):
        for shown in coalitions.presentations:
            assert shown.mask.source == "predicted"
            np.testing.assert_array_equal(shown.mask.mask, masker(shown.image).mask)
        assert np.isfinite(shapley_values(EARLY, coalitions, NAMED).phi_background), "empty masks are no refusal"


def test_a_box_goes_along() -> None:
    masker, box = Bright(), (40, 30, 80, 60)
    photograph_coalitions(IMAGE, masker(IMAGE, box=box), SCENES, masker=masker, box=box, k=2)
    assert masker.boxes == [box] * 6


def test_what_cannot_be_played_is_refused_in_words() -> None:
    nothing = MaskResult(np.zeros_like(MASK), "predicted", "bright")
    with pytest.raises(MaskError, match="marks nothing"):
        photograph_coalitions(IMAGE, nothing, SCENES, masker=Bright())
    with pytest.raises(MaskError, match="its image is"):
        photograph_coalitions(IMAGE, MaskResult(MASK[1:], "given", "given"), SCENES)
    with pytest.raises(ConfigError, match="there is none"):
        photograph_coalitions(IMAGE, given(IMAGE, MASK), [])
    with pytest.raises(ConfigError, match="by which masker"):
        photograph_coalitions(IMAGE, MaskResult(MASK, "predicted", "bright"), SCENES)
    with pytest.raises(ConfigError, match="by which masker"):
        aviary_coalitions(draw_recipes("test", 1)[0], SIZE, source="predicted")
    with pytest.raises(ConfigError, match="At least 1 scene"):
        drawn(1, k=0)
    with pytest.raises(UnknownNameError, match="no class named 'dodo'"):
        shapley_values(UNMASKED, photographed(), "dodo")
    with pytest.raises(UnknownNameError, match="no class named 'dodo'"):
        shapley_values(UNMASKED, photographed(), NAMED, contrast="dodo")
