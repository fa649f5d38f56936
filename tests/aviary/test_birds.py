"""Drawn birds: exact coverage, parts that are large enough, and nothing but the part tells members apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bgbias_core.aviary.birds import BirdLayer, draw_bird
from bgbias_core.aviary.species import FAMILIES, SPECIES
from bgbias_core.errors import ConfigError

MEMBERS = {name: [s for s in SPECIES.values() if s.family == name] for name in FAMILIES}


def same(first: BirdLayer, second: BirdLayer) -> bool:
    return (
        np.array_equal(first.colour, second.colour)
        and np.array_equal(first.coverage, second.coverage)
        and first.parts.keys() == second.parts.keys()
        and all(np.array_equal(first.parts[name], second.parts[name]) for name in first.parts)
        and first.feet == second.feet
    )


@pytest.mark.parametrize("name", SPECIES)
@pytest.mark.parametrize("size", [96, 224])
def test_layer_is_premultiplied_and_parts_add_up_to_the_coverage(name: str, size: int) -> None:
    bird = draw_bird(SPECIES[name], 5, size)
    assert bird.colour.shape == (size, size, 3)
    assert bird.colour.dtype == bird.coverage.dtype == np.float32
    assert bird.coverage.max() == 1.0
    assert 0.10 < float(np.mean(bird.coverage == 1)) < 0.35
    assert np.all(bird.colour <= 255 * bird.coverage[..., None] + 1e-3)
    np.testing.assert_array_equal(np.sum(list(bird.parts.values()), axis=0), bird.coverage)
    assert {FAMILIES[SPECIES[name].family].diagnostic, "body", "wing", "eye", "legs"} <= set(bird.parts)


@pytest.mark.parametrize("name", SPECIES)
def test_no_bird_is_cut_by_the_frame_and_each_stands_on_its_feet(name: str) -> None:
    for seed in range(12):
        bird = draw_bird(SPECIES[name], seed, 96)
        border = np.concatenate([bird.coverage[[0, -1]].ravel(), bird.coverage[:, [0, -1]].ravel()])
        assert not border.any(), f"seed {seed} touches the frame"
        lowest = (np.flatnonzero(bird.parts["legs"].any(axis=1)).max() + 1) / 96
        assert abs(lowest - bird.feet[1]) < 1.5 / 96
        assert 0.6 < bird.feet[1] < 0.92
        assert bird.coverage[:, int(bird.feet[0] * 96)].any()


def inscribed_diameter(share: NDArray[np.float32]) -> float:
    """Diameter in pixels of the largest circle inside the part's half-coverage outline, by distance transform."""
    fine = cv2.resize(share, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR) > 0.5
    return float(2 * cv2.distanceTransform(np.pad(fine, 1).astype(np.uint8), cv2.DIST_L2, 5).max() - 1) / 4


@pytest.mark.parametrize("name", SPECIES)
def test_diagnostic_parts_are_large_enough_at_training_size(name: str) -> None:
    slot = FAMILIES[SPECIES[name].family].diagnostic
    for seed in range(40):
        share = draw_bird(SPECIES[name], seed, 96).parts[slot]
        assert int((share == 1).sum()) >= 40, f"seed {seed}: fully covered pixels"
        assert inscribed_diameter(share) >= 4, f"seed {seed}: width"


@pytest.mark.parametrize("family", FAMILIES)
def test_without_the_diagnostic_part_members_are_identical(family: str) -> None:
    slot = FAMILIES[family].diagnostic
    for seed in (0, 7, 19):
        first, *others = (draw_bird(member, seed, 96, parts={slot: None}) for member in MEMBERS[family])
        assert slot not in first.parts
        assert all(same(first, other) for other in others)


@pytest.mark.parametrize("name", SPECIES)
def test_removing_any_part_changes_only_pixels_where_it_was_seen(name: str) -> None:
    species = SPECIES[name]
    for seed in (1, 2):
        whole = draw_bird(species, seed, 96)
        for slot in FAMILIES[species.family].variants:
            without = draw_bird(species, seed, 96, parts={slot: None})
            changed = np.any(whole.colour != without.colour, axis=2) | (whole.coverage != without.coverage)
            assert changed.any()
            assert not changed[whole.parts[slot] == 0].any()


