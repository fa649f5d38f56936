"""Each method against what it must find: known weights, one patch, one corner, completeness, and Grad-CAM by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from bgbias_core.attribution import METHODS, attribute, methods
from bgbias_core.aviary import draw_recipes, render
from bgbias_core.masks import given
from bgbias_core.models import Checkpoint, MaskedClassifier, Strategy, backbone_spec, build_network, load_checkpoint
from tests.attribution.stand_ins import SIDE, bright_square, patch, played, reader
from tests.evaluation.stand_ins import make_checkpoint

PIXELS_AND_CELLS = tuple(name for name, spec in METHODS.items() if spec.run is not None)
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(scale=0.05, size=(3, SIDE, SIDE)).astype(np.float32)
IMAGE = RANDOM.integers(0, 256, size=(SIDE, SIDE, 3), dtype=np.uint8)
PIXELS = IMAGE.transpose(2, 0, 1).astype(np.float32) / 255
SQUARE, MASK = bright_square()


def explained(method: str, strategy: Strategy | None = None, mask=None, **options):
    return attribute(reader(WEIGHTS, strategy), IMAGE, mask, method, target="yes", **options)


class TestLinear:
    """The logit is Σ w·x, so every method's answer is known."""

    def test_integrated_gradients_are_weight_times_way(self) -> None:
        found = explained("integrated_gradients")
        np.testing.assert_allclose(found.values, (WEIGHTS * PIXELS).sum(axis=0), atol=1e-5)
        assert found.score == pytest.approx(float((WEIGHTS * PIXELS).sum()), abs=1e-4)
        assert (found.steps, found.complete) == (32, True)
        assert found.error == pytest.approx(0, abs=1e-3)

    def test_saliency_is_the_weights_size(self) -> None:
        np.testing.assert_allclose(explained("saliency").values, np.abs(WEIGHTS).max(axis=0), atol=1e-6)

    def test_occlusion_is_what_the_windows_hold(self) -> None:
        held = (WEIGHTS * PIXELS).sum(axis=0)
        total, covered = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
        for top in range(SIDE - 1):  # windows of 2 px, moved by 1
            for left in range(SIDE - 1):
                here = slice(top, top + 2), slice(left, left + 2)
                total[here] += held[here].sum()
                covered[here] += 1
        np.testing.assert_allclose(explained("occlusion").values, total / covered, atol=1e-5)

    def test_grad_cam_keeps_what_is_positive(self) -> None:
        expected = np.maximum((WEIGHTS * PIXELS).sum(axis=0), 0)
        np.testing.assert_allclose(explained("grad_cam").values, expected, atol=1e-5)

    def test_shapley_of_additive_players_is_what_each_adds(self) -> None:
        white, image_mask = np.full_like(SQUARE, 255), MASK == 1
        found = attribute(
            reader(WEIGHTS),
            SQUARE,
            given(SQUARE, MASK),
            "shapley",
            target="yes",
            coalitions=played(SQUARE, MASK, white),
        )
        worth = WEIGHTS.sum(axis=0)
        # Painted over, the square is as grey as what surrounds it; half of what it shows then counts for each player.
        on_object, around = worth[image_mask].sum(), worth[~image_mask].sum()
        in_object = (60 - 255) / 255 * on_object
        assert found.phi_background == pytest.approx((60 - 255) / 255 * around + in_object / 2, abs=5e-3)
        assert found.phi_background is not None
        assert found.phi_foreground is not None
        np.testing.assert_allclose(found.values, np.where(image_mask, found.phi_foreground, found.phi_background))

    @pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "saliency"])
    @pytest.mark.parametrize("fill", ["black", "mean", "blur"])
    def test_early_earns_nothing_where_its_mask_removes(self, method: str, fill) -> None:
        found = explained(method, Strategy(name="early", fill=fill), given(IMAGE, MASK))
        outside = np.abs(found.values[MASK == 0]).max()
        if fill == "blur":
            assert outside > 0, "the blur carries the background's colours into the picture"
            assert found.by_identity == ""
        else:
            assert outside == 0
            assert found.background_share == 0
            assert "by construction" in found.by_identity

    def test_the_fill_itself_earns_nothing(self) -> None:
        flat = np.full_like(IMAGE, 0)
        found = attribute(reader(WEIGHTS, Strategy(name="early")), flat, given(IMAGE, MASK), "integrated_gradients")
        assert not found.values.any()
        assert found.background_share is None

    @pytest.mark.parametrize("method", PIXELS_AND_CELLS)
    def test_a_contrast_is_explained_as_a_difference(self, method: str) -> None:
        checkpoint = make_checkpoint(Strategy(name="unmasked"))
        first, second = checkpoint.card.classes[:2]
        picture = np.random.default_rng(1).integers(0, 256, size=(96, 96, 3), dtype=np.uint8)
        found = attribute(checkpoint, picture, None, method, target=first, contrast=second)
        alone = [attribute(checkpoint, picture, None, method, target=name) for name in (first, second)]
        assert found.score == pytest.approx(alone[0].score - alone[1].score, abs=1e-4)
        assert not np.allclose(found.values, alone[0].values)
        if method == "occlusion":  # linear in the score
            np.testing.assert_allclose(found.values, alone[0].values - alone[1].values, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("top", "left", "share"), [(7, 7, 0.0), (0, 0, 1.0)], ids=["detector on the object", "corner reader"]
)
def test_all_that_counts_lies_in_the_patch_that_is_read(method, top, left, share) -> None:
    coalitions = played(SQUARE, MASK, np.full_like(SQUARE, 60 if share == 0 else 0))
    checkpoint = reader(patch(top, left, side=3))
    found = attribute(checkpoint, SQUARE, given(SQUARE, MASK), method, target="yes", coalitions=coalitions)
    # Painting over misses the plain grey by one step in 256.
    assert found.background_share == pytest.approx(share, abs=5e-3 if method == "shapley" else 1e-6)
    if METHODS[method].level != "players":
        inside = np.zeros((SIDE, SIDE), dtype=bool)
        inside[max(top - 1, 0) : top + 4, max(left - 1, 0) : left + 4] = True  # a window reaches one pixel further
        assert np.abs(found.values[~inside]).max() == 0
        assert found.chance == pytest.approx(1 - MASK.mean())


