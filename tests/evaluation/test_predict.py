"""Predictions do not depend on batches or order, and early masking sees nothing of the background at any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bgbias_core.errors import ConfigError, MaskError, ModelError
from bgbias_core.evaluation import network_input, predict_probabilities, top_predictions
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import SIZE, make_checkpoint, make_picture

STRATEGIES = [
    make_checkpoint(Strategy(name="unmasked")),
    make_checkpoint(Strategy(name="early")),
    make_checkpoint(Strategy(name="early", fill="mean")),
    make_checkpoint(Strategy(name="late"), region="foreground"),
]


@pytest.fixture(params=STRATEGIES, ids=lambda one: f"{one.card.strategy.name}-{one.card.strategy.fill}")
def checkpoint(request):
    return request.param


PICTURES = [
    make_picture(seed, height, width) for seed, (height, width) in enumerate([(96, 96), (60, 200), (300, 150)] * 2)
]
IMAGES, MASKS = [image for image, _ in PICTURES], [mask for _, mask in PICTURES]


def test_rows_are_probabilities(checkpoint) -> None:
    probabilities = predict_probabilities(checkpoint, IMAGES, MASKS)
    assert probabilities.shape == (6, 12)
    assert probabilities.dtype == np.float32
    assert probabilities.min() >= 0
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert np.ptp(probabilities, axis=0).max() > 0.05, "the stand-in must tell pictures apart"


@pytest.mark.parametrize("batch_size", [1, 4, 6])
def test_neither_order_nor_batch_size_matters(checkpoint, batch_size) -> None:
    expected = predict_probabilities(checkpoint, IMAGES, MASKS)
    backwards = predict_probabilities(checkpoint, IMAGES[::-1], MASKS[::-1], batch_size=batch_size)
    np.testing.assert_allclose(backwards[::-1], expected, atol=1e-5)


def test_it_is_the_classifier_on_the_resized_picture() -> None:
    checkpoint = STRATEGIES[0]
    logits = checkpoint.classifier(checkpoint.card.preprocessing.images(IMAGES))
    expected = torch.softmax(logits, dim=1).detach().numpy()
    np.testing.assert_allclose(predict_probabilities(checkpoint, IMAGES), expected, atol=1e-6)


@pytest.mark.parametrize("fill", ["black", "mean"])
@pytest.mark.parametrize("shape", [(96, 96), (250, 410), (40, 70)])
def test_early_masking_sees_the_same_pixels_on_every_background(fill, shape) -> None:
    card = make_checkpoint(Strategy(name="early", fill=fill)).card
    image, mask = make_picture(0, *shape)
    other = np.where(mask[..., None] == 1, image, 255 - image).astype(np.uint8)
    (first, first_mask), (second, _) = network_input(card, [image], [mask]), network_input(card, [other], [mask])
    assert torch.equal(first, second)
    assert first.shape == (1, 3, SIZE, SIZE)
    assert first_mask.shape == (1, 1, SIZE, SIZE)
    assert first.std() > 0.1, "the object is still there"


@pytest.mark.parametrize("opacity", [1.0, 0.6])
def test_filling_before_the_resize_changes_nothing_at_the_network_s_own_size(opacity) -> None:
    """Depth 0 equals masking the input by hand, with soft masks too."""
    checkpoint = make_checkpoint(Strategy(name="early"))
    image, mask = make_picture(3, SIZE, SIZE)
    by_hand = make_checkpoint(Strategy(name="unmasked"))  # the same seed, so the same weights
    soft = mask * np.float32(opacity)
    pixels = by_hand.card.preprocessing.images([image]) * torch.from_numpy(soft)
    expected = torch.softmax(by_hand.classifier(pixels), dim=1).detach().numpy()
    np.testing.assert_allclose(predict_probabilities(checkpoint, [image], [soft]), expected, atol=1e-6)


def test_a_full_mask_is_unmasked(checkpoint) -> None:
    full = [np.ones_like(mask) for mask in MASKS]
    np.testing.assert_allclose(
        predict_probabilities(checkpoint, IMAGES, full), predict_probabilities(STRATEGIES[0], IMAGES), atol=1e-5
    )


def test_no_pictures_are_no_rows(checkpoint) -> None:
    assert predict_probabilities(checkpoint, [], []).shape == (0, 12)


def test_bad_input_is_refused_in_words() -> None:
    early = STRATEGIES[1]
    with pytest.raises(ModelError, match="needs a mask for every picture"):
        predict_probabilities(early, IMAGES)
    with pytest.raises(ModelError, match="6 pictures and 5 masks"):
        predict_probabilities(early, IMAGES, MASKS[1:])
    with pytest.raises(MaskError, match="pixels but its image is"):
        predict_probabilities(early, IMAGES[:1], MASKS[1:2])
    with pytest.raises(ConfigError, match="batch size 0"):
        predict_probabilities(early, IMAGES, MASKS, batch_size=0)


def test_top_predictions_by_hand() -> None:
    rows = np.array([[0.1, 0.6, 0.3], [0.4, 0.2, 0.4]], dtype=np.float32)
    first, second = top_predictions(rows, ("a", "b", "c"), k=5)
    assert first.names == ("b", "c", "a")
    assert first.probabilities == pytest.approx((0.6, 0.3, 0.1))
    assert first.name == "b"
    assert second.names == ("a", "c", "b"), "ties keep the order of the classes"