@pytest.mark.parametrize("family", FAMILIES)
def test_exchanging_the_part_makes_the_other_member(family: str) -> None:
    slot = FAMILIES[family].diagnostic
    first, second, _ = MEMBERS[family]
    exchanged = draw_bird(first, 11, 96, parts={slot: second.parts[slot]})
    own, other = draw_bird(first, 11, 96), draw_bird(second, 11, 96)
    assert same(exchanged, other)
    changed = np.any(own.colour != other.colour, axis=2)
    seen = (own.parts[slot] > 0) | (other.parts[slot] > 0)
    assert changed.any()
    assert not changed[~seen].any()


def test_bytes_do_not_depend_on_threads_or_on_what_was_drawn_before() -> None:
    threads = cv2.getNumThreads()
    try:
        for size in (96, 512):
            birds = []
            for number in (1, 2):
                cv2.setNumThreads(number)
                birds.append([draw_bird(members[0], 4, size) for members in MEMBERS.values()])
            assert all(same(first, second) for first, second in zip(*birds, strict=True))
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_large_picture_shows_the_same_bird(family: str) -> None:
    small, large = (draw_bird(MEMBERS[family][1], 8, size) for size in (96, 480))
    assert small.feet == large.feet
    coverage = cv2.resize(large.coverage, (96, 96), interpolation=cv2.INTER_AREA)
    colour = cv2.resize(large.colour, (96, 96), interpolation=cv2.INTER_AREA)
    assert float(np.abs(coverage - small.coverage).max()) < 0.35
    inside = (coverage > 0.99) & (small.coverage == 1)
    assert float(np.abs(coverage - small.coverage)[small.coverage > 0].mean()) < 0.02
    assert float(np.abs(colour - small.colour)[inside].mean()) < 6


def test_seeds_give_different_birds() -> None:
    species = MEMBERS["jay"][0]
    birds = [draw_bird(species, seed, 96) for seed in range(12)]
    assert len({bird.colour.tobytes() for bird in birds}) == 12
    assert len({bird.feet for bird in birds}) == 12
    looks_right = [np.argmax(b.parts["beak"].sum(axis=0)) > np.argmax(b.parts["tail"].sum(axis=0)) for b in birds]
    assert any(looks_right)
    assert not all(looks_right)


def colour_histogram(bird: BirdLayer) -> NDArray[np.float64]:
    bins = np.round(bird.colour[bird.coverage == 1]).astype(int) // 32
    counts = np.bincount(bins @ (64, 8, 1), minlength=512)
    return np.asarray(counts / counts.sum())


def test_colour_statistics_do_not_name_the_species() -> None:
    """Five nearest neighbours among object-only histograms: the family is free, which is a third of the species."""
    labels = np.arange(len(SPECIES))
    histograms = np.array(
        [
            [colour_histogram(draw_bird(species, 1000 * (1 + label) + seed, 96)) for seed in range(30)]
            for label, species in enumerate(SPECIES.values())
        ]
    )
    train, test = histograms[:, :20].reshape(-1, 512), histograms[:, 20:].reshape(-1, 512)
    distance = np.abs(test[:, None] - train[None]).sum(axis=2)
    nearest = np.repeat(labels, 20)[np.argsort(distance, axis=1, kind="stable")[:, :5]]
    named = np.array([np.bincount(row, minlength=len(labels)).argmax() for row in nearest])
    truth = np.repeat(labels, 10)
    assert float(np.mean(named == truth)) <= 0.5
    assert float(np.mean(named // 3 == truth // 3)) > 0.9


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"horn": "long"}, "no slot 'horn'"),
        ({"beak": "cone"}, "no beak named 'cone'; take one of: dagger, sickle, spoon"),
    ],
)
def test_unknown_parts_are_refused_with_what_there_is(parts: dict[str, str | None], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        draw_bird(MEMBERS["ibis"][0], 0, 96, parts=parts)


@pytest.mark.parametrize(("seed", "size"), [(0, 8), (0, 5000), (-1, 96)])
def test_sizes_and_seeds_out_of_range_are_refused(seed: int, size: int) -> None:
    with pytest.raises(ConfigError, match=f"got {size} and {seed}"):
        draw_bird(MEMBERS["ibis"][0], seed, size)
