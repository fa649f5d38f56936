"""Evaluations on photographs: by hand, against the swaps that a person sees, and on folders that lack something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bgbias_core import conditions
from bgbias_core.compositing import Placement, swap
from bgbias_core.conditions import CONDITIONS, seed_of, tiled
from bgbias_core.data import open_folder
from bgbias_core.errors import ConfigError, MaskError, UnknownNameError
from bgbias_core.evaluation import (
    Presentation,
    changed,
    draw_scenes,
    evaluate_on_photographs,
    judge,
    predict_probabilities,
    present,
    summarise,
)
from bgbias_core.evaluation.dials import worsened
from bgbias_core.images import encode_mask_png, encode_png
from bgbias_core.masks import MASKERS, MaskerSpec, given
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import Bright, make_checkpoint, make_folders, make_picture, make_scenes

CHECKPOINTS = [
    make_checkpoint(Strategy(name="unmasked"), name="one"),
    make_checkpoint(Strategy(name="early"), name="two"),
    make_checkpoint(Strategy(name="late"), region="foreground", name="three"),
]


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Six photographs of two classes with masks, and five places."""
    monkeypatch.setitem(MASKERS, "bright", MaskerSpec("bright", "Bright pixels", ("photograph", "aviary"), Bright))
    return make_folders(tmp_path, 6, 5)


def run(folders, masks=True, **options):
    data = open_folder(folders / "images", folders / "masks" if masks else None)
    options = {"scenes": folders / "scenes", "masker": "bright", **options}
    return evaluate_on_photographs(CHECKPOINTS, data, **options)


def test_answers_are_those_of_the_swaps_that_a_person_sees(folders) -> None:
    table = run(folders).table
    scenes = {scene.name: scene.image for scene in draw_scenes(folders / "scenes", seed=0)}
    data = open_folder(folders / "images", folders / "masks")
    for entry in data.entries:
        sample = data.read(entry)
        lifts = {"given": given(sample.image, sample.mask), "predicted": Bright()(sample.image)}
        for lift, lifted in lifts.items():
            for looked_at in ("given", "predicted") if lift == "given" else ("predicted",):
                presentations = present(sample.image, lifted, scenes, masker=Bright())
                if looked_at != lift:  # a given mask cuts the object out, and the masker looks for it in the composite
                    presentations = [replace(shown, mask=Bright()(shown.image)) for shown in presentations]
                for checkpoint in CHECKPOINTS:
                    source = looked_at if checkpoint.card.strategy.needs_mask else "none"
                    verdicts = judge(checkpoint, presentations)
                    rows = table[
                        (table["sample"] == entry.name)
                        & (table["checkpoint"] == checkpoint.card.name)
                        & (table["mask_source"] == source)
                        & table["lifted_by"].isin(["", lift])
                    ]
                    assert rows["scene"].tolist() == ["", *scenes]
                    assert rows["predicted"].tolist() == [verdict.name for verdict in verdicts]
                    certain = [verdict.probabilities[0] for verdict in verdicts]
                    assert rows["probability"].tolist() == pytest.approx(certain, abs=1e-5)
                    assert rows["flipped"].tolist()[1:] == changed(verdicts)[1:]
                    named = int(np.argmax(verdicts[0].all_probabilities))
                    expected = [verdict.all_probabilities[named] for verdict in verdicts]
                    assert rows["kept_probability"].tolist() == pytest.approx(expected, abs=1e-5)
    assert len(table) == 6 * (1 + 10 + 2 * (2 + 15))


def test_an_identity_is_no_finding_and_accuracy_needs_the_datas_classes(folders) -> None:
    rows = {(row.checkpoint, row.mask_source, row.lifted_by): row for row in summarise(run(folders))}
    assert set(rows) == {
        ("one", "none", "given"), ("one", "none", "predicted"), ("two", "given", "given"),
        ("two", "predicted", "given"), ("two", "predicted", "predicted"), ("three", "given", "given"),
        ("three", "predicted", "given"), ("three", "predicted", "predicted"),
    }  # fmt: skip
    early = rows["two", "given", "given"]
    assert "same pixels" in early.absent["flip rate"]
    assert rows["two", "predicted", "predicted"].measures["flip rate"].masker == "bright"
    assert rows["one", "none", "given"].measures["flip rate"].n == 6
    assert "its 12 classes are those of aviary, not the data's" in rows["one", "none", "given"].absent["accuracy"]


