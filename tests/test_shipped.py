"""What ships: the checkpoints that the repository carries hold what their cards say."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from bgbias_core.aviary import SPEC_VERSION, SPECIES, draw_recipes, render
from bgbias_core.conditions import CONDITIONS
from bgbias_core.data import AviaryQuery, load_aviary
from bgbias_core.evaluation import (
    Evaluation,
    card_metrics,
    dial_curves,
    network_input,
    predict_probabilities,
    seal_of,
    summarise,
)
from bgbias_core.evaluation.masks import iou
from bgbias_core.evaluation.matrices import Cell
from bgbias_core.masks import load_masker
from bgbias_core.masks.segmenters import load_segmenter
from bgbias_core.models import DIALS, Card, Checkpoint, Metric, find_checkpoint, list_checkpoints, load_checkpoint
from bgbias_core.models.photo import photo_cards
from bgbias_core.paths import SHIPPED_CHECKPOINTS, SHIPPED_EVALUATIONS, SHIPPED_SEGMENTERS
from bgbias_core.training import TrainingConfig, dial_points
from bgbias_core.training.segmenter_config import SegmenterConfig

ARCHITECTURES = ("convnext", "vit")
SPECIES_CHECKPOINTS = [
    f"aviary-{name}-{strategy}" for name in ARCHITECTURES for strategy in ("unmasked", "early", "late")
]
HEADS = [path.stem for path in sorted((SHIPPED_CHECKPOINTS / "configs").glob("species-*.json"))]


@cache
def checkpoint(name: str) -> Checkpoint:
    return load_checkpoint(name)


def metric(card: Card, condition: str, source: str | None = None) -> Metric:
    source = source or ("given" if card.strategy.needs_mask else "none")
    found = [
        entry
        for entry in card.metrics
        if (entry.measure, entry.condition, entry.mask_source) == ("accuracy", condition, source)
    ]
    assert len(found) == 1
    return found[0]


def test_exactly_these_ship_and_they_are_small() -> None:
    cards = {path.stem for path in SHIPPED_CHECKPOINTS.glob("*.json")}
    assert cards == {*SPECIES_CHECKPOINTS, *HEADS, *(card.name for card in photo_cards())}
    assert sum(path.stat().st_size for path in SHIPPED_CHECKPOINTS.iterdir() if path.is_file()) <= 40e6


@pytest.mark.parametrize("name", SPECIES_CHECKPOINTS)
class TestSpeciesCheckpoint:
    def test_the_card_tells_how_it_was_made(self, name: str) -> None:
        card = checkpoint(name).card
        config = TrainingConfig.read(SHIPPED_CHECKPOINTS / "configs" / f"{name}.json")
        assert TrainingConfig.model_validate(card.config) == config  # newer entries have their defaults
        assert card.training_data.parameters["spec_version"] == SPEC_VERSION
        assert card.training_data.parameters["correlation"] == 0.95
        assert card.classes == tuple(SPECIES)
        assert min(card.architecture.grid) >= 6
        assert card.weights.dtype == "float16"

    def test_every_number_has_its_interval_and_command(self, name: str) -> None:
        card = checkpoint(name).card
        assert card.metrics
        for entry in card.metrics:
            # A bird in which the masker finds nothing has no flip rate.
            assert entry.n >= (290 if entry.measure == "flip rate" else 300)
            assert entry.low <= entry.value <= entry.high
            assert entry.command.startswith("python -m bgbias_core evaluate")

    def test_it_is_right_where_places_are_as_in_training(self, name: str) -> None:
        assert metric(checkpoint(name).card, "ID").value >= 0.90

    def test_it_repeats_its_figures_on_a_part_of_the_test_birds(self, name: str) -> None:
        loaded = checkpoint(name)
        for condition in ("ID", "OOD"):
            stated = metric(loaded.card, condition)
            data = load_aviary(AviaryQuery("test", 240, condition=condition))  # type: ignore[arg-type]
            masks = [mask.astype(np.float32) for mask in data.masks] if loaded.card.strategy.needs_mask else None
            right = predict_probabilities(loaded, list(data.images), masks).argmax(axis=1) == data.labels
            spread = 4 * (max(stated.value * (1 - stated.value), 0.02) / 240) ** 0.5
            assert right.mean() == pytest.approx(stated.value, abs=spread)


def test_the_shipped_evaluation_is_small_and_says_what_the_cards_say() -> None:
    path = SHIPPED_EVALUATIONS / "aviary.parquet"
    assert path.stat().st_size <= 3e6
    evaluation = Evaluation.load(path)
    assert {one.name for one in evaluation.header.checkpoints} == set(SPECIES_CHECKPOINTS)
    for about in evaluation.header.checkpoints:
        card = checkpoint(about.name).card
        assert about.seal == seal_of(card)
        for stated, found in zip(card.metrics, card_metrics(evaluation, about.name), strict=True):
            nothing = {"value": 0, "low": 0, "high": 0}
            assert found.model_copy(update=nothing) == stated.model_copy(update=nothing)
            assert (found.value, found.low, found.high) == pytest.approx((stated.value, stated.low, stated.high))


@pytest.fixture(scope="module", params=["correlation", "depth"])
def dial(request) -> Evaluation:
    """The shipped evaluation of a trained dial."""
    return Evaluation.load(SHIPPED_EVALUATIONS / f"dial-{request.param}.parquet")


def test_every_point_of_a_trained_dial_is_measured_and_those_that_ship_are_the_ones(dial) -> None:
    points = {point.name for point in dial_points() if dial.header.name.removeprefix("dial-") in point.dials}
    assert {about.name for about in dial.header.checkpoints} == points
    cards = {path.stem for path in (SHIPPED_CHECKPOINTS / DIALS).glob("*.json")}
    trained = {point.name for point in dial_points() if not point.built_in and "convnext" in point.name}
    assert cards == trained
    for about in dial.header.checkpoints:
        if about.name in trained or about.name.startswith("aviary"):
            assert about.seal == seal_of(load_checkpoint(about.name).card)


def shipped_curves(evaluation: Evaluation, backbone: str) -> dict[tuple[str, str], dict[float, Cell]]:
    """Accuracy OOD by strategy and mask source, then by level."""
    name = evaluation.header.name.removeprefix("dial-")
    curves = {
        (curve.strategy, curve.mask_source): {point.level: point.cell for point in curve.points}
        for curve in dial_curves(evaluation)
        if curve.dial == name and curve.checkpoint == backbone
    }
    given = [cell for (_, source), curve in curves.items() if source != "predicted" for cell in curve.values()]
    assert {cell.n for cell in given} == {1500}
    return curves


@pytest.mark.parametrize(
    ("backbone", "levels"),
    [("aviary-convnext", [0, 0.5, 0.8, 0.9, 0.95, 1]), ("aviary-vit", [0, 0.95, 1])],
)
def test_the_dial_of_correlation_tells_what_places_cost(backbone, levels) -> None:
    curves = shipped_curves(Evaluation.load(SHIPPED_EVALUATIONS / "dial-correlation.parquet"), backbone)
    unmasked, early = curves["unmasked", "none"], curves["early", "given"]
    assert sorted(unmasked) == sorted(curves["late", "given"]) == levels
    # The birds can be learned where places tell nothing, and are not where they tell all; early masking need not care.
    assert unmasked[0].low > unmasked[0.95].high > unmasked[0.95].low > unmasked[1].high
    assert early[0.95].low > unmasked[0].high


@pytest.mark.parametrize(("backbone", "levels"), [("aviary-convnext", [0, 1, 2, 3, 4]), ("aviary-vit", [0, 2, 4])])
def test_the_dial_of_depth_leads_from_early_to_late(backbone, levels) -> None:
    curve = shipped_curves(Evaluation.load(SHIPPED_EVALUATIONS / "dial-depth.parquet"), backbone)["late", "given"]
    assert sorted(curve) == levels
    assert curve[0].low > curve[levels[-1]].high


@pytest.mark.parametrize(("name", "prefix"), [("species", "species-lite0-"), ("species-vit", "species-vit-")])
def test_the_shipped_evaluations_of_photographs_have_every_condition_and_agree_with_the_cards(name, prefix) -> None:
    path = SHIPPED_EVALUATIONS / f"{name}.parquet"
    assert path.stat().st_size <= 2e6
    evaluation = Evaluation.load(path)
    assert {about.name for about in evaluation.header.checkpoints} == {h for h in HEADS if h.startswith(prefix)}
    data = evaluation.header.data
    assert (data.folder, data.scenes, data.masks) == ("$BGBIAS_CUB", "$BGBIAS_SCENES", "")
    assert f"--root {data.folder} --scenes {data.scenes}" in evaluation.header.command
    assert set(evaluation.table["condition"]) == {spec.title for spec in CONDITIONS.values()}
    for about in evaluation.header.checkpoints:
        card, _ = find_checkpoint(about.name)
        assert about.seal == seal_of(card)
        assert {(m.mask_source, m.value, m.n) for m in card.metrics} == {
            (m.mask_source, m.value, m.n) for m in card_metrics(evaluation, about.name) if m.condition == "original"
        }


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_backgrounds_share_is_above_0_where_it_is_seen_and_0_where_it_is_not(architecture: str) -> None:
    evaluation = Evaluation.load(SHIPPED_EVALUATIONS / "aviary.parquet")
    rows = {(row.strategy, row.mask_source): row for row in summarise(evaluation) if architecture in row.checkpoint}
    share = rows["unmasked", "none"].measures["Shapley background share"]
    assert share.low > 0
    assert share.n == 300
    table = evaluation.table[evaluation.table["mask_source"] == "given"]
    early = table[table["checkpoint"] == f"aviary-{architecture}-early"]
    assert early["phi_background"].abs().max() < 1e-4
    assert early["phi_foreground"].median() > 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
class TestArgument:
    """Unmasked leans on the place, early does not."""

    def test_unmasked_loses_at_least_40_points(self, architecture: str) -> None:
        card = checkpoint(f"aviary-{architecture}-unmasked").card
        assert metric(card, "ID").value - metric(card, "OOD").value >= 0.40

    def test_early_holds_with_given_masks(self, architecture: str) -> None:
        assert metric(checkpoint(f"aviary-{architecture}-early").card, "OOD").value >= 0.93

    def test_early_with_a_given_mask_is_the_same_on_every_background(self, architecture: str) -> None:
        recipes = [
            replace(recipe, place=place) for recipe in draw_recipes("test", 6) for place in ("ocean", "snow", "city")
        ]
        renderings = [render(recipe, 96) for recipe in recipes]
        name = f"aviary-{architecture}-early"
        probabilities = predict_probabilities(
            checkpoint(name), [r.image for r in renderings], [r.mask for r in renderings]
        ).reshape(6, 3, -1)
        # The pixels are the same to the byte; a network's rounding may depend on the place in the batch.
        np.testing.assert_allclose(probabilities, probabilities[:, :1].repeat(3, axis=1), atol=1e-6)
        seen = [
            network_input(checkpoint(name).card, [r.image], [r.mask])[0] * torch.from_numpy(r.mask) for r in renderings
        ]
        assert all(torch.equal(seen[3 * bird], other) for bird in range(6) for other in seen[3 * bird : 3 * bird + 3])

    def test_without_its_diagnostic_part_a_bird_is_any_of_its_family(self, architecture: str) -> None:
        recipes = draw_recipes("test", 240, condition="OOD")
        renderings = [
            render(replace(recipe, parts=dict.fromkeys(SPECIES[recipe.species].parts)), 96) for recipe in recipes
        ]
        probabilities = predict_probabilities(
            checkpoint(f"aviary-{architecture}-early"), [r.image for r in renderings], [r.mask for r in renderings]
        )
        labels = np.array([list(SPECIES).index(recipe.species) for recipe in recipes])
        members = np.array([[a.family == b.family for b in SPECIES.values()] for a in SPECIES.values()])
        within = np.where(members[labels], probabilities, -1).argmax(axis=1)
        # Chance among three; 240 draws scatter by 3 points.
        assert (within == labels).mean() == pytest.approx(1 / 3, abs=0.12)


@pytest.mark.parametrize("name", HEADS)
class TestHead:
    def test_the_card_tells_how_it_was_made_and_for_what_it_may_be_used(self, name: str) -> None:
        card = Card.read(SHIPPED_CHECKPOINTS / f"{name}.json")
        config = TrainingConfig.read(SHIPPED_CHECKPOINTS / "configs" / f"{name}.json")
        assert TrainingConfig.model_validate(card.config) == config
        assert (card.weights.source, len(card.classes)) == ("head", 18)
        assert "research and education only" in card.training_data.licence
        assert card.mask_source_at_training == ("predicted" if card.strategy.needs_mask else "none")
        assert card.doubtful_below is not None
        assert 1 / 18 < card.doubtful_below < 1
        assert (SHIPPED_CHECKPOINTS / card.weights.name).stat().st_size < 100_000

    def test_its_figures_say_how_many_and_how_to_print_them_again(self, name: str) -> None:
        card = Card.read(SHIPPED_CHECKPOINTS / f"{name}.json")
        sources = {"given", "predicted"} if card.strategy.needs_mask else {"none"}
        accuracies = [one for one in card.metrics if one.measure == "accuracy"]
        assert {one.mask_source for one in accuracies} == sources
        for one in accuracies:
            assert 1 / 18 < one.low < one.value < one.high
            assert 480 <= one.n <= 498
            assert "--root CUB" in one.command

    def test_it_loads_or_says_what_it_waits_for(self, name: str) -> None:
        listing = list_checkpoints()
        assert name in listing.cards
        if name in listing.waiting:
            assert "backbones fetch focus-vit-small" in listing.waiting[name]
            return
        loaded = checkpoint(name)
        size = loaded.card.preprocessing.size
        image = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
        masks = [np.ones((size, size), np.float32)] if loaded.card.strategy.needs_mask else None
        assert predict_probabilities(loaded, [image], masks).sum() == pytest.approx(1, abs=1e-5)


class TestSegmenters:
    @pytest.mark.parametrize("name", ["segmenter-photo", "segmenter-aviary"])
    def test_they_are_small_and_were_made_by_their_configurations(self, name: str) -> None:
        card, _ = load_segmenter(name)
        assert (SHIPPED_SEGMENTERS / f"{name}.safetensors").stat().st_size <= 10e6
        config = SegmenterConfig.read(SHIPPED_CHECKPOINTS / "configs" / f"{name}.json")
        made = config.model_dump(mode="json", exclude={"data", "least_confidence", "second_look"})
        assert {key: value for key, value in card.config.items() if key in made} == made
        for entry in ("size", "least_confidence", "second_look"):
            assert getattr(card, entry) == getattr(config, entry)

    def test_what_was_measured_are_masks_of_a_twin_that_saw_less(self) -> None:
        card, _ = load_segmenter("segmenter-photo")
        configs = SHIPPED_CHECKPOINTS / "configs"
        twin, own = (SegmenterConfig.read(configs / f"{name}.json") for name in (f"{card.name}-twin", card.name))
        pairs, cub = twin.data
        assert (pairs.held_back, len(cub.held_back_classes)) == (160, 4)
        assert own.begin_with == card.config["begin_with"] == twin.name
        assert not card.held_back, "it was trained on all that the twin never saw"
        assert [(one.network, one.n) for one in card.quality] == [("twin", 160), ("twin", 238), ("twin", 1038)]
        assert all(twin.name in one.command for one in card.quality)
        assert all(0.8 < one.low < one.value < one.high for one in card.quality)

    def test_birds_are_found_in_unseen_drawings(self) -> None:
        masker = load_masker("segmenter-aviary")
        made = load_aviary(AviaryQuery("test", 48, condition="OOD"))
        found = masker.find_all(list(made.images))
        scores = [iou(one.mask > 0.5, mask > 0) for one, mask in zip(found, made.masks, strict=True)]
        assert np.mean(scores) > 0.88
