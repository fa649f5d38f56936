"""The Aviary evaluation against answers that are known beforehand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from bgbias_core.aviary import SPECIES, render
from bgbias_core.compositing import Placement, swap
from bgbias_core.conditions import CONDITIONS, present, seed_of
from bgbias_core.data import AviaryQuery, load_aviary
from bgbias_core.errors import ConfigError, UnknownNameError
from bgbias_core.evaluation import card_metrics, evaluate_on_aviary, predict_probabilities, summarise, wilson
from bgbias_core.evaluation.dials import worsened
from bgbias_core.images import encode_png, read_image
from bgbias_core.masks import MASKERS, MaskerSpec, MaskResult
from bgbias_core.models import Depths, Features, Strategy
from tests.evaluation.stand_ins import Bright, make_checkpoint, make_scenes

N, BIRDS = 48, 6


class Constant(nn.Module):
    """A head that names one class, whatever it is given."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, pooled):
        return nn.functional.one_hot(torch.full((len(pooled),), self.index), len(SPECIES)).float()


def constant(strategy: str):
    checkpoint = make_checkpoint(Strategy(name=strategy), region="foreground" if strategy == "late" else "all")
    checkpoint.classifier.head = Constant(3)
    return checkpoint


def measure(checkpoint, **options):
    """The figures of a checkpoint's card, by measure, condition and mask source."""
    metrics = card_metrics(evaluate_on_aviary([checkpoint], **options), checkpoint.card.name)
    return {(metric.measure, metric.condition, metric.mask_source): metric for metric in metrics}


def test_a_constant_answer_is_right_once_a_species_and_never_flips() -> None:
    metrics = measure(constant("unmasked"), n=N, n_predicted=BIRDS)
    assert list(metrics) == [
        ("accuracy", "ID", "none"),
        ("accuracy", "OOD", "none"),
        ("ID–OOD gap", "ID, OOD", "none"),
        ("flip rate", "all places", "none"),
    ]
    accuracy = metrics["accuracy", "OOD", "none"]
    assert accuracy.value == pytest.approx(1 / 12)
    assert (accuracy.low, accuracy.high) == dataclasses.astuple(wilson(4, N))
    assert accuracy.n == N
    gap, flips = metrics["ID–OOD gap", "ID, OOD", "none"], metrics["flip rate", "all places", "none"]
    assert (gap.value, flips.value) == (0, 0)
    assert gap.low < 0 < gap.high, "no difference among 48 birds is no proof of none"
    assert (flips.n, flips.low) == (BIRDS, 0)
    assert flips.high == pytest.approx(wilson(0, BIRDS).high)
    assert accuracy.command == (
        f"python -m bgbias_core evaluate --data aviary --checkpoint stand-in --n {N} --n-predicted {BIRDS}"
    )


def test_masked_checkpoints_are_measured_with_both_masks() -> None:
    late = measure(constant("late"), n=N, n_predicted=BIRDS)
    assert {(measure, source) for measure, _, source in late} == {
        (measure, source) for measure in ("accuracy", "ID–OOD gap", "flip rate") for source in ("given", "predicted")
    }
    assert late["accuracy", "ID", "given"].n == N
    predicted = late["accuracy", "ID", "predicted"]
    assert (predicted.n, predicted.masker) == (BIRDS, "segmenter-aviary")


def test_the_identity_of_early_with_given_masks_is_not_reported_as_a_finding() -> None:
    early = measure(constant("early"), n=N, n_predicted=BIRDS)
    assert ("flip rate", "all places", "given") not in early
    assert ("ID–OOD gap", "ID, OOD", "given") not in early
    assert ("flip rate", "all places", "predicted") in early


def test_early_with_given_masks_is_as_right_anywhere() -> None:
    checkpoint = make_checkpoint(Strategy(name="early"))
    metrics = measure(checkpoint, n=N, n_predicted=BIRDS)
    assert metrics["accuracy", "ID", "given"].value == metrics["accuracy", "OOD", "given"].value


