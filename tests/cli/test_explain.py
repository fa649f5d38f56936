"""The command explain: the same as the library says, and refusals in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from bgbias_core.attribution import Attribution, attribute, measure_shares
from bgbias_core.aviary import draw_recipes, render
from bgbias_core.data import swapped_places
from bgbias_core.images import read_image
from bgbias_core.masks import from_file, given, load_masker
from bgbias_core.models import load_checkpoint
from tests.cli.calling import refused, run, run_json

EARLY, UNMASKED = "aviary-convnext-early", "aviary-convnext-unmasked"


def test_a_photograph_is_explained_as_the_library_does(photo, stand_in) -> None:
    (photo / "scenes/sea").mkdir(parents=True)
    (photo / "scenes/sea/one.png").write_bytes((photo / "scene-0.png").read_bytes())
    told = run_json(
        "explain", "--image", photo / "photo.jpg", "--mask", photo / "mask.png", "--checkpoint", stand_in,
        "--method", "saliency", "--method", "shapley", "--scenes", photo / "scenes", "--out", photo / "out",
    )  # fmt: skip
    image = read_image(photo / "photo.jpg")
    expected = attribute(load_checkpoint(stand_in), image, from_file(image, photo / "mask.png"), "saliency")
    assert [one["method"] for one in told] == ["saliency", "shapley"]
    for key, value in expected.describe().items():
        assert told[0][key] == (pytest.approx(value) if isinstance(value, float) else value), key
    picture, values = told[0]["files"]
    assert read_image(picture).shape == (384, 512, 3)
    np.testing.assert_allclose(Attribution.load(photo / "out" / values).values, expected.values, atol=1e-6)
    assert told[1]["phi_background"] == pytest.approx(0, abs=1e-3), "soft rims of resizing aside"
    assert len(list((photo / "out").iterdir())) == 4


def test_a_bird_is_explained_where_it_is_put() -> None:
    told = run_json(
        "explain", "--bird", 5, "--place", "snow", "--checkpoint", EARLY, "--mask-source", "predicted",
        "--method", "saliency", "--method", "grad_cam",
    )  # fmt: skip
    drawn = render(swapped_places(draw_recipes("test", 5)[-1])["snow"], 96)
    true, found = given(drawn.image, drawn.mask), load_masker("segmenter-aviary")(drawn.image)
    for one in told:
        expected = attribute(load_checkpoint(EARLY), drawn.image, found, one["method"], object_mask=true)
        assert one["background_share"] == pytest.approx(expected.background_share)
        assert (one["mask_source"], one["masker"], one["object_source"]) == ("predicted", "segmenter-aviary", "given")
        assert one["files"] == []


def test_the_table_has_the_share_beside_its_chance() -> None:
    other = run_json("explain", "--bird", 1, "--checkpoint", EARLY)[0]["target"]
    names = load_checkpoint(EARLY).card.classes
    against = next(name for name in names if name != other)
    table = run(
        "explain", "--bird", 1, "--checkpoint", EARLY, "--checkpoint", UNMASKED, "--method", "integrated_gradients",
        "--method", "shapley", "--contrast", against, "--target", other,
    ).stdout  # fmt: skip
    assert "chance" in table
    assert "by construction" in table
    assert "log-odds" in table
    assert "steps, error" in table
    assert f"{other} rather than {against}" in table


def test_many_birds_are_averaged_as_the_library_does() -> None:
    told = run_json("explain", "--birds", 3, "--checkpoint", UNMASKED, "--checkpoint", EARLY, "--method", "saliency")
    loaded = [load_checkpoint(UNMASKED), load_checkpoint(EARLY)]
    shares = measure_shares(loaded, ["saliency"], n=3)
    assert [one["value"] for one in told["means"]] == pytest.approx([one.value for one in shares.means])
    assert [one["mask_source"] for one in told["means"]] == ["none", "given", "predicted"]
    assert [one["clear"] for one in told["differences"]] == [one.clear for one in shares.differences]
    table = run(
        "explain", "--birds", 2, "--checkpoint", UNMASKED, "--method", "shapley", "--mask-source", "given"
    ).stdout
    assert "95% interval" in table
    assert "log-odds" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give one of --image"),
        (("--bird", 1, "--birds", 2), "Give one of --image"),
        (("--bird", 1, "--method", "lime"), "no attribution method named 'lime'"),
        (("--bird", 1, "--place", "moon"), "no place named 'moon'"),
        (("--bird", 1, "--target", "dodo"), "no class named 'dodo'"),
        (("--bird", 1, "--scenes", "."), "another use of explain"),
        (("--birds", 1, "--target", "gull"), "another use of explain"),
        (("--image", "no.jpg"), "there is no such file"),
    ],
)
def test_it_refuses_in_a_sentence(arguments, said) -> None:
    assert said in refused(run("explain", "--checkpoint", EARLY, *arguments))


def test_shapley_of_a_photograph_asks_for_scenes(photo) -> None:
    said = refused(run("explain", "--image", photo / "photo.jpg", "--checkpoint", EARLY, "--method", "shapley"))
    assert "--scenes" in said
