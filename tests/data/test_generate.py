"""What goes where in a generated Waterbirds: labels, splits, places and scenes, before any picture is made."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgbias_core.data import open_cub, open_folder
from bgbias_core.data.generate import (
    COMPAT,
    FIXED,
    PUBLISHED_GROUPS,
    PlaceGroup,
    count_groups,
    draw,
    is_water_bird,
    label_classes,
    plan_waterbirds,
)
from bgbias_core.data.generate.plan import TEST, TRAIN, VALIDATION, count_of_place_one
from bgbias_core.errors import ConfigError
from tests.data import waterbirds_oracle as oracle
from tests.data.made_birds import PLACES, make_birds, make_scenes
from tests.data.made_up import make_folder, put

LAND_AND_WATER = ("land", "water")
NO_TERNS = ("Eastern Towhee", "Western Meadowlark", "Western Wood Pewee")
WATER = ("Laysan Albatross", "Arctic Tern", "Least Tern", "Western Gull", "Western Grebe", "Pacific Loon", "Mallard")
WATER += ("Frigatebird", "Red breasted Merganser", "Pigeon Guillemot", "Red legged Kittiwake", "Horned Puffin")
LAND = ("Northern Flicker", "Northern Waterthrush", "Common Raven", "Great Crested Flycatcher", "Painted Bunting")
# Published, by split and label: photographs, those on place 1.
PUBLISHED_COUNTS = {
    (TRAIN, 0): (3682, 184),
    (TRAIN, 1): (1113, 1057),
    (VALIDATION, 0): (933, 466),
    (VALIDATION, 1): (266, 133),
    (TEST, 0): (4510, 2255),
    (TEST, 1): (1284, 642),
}


@pytest.mark.parametrize("rule", [COMPAT, FIXED])
def test_water_birds_and_land_birds(rule) -> None:
    assert [name for name in (*WATER, *LAND) if is_water_bird(name, rule)] == list(WATER)


@pytest.mark.parametrize("name", NO_TERNS)
def test_the_known_bug_is_kept_in_compat_and_mended_in_fixed(name) -> None:
    assert is_water_bird(name, COMPAT)
    assert not is_water_bird(name, FIXED)


@pytest.mark.parametrize("name", [*WATER, *LAND, *NO_TERNS])
def test_labels_agree_with_the_oracle(name) -> None:
    folder = f"017.{name.replace(' ', '_')}"
    assert is_water_bird(name, COMPAT) == oracle.label(folder, fixed=False)
    assert is_water_bird(name, FIXED) == oracle.label(folder, fixed=True)


def test_labels_from_a_file(tmp_path) -> None:
    file = put(tmp_path / "labels.csv", "class,group\r\ncar, street\ncow,meadow\n\nbus,street\n")
    assert label_classes(["bus", "car", "cow"], str(file), ["meadow", "street"]) == {"bus": 1, "car": 1, "cow": 0}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("car,street\ncow,meadow\n", "leaves out 1 classes, such as 'bus'"),
        ("car,street\ncow,sky\n", "line 2: got 'cow,sky'"),
        ("car,street\ndog,street\n", "line 2: got 'dog,street'"),
        ("car,street\ncar,meadow\n", "line 2: got 'car,meadow'"),
        ("car;street\n", "line 1: got 'car;street'"),
        ("car,street\nbus,street\ncow,street\n", "All 3 classes would be at home in 'street'"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_file_of_labels_that_cannot_be_used_is_refused(tmp_path, text, said) -> None:
    file = put(tmp_path / "labels.csv", text)
    with pytest.raises(ConfigError, match=said):
        label_classes(["bus", "car", "cow"], str(file), ["meadow", "street"])


def test_labels_that_tell_nothing_apart_are_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="All 2 classes would be at home in 'land', such as 'bus'"):
        label_classes(["bus", "car"], FIXED, LAND_AND_WATER)
    with pytest.raises(ConfigError, match="No such file"):
        label_classes(["bus", "car"], str(tmp_path / "none.csv"), LAND_AND_WATER)


@pytest.mark.parametrize(("cell", "counts"), PUBLISHED_COUNTS.items())
def test_the_published_counts(cell, counts) -> None:
    assert count_of_place_one(counts[0], *cell, 0.95) == counts[1] == oracle.place_one(counts[0], *cell, 0.95)


@given(st.integers(0, 12000), st.sampled_from([0, 1, 2]), st.sampled_from([0, 1]), st.floats(0, 1))
@settings(max_examples=200)
def test_counts_agree_with_the_oracle(n, split, label, majority) -> None:
    assert count_of_place_one(n, split, label, majority) == oracle.place_one(n, split, label, majority)


def whole_cub() -> tuple[list[int], list[bool]]:
    """Labels and halves in the numbers of the whole data set, mixed."""
    pairs = [(0, True)] * 4510 + [(1, True)] * 1284 + [(0, False)] * 4615 + [(1, False)] * 1379
    order = np.random.default_rng(1).permutation(len(pairs))
    return [pairs[index][0] for index in order], [pairs[index][1] for index in order]


def test_a_whole_cub_is_drawn_as_published() -> None:
    labels, is_test = whole_cub()
    draws = draw(labels, is_test, {"land": 9000, "water": 9000}, majority=0.95, seed=3)
    assert Counter(draws.splits.tolist()) == {TRAIN: 4795, VALIDATION: 1199, TEST: 5794}
    assert (draws.splits == TEST).tolist() == is_test
    counts = count_groups(labels, draws, LAND_AND_WATER)
    assert counts["test"] == {"land-land": 2255, "land-water": 2255, "water-land": 642, "water-water": 642}
    own = np.array(labels)
    for split, label in product((TRAIN, VALIDATION, TEST), (0, 1)):
        here = draws.places[(draws.splits == split) & (own == label)]
        assert here.sum() == oracle.place_one(len(here), split, label, 0.95)
    for place in (0, 1):
        used = draws.scenes[draws.places == place]
        assert len(set(used.tolist())) == len(used)
        assert used.max() < 9000


def test_draws_are_random_yet_repeat() -> None:
    labels, is_test = whole_cub()
    one, again, other = (draw(labels, is_test, {"a": 9000, "b": 9000}, majority=0.95, seed=seed) for seed in (3, 3, 4))
    for field in ("splits", "places", "scenes"):
        assert np.array_equal(getattr(one, field), getattr(again, field))
        assert not np.array_equal(getattr(one, field), getattr(other, field))
    # Neither where a photograph stands in the list nor its label decides what it gets.
    validation = np.flatnonzero(one.splits == VALIDATION)
    assert abs(validation.mean() - len(labels) / 2) < 5 * len(labels) / np.sqrt(12 * len(validation))
    assert abs(np.array(labels)[validation].mean() - 1379 / 5994) < 5 * np.sqrt(0.23 * 0.77 / 1199)


@pytest.mark.parametrize("majority", [0.0, 0.5, 1.0])
def test_the_majority_is_what_it_says(majority) -> None:
    labels, is_test = whole_cub()
    draws = draw(labels, is_test, {"a": 12000, "b": 12000}, majority=majority, seed=0)
    train = draws.splits == TRAIN
    assert abs((draws.places == labels)[train].mean() - majority) < 1e-3
    assert abs((draws.places == labels)[~train].mean() - 0.5) < 1e-3


def test_too_few_scenes_are_refused_with_the_shortfall_of_each_group() -> None:
    labels, is_test = [0] * 60 + [1] * 40, [True] * 100
    with pytest.raises(ConfigError, match=r"land needs 50 and has 30 \(20 too few\); water needs 50 and has 8 \(42"):
        draw(labels, is_test, {"land": 30, "water": 8}, majority=0.95, seed=0)
    with pytest.raises(ConfigError, match=r"once: water needs 50 and has 0 \(50 too few\)\. Name more places"):
        draw(labels, is_test, {"land": 30, "water": 0}, majority=0.95, seed=0, reuse_scenes=True)
    draws = draw(labels, is_test, {"land": 30, "water": 8}, majority=0.95, seed=0, reuse_scenes=True)
    for place, there in ((0, 30), (1, 8)):
        used = Counter(draws.scenes[draws.places == place].tolist())
        assert len(used) == there
        assert max(used.values()) - min(used.values()) <= 1


@pytest.mark.parametrize("majority", [-0.1, 1.5, float("nan")])
def test_a_majority_that_is_no_share_is_refused(majority) -> None:
    with pytest.raises(ConfigError, match="majority is a share"):
        draw([0, 1], [False, True], {"a": 9, "b": 9}, majority=majority, seed=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("generate")
    return open_cub(make_birds(root / "cub")), make_scenes(root / "places")


def test_rows_follow_cubs_ids_and_say_what_the_jobs_do(made, tmp_path) -> None:
    birds, places = made
    plan = plan_waterbirds(birds, places, tmp_path, labels=COMPAT, seed=2)
    lines = (birds.folder / "images.txt").read_text().splitlines()
    assert [f"{row[0]} {row[1]}" for row in plan.rows] == lines
    split_of = {entry.name: entry.split for entry in birds.entries}
    for (_, name, label, split, place, scene), job in zip(plan.rows, plan.jobs, strict=True):
        assert label == oracle.label(name.split("/")[0], fixed=False)
        assert (split == TEST) == (split_of[name] == "test")
        assert scene.startswith("/")
        assert scene[1:].rsplit("/", 1)[0] in PUBLISHED_GROUPS[place].places
        assert job.scene == places / scene[1:]
        assert job.photograph == birds.images / name
        assert job.mask == birds.folder / "segmentations" / name.replace(".jpg", ".png")
        assert job.out == tmp_path / name
        assert job.mask_out == tmp_path / "segmentations" / name.replace(".jpg", ".png")
    assert Counter(row[3] for row in plan.rows) == {TRAIN: 16, VALIDATION: 4, TEST: 20}
    assert len({row[5] for row in plan.rows}) == len(plan.rows)
    assert not any(tmp_path.iterdir())


def test_fixed_labels_move_the_towhee_alone(made, tmp_path) -> None:
    plans = [plan_waterbirds(*made, tmp_path, labels=labels, seed=2) for labels in (COMPAT, FIXED)]
    moved = {one[1] for one, other in zip(*(plan.rows for plan in plans), strict=True) if one[2] != other[2]}
    assert {name.split("/")[0] for name in moved} == {"021.Eastern_Towhee"}
    assert len(moved) == 10


def test_places_in_any_layout_of_places365_are_the_same(made, tmp_path) -> None:
    birds, places = made
    nested = make_scenes(tmp_path / "large", {f"data_large/{place[0]}/{place}": n for place, n in PLACES.items()})
    flat, deep = (plan_waterbirds(birds, folder, tmp_path, seed=5) for folder in (places, nested))
    ends = [[row[5].rsplit("/", 1)[-1] for row in plan.rows] for plan in (flat, deep)]
    assert ends[0] == ends[1]
    assert {row[5].split("/")[1] for row in deep.rows} == {"data_large"}


def test_everything_that_fixes_the_content_is_named(made, tmp_path) -> None:
    birds, places = made
    one = plan_waterbirds(birds, places, tmp_path)
    assert one.made_from == plan_waterbirds(birds, places, tmp_path / "elsewhere").made_from
    assert json.loads(json.dumps(one.made_from)) == one.made_from
    for change in ({"seed": 1}, {"majority": 0.9}, {"labels": COMPAT}, {"reuse_scenes": True}):
        assert plan_waterbirds(birds, places, tmp_path, **change).made_from != one.made_from


def test_other_objects_on_other_places(tmp_path) -> None:
    make_folder(tmp_path / "things", {"car": 9, "cow": 9}, tmp_path / "masks")
    things = open_folder(tmp_path / "things", tmp_path / "masks")
    labels = put(tmp_path / "labels.csv", "car,city\ncow,meadow\n")
    places = make_scenes(tmp_path / "places", {"street": 9, "square": 9, "field": 18})
    groups = [PlaceGroup("meadow", ("field",)), PlaceGroup("city", ("street", "square"))]
    plan = plan_waterbirds(things, places, tmp_path / "out", groups=groups, labels=str(labels))
    assert [row[0] for row in plan.rows] == list(range(1, 19))
    assert [row[1] for row in plan.rows] == [entry.name for entry in things.entries]
    assert all(row[2] == (row[1].split("/")[0] == "car") for row in plan.rows)
    assert all(row[5].split("/")[1] in groups[row[4]].places for row in plan.rows)
    assert set(plan.counts["train"]) == {"meadow-meadow", "meadow-city", "city-meadow", "city-city"}


def test_what_cannot_be_planned_is_refused_in_words(made, tmp_path) -> None:
    birds, places = made
    bare = open_folder(make_folder(tmp_path / "bare", {"tern": 4, "wren": 4}))
    with pytest.raises(ConfigError, match="has no masks"):
        plan_waterbirds(bare, places, tmp_path)
    land, water = PUBLISHED_GROUPS
    for groups, said in (
        ([land], "two place groups with names of their own, got land"),
        ([land, water, PlaceGroup("air", ("sky",))], "got land, water, air"),
        ([land, PlaceGroup("land", ("ocean",))], "got land, land"),
        ([land, PlaceGroup("water", ("ocean", "bamboo_forest"))], "'bamboo_forest' is in both groups"),
        ([land, PlaceGroup("water", ("ocean", "swamp"))], "No photograph of the place 'swamp'"),
        ([land, PlaceGroup("water", ("swamp",))], "No photograph of swamp"),
    ):
        with pytest.raises(ConfigError, match=said):
            plan_waterbirds(birds, places, tmp_path, groups=groups)
    with pytest.raises(ConfigError, match="There is no folder"):
        plan_waterbirds(birds, tmp_path / "nowhere", tmp_path)
