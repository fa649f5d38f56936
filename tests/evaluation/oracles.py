"""The published measures once more, in plain loops from the papers' definitions, without a line of the product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def challenge_accuracy(answers: Mapping[str, Sequence[bool]]) -> float:
    """ImageNet-9's backgrounds challenge: a foreground is lost as soon as one background of the pool turns it wrong.

    Args:
        answers: For each foreground, whether it was named right on each background that was tried.
    """
    broken = 0
    for on_backgrounds in answers.values():
        for right in on_backgrounds:
            if not right:
                broken += 1
                break
    return 1 - broken / len(answers)


def adjusted_average(group_of: Sequence[str], right: Sequence[bool], train_counts: Mapping[str, int]) -> float:
    """WILDS, Waterbirds: accuracy of each test group, weighted by the size of that group in the training split."""
    total = weighted = 0.0
    for group, size in train_counts.items():
        members = [hit for one, hit in zip(group_of, right, strict=True) if one == group]
        weighted += size * sum(members) / len(members)
        total += size
    return weighted / total


def group_average(group_of: Sequence[str], right: Sequence[bool]) -> float:
    """The mean of the groups' accuracies."""
    return adjusted_average(group_of, right, dict.fromkeys(group_of, 1))


def relative_foreground_sensitivity(right_noise_fg: Sequence[bool], right_noise_bg: Sequence[bool]) -> float:
    """RIVAL10: the gap between the accuracies under noise, by the largest that their mean leaves room for."""
    a_fg, a_bg = sum(right_noise_fg) / len(right_noise_fg), sum(right_noise_bg) / len(right_noise_bg)
    mean = (a_fg + a_bg) / 2
    if mean in (0, 1):
        return 0.0
    return (a_bg - a_fg) / (2 * min(mean, 1 - mean))


def expected_calibration_error(probability: Sequence[float], right: Sequence[bool], bins: int = 15) -> float:
    """Guo et al.: bin m holds what is above (m − 1) / M and at most m / M."""
    error = 0.0
    for m in range(1, bins + 1):
        inside = [i for i, p in enumerate(probability) if (m - 1) / bins < p <= m / bins]
        if inside:
            accuracy = sum(right[i] for i in inside) / len(inside)
            stated = sum(probability[i] for i in inside) / len(inside)
            error += len(inside) / len(probability) * abs(accuracy - stated)
    return error