def test_soft_given_masks_mix_the_scene_in_and_are_measured(folders) -> None:
    for path in (folders / "masks").rglob("*.png"):
        path.write_bytes(encode_mask_png(make_picture(int(path.stem), 60, 80)[1] * np.float32(0.8)))
    [early] = [row for row in summarise(run(folders)) if (row.checkpoint, row.mask_source) == ("two", "given")]
    assert "flip rate" in early.measures


def test_own_classes_are_right_or_wrong(folders) -> None:
    names = ("class 0", "class 1", *(f"other {index}" for index in range(10)))
    own = replace(CHECKPOINTS[0], card=CHECKPOINTS[0].card.model_copy(update={"classes": names}))
    evaluation = evaluate_on_photographs([own], open_folder(folders / "images"), scenes=folders / "scenes")
    [row] = summarise(evaluation)
    originals = evaluation.table.query("condition == 'original'").astype("object")
    assert row.measures["accuracy"].value == (originals["predicted"] == originals["label"]).mean()
    assert row.measures["accuracy on foreign scenes"].n == 6
    assert "not known" in row.absent["worst-group accuracy"]


def test_photographs_without_an_object_are_put_on_no_scene(folders) -> None:
    for path in (folders / "images").rglob("0.png"):
        path.write_bytes(encode_png(np.zeros((60, 80, 3), dtype=np.uint8)))
    seen: list[tuple[int, int]] = []
    evaluation = run(folders, masks=False, progress=lambda done, total: seen.append((done, total)), shapley=6)
    assert seen[-1][0] == seen[-1][1]
    dark = evaluation.table.query("sample.str.endswith('0.png')")
    assert set(dark["condition"]) == {"original"}
    assert dark.set_index("checkpoint")["found"].to_dict() == {"one": True, "two": False, "three": False}
    assert {row.mask_source for row in summarise(evaluation)} == {"none", "predicted"}
    assert {row.measures["flip rate"].n for row in summarise(evaluation)} == {5}
    values = evaluation.table.query("condition == 'original'")["phi_foreground"]
    assert values.notna().sum() == 5 * 3


def test_without_scenes_only_the_originals_are_judged(folders) -> None:
    evaluation = run(folders, scenes=None, n=4)
    assert set(evaluation.table["condition"]) == {"original"}
    assert evaluation.table["sample"].nunique() == evaluation.header.n == 4
    assert all("no object was put" in row.absent["flip rate"] for row in summarise(evaluation))