class ByPlace(nn.Module):
    """Recognises the pictures of a test set, and names the bird right where it stands ID and wrong elsewhere."""

    depth = None

    def __init__(self, query: AviaryQuery, depths: Depths) -> None:
        super().__init__()
        self.depths = depths
        data = load_aviary(query)
        self.known = {image.tobytes(): int(label) for image, label in zip(data.images, data.labels, strict=True)}

    def features(self, images, _masks):
        pixels = (images * 255).round().byte().permute(0, 2, 3, 1).numpy()
        said = torch.tensor([self.known.get(picture.tobytes(), -1) % 12 for picture in pixels])
        return Features(nn.functional.one_hot(said, 12).float()[:, :, None, None], None)

    def classify(self, features, _masks):
        return features.grid.flatten(1)


def test_a_checkpoint_that_knows_only_home_flips_everywhere_else() -> None:
    checkpoint = make_checkpoint(Strategy(name="unmasked"))
    home = ByPlace(AviaryQuery("test", N, "ID", 0.95, 96, 0), checkpoint.classifier.depths)
    metrics = measure(dataclasses.replace(checkpoint, classifier=home), n=N, n_predicted=11)
    # Elsewhere it says the last species; of the first 11 birds none is that one.
    assert metrics["accuracy", "ID", "none"].value == 1
    assert metrics["flip rate", "all places", "none"].value == 1
    assert metrics["accuracy", "OOD", "none"].value < 0.5
    gap = metrics["ID–OOD gap", "ID, OOD", "none"]
    assert gap.value == pytest.approx(1 - metrics["accuracy", "OOD", "none"].value)
    assert 0 < gap.low < gap.value < gap.high <= 1


