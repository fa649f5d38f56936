"""Counting changed names: by hand, and on folders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bgbias_core.errors import ConfigError, ImageError, MaskError
from bgbias_core.evaluation import Photograph, changed, count_flips, draw_photographs, draw_scenes, judge, present
from bgbias_core.images import encode_mask_png, encode_png
from bgbias_core.masks import MaskResult, given
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import Bright, make_checkpoint, make_picture, make_scenes

CHECKPOINTS = [
    make_checkpoint(Strategy(name="unmasked"), name="one"),
    make_checkpoint(Strategy(name="early"), name="two"),
    make_checkpoint(Strategy(name="late"), region="foreground", name="three"),
]
SCENES = make_scenes(5)


def photograph(seed: int) -> Photograph:
    image, mask = make_picture(seed)
    return Photograph(f"photo {seed}", image, given(image, mask))


def test_counts_are_the_changed_names() -> None:
    photographs = [photograph(seed) for seed in range(4)]
    counts = {
        (count.checkpoint, count.mask_source): count
        for count in count_flips(CHECKPOINTS, photographs, SCENES, Bright())
    }
    assert len(counts) == 6
    for checkpoint in CHECKPOINTS:
        expected = sum(
            sum(map(bool, changed(judge(checkpoint, present(one.image, one.given, SCENES))))) for one in photographs
        )
        count = counts[checkpoint.card.name, "given"]
        assert (count.changed, count.pairs, count.photographs, count.no_object) == (expected, 20, 4, 0)
    assert counts["one", "given"].changed > 0
    assert counts["one", "given"].rate == counts["one", "given"].changed / 20
    assert counts["one", "given"].low <= counts["one", "given"].rate <= counts["one", "given"].high


def test_an_identity_is_tested_and_not_counted() -> None:
    counts = count_flips(CHECKPOINTS, [photograph(0)], SCENES, Bright())
    early = {count.mask_source: count for count in counts if count.strategy == "early"}
    assert early["given"].identity
    assert early["given"].changed == 0
    assert early["given"].rate is early["given"].low is None
    assert not early["predicted"].identity
    assert early["predicted"].rate is not None


def test_photographs_without_an_object_are_left_out_by_name() -> None:
    dark = Photograph("dark", np.zeros((50, 60, 3), dtype=np.uint8))
    counts = count_flips(CHECKPOINTS, [photograph(0), dark], SCENES, Bright())
    assert {count.mask_source for count in counts} == {"predicted"}, "one photograph has no given mask"
    for count in counts:
        assert (count.photographs, count.pairs, count.no_object, count.masker) == (1, 5, 5, "bright")


def test_nothing_to_swap_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 photographs and 5 scenes"):
        count_flips(CHECKPOINTS, [], SCENES, Bright())


@pytest.fixture
def folders(tmp_path):
    for seed in range(6):
        image, mask = make_picture(seed, 60, 80)
        for kind, data, suffix in (("images", encode_png(image), ".png"), ("masks", encode_mask_png(mask), ".png")):
            path = tmp_path / kind / f"class {seed % 2}" / f"{seed}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return tmp_path


def test_photographs_are_drawn_with_their_masks(folders) -> None:
    drawn = draw_photographs(folders / "images", folders / "masks", 3, seed=0)
    assert [one.name for one in drawn] == sorted(one.name for one in drawn)
    assert len({one.name for one in drawn}) == 3
    names = [one.name for one in draw_photographs(folders / "images", None, 3, seed=0)]
    assert names == [one.name for one in drawn], "the same seed draws the same photographs"
    assert (
        len({tuple(one.name for one in draw_photographs(folders / "images", None, 3, seed=seed)) for seed in range(5)})
        > 1
    )
    assert len(draw_photographs(folders / "images", None, 99, seed=0)) == 6
    for one in drawn:
        np.testing.assert_array_equal(one.given.mask, make_picture(int(one.name[-5]), 60, 80)[1])


def test_one_scene_of_every_place(folders) -> None:
    scenes = draw_scenes(folders / "images", seed=0)
    assert list(scenes) == ["class 0", "class 1"]
    assert scenes["class 1"].shape == (60, 80, 3)


def test_folders_that_lack_something_are_refused_in_words(folders) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        draw_photographs(folders / "nowhere", None, 3, 0)
    (folders / "none").mkdir()
    with pytest.raises(ConfigError, match="No photograph lies in"):
        draw_photographs(folders / "none", None, 3, 0)
    (folders / "masks/class 0/0.png").unlink()
    with pytest.raises(ImageError, match=r"0\.png: there is no such file"):
        draw_photographs(folders / "images", folders / "masks", 6, 0)
    (folders / "masks/class 0/0.png").write_bytes(encode_mask_png(np.zeros((60, 80), dtype=np.float32)))
    with pytest.raises(MaskError, match=r"The mask of class 0/0\.png marks nothing"):
        draw_photographs(folders / "images", folders / "masks", 6, 0)


def test_soft_given_masks_mix_the_scene_in_and_are_counted() -> None:
    sharp = photograph(0)
    assert sharp.given is not None
    soft = replace(sharp, given=MaskResult(sharp.given.mask * np.float32(0.9), "given", "given"))
    early = {c.mask_source: c for c in count_flips(CHECKPOINTS, [soft], SCENES, Bright()) if c.strategy == "early"}
    assert not early["given"].identity
    assert early["given"].rate is not None
