"""The Aviary evaluation against answers that are known beforehand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from bgbias_core.aviary import PLACES, SPECIES
from bgbias_core.data import AviaryQuery, load_aviary
from bgbias_core.errors import ConfigError, UnknownNameError
from bgbias_core.evaluation import evaluate_aviary, wilson
from bgbias_core.evaluation.aviary import _flips
from bgbias_core.masks import MASKERS, MaskerSpec, MaskResult
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import make_checkpoint

N, BIRDS = 48, 6


class Constant(nn.Module):
    """Names one class, whatever it sees."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, images, _masks=None):
        return nn.functional.one_hot(torch.full((len(images),), self.index), len(SPECIES)).float()


def constant(strategy: str):
    checkpoint = make_checkpoint(Strategy(name=strategy), region="foreground" if strategy == "late" else "all")
    return dataclasses.replace(checkpoint, classifier=Constant(3))


def by_key(metrics):
    return {(metric.measure, metric.condition, metric.mask_source): metric for metric in metrics}


def test_a_constant_answer_is_right_once_a_species_and_never_flips() -> None:
    metrics = by_key(evaluate_aviary(constant("unmasked"), n=N, n_predicted=BIRDS))
    assert list(metrics) == [
        ("accuracy", "ID", "none"),
        ("accuracy", "OOD", "none"),
        ("ID–OOD gap", "ID, OOD", "none"),
        ("flip rate", "all places", "none"),
    ]
    accuracy = metrics["accuracy", "OOD", "none"]
    assert accuracy.value == pytest.approx(1 / 12)
    assert (accuracy.low, accuracy.high) == dataclasses.astuple(wilson(4, N))
    assert accuracy.n == N
    gap, flips = metrics["ID–OOD gap", "ID, OOD", "none"], metrics["flip rate", "all places", "none"]
    assert (gap.value, flips.value) == (0, 0)
    assert gap.low < 0 < gap.high, "no difference among 48 birds is no proof of none"
    assert (flips.n, flips.low) == (BIRDS, 0)
    assert flips.high == pytest.approx(wilson(0, BIRDS).high)
    assert accuracy.command == (
        f"python -m bgbias_core evaluate --data aviary --checkpoint stand-in --n {N} --n-predicted {BIRDS}"
    )


def test_masked_checkpoints_are_measured_with_both_masks() -> None:
    late = by_key(evaluate_aviary(constant("late"), n=N, n_predicted=BIRDS))
    assert {(measure, source) for measure, _, source in late} == {
        (measure, source) for measure in ("accuracy", "ID–OOD gap", "flip rate") for source in ("given", "predicted")
    }
    assert late["accuracy", "ID", "given"].n == N
    assert (late["accuracy", "ID", "predicted"].n, late["accuracy", "ID", "predicted"].masker) == (BIRDS, "grabcut")


def test_the_identity_of_early_with_given_masks_is_not_reported_as_a_finding() -> None:
    early = by_key(evaluate_aviary(constant("early"), n=N, n_predicted=BIRDS))
    assert ("flip rate", "all places", "given") not in early
    assert ("ID–OOD gap", "ID, OOD", "given") not in early
    assert ("flip rate", "all places", "predicted") in early


def test_early_with_given_masks_is_as_right_anywhere() -> None:
    checkpoint = make_checkpoint(Strategy(name="early"))
    metrics = by_key(evaluate_aviary(checkpoint, n=N, n_predicted=BIRDS))
    assert metrics["accuracy", "ID", "given"].value == metrics["accuracy", "OOD", "given"].value


class ByPlace(nn.Module):
    """Recognises the pictures of a test set, and names the bird right where it stands ID and wrong elsewhere."""

    def __init__(self, query: AviaryQuery) -> None:
        super().__init__()
        data = load_aviary(query)
        self.known = {image.tobytes(): int(label) for image, label in zip(data.images, data.labels, strict=True)}

    def forward(self, images, _masks=None):
        pixels = (images * 255).round().byte().permute(0, 2, 3, 1).numpy()
        return torch.stack(
            [
                nn.functional.one_hot(torch.tensor(self.known.get(picture.tobytes(), -1) % 12), 12).float()
                for picture in pixels
            ]
        )


def test_a_checkpoint_that_knows_only_home_flips_everywhere_else() -> None:
    checkpoint = make_checkpoint(Strategy(name="unmasked"))
    home = ByPlace(AviaryQuery("test", N, "ID", 0.95, 96, 0))
    metrics = by_key(evaluate_aviary(dataclasses.replace(checkpoint, classifier=home), n=N, n_predicted=11))
    # Elsewhere it says the last species; of the first 11 birds none is that one.
    assert metrics["accuracy", "ID", "none"].value == 1
    assert metrics["flip rate", "all places", "none"].value == 1
    assert metrics["accuracy", "OOD", "none"].value < 0.5
    gap = metrics["ID–OOD gap", "ID, OOD", "none"]
    assert gap.value == pytest.approx(1 - metrics["accuracy", "OOD", "none"].value)
    assert 0 < gap.low < gap.value < gap.high <= 1


def test_flips_by_hand() -> None:
    flips = _flips(np.array([3, -1]), np.array([3, 4, -1, 5, 3, 2]))
    np.testing.assert_array_equal(flips, [[0, 1, np.nan], [np.nan, np.nan, np.nan]])
    assert len(PLACES) == 8


def test_progress_counts_up_to_all() -> None:
    seen: list[tuple[int, int]] = []
    evaluate_aviary(
        constant("late"), n=N, n_predicted=BIRDS, seed=1, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {2 * N + 2 * BIRDS + 2 * 7 * BIRDS}
    assert seen[-1][0] == seen[-1][1]


def test_what_cannot_be_measured_is_refused() -> None:
    checkpoint = constant("unmasked")
    with pytest.raises(ConfigError, match="at least 1 bird"):
        evaluate_aviary(checkpoint, n=0)
    with pytest.raises(UnknownNameError, match="no masker named 'grabcat'"):
        evaluate_aviary(checkpoint, n=12, masker="grabcat")
    photo = checkpoint.card.model_copy(update={"classes": ("cat", "dog")})
    with pytest.raises(ConfigError, match="choose a checkpoint trained on Aviary"):
        evaluate_aviary(dataclasses.replace(checkpoint, card=photo))


class Nothing:
    """A masker that never finds anything."""

    name = "nothing"

    def __call__(self, image, *, box=None) -> MaskResult:
        return MaskResult(np.zeros(image.shape[:2], dtype=np.float32), "given box" if box else "predicted", self.name)


def test_an_empty_predicted_mask_is_no_answer(monkeypatch) -> None:
    monkeypatch.setitem(MASKERS, "nothing", MaskerSpec("nothing", "Finds nothing", Nothing))
    metrics = by_key(evaluate_aviary(constant("late"), n=N, n_predicted=BIRDS, masker="nothing"))
    assert metrics["accuracy", "ID", "predicted"].value == 0, "though the fourth bird is the one that is always named"
    assert metrics["accuracy", "ID", "given"].value == pytest.approx(1 / 12)
    assert ("flip rate", "all places", "predicted") not in metrics
    assert metrics["accuracy", "ID", "predicted"].command.endswith("--masker nothing")