def test_progress_counts_up_to_all() -> None:
    seen: list[tuple[int, int]] = []
    evaluate_on_aviary(
        [constant("late"), renamed(constant("unmasked"), "other")],
        n=N,
        n_predicted=BIRDS,
        seed=1,
        shapley=8,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {2 * N + 2 * 8}, "each bird shown and classified, and the Shapley values"
    assert seen[-1][0] == seen[-1][1]


def test_what_cannot_be_measured_is_refused() -> None:
    checkpoint = constant("unmasked")
    with pytest.raises(ConfigError, match="at least 1 bird"):
        evaluate_on_aviary([checkpoint], n=0)
    with pytest.raises(UnknownNameError, match="no masker named 'grabcat'"):
        evaluate_on_aviary([checkpoint], n=12, masker="grabcat")
    photo = checkpoint.card.model_copy(update={"classes": ("cat", "dog")})
    with pytest.raises(ConfigError, match="choose a checkpoint trained on Aviary"):
        evaluate_on_aviary([dataclasses.replace(checkpoint, card=photo)])


def test_what_does_not_go_together_is_refused() -> None:
    checkpoint = constant("unmasked")
    other = renamed(checkpoint, "other")
    data = checkpoint.card.training_data.model_copy(update={"parameters": {"correlation": 0.5}})
    half = dataclasses.replace(other, card=other.card.model_copy(update={"training_data": data}))
    with pytest.raises(ConfigError, match=r"different correlations \(stand-in at 0\.95, other at 0\.5\)"):
        evaluate_on_aviary([checkpoint, half], n=12)
    told = evaluate_on_aviary([checkpoint, half], n=12, n_predicted=0, correlation=1)
    assert "--correlation 1" in told.header.command
    homes = told.table[told.table["condition"] == "ID"]
    assert homes["place"].tolist() == [SPECIES[name].home for name in homes["label"]]
    with pytest.raises(ConfigError, match="named twice"):
        evaluate_on_aviary([checkpoint, checkpoint])
    with pytest.raises(ConfigError, match="no checkpoint to evaluate"):
        evaluate_on_aviary([])


def renamed(checkpoint, name: str):
    return dataclasses.replace(checkpoint, card=checkpoint.card.model_copy(update={"name": name}))


def test_together_and_in_any_chunks_checkpoints_say_what_they_say_alone(monkeypatch) -> None:
    several = [
        make_checkpoint(Strategy(name="unmasked"), name="one"),
        make_checkpoint(Strategy(name="early"), name="two", seed=1),
    ]
    together = evaluate_on_aviary(several, n=20, n_predicted=3)
    monkeypatch.setattr("bgbias_core.evaluation.run._PICTURES_AT_ONCE", 7)
    alone = [evaluate_on_aviary([checkpoint], n=20, n_predicted=3).table for checkpoint in several]
    expected = pd.concat([table.astype("object") for table in alone], ignore_index=True)
    pd.testing.assert_frame_equal(together.table.astype("object"), expected, check_exact=False, atol=1e-5)
    assert len(together.table) == (40 + 21) + (40 + 21) + 9 * 3


def test_the_table_holds_every_answer_beside_the_birds_own() -> None:
    checkpoint = make_checkpoint(Strategy(name="late"), region="foreground")
    table = evaluate_on_aviary([checkpoint], n=12, n_predicted=2, shapley=1).table
    assert table.groupby(["condition", "mask_source"], observed=True).size().to_dict() == {
        ("ID", "given"): 12, ("OOD", "given"): 12, ("all places", "given"): 14,
        ("ID", "predicted"): 2, ("OOD", "predicted"): 2, ("all places", "predicted"): 14,
    }  # fmt: skip
    reference = table[table["condition"] == "ID"].set_index(["sample", "mask_source"])
    for row in table.to_dict("records"):
        own = reference.loc[(row["sample"], row["mask_source"])]
        assert row["original_predicted"] == own["predicted"]
        assert row["original_probability"] == own["probability"]
        if row["condition"] == "ID":
            assert pd.isna(row["flipped"])
        else:
            assert row["flipped"] == (row["predicted"] != own["predicted"])
        if row["predicted"] == own["predicted"]:
            assert row["kept_probability"] == row["probability"]
        assert row["right"] == (row["predicted"] == row["label"])
    with_values = table[table["phi_background"].notna()]
    assert set(with_values["sample"]) == {"test-00000"}
    assert set(with_values["condition"]) == {"ID", "OOD"}
    assert len(with_values) == 4


def test_pictures_are_drawn_at_the_size_of_each_checkpoint() -> None:
    small = make_checkpoint(Strategy(name="unmasked"), name="small")
    card = small.card
    half = card.model_copy(update={"preprocessing": card.preprocessing.model_copy(update={"size": 64})})
    evaluation = evaluate_on_aviary(
        [dataclasses.replace(small, card=half), make_checkpoint(Strategy(name="unmasked"), name="large")],
        n=12,
        n_predicted=1,
    )
    assert evaluation.table["checkpoint"].tolist() == ["large"] * 31 + ["small"] * 31
    assert [row.n for row in summarise(evaluation)] == [12, 12]


def test_predicted_masks_are_found_once(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path))
    checkpoint = constant("late")
    first = evaluate_on_aviary([checkpoint], n=12, n_predicted=2)
    looked = []
    monkeypatch.setattr("bgbias_core.masks.segmenter.Segmenter.find_all", lambda *args: looked.append(args))
    again = evaluate_on_aviary([checkpoint], n=12, n_predicted=2)
    assert not looked
    pd.testing.assert_frame_equal(again.table, first.table)


def test_conditions_are_made_of_the_bird_where_it_stands_at_home(tmp_path) -> None:
    checkpoint = make_checkpoint(Strategy(name="unmasked"))
    for name, scene in make_scenes(2).items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "view.png").write_bytes(encode_png(scene))
    evaluation = evaluate_on_aviary(
        [checkpoint], n=3, n_predicted=0, conditions=("all",), scenes=tmp_path, correlation=0.5
    )
    rows = evaluation.table[evaluation.table["lifted_by"] == "given"]
    assert set(rows["condition"]) == {spec.title for spec in CONDITIONS.values() if spec.name != "original"}
    recipes = AviaryQuery("test", 1500, correlation=0.5).recipes()
    drawn = [render(recipe, 96) for recipe in recipes[:3]]
    names = {spec.title: spec.name for spec in CONDITIONS.values()}
    for row in rows.itertuples():
        bird = drawn[int(row.sample[-1])]
        spec = CONDITIONS[names[row.condition]]
        mask, donor, scene = bird.mask if spec.shows_object else bird.coverage, None, None
        if spec.needs == "donor":
            lender = recipes[int(row.scene.removeprefix("test-"))]
            assert (lender.species == row.label) == (spec.name == "mixed_same")
            assert row.scene != row.sample
            assert row.place == lender.place
            lent = render(lender, 96)
            donor = (lent.image, lent.coverage)
        if spec.needs == "scene":
            scene = read_image(tmp_path / row.scene)
        shown = present(spec.name, bird.image, mask, donor=donor, scene=scene, seed=seed_of(row.sample, 0))
        [answer] = predict_probabilities(checkpoint, [shown.image])
        assert row.probability == pytest.approx(answer.max(), abs=1e-5)
        assert row.original_predicted == evaluation.table.query(f"sample == '{row.sample}'")["predicted"].iloc[0]
    assert len(rows) == 3 * (8 + 2)