def bird() -> tuple[np.ndarray, np.ndarray]:
    drawn = render(draw_recipes("test", 5)[-1], 96)
    return drawn.image, drawn.mask


@pytest.mark.parametrize(
    "name", [f"aviary-{one}-{strategy}" for one in ("convnext", "vit") for strategy in ("unmasked", "early", "late")]
)
def test_integrated_gradients_are_complete_on_what_ships(name) -> None:
    image, mask = bird()
    check_complete(load_checkpoint(name), image, mask)


def test_integrated_gradients_are_complete_on_the_photo_classifier() -> None:
    whole = load_checkpoint("photo-unmasked")
    # Its convolutions take any size; at 256 px a thousand gradients take minutes.
    small = whole.card.model_copy(update={"preprocessing": whole.card.preprocessing.model_copy(update={"size": 96})})
    check_complete(replace(whole, card=small), *bird())


def check_complete(checkpoint: Checkpoint, image: np.ndarray, mask: np.ndarray) -> None:
    found = attribute(checkpoint, image, given(image, mask), "integrated_gradients")
    needs_mask = checkpoint.card.strategy.needs_mask
    pair = checkpoint.card.preprocessing.pairs([image], [mask])
    with torch.no_grad():
        black = checkpoint.classifier(torch.zeros_like(pair[0]), pair[1] if needs_mask else None)
    difference = found.score - black[0, checkpoint.card.classes.index(found.target)].item()
    error = abs(float(found.values.sum(dtype=np.float64)) - difference)
    assert found.error == pytest.approx(error, abs=1e-3)
    assert error <= max(0.01 * abs(difference), 0.01) + 1e-3
    assert found.complete
    assert found.steps in (32, 64, 128, 256, 512, 1024)


def test_steps_end_and_then_the_error_is_said(monkeypatch) -> None:
    image, mask = bird()
    checkpoint = load_checkpoint("aviary-vit-early")
    whole = attribute(checkpoint, image, given(image, mask), "integrated_gradients")
    monkeypatch.setattr(methods, "LAST_STEPS", 32)
    cut = attribute(checkpoint, image, given(image, mask), "integrated_gradients")
    assert whole.steps is not None
    assert whole.steps > 32, "this network asks for more than the first steps"
    assert (cut.steps, cut.complete) == (32, False)
    assert cut.error is not None
    assert whole.error is not None
    assert cut.error > whole.error


def test_grad_cam_on_a_vit_by_hand() -> None:
    image, mask = bird()
    checkpoint = load_checkpoint("aviary-vit-unmasked")
    classifier = checkpoint.classifier
    found = attribute(checkpoint, image, given(image, mask), "grad_cam")
    pixels = checkpoint.card.preprocessing.images([image])
    tokens = classifier.backbone.forward_features((pixels - classifier.mean) / classifier.std).detach()
    patches = tokens[:, classifier.prefix :].requires_grad_()
    logit = classifier.head(patches.mean(dim=1))[0, checkpoint.card.classes.index(found.target)]
    [gradient] = torch.autograd.grad(logit, patches)
    np.testing.assert_allclose(found.values, by_hand(patches, gradient), atol=1e-5)
    assert found.values.max() > 0


def test_grad_cam_of_a_class_token_reads_the_tokens_before_the_last_attention() -> None:
    torch.manual_seed(3)
    strategy = Strategy(name="unmasked")
    classifier = MaskedClassifier(
        build_network(backbone_spec("aviary-vit"), 96), 12, strategy, size=96, pooling="cls"
    ).eval()
    checkpoint = Checkpoint(make_checkpoint(strategy).card, classifier, torch.device("cpu"))
    image, mask = bird()
    found = attribute(checkpoint, image, given(image, mask), "grad_cam")
    backbone, target = classifier.backbone, checkpoint.card.classes.index(found.target)
    entering: list[torch.Tensor] = []
    handle = backbone.blocks[-1].register_forward_pre_hook(lambda _module, inputs: entering.append(inputs[0]))
    classifier(checkpoint.card.preprocessing.images([image]))
    handle.remove()
    block, tokens = backbone.blocks[-1], entering[0].detach()
    normed = block.norm1(tokens).detach().requires_grad_()
    after = tokens + block.ls1(block.attn(normed))
    after = backbone.norm(after + block.ls2(block.mlp(block.norm2(after))))
    [gradient] = torch.autograd.grad(classifier.head(after[:, 0])[0, target], normed)
    np.testing.assert_allclose(found.values, by_hand(normed[:, 1:], gradient[:, 1:]), atol=1e-5)
    assert found.values.max() > 0


def by_hand(patches: torch.Tensor, gradient: torch.Tensor) -> np.ndarray:
    """Grad-CAM of patch tokens ``[1, N, C]``, without Captum."""
    side = math.isqrt(patches.shape[1])
    cam = (patches * gradient.mean(dim=1, keepdim=True)).sum(dim=2).relu().reshape(1, 1, side, side)
    upsampled = functional.interpolate(cam, size=(96, 96), mode="bilinear", align_corners=False)
    return upsampled[0, 0].detach().numpy()
