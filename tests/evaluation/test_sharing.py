"""Shared backbone passes give every checkpoint what it says alone, and run no backbone twice on the same pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bgbias_core.evaluation import predict_probabilities
from bgbias_core.evaluation.sharing import Question, SharedPasses
from bgbias_core.models import Strategy
from tests.evaluation.stand_ins import make_checkpoint, make_picture

CHECKPOINTS = [
    make_checkpoint(Strategy(name="unmasked"), name="unmasked"),
    make_checkpoint(Strategy(name="early"), name="early"),
    make_checkpoint(Strategy(name="early", fill="mean"), name="early-mean"),
    make_checkpoint(Strategy(name="late"), name="late"),
    make_checkpoint(Strategy(name="late"), region="foreground", name="late-foreground"),
    make_checkpoint(Strategy(name="late", depth=2), name="late-inner"),
    make_checkpoint(Strategy(name="unmasked"), name="other-weights", seed=1),
]
PICTURES = [make_picture(seed, 60 + 10 * seed, 120) for seed in range(6)]
IMAGES = [image for image, _ in PICTURES]
GIVEN = {row: mask for row, (_, mask) in enumerate(PICTURES)}
PREDICTED = {row: np.roll(mask, 9, axis=1) for row, mask in GIVEN.items() if row != 2}


def questions(checkpoints=CHECKPOINTS) -> list[Question]:
    asked = []
    for checkpoint in checkpoints:
        if not checkpoint.card.strategy.needs_mask:
            asked.append(Question(checkpoint, np.arange(6), None, "none"))
            continue
        asked += [
            Question(checkpoint, np.array([*masks]), masks, source)
            for source, masks in (("given", GIVEN), ("predicted", PREDICTED))
        ]
    return asked


@pytest.mark.parametrize("batch_size", [64, 4])
def test_together_they_say_what_each_says_alone(batch_size) -> None:
    asked = questions()
    answers = SharedPasses(CHECKPOINTS).predict(IMAGES, asked, batch_size=batch_size)
    for question, answer in zip(asked, answers, strict=True):
        images = [IMAGES[row] for row in question.rows]
        masks = None if question.masks is None else [question.masks[int(row)] for row in question.rows]
        alone = predict_probabilities(question.checkpoint, images, masks)
        np.testing.assert_allclose(answer, alone, atol=1e-5, err_msg=question.checkpoint.card.name)
        np.testing.assert_array_equal(answer.argmax(axis=1), alone.argmax(axis=1))


def logits(answers: np.ndarray) -> np.ndarray:
    """Logits but for what all classes have in common."""
    logarithms = np.log(answers.astype(np.float64))
    return logarithms - logarithms.mean(axis=1, keepdims=True)


def test_another_batch_size_gives_the_same_names_and_logits() -> None:
    asked = questions()
    usual, *others = (
        SharedPasses(CHECKPOINTS).predict(IMAGES, asked, batch_size=batch_size) for batch_size in (64, 1, 4)
    )
    for other in others:
        for answer, again in zip(usual, other, strict=True):
            np.testing.assert_array_equal(answer.argmax(axis=1), again.argmax(axis=1))
            np.testing.assert_allclose(logits(answer), logits(again), atol=1e-4)


def passes(checkpoints) -> int:
    """How many pictures go through the checkpoints' backbones."""
    seen = 0

    def count(_module, inputs) -> None:
        nonlocal seen
        seen += len(inputs[0])

    stems = {one.classifier.backbone.stem for one in checkpoints}
    hooks = [stem.register_forward_pre_hook(count) for stem in stems]
    try:
        SharedPasses(checkpoints).predict(IMAGES, questions(checkpoints))
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def test_equal_backbones_run_once_for_equal_pixels() -> None:
    unmasked, early, mean, late, foreground, inner, other = CHECKPOINTS
    assert passes([unmasked, late, foreground]) == 6, "two mask sources and two regions behind one pass"
    assert passes([unmasked, early]) == 6 + 6 + 5
    assert passes([early, replace(early)]) == 6 + 5
    assert passes([early, mean]) == 2 * (6 + 5), "another fill is another picture"
    assert passes([late, inner]) == 6 + (6 + 5)
    assert passes([unmasked, other]) == 2 * 6, "other weights"


def test_one_picture_with_many_masks_runs_once_where_masks_come_behind_the_backbone() -> None:
    late, foreground, early = CHECKPOINTS[3], CHECKPOINTS[4], CHECKPOINTS[1]
    images = [IMAGES[0], IMAGES[1], IMAGES[0], IMAGES[0], IMAGES[1]]
    masks = {row: np.roll(GIVEN[1 if row in {1, 4} else 0], 5 * row, axis=0) for row in range(5)}
    asked = [Question(one, np.arange(5), masks, "given") for one in (late, foreground, early)]
    asked.append(Question(CHECKPOINTS[0], np.array([1, 3]), None, "none"))
    seen = []
    stem = late.classifier.backbone.stem
    hook = stem.register_forward_pre_hook(lambda _module, inputs: seen.append(len(inputs[0])))
    try:
        answers = SharedPasses([late]).predict(images, asked[:1])
    finally:
        hook.remove()
    assert sum(seen) == 2
    for question, answer in zip(asked, SharedPasses(CHECKPOINTS).predict(images, asked, batch_size=2), strict=True):
        looked_at = None if question.masks is None else [masks[int(row)] for row in question.rows]
        alone = predict_probabilities(question.checkpoint, [images[row] for row in question.rows], looked_at)
        np.testing.assert_allclose(answer, alone, atol=1e-5)
    np.testing.assert_allclose(answers[0], predict_probabilities(late, images, list(masks.values())), atol=1e-5)


def test_one_changed_number_is_another_backbone() -> None:
    one, other = (make_checkpoint(Strategy(name="unmasked"), name=name) for name in ("one", "other"))
    assert passes([one, other]) == 6
    with torch.no_grad():
        next(other.classifier.backbone.parameters()).flatten()[0].add_(1e-3)
    assert passes([one, other]) == 12


def test_a_question_about_no_picture_has_no_answer() -> None:
    early = CHECKPOINTS[1]
    [answer] = SharedPasses([early]).predict(IMAGES, [Question(early, np.array([], dtype=np.int64), {}, "given")])
    assert answer.shape == (0, 12)