def test_conditions_of_the_first_birds_are_looked_at_with_predicted_masks(monkeypatch) -> None:
    monkeypatch.setitem(MASKERS, "bright", MaskerSpec("bright", "Bright pixels", ("aviary",), Bright))
    table = evaluate_on_aviary(
        [constant("late")], n=4, n_predicted=2, conditions=("no_fg", "only_fg"), masker="bright"
    ).table
    assert table.groupby(["condition", "mask_source"], observed=True)["sample"].nunique().to_dict() == {
        (condition, source): {"given": 4, "predicted": 2}[source] if condition != "all places" else 2
        for condition in ("ID", "OOD", "all places", "Only-FG", "No-FG") for source in ("given", "predicted")
    }  # fmt: skip
    assert not table.query("condition == 'No-FG' and mask_source == 'given'")["found"].any()


def test_dials_are_turned_where_the_bird_stands_elsewhere() -> None:
    early, plain = make_checkpoint(Strategy(name="early")), make_checkpoint(Strategy(name="unmasked"), name="plain")
    table = evaluate_on_aviary([early, plain], n=3, n_predicted=0, dials=("mask quality", "object size")).table
    dialled = table[table["dial"] != ""]
    assert set(dialled["condition"]) == {"OOD"}
    assert dialled.groupby("checkpoint", observed=True).size().to_dict() == {"stand-in": 3 * 20, "plain": 3 * 5}
    for row in dialled[dialled["checkpoint"] == "stand-in"].itertuples():
        recipe = AviaryQuery("test", 3, condition="OOD").recipes()[int(row.sample[-1])]
        drawn, level = render(recipe, 96), round(float(row.level), 6)
        image, mask = drawn.image, drawn.mask
        if row.dial == "object size":
            made = swap(image, mask, drawn.scene, placement=Placement(level))
            image, mask = made.image, made.mask
        else:
            mask = worsened(mask, row.dial, level, seed=seed_of(row.sample, 0))
        assert row.place == recipe.place
        assert row.found == mask.any(), "a slim bird is lost where its mask ends far inside it"
        if not row.found:
            continue
        [answer] = predict_probabilities(early, [image], [mask])
        assert row.probability == pytest.approx(answer.max(), abs=1e-5)


class Nothing:
    """A masker that never finds anything."""

    name = "nothing"

    def __call__(self, image, *, box=None) -> MaskResult:
        return MaskResult(np.zeros(image.shape[:2], dtype=np.float32), "given box" if box else "predicted", self.name)


def test_an_empty_predicted_mask_is_no_answer(monkeypatch) -> None:
    monkeypatch.setitem(MASKERS, "nothing", MaskerSpec("nothing", "Finds nothing", ("aviary",), Nothing))
    evaluation = evaluate_on_aviary([constant("late")], n=N, n_predicted=BIRDS, masker="nothing", shapley=1)
    never = evaluation.table[evaluation.table["mask_source"] == "predicted"]
    assert not never["found"].any()
    assert never["predicted"].isna().all()
    assert never["flipped"].isna().all()
    assert never["phi_background"].isna().all()
    assert not never["right"].any()
    row = summarise(evaluation)[1]
    assert "no object was found" in row.absent["flip rate"]
    metrics = measure(constant("late"), n=N, n_predicted=BIRDS, masker="nothing")
    assert metrics["accuracy", "ID", "predicted"].value == 0, "though the fourth bird is the one that is always named"
    assert metrics["accuracy", "ID", "given"].value == pytest.approx(1 / 12)
    assert ("flip rate", "all places", "predicted") not in metrics
    assert metrics["accuracy", "ID", "predicted"].command.endswith("--masker nothing")
