"""The photo classifier: the shipped cards, the names, and a cat that it must know."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bgbias_core.data.pictures import read_picture
from bgbias_core.evaluation import predict_probabilities
from bgbias_core.models import Card, load_checkpoint
from bgbias_core.models.photo import (
    BIRD_CLASSES,
    PHOTO_CHECKPOINTS,
    SEES_A_BIRD,
    bird_probability,
    imagenet_names,
    photo_cards,
)
from bgbias_core.paths import SHIPPED_CHECKPOINTS


def test_the_shipped_cards_are_those_that_rebuild_writes() -> None:
    for card in photo_cards():
        shipped = Card.read(SHIPPED_CHECKPOINTS / f"{card.name}.json")
        same = {"versions": card.versions, "seal": ""}
        assert shipped.model_copy(update=same) == card.model_copy(update=same)


def test_the_names_are_imagenet_s_and_all_different() -> None:
    names = imagenet_names()
    assert len(set(names)) == len(names) == 1000
    assert (names[0], names[134], names[517], names[639], names[999]) == (
        "tench",
        "crane (bird)",
        "crane (machine)",
        "tank suit",
        "toilet tissue",
    )


def test_the_59_birds_and_their_neighbours() -> None:
    names = imagenet_names()
    assert len(BIRD_CLASSES) == len(set(BIRD_CLASSES)) == 59
    edges = {"cock", "great grey owl", "black grouse", "black swan", "white stork", "albatross"}
    assert edges <= {names[index] for index in BIRD_CLASSES}
    around = {names[index] for index in range(1000) if index not in BIRD_CLASSES and index + 1 in BIRD_CLASSES}
    around |= {names[index] for index in range(1000) if index not in BIRD_CLASSES and index - 1 in BIRD_CLASSES}
    assert around == {"stingray", "European fire salamander", "centipede", "tusker", "isopod", "grey whale"}


def test_birds_are_summed_and_a_cat_is_none() -> None:
    probabilities = np.zeros((2, 1000), np.float32)
    probabilities[0, [7, 146, 500]] = 0.25, 0.5, 0.25
    probabilities[1, 25] = 1
    assert bird_probability(probabilities).tolist() == [0.75, 0]
    cat = predict_probabilities(load_checkpoint("photo-unmasked"), [read_picture("chelsea")])
    assert bird_probability(cat)[0] < SEES_A_BIRD


def test_masking_is_labelled_as_inference_only() -> None:
    assert tuple(card.name for card in photo_cards()) == PHOTO_CHECKPOINTS
    for card in photo_cards():
        assert ("inference only" in card.description) == card.strategy.needs_mask
        assert card.mask_source_at_training == "none"
        assert card.training_data.name == "ImageNet-1k"


@pytest.mark.parametrize("name", PHOTO_CHECKPOINTS)
def test_a_cat_is_a_cat(name) -> None:
    checkpoint = load_checkpoint(name)
    cat = read_picture("chelsea")
    images, masks = checkpoint.card.preprocessing.pairs([cat], [np.ones(cat.shape[:2], dtype=np.float32)])
    with torch.inference_mode():
        probabilities = checkpoint.classifier(images, masks).softmax(dim=1)[0]
    cats = [checkpoint.card.classes.index(cat) for cat in ("tabby", "tiger cat", "Egyptian cat")]
    assert int(probabilities.argmax()) in cats
    assert float(probabilities[cats].sum()) > 0.5
