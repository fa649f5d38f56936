"""What every attribution method promises, whatever the network, and that a borrowed classifier comes back unchanged."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from bgbias_core.attribution import METHODS, Attribution, attribute
from bgbias_core.errors import ConfigError, MaskError, ModelError, UnknownNameError
from bgbias_core.evaluation import predict_probabilities
from bgbias_core.evaluation.shapley import photograph_coalitions
from bgbias_core.images import Mask
from bgbias_core.masks import MaskResult, given
from bgbias_core.models import Checkpoint, Strategy
from tests.attribution.stand_ins import left_behind
from tests.evaluation.stand_ins import SIZE, make_checkpoint, make_picture, make_scenes

IMAGE, MASK = make_picture(0, SIZE, SIZE)
COALITIONS = photograph_coalitions(IMAGE, given(IMAGE, MASK), list(make_scenes(3).values()), k=3)
STRATEGIES = ("unmasked", "early", "late")


class Cancelled(Exception):  # noqa: N818 -- a person's wish is no error
    pass


@cache
def stand_in(strategy: str) -> Checkpoint:
    """With traces that must survive: a module that trains, a frozen parameter, a gradient, a hook."""
    checkpoint = make_checkpoint(Strategy.model_validate({"name": strategy}))
    classifier = checkpoint.classifier
    first, *_, last = classifier.parameters()
    first.requires_grad_(False)
    last.grad = torch.arange(last.numel(), dtype=torch.float32).reshape(last.shape)
    classifier.head.register_forward_hook(lambda *_: None)
    classifier.head.train()
    return checkpoint


def explain(strategy: str, method: str, mask: Mask = MASK, **options) -> Attribution:
    return attribute(stand_in(strategy), IMAGE, given(IMAGE, mask), method, coalitions=COALITIONS, **options)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("method", METHODS)
class TestContract:
    def test_a_map_of_the_networks_size_that_repeats_itself(self, method: str, strategy: str) -> None:
        ticks: list[tuple[int, int]] = []
        found, again = explain(strategy, method, progress=lambda *tick: ticks.append(tick)), explain(strategy, method)
        assert found.values.shape == (SIZE, SIZE)
        assert found.values.dtype == np.float32
        assert np.isfinite(found.values).all()
        assert found.values.any()
        np.testing.assert_array_equal(found.values, again.values)
        assert found.background_share is None or 0 <= found.background_share <= 1
        assert (found.method, found.level) == (method, METHODS[method].level)
        assert (found.mask_source, found.object_source) == ("none" if strategy == "unmasked" else "given", "given")
        assert METHODS[method].signed or found.values.min() >= 0
        if METHODS[method].level == "input" and METHODS[method].signed:
            assert found.values.min() < 0 < found.values.max()
        assert [done for done, _ in ticks] == sorted({done for done, _ in ticks}), "it counts up"
        assert ticks[-1][0] == ticks[-1][1]

    def test_it_explains_the_named_class(self, method: str, strategy: str) -> None:
        masks = None if strategy == "unmasked" else [MASK]
        [probabilities] = predict_probabilities(stand_in(strategy), [IMAGE], masks)
        found = explain(strategy, method)
        assert found.target == stand_in(strategy).card.classes[int(probabilities.argmax())]

    def test_of_a_picture_that_is_all_object_nothing_lies_outside(self, method: str, strategy: str) -> None:
        if METHODS[method].level != "players":
            found = explain(strategy, method, np.ones_like(MASK))
            assert (found.background_share, found.chance) == (0, 0)

    def test_the_classifier_comes_back_as_it_was(self, method: str, strategy: str) -> None:
        checkpoint = stand_in(strategy)
        before, answers = left_behind(checkpoint.classifier), predict_probabilities(checkpoint, [IMAGE], [MASK])
        assert before["hooks"] == 1
        explain(strategy, method)
        assert left_behind(checkpoint.classifier) == before
        np.testing.assert_array_equal(predict_probabilities(checkpoint, [IMAGE], [MASK]), answers)

    def test_it_comes_back_when_somebody_cancels(self, method: str, strategy: str) -> None:
        classifier = stand_in(strategy).classifier
        before = left_behind(classifier)
        counted: list[int] = []
        explain(strategy, method, progress=lambda done, _: counted.append(done))
        for stop in {1, 2, len(counted)}:

            def cancel(done: int, _total: int, stop: int = stop) -> None:
                if done >= min(stop, counted[-1]):
                    raise Cancelled

            with pytest.raises(Cancelled):
                explain(strategy, method, progress=cancel)
            assert left_behind(classifier) == before

    def test_it_comes_back_when_something_breaks(self, method: str, strategy: str, monkeypatch) -> None:
        classifier = stand_in(strategy).classifier
        before = left_behind(classifier)

        def broken(*_: object) -> None:
            raise RuntimeError("broken")

        monkeypatch.setattr(classifier, "read_out", broken)
        with pytest.raises(RuntimeError, match="broken"):
            explain(strategy, method, target=stand_in(strategy).card.classes[0])
        assert left_behind(classifier) == before


def test_a_share_against_the_true_mask_shows_what_a_predicted_one_let_in() -> None:
    wide = MaskResult(np.ones_like(MASK), "predicted", "generous")
    found = attribute(stand_in("early"), IMAGE, wide, "integrated_gradients", object_mask=given(IMAGE, MASK))
    assert found.background_share is not None
    assert found.background_share > 0.05
    assert found.by_identity == ""
    assert (found.mask_source, found.masker, found.object_source) == ("predicted", "generous", "given")


def test_a_masked_grid_says_that_its_share_tells_nothing() -> None:
    assert "says nothing about the model" in explain("late", "grad_cam").by_identity
    assert explain("late", "integrated_gradients").by_identity == ""
    assert explain("unmasked", "grad_cam").by_identity == ""
    soft = np.maximum(MASK, np.float32(0.5))
    assert explain("early", "saliency", soft).by_identity == ""


def test_shapley_of_early_with_given_masks_says_that_it_is_0_by_construction() -> None:
    found = explain("early", "shapley")
    assert found.phi_background == pytest.approx(0, abs=1e-5)
    assert "by construction" in found.by_identity
    assert explain("late", "shapley").by_identity == ""


def test_unmasked_needs_no_mask_and_then_has_no_share() -> None:
    found = attribute(stand_in("unmasked"), IMAGE, None, "saliency")
    assert (found.background_share, found.chance, found.object_source) == (None, None, "none")
    empty = given(IMAGE, np.zeros_like(MASK))
    assert attribute(stand_in("unmasked"), IMAGE, empty, "saliency").background_share is None


def test_what_cannot_be_explained_is_refused_in_words() -> None:
    with pytest.raises(UnknownNameError, match="no attribution method named 'lime'"):
        explain("unmasked", "lime")
    with pytest.raises(UnknownNameError, match="no class named 'dodo'"):
        explain("unmasked", "saliency", target="dodo")
    with pytest.raises(UnknownNameError, match="no class named 'dodo'"):
        explain("unmasked", "saliency", contrast="dodo")
    named = stand_in("unmasked").card.classes[0]
    with pytest.raises(ConfigError, match="rather than another class"):
        explain("unmasked", "shapley", target=named, contrast=named)
    with pytest.raises(ModelError, match="needs a mask"):
        attribute(stand_in("early"), IMAGE, None, "saliency")
    with pytest.raises(MaskError, match="sees no object"):
        explain("early", "saliency", np.zeros_like(MASK))
    with pytest.raises(MaskError, match="its image is"):
        attribute(stand_in("unmasked"), IMAGE, MaskResult(MASK[1:], "given", "given"), "saliency")
    with pytest.raises(ConfigError, match="apart"):
        attribute(stand_in("unmasked"), IMAGE, given(IMAGE, MASK), "shapley")


class TestFile:
    def test_what_is_saved_is_read_again(self, tmp_path) -> None:
        found = explain("late", "integrated_gradients", contrast=stand_in("late").card.classes[0])
        found.save(tmp_path / "map.npz")
        again = Attribution.load(tmp_path / "map.npz")
        np.testing.assert_array_equal(again.values, found.values)
        assert again.describe() == found.describe()
        assert [path.name for path in tmp_path.iterdir()] == ["map.npz"]

    def test_other_files_are_refused_in_words(self, tmp_path) -> None:
        explain("unmasked", "saliency").save(tmp_path / "map.npz")
        with pytest.raises(ConfigError, match="cannot be read"):
            Attribution.load(tmp_path / "none.npz")
        (tmp_path / "cut.npz").write_bytes((tmp_path / "map.npz").read_bytes()[:300])
        (tmp_path / "text.npz").write_text("no archive")
        np.savez(tmp_path / "other.npz", values=np.zeros((2, 2), dtype=np.float32))
        for name in ("cut", "text", "other"):
            with pytest.raises(ConfigError, match="holds no attribution"):
                Attribution.load(tmp_path / f"{name}.npz")
        with np.load(tmp_path / "map.npz") as stored:
            about = str(stored["about"]).replace('"schema_version": 1', '"schema_version": 2')
            np.savez(tmp_path / "newer.npz", values=stored["values"], about=np.array(about))
        with pytest.raises(ConfigError, match="schema 2"):
            Attribution.load(tmp_path / "newer.npz")
