"""Background shares over many birds: what they average, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from bgbias_core.attribution import attribute, measure_shares
from bgbias_core.aviary import draw_recipes, render
from bgbias_core.errors import ConfigError, UnknownNameError
from bgbias_core.masks import MASKERS, Box, MaskerSpec, MaskResult, given
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import SIZE, make_checkpoint

UNMASKED = make_checkpoint(Strategy(name="unmasked"), name="unmasked")
EARLY = make_checkpoint(Strategy(name="early"), name="early")


class Fickle:
    """Finds the left half of every second picture and nothing in the others."""

    name = "fickle"

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, image: np.ndarray, *, box: Box | None = None) -> MaskResult:  # noqa: ARG002 -- the contract
        self.seen += 1
        found = np.zeros(image.shape[:2], dtype=np.float32)
        found[:, : image.shape[1] // 2] = self.seen % 2
        return MaskResult(found, "predicted", self.name)


def test_means_are_over_single_attributions() -> None:
    ticks: list[tuple[int, int]] = []
    shares = measure_shares(
        [UNMASKED, EARLY], ["saliency"], n=3, sources=["given"], progress=lambda *tick: ticks.append(tick)
    )
    single = []
    for recipe in draw_recipes("test", 3):
        drawn = render(recipe, SIZE)
        single.append(attribute(UNMASKED, drawn.image, given(drawn.image, drawn.mask), "saliency"))
    unmasked, early = shares.means
    assert unmasked.value == pytest.approx(np.mean([one.background_share for one in single]))
    assert unmasked.chance == pytest.approx(np.mean([one.chance for one in single]))
    assert unmasked.low is not None
    assert unmasked.high is not None
    assert unmasked.low <= unmasked.value <= unmasked.high
    assert (unmasked.n, unmasked.mask_source, unmasked.by_identity) == (3, "none", "")
    assert (early.value, early.mask_source) == (0, "given")
    assert "by construction" in early.by_identity
    [difference] = shares.differences
    assert (difference.first, difference.second) == (("unmasked", "none"), ("early", "given"))
    assert difference.difference == pytest.approx(unmasked.value)
    assert not difference.clear, "three birds are too few to be clear about"
    assert ticks == [(done, 6) for done in range(1, 7)]


def test_a_bird_that_the_masker_does_not_find_is_left_out_and_pairs_with_none(monkeypatch) -> None:
    monkeypatch.setitem(MASKERS, "fickle", MaskerSpec("fickle", "Fickle", ("aviary",), Fickle))
    shares = measure_shares([UNMASKED, EARLY], ["saliency"], n=4, sources=["predicted"], masker="fickle")
    unmasked, early = shares.means
    assert (unmasked.n, early.n, early.masker, early.by_identity) == (4, 2, "fickle", "")
    assert early.value is not None
    assert early.value > 0, "against the true mask, a half of the picture lets background in"
    assert shares.differences[0].n == 2


def test_shapley_has_its_background_in_log_odds_beside_the_share() -> None:
    unmasked, given_masks, predicted = measure_shares([UNMASKED, EARLY], ["shapley"], n=2).means
    assert given_masks.phi_background == pytest.approx(0, abs=1e-5)
    assert "by construction" in given_masks.by_identity
    assert predicted.by_identity == ""
    assert unmasked.chance is None
    assert unmasked.phi_low is not None
    assert unmasked.phi_background is not None
    assert unmasked.phi_high is not None
    assert unmasked.phi_low <= unmasked.phi_background <= unmasked.phi_high


def test_what_cannot_be_measured_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="at least 1 bird"):
        measure_shares([UNMASKED], ["saliency"], n=0)
    with pytest.raises(UnknownNameError, match="no masker"):
        measure_shares([UNMASKED], ["saliency"], n=1, masker="magic")
    with pytest.raises(UnknownNameError, match="no attribution method"):
        measure_shares([UNMASKED], ["lime"], n=1)
