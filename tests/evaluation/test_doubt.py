"""How sure a classifier usually is of photographs of its own kind, and what falls short of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bgbias_core.data import PhotographSet, open_cub
from bgbias_core.errors import CheckpointError, ConfigError
from bgbias_core.evaluation import doubtful_below, highest_probabilities, is_doubtful, predict_probabilities
from bgbias_core.images import Image, Mask
from bgbias_core.masks import Box, MaskResult, given
from bgbias_core.models import Checkpoint, load_checkpoint
from tests.data.made_up import make_cub


@dataclass(frozen=True)
class Marks:
    """A masker that finds the same in every picture."""

    mask: Mask
    name: str = "marks"

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:  # noqa: ARG002  # the contract's
        return given(image, self.mask)


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> PhotographSet:
    return open_cub(make_cub(tmp_path_factory.mktemp("cub")))


@pytest.fixture(scope="module")
def unmasked() -> Checkpoint:
    return load_checkpoint("aviary-convnext-unmasked")


def test_it_is_the_tenth_percentile_of_the_first_answers(birds: PhotographSet, unmasked: Checkpoint) -> None:
    samples = [birds.read(entry) for entry in birds.entries if entry.split == "validation"]
    expected = predict_probabilities(unmasked, [sample.image for sample in samples]).max(axis=1)
    assert np.array_equal(highest_probabilities(unmasked, birds), expected)
    threshold = doubtful_below(unmasked, birds)
    assert threshold == pytest.approx(np.quantile(expected, 0.1))
    assert (expected < threshold).mean() <= 0.1 + 1 / len(expected)


def test_a_masked_one_looks_at_the_masks_of_its_training(birds: PhotographSet) -> None:
    early = load_checkpoint("aviary-convnext-early")
    assert early.card.mask_source_at_training == "given"
    entry = next(entry for entry in birds.entries if entry.split == "test")
    one = replace(birds, entries=(entry,))
    sample = birds.read(entry)
    assert sample.mask is not None
    [expected] = predict_probabilities(early, [sample.image], [sample.mask]).max(axis=1)
    assert highest_probabilities(early, one, "test") == pytest.approx([expected])

    predicted = replace(early, card=early.card.model_copy(update={"mask_source_at_training": "predicted"}))
    with pytest.raises(ConfigError, match="no masker was given"):
        highest_probabilities(predicted, one, "test")
    corner = np.zeros_like(sample.mask)
    corner[:10, :10] = 1
    found = highest_probabilities(predicted, one, "test", masker=Marks(corner))
    assert found == pytest.approx(predict_probabilities(early, [sample.image], [corner]).max(axis=1))
    empty = highest_probabilities(predicted, one, "test", masker=Marks(0 * corner))
    assert len(empty) == 0, "where the masker finds nothing there is no answer"


def test_without_validation_photographs_there_is_nothing_to_learn_from(
    birds: PhotographSet, unmasked: Checkpoint
) -> None:
    with pytest.raises(ConfigError, match="no validation photographs"):
        doubtful_below(unmasked, replace(birds, entries=()))


def test_only_a_card_that_knows_it_doubts(unmasked: Checkpoint) -> None:
    card = unmasked.card.model_copy(update={"doubtful_below": 0.25})
    assert [is_doubtful(card, probability) for probability in (0.2, 0.25, 0.3)] == [True, False, False]
    assert not is_doubtful(unmasked.card, 0.0)


def test_it_is_part_of_the_seal_and_cards_without_it_are_as_they_were(tmp_path: Path, unmasked: Checkpoint) -> None:
    path = tmp_path / f"{unmasked.card.name}.json"
    unmasked.card.write(path)
    assert "doubtful_below" not in path.read_text()
    assert type(unmasked.card).read(path).seal == unmasked.card.seal
    knowing = unmasked.card.model_copy(update={"doubtful_below": 0.25})
    knowing.write(path)
    assert type(knowing).read(path).doubtful_below == 0.25
    path.write_text(path.read_text().replace('"doubtful_below": 0.25', '"doubtful_below": 0.75'))
    with pytest.raises(CheckpointError, match="altered after it was written"):
        type(knowing).read(path)
