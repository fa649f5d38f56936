"""Saying "probably none of these": where a classifier of few classes is less sure than it is of their photographs.

A softmax over a few classes always names one of them, whatever it is shown. The highest probability tells something,
and not much: what is none of the classes often gets a high one too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bgbias_core.data import PhotographSet, Split
from bgbias_core.errors import ConfigError
from bgbias_core.evaluation.predict import predict_probabilities
from bgbias_core.images import Mask
from bgbias_core.masks import Masker
from bgbias_core.models import Card, Checkpoint

DOUBTED_SHARE = 0.1
"""Of a classifier's own kind of photographs, held back from training, that it is too unsure of.

Heads on EfficientNet-Lite0 for 12 species of CUB-200-2011 then doubt 7% to 10% of the test photographs of these species
and 29% to 36% of those of six species that they never saw (270 photographs each, over three choices of the six).
"""
_AT_ONCE = 32


def highest_probabilities(
    checkpoint: Checkpoint, photographs: PhotographSet, split: Split = "validation", *, masker: Masker | None = None
) -> NDArray[np.float32]:
    """The probability of the first answer on every photograph of a split.

    A masked classifier looks at the masks of the kind that it was trained with: given ones, or what the masker finds;
    photographs in which that finds nothing are left out.

    Args:
        checkpoint: The classifier.
        photographs: A data set that it can name.
        split: Which part of it.
        masker: Finds the masks of a classifier that was not trained with given ones.

    Returns:
        float32 ``[N]`` in [0, 1].

    Raises:
        ConfigError: A classifier needs predicted masks and there is no masker.
        BgBiasError: A photograph or its mask cannot be read.
    """
    card = checkpoint.card
    given = card.mask_source_at_training == "given" and photographs.has_masks
    if card.strategy.needs_mask and not given and masker is None:
        raise ConfigError(f"'{card.name}' looks at predicted masks and no masker was given; name one.")
    entries = [entry for entry in photographs.entries if entry.split == split]
    found = [np.empty(0, np.float32)]
    for start in range(0, len(entries), _AT_ONCE):
        samples = [photographs.read(entry) for entry in entries[start : start + _AT_ONCE]]
        images, masks = [sample.image for sample in samples], None
        if card.strategy.needs_mask:
            looked_at: Sequence[Mask | None] = (
                [sample.mask for sample in samples]
                if given or masker is None
                else [result.mask for result in map(masker, images)]
            )
            shown = [
                (image, mask) for image, mask in zip(images, looked_at, strict=True) if mask is not None and mask.any()
            ]
            images, masks = [image for image, _ in shown], [mask for _, mask in shown]
        found.append(predict_probabilities(checkpoint, images, masks).max(axis=1))
    return np.concatenate(found)


def doubtful_below(checkpoint: Checkpoint, photographs: PhotographSet, *, masker: Masker | None = None) -> float:
    """The probability that the first answer falls short of on 10% of the validation photographs.

    It belongs on the card (``Card.doubtful_below``).

    Args:
        checkpoint: The classifier.
        photographs: The data set that it was trained on.
        masker: As for :func:`highest_probabilities`.

    Raises:
        ConfigError: There are no validation photographs; or as :func:`highest_probabilities`.
        BgBiasError: A photograph or its mask cannot be read.
    """
    highest = highest_probabilities(checkpoint, photographs, masker=masker)
    if not len(highest):
        raise ConfigError(
            f"{photographs.title} holds no validation photographs to learn from how sure '{checkpoint.card.name}' "
            "usually is; add some."
        )
    return float(np.quantile(highest, DOUBTED_SHARE))


def is_doubtful(card: Card, probability: float) -> bool:
    """Whether the first answer's probability is lower than on 9 of 10 photographs of the classifier's own kind.

    Args:
        card: The classifier's card; without ``doubtful_below`` nothing is doubtful.
        probability: Of its first answer, in [0, 1].
    """
    return card.doubtful_below is not None and probability < card.doubtful_below
