"""Many checkpoints over the same pictures: those that would run one backbone on the same pixels share that pass."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bgbias_core.evaluation.predict import network_input
from bgbias_core.images import Image, Mask
from bgbias_core.models import Checkpoint, Features

MaskSource = Literal["none", "given", "predicted"]
LookedAt = Literal["given", "predicted"]

_WHOLE = "whole picture"
_PIXELS_AT_ONCE = 2**18
_PICTURES_AT_ONCE = 64


def usual_batch(checkpoint: Checkpoint) -> int:
    """How many pictures go through a checkpoint's network at once, where nobody says.

    On a CPU few large ones or many small ones: the activations of more leave its caches, and each takes twice as long.
    """
    if checkpoint.device.type != "cpu":
        return _PICTURES_AT_ONCE
    return max(1, min(_PICTURES_AT_ONCE, _PIXELS_AT_ONCE // checkpoint.card.preprocessing.size**2))


@dataclass(frozen=True, eq=False)
class Question:
    """What one checkpoint is asked about some pictures.

    Attributes:
        checkpoint: Which.
        rows: int64 ``[N]``, ascending: which pictures.
        masks: For each of these rows float32 ``[H, W]`` in [0, 1]; ``None`` for a checkpoint that looks at none.
        source: Which masks these are; under one source a picture has one mask, whoever looks at it.
    """

    checkpoint: Checkpoint
    rows: NDArray[np.int64]
    masks: Mapping[int, Mask] | None
    source: MaskSource


class SharedPasses:
    """Asks checkpoints about pictures with as few backbone passes as give every checkpoint its own exact features.

    Backbones are shared where they are built alike and hold the same numbers, whatever cards say. Unmasked and late
    masking at the last depth run the backbone on the whole picture, however many masks there are of it, and part only
    behind it; early masking, and late masking inside, share a pass where fill, depth and masks are the same. Pooling
    and head are always the checkpoint's own.

    Args:
        checkpoints: All that may be asked; they are not changed while this lives.
    """

    def __init__(self, checkpoints: Sequence[Checkpoint]) -> None:
        alone = len(checkpoints) == 1
        digest = cache(_backbone_digest)  # of a backbone that several hold in common, once
        self._backbones = {
            id(one): "" if alone else digest(one.card.architecture.backbone, one.classifier.backbone)
            for one in checkpoints
        }

    def predict(
        self, images: Sequence[Image], questions: Sequence[Question], *, batch_size: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Answer every question.

        Args:
            images: uint8 ``[H, W, 3]`` each, of any sizes.
            questions: Who is asked about which of them.
            batch_size: How many pictures go through a network at once; ``None`` takes :func:`usual_batch`.

        Returns:
            For each question float32 ``[N, C]``, as
            :func:`~bgbias_core.evaluation.predict.predict_probabilities` gives for its rows.

        Raises:
            MaskError: A mask does not belong to its picture.
        """
        answers = [np.empty((len(one.rows), len(one.checkpoint.card.classes)), dtype=np.float32) for one in questions]
        passes: dict[Hashable, list[int]] = {}
        for number, question in enumerate(questions):
            passes.setdefault(self._pass_of(question), []).append(number)
        for numbers in passes.values():
            together = [questions[number] for number in numbers]
            first = together[0].checkpoint
            run_as = _first_of_equals(images) if _sees_all(first) else np.arange(len(images))
            rows = np.unique(np.concatenate([run_as[one.rows] for one in together]))
            size = batch_size or usual_batch(first)
            for start in range(0, len(rows), size):
                some = rows[start : start + size]
                self._run(images, some, run_as, together, [answers[number] for number in numbers])
        return answers

    def _pass_of(self, question: Question) -> Hashable:
        """Equal for questions whose backbone sees and does the very same."""
        checkpoint = question.checkpoint
        strategy = checkpoint.card.strategy
        masked: tuple[Hashable, ...] = (_WHOLE,)
        if not _sees_all(checkpoint):
            how = strategy.fill if checkpoint.classifier.depth == 0 else strategy.mask_resize
            masked = (checkpoint.classifier.depth, how, question.source)
        return (self._backbones[id(checkpoint)], checkpoint.card.preprocessing, checkpoint.device, *masked)

    @staticmethod
    def _run(
        images: Sequence[Image],
        rows: NDArray[np.int64],
        run_as: NDArray[np.int64],
        questions: Sequence[Question],
        answers: Sequence[NDArray[np.float32]],
    ) -> None:
        first = questions[0].checkpoint
        shown = [images[row] for row in rows]
        if _sees_all(first):
            pixels, masks = first.card.preprocessing.images(shown), None
        else:
            known = {row: mask for one in questions for row, mask in (one.masks or {}).items()}
            pixels, masks = network_input(first.card, shown, [known[int(row)] for row in rows])
        with torch.inference_mode():
            features = first.classifier.features(_to(pixels, first), None if masks is None else _to(masks, first))
            resized: dict[str, Tensor] = {}
            for question, answer in zip(questions, answers, strict=True):
                here = np.flatnonzero(np.isin(run_as[question.rows], rows))
                if not len(here):
                    continue
                own_rows = question.rows[here]
                places = np.searchsorted(rows, run_as[own_rows])
                own = None
                if question.masks is not None:
                    if masks is not None:
                        own = masks[places]
                    else:
                        key = f"{question.source} {own_rows.tobytes().hex()}"
                        if key not in resized:
                            looked_at = [question.masks[int(row)] for row in own_rows]
                            pairs = first.card.preprocessing.pairs([images[row] for row in own_rows], looked_at)
                            resized[key] = pairs[1]
                        own = resized[key]
                    own = _to(own, first)
                logits = question.checkpoint.classifier.classify(_some(features, places), own)
                answer[here] = logits.float().softmax(dim=1).cpu().numpy()


def _sees_all(checkpoint: Checkpoint) -> bool:
    """Whether the backbone runs on the whole picture, and what is masked is masked behind it."""
    return checkpoint.classifier.depth in (None, checkpoint.classifier.depths.last)


def _first_of_equals(images: Sequence[Image]) -> NDArray[np.int64]:
    """For each picture the first one that is the very same array: masks may differ on it."""
    first: dict[int, int] = {}
    return np.array([first.setdefault(id(image), row) for row, image in enumerate(images)], dtype=np.int64)


def _some(features: Features, places: NDArray[np.intp]) -> Features:
    if np.array_equal(places, np.arange(len(features.grid))):
        return features
    index = torch.from_numpy(places).to(features.grid.device)
    return Features(features.grid[index], None if features.cls is None else features.cls[index])


def _to(tensor: Tensor, checkpoint: Checkpoint) -> Tensor:
    return tensor.to(checkpoint.device)


def _backbone_digest(name: str, backbone: nn.Module) -> str:
    """sha256 over how a backbone is built and every number in it."""
    digest = hashlib.sha256(name.encode())
    for key, value in backbone.state_dict().items():
        digest.update(f"\n{key} {value.dtype} {list(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
