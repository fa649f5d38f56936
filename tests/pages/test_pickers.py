"""Photographs and downloads: the bird of Home, working sizes, and files that say what the page says."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bgbias_core.aviary import SPECIES, draw_recipes
from bgbias_core.compositing import Placement
from bgbias_core.data import Sample
from bgbias_core.data.pictures import read_picture
from bgbias_core.evaluation import judge, present
from bgbias_core.images import decode, decode_mask
from bgbias_core.masks import load_masker
from bgbias_core.models import load_checkpoint
from pages.components import pickers
from pages.components.downloads import COLUMNS, composites_zip, predictions_csv
from pages.components.mask_editor import Lifted
from pages.components.pickers import Photograph
from pages.components.pictures import WORKING_SIDE, fingerprint, working_copy, working_mask
from pages.components.presenting import fade_curves, presentations, verdicts
from pages.components.verdicts import plain, sees_same_pixels, short_title

if TYPE_CHECKING:
    from tests.pages.conftest import MakeCheckpoint


@pytest.mark.parametrize(("species", "number"), [(0, 1), (5, 1), (3, 4)])
def test_birds_are_those_of_home_but_at_home(species: int, number: int) -> None:
    name = list(SPECIES)[species]
    there = draw_recipes("test", 60)[(number - 1) * len(SPECIES) + species]
    here = pickers._test_bird(name, number)
    assert (here.species, here.bird_seed, here.scene_seed) == (name, there.bird_seed, there.scene_seed)
    assert here.place == SPECIES[name].home


def test_working_copies_keep_small_pictures_and_the_shape_of_large_ones() -> None:
    small = np.zeros((20, WORKING_SIDE, 3), np.uint8)
    assert working_copy(small) is small
    assert working_copy(np.zeros((WORKING_SIDE * 2, 600, 3), np.uint8)).shape == (WORKING_SIDE, 300, 3)


def test_masks_of_large_photographs_follow_them_to_the_working_size() -> None:
    mask = np.zeros((1500, 3000), np.float32)
    mask[:, :1500] = 1
    image = np.zeros((1500, 3000, 3), np.uint8)
    smaller = working_mask(mask)
    assert smaller.shape == working_copy(image).shape[:2] == (512, 1024)
    assert smaller[:, :511].min() == 1
    assert smaller[:, 513:].max() == 0
    assert working_mask(mask[:20, :30]).shape == (20, 30)


def test_a_fingerprint_sees_every_pixel() -> None:
    mask = np.zeros((1000, 1000), np.float32)
    before = fingerprint(mask)
    mask[713, 291] = 1
    assert fingerprint(mask) != before
    assert fingerprint(mask.reshape(500, 2000)) != fingerprint(mask)


@pytest.fixture
def cheetah() -> tuple[Photograph, Lifted]:
    image = read_picture("cheetah")[::2, ::2]
    found = load_masker("grabcut")(image)
    return Photograph(Sample("cheetah", image), "Cheetah", "A cheetah"), Lifted(found, "grabcut", None, 1.0)


def test_the_page_shows_what_the_library_gives(cheetah: tuple[Photograph, Lifted]) -> None:
    photograph, lifted = cheetah
    scenes = {"Coffee": read_picture("coffee"), "Space": read_picture("hubble_deep_field")}
    placement = Placement(0.8, 0.1, -0.05)
    seen: list[tuple[int, int]] = []
    shown = presentations(photograph, lifted, scenes, placement, lambda done, total: seen.append((done, total)))
    expected = present(
        photograph.image, lifted.mask, scenes, masker=load_masker("grabcut"), feather=1.0, placement=placement
    )
    assert seen == [(1, 2), (2, 2)]
    assert [one.name for one in shown] == [one.name for one in expected]
    for one, other in zip(shown, expected, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.mask.mask, other.mask.mask)
        assert one.mask.source == other.mask.source
    checkpoint = load_checkpoint("photo-early")
    answers = verdicts(checkpoint.card, shown)
    for one, other in zip(answers, judge(checkpoint, expected), strict=True):
        assert one.names == other.names
        np.testing.assert_allclose(one.all_probabilities, other.all_probabilities, atol=1e-6)

    archive = zipfile.ZipFile(io.BytesIO(composites_zip(shown)))
    assert archive.namelist()[::2] == ["00-original.png", "01-coffee.png", "02-space.png"]
    np.testing.assert_array_equal(decode(archive.read("01-coffee.png")), shown[1].image)
    np.testing.assert_array_equal(decode_mask(archive.read("02-space-mask.png")), shown[2].mask.mask)

    rows = list(csv.DictReader(io.StringIO(predictions_csv([checkpoint.card], {"photo-early": answers}).decode())))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 5 * 3
    assert [row["name"] for row in rows[:5]] == list(answers[0].names)
    assert rows[5]["changed"] == str(answers[1].name != answers[0].name).lower()
    assert {row["mask_source"] for row in rows} == {"predicted"}


def test_fading_begins_with_the_answer_on_the_original(cheetah: tuple[Photograph, Lifted]) -> None:
    photograph, lifted = cheetah
    card = load_checkpoint("photo-unmasked").card
    plain_lift = Lifted(lifted.mask, lifted.masker, None, 0.0)
    [curve] = fade_curves([card], photograph, plain_lift, read_picture("coffee"), Placement(), lambda *_: None).values()
    assert curve is not None
    shown = presentations(photograph, plain_lift, {"Coffee": read_picture("coffee")}, Placement(), lambda *_: None)
    answers = verdicts(card, shown)
    assert len(curve) == 11
    assert curve[0] == pytest.approx(answers[0].probabilities[0], abs=1e-5)
    named = card.classes.index(answers[0].name)
    assert curve[-1] == pytest.approx(float(answers[1].all_probabilities[named]), abs=1e-5)


def test_only_early_with_given_hard_masks_sees_the_same_pixels(make_checkpoint: MakeCheckpoint) -> None:
    photograph = Photograph(Sample("bird", np.full((32, 32, 3), 90, np.uint8)), "Bird", "A bird")
    mask = np.zeros((32, 32), np.float32)
    mask[8:24, 8:24] = 1
    given = Lifted(_given(photograph, mask), None, None, 0.0)
    scenes = {"Coffee": read_picture("coffee")}
    shown = presentations(photograph, given, scenes, Placement(), lambda *_: None)
    cards = {name: make_checkpoint(f"aviary-convnext-{name}") for name in ("unmasked", "early", "late")}
    assert {name: sees_same_pixels(card, shown) for name, card in cards.items()} == {
        "unmasked": False,
        "early": True,
        "late": False,
    }
    soft = Lifted(_given(photograph, mask / 2), None, None, 0.0)
    assert not sees_same_pixels(cards["early"], presentations(photograph, soft, scenes, Placement(), lambda *_: None))
    assert short_title(cards["early"], list(cards.values())) == "Early"
    assert short_title(cards["early"], [cards["early"], cards["early"]]) == cards["early"].title


def _given(photograph: Photograph, mask: np.ndarray) -> object:
    from bgbias_core.masks import given

    return given(photograph.image, mask)


@pytest.mark.parametrize("text", ["a_b*c", "[link](javascript:x)", "$x$", ":red[x]", "<b>", "|"])
def test_names_are_shown_as_they_are(text: str) -> None:
    escaped = plain(text)
    assert escaped.replace("\\", "") == text
    assert all(escaped[i - 1] == "\\" for i, sign in enumerate(escaped) if sign in "_*[]()$:<>|")