def test_the_same_seed_draws_the_same_photographs(folders) -> None:
    drawn = [set(run(folders, scenes=None, n=3, seed=seed).table["sample"]) for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len({frozenset(names) for names in drawn}) > 1


def test_one_scene_of_every_place(folders) -> None:
    scenes = draw_scenes(folders / "scenes", seed=0)
    assert [scene.place for scene in scenes] == [f"scene {index}" for index in range(5)]
    assert scenes[1].name == "scene 1/view.png"
    np.testing.assert_array_equal(scenes[1].image, make_scenes(5)["scene 1"])


def test_what_cannot_be_measured_is_refused_in_words(folders) -> None:
    with pytest.raises(ConfigError, match="at least 1 photograph"):
        run(folders, n=0)
    with pytest.raises(ConfigError, match="give a folder of scenes"):
        run(folders, scenes=None, shapley=1)
    with pytest.raises(ConfigError, match="no photographs in its train split"):
        run(folders, split="train")
    (folders / "masks/test/class 0/0.png").write_bytes(encode_mask_png(np.zeros((60, 80), dtype=np.float32)))
    with pytest.raises(MaskError, match=r"The mask of test/class 0/0\.png marks nothing"):
        run(folders)


def mixed(folders, **options):
    return run(folders, conditions=("mixed_same", "mixed_rand"), draws=2, **options)


def test_backgrounds_are_lent_by_other_photographs_with_their_own_object_removed(folders) -> None:
    table = mixed(folders, cut_with=("given",)).table
    data = open_folder(folders / "images", folders / "masks")
    samples = {entry.name: data.read(entry) for entry in data.entries}
    rows = table[(table["checkpoint"] == "one") & table["condition"].isin(["Mixed-Same", "Mixed-Rand"])]
    assert rows.groupby(["sample", "condition"], observed=True)["scene"].nunique().isin([1, 2]).all()
    for row in rows.itertuples():
        own, lender = samples[row.sample], samples[row.scene]
        assert (lender.label == own.label) == (row.condition == "Mixed-Same")
        assert lender.name != own.name
        composite = swap(own.image, own.mask, tiled(lender.image, lender.mask))
        [verdict] = judge(CHECKPOINTS[0], [Presentation("by hand", composite.image, given(own.image, own.mask))])
        assert verdict.name == row.predicted
        assert verdict.probabilities[0] == pytest.approx(row.probability, abs=1e-5)
    foreign = table[(table["checkpoint"] == "one") & (table["condition"] == "foreign scene")]
    assert (foreign.groupby("sample", observed=True)["scene"].nunique() == 2).all()
    assert foreign["scene"].nunique() > 2, "not the same scenes for all"


ALONE = ("only_fg", "only_bg_b", "only_bg_t", "no_fg", "noise_fg", "noise_bg")


def test_every_condition_is_made_as_by_hand_and_looked_at_with_both_masks(folders) -> None:
    evaluation = run(folders, conditions=("all",), draws=1)
    titles = {spec.title for spec in CONDITIONS.values()}
    table = evaluation.table
    assert set(table["condition"]) == titles
    assert evaluation.header.data.parameters["conditions"] == [*CONDITIONS][1:]
    data = open_folder(folders / "images", folders / "masks")
    by_name = {one.card.name: one for one in CHECKPOINTS}
    for entry in data.entries[:3]:
        sample = data.read(entry)
        for name, lift in ((name, lift) for name in ALONE for lift in ("given", "predicted")):
            mask = sample.mask if lift == "given" else Bright()(sample.image).mask
            made = conditions.present(name, sample.image, mask, seed=seed_of(entry.name, 0))
            rows = table[
                (table["sample"] == entry.name)
                & (table["condition"] == CONDITIONS[name].title)
                & (table["lifted_by"] == lift)
            ]
            assert set(zip(rows["checkpoint"], rows["mask_source"], strict=True)) == {
                ("one", "none"), ("two", "predicted"), ("three", "predicted"),
                *([("two", "given"), ("three", "given")] if lift == "given" else []),
            }  # fmt: skip
            for row in rows.itertuples():
                look = made.mask if row.mask_source == "given" else Bright()(made.image).mask
                if row.mask_source != "none" and not look.any():
                    assert not row.found
                    assert np.isnan(row.probability)
                    continue
                [answer] = predict_probabilities(by_name[row.checkpoint], [made.image], [look])
                assert row.predicted == by_name[row.checkpoint].card.classes[answer.argmax()]
                assert row.probability == pytest.approx(answer.max(), abs=1e-5)
    taken_out = table[table["condition"].isin(["Only-BG-B", "Only-BG-T", "No-FG"])]
    assert not taken_out[taken_out["mask_source"] == "given"]["found"].any()
    assert taken_out[taken_out["mask_source"] == "none"]["found"].all()
    assert not table["dial"].astype(bool).any()


def test_dials_change_one_thing_beside_an_ordinary_row(folders) -> None:
    table = run(folders, n=3, dials=("object size", "mask quality")).table
    data = open_folder(folders / "images", folders / "masks")
    scenes = {scene.name: scene.image for scene in draw_scenes(folders / "scenes", seed=0)}
    early, dialled = CHECKPOINTS[1], table[table["dial"] != ""]
    assert set(dialled["condition"]) == {"foreign scene"}
    assert not dialled["phi_background"].notna().any()
    masks = dialled[dialled["dial"] != "object size"]
    assert set(zip(masks["checkpoint"], masks["mask_source"], strict=True)) == {("two", "given"), ("three", "given")}
    assert len(masks) == 3 * 2 * 15
    sizes = dialled[dialled["dial"] == "object size"]
    assert len(sizes) == 3 * 5 * (2 + 2 * 3), "unmasked cut out with either mask; masked by three ways of cut and look"
    assert (dialled.groupby("sample", observed=True)["scene"].nunique() == 1).all()
    for row in dialled[(dialled["checkpoint"] == "two") & (dialled["mask_source"] == "given")].itertuples():
        sample = data.read(next(entry for entry in data.entries if entry.name == row.sample))
        level = round(float(row.level), 6)
        shown = swap(sample.image, sample.mask, scenes[row.scene])
        if row.dial == "object size":
            shown = swap(sample.image, sample.mask, scenes[row.scene], placement=Placement(level))
            mask = shown.mask
        else:
            mask = worsened(sample.mask, row.dial, level, seed=seed_of(row.sample, 0))
        [answer] = predict_probabilities(early, [shown.image], [mask])
        assert row.probability == pytest.approx(answer.max(), abs=1e-5)
        ordinary = table[
            (table["sample"] == row.sample) & (table["scene"] == row.scene) & (table["checkpoint"] == "two")
            & (table["mask_source"] == "given") & (table["dial"] == "")
        ]  # fmt: skip
        assert len(ordinary) == 1
        assert row.original_predicted == ordinary["original_predicted"].item()
        assert row.flipped == (row.predicted != row.original_predicted)


def test_without_scenes_the_mask_is_worsened_on_the_photograph_itself(folders) -> None:
    table = run(folders, scenes=None, n=2, dials=("mask quality",)).table
    dialled = table[table["dial"] != ""]
    assert set(dialled["condition"]) == {"original"}
    assert len(dialled) == 2 * 2 * 15
    assert dialled["flipped"].notna().all(), "the photograph with its true mask is what they are compared to"
    assert run(folders, masks=False, scenes=None, n=2, dials=("mask quality",)).table["dial"].eq("").all()


def test_what_a_photograph_is_put_on_depends_on_no_other(folders) -> None:
    def drawn(**options):
        table = mixed(folders, cut_with=("given",), **options).table
        return table[["sample", "condition", "scene", "checkpoint", "mask_source"]].astype(str)

    some, every = drawn(n=3), drawn()
    kept = every[every["sample"].isin(some["sample"])]
    assert set(map(tuple, some.to_numpy())) == set(map(tuple, kept.to_numpy()))
    assert len(some) == len(kept) < len(every)


def test_the_command_of_mixed_conditions_says_them_all(folders) -> None:
    command = mixed(folders, cut_with=("given",), n=2).header.command
    assert "--condition mixed_same --condition mixed_rand --draws 2 --cut-with given" in command


def test_other_conditions_and_masks_that_are_not_there_are_refused(folders) -> None:
    with pytest.raises(UnknownNameError, match="no condition named 'only'"):
        run(folders, conditions=("only",))
    with pytest.raises(UnknownNameError, match="no dial named 'mask'"):
        run(folders, dials=("mask",))
    with pytest.raises(ConfigError, match="Foreign scenes were asked for and none were given"):
        run(folders, scenes=None, conditions=("foreign",))
    with pytest.raises(ConfigError, match="puts the object on other scenes"):
        run(folders, scenes=None, dials=("object size",))
    with pytest.raises(ConfigError, match="at least 1 of each"):
        run(folders, workers=0)
    with pytest.raises(ConfigError, match="at least 1 background"):
        run(folders, draws=0)
    with pytest.raises(ConfigError, match="no given masks to cut objects out with"):
        run(folders, masks=False, cut_with=("given",))


def test_the_header_tells_how_large_each_group_of_the_training_split_is(folders) -> None:
    data = open_folder(folders / "images", folders / "masks")
    trained = [replace(entry, split="train", name=f"again/{entry.name}") for entry in data.entries[1:]]
    grouped = [
        replace(entry, place_group="water" if number % 3 else "land")
        for number, entry in enumerate([*data.entries, *trained])
    ]
    made = evaluate_on_photographs(CHECKPOINTS[:1], replace(data, entries=tuple(grouped)), masker="bright")
    groups = [f"{entry.label}|{entry.place_group}" for entry in grouped if entry.split == "train"]
    assert made.header.data.parameters["train_groups"] == {name: groups.count(name) for name in sorted(set(groups))}
    assert "train_groups" not in run(folders).header.data.parameters
