"""Published backbones under every strategy take a training step: the small ones here, all in ``benchmarks.grid``."""

from __future__ import annotations

import math

import pytest
import torch

from benchmarks.grid import MODES, SIZES, STRATEGIES, build, step
from bgbias_core.models import StrategyName


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", ["convnext-small", "dinov2-vit-small"])
def test_a_step_trains_what_it_shall_and_nothing_else(name: str, strategy: StrategyName, mode: str) -> None:
    classifier, optimiser = build(name, strategy, mode)
    before = {key: value.detach().clone() for key, value in classifier.named_parameters()}
    assert math.isfinite(step(classifier, optimiser, SIZES[name]))
    changed = {key for key, value in classifier.named_parameters() if not torch.equal(value, before[key])}
    heads = {key for key in before if key.startswith("head.")}
    assert changed == (heads if mode == "frozen" else set(before))
