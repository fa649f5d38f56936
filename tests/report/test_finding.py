"""The finding says what the intervals allow, and nothing more."""

from __future__ import annotations

import pytest

from bgbias_core.evaluation import compare_pair, summarise
from bgbias_core.report.finding import find
from tests.evaluation.tables import make_evaluation, make_row
from tests.report.made import BIRDS, aviary


def test_a_clear_loss_is_told_with_both_sides() -> None:
    evaluation = aviary()
    found = find(evaluation, summarise(evaluation))
    loss, comparison = found.statements
    assert loss.sentence.startswith("Plain names 100.0% of the birds right where they stand ID and 25.0% OOD: it loses")
    assert (loss.value, loss.n, loss.clear) == (0.75, BIRDS, True)
    assert f"n = {BIRDS}" in loss.sentence
    paired = compare_pair(evaluation, ("masked", "predicted"), ("plain", "none"), "accuracy OOD")
    assert comparison.sentence == paired.sentence
    assert (comparison.low, comparison.high) == (paired.low, paired.high)
    assert comparison.mask_sources == ("predicted", "none"), "as in real use, not with given masks"


@pytest.mark.parametrize("right", [BIRDS, BIRDS - 1])
def test_what_the_interval_leaves_open_is_left_open(right) -> None:
    evaluation = aviary(right_elsewhere=right)
    loss = find(evaluation, summarise(evaluation)).statements[0]
    assert not loss.clear
    assert loss.low <= 0 <= loss.high
    assert loss.sentence.startswith("Whether Plain loses accuracy OOD is not clear: ")


def test_a_gain_is_no_loss() -> None:
    rows = [
        make_row(bird, condition, right=condition == "OOD" or bird < 10)
        for bird in range(60)
        for condition in ("ID", "OOD")
    ]
    evaluation = make_evaluation(rows)
    [gain] = find(evaluation, summarise(evaluation)).statements
    assert "it gains 83.3 points" in gain.sentence
    assert gain.value == pytest.approx(-5 / 6)
    assert "−" not in gain.sentence, "told in the direction of the words"


def test_nothing_known_is_said_to_be_nothing() -> None:
    rows = [make_row(bird, "ID", right=None, flipped=None) for bird in range(3)]
    evaluation = make_evaluation(rows)
    found = find(evaluation, [])
    assert found.statements == ()
    assert found.paragraph.startswith("The numbers of this evaluation allow no plain statement.")
