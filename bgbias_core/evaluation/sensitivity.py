"""Measures that are no mean over pictures: relative foreground sensitivity, and the error of stated probabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bgbias_core.evaluation.estimates import Estimate
from bgbias_core.evaluation.intervals import bootstrap
from bgbias_core.evaluation.parts import ACCURACY_NOISE_BG, ACCURACY_NOISE_FG, CALIBRATION, Part, per_pair
from bgbias_core.evaluation.resampling import Floats

BINS = 15
"""Bins of equal width that stated probabilities are sorted into."""
FEWEST = 50
"""Photographs below which a bootstrap of a measure that is no mean is not trusted."""


def relative_foreground_sensitivity(noise_fg: Floats, noise_bg: Floats) -> Floats:
    """RFS from two accuracies.

    Args:
        noise_fg: Accuracy with noise on the foreground, in [0, 1].
        noise_bg: Accuracy with noise on the background, in [0, 1].

    Returns:
        In [−1, 1]; above 0 where noise on the foreground hurts more. 0 where both are 0 or both are 1.

    Reference: Moayeri et al., "A Comprehensive Study of Image Classification Model Sensitivity to Foregrounds,
        Backgrounds, and Visual Attributes", CVPR 2022, eq. 1.

    >>> float(relative_foreground_sensitivity(np.array(0.25), np.array(0.5)))
    0.3333333333333333
    """
    mean = (noise_fg + noise_bg) / 2
    room = 2 * np.minimum(mean, 1 - mean)
    found: Floats = np.divide(noise_bg - noise_fg, room, out=np.zeros_like(mean), where=room > 1e-12)
    return found


def calibration_error(probability: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error of stated probabilities.

    The mean over pictures of |accuracy − mean probability| of the bin each is in; bins are of equal width, each closed
    above.

    Args:
        probability: ``[pictures]`` in [0, 1], at least one.
        right: ``[pictures]``: whether the answer was right.

    Reference: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, eq. 3.
    """
    return float(_calibration_of(_bin_sums(probability, right.astype(np.float64)).sum(axis=0)))


def measure_rfs(part: Part) -> tuple[Estimate, str] | str:
    """RFS on the samples that have both noises, with a bootstrap over them; or why it cannot be had."""
    pair = pd.concat(
        [
            per_pair(part, name).groupby(level="sample", sort=False).mean()
            for name in (ACCURACY_NOISE_FG, ACCURACY_NOISE_BG)
        ],
        axis=1,
        join="inner",
    ).to_numpy(dtype=np.float64)
    if len(pair) < FEWEST:
        return f"too few to say (n = {len(pair)}); at least {FEWEST} samples with both noises are needed"
    sums = np.column_stack([pair, np.ones(len(pair))])

    def ratio(of: Floats) -> Floats:
        return relative_foreground_sensitivity(of[..., 0] / of[..., 2], of[..., 1] / of[..., 2])

    foreground, background = pair.mean(axis=0)
    note = (
        f"accuracy {100 * foreground:.1f} with noise on the object, {100 * background:.1f} with noise on the background"
    )
    if part.identity:
        note += "; with given masks it does not see the noise on the background"
    if np.ptp(pair, axis=0).max() == 0:
        # The same answer everywhere: no resample differs, and nothing is known of how much it might.
        return Estimate(float(ratio(sums.sum(axis=0))), -1.0, 1.0, len(pair), "paired bootstrap"), note
    [interval] = bootstrap(sums[None], ratio, bounds=(-1.0, 1.0))
    return Estimate(float(ratio(sums.sum(axis=0))), interval.low, interval.high, len(pair), "paired bootstrap"), note


def measure_calibration(part: Part, measure: str) -> tuple[Estimate, str] | str:
    """A calibration error with a bootstrap over photographs, or why it cannot be had; no answer has no probability."""
    rows = part.where(CALIBRATION[measure])
    answered = rows[rows["found"] & rows["right"].notna() & rows["probability"].notna()]
    codes, samples = pd.factorize(answered["sample"].astype("object"))
    if len(samples) < FEWEST:
        return f"too few to say (n = {len(samples)}); at least {FEWEST} samples with an answer are needed"
    each = _bin_sums(
        answered["probability"].to_numpy(dtype=np.float64), answered["right"].astype(bool).to_numpy(dtype=np.float64)
    )
    sums = np.zeros((len(samples), each.shape[1]))
    np.add.at(sums, codes, each)
    [interval] = bootstrap(sums[None], _calibration_of)
    value = float(_calibration_of(sums.sum(axis=0)))
    missing = len(rows) - len(answered)
    note = f"{len(answered):,} pictures in {BINS} bins" + (f"; {missing:,} left out, no answer" if missing else "")
    return Estimate(value, interval.low, interval.high, len(samples), "cluster bootstrap"), note


def _bin_sums(probability: Floats, right: Floats) -> Floats:
    """``[pictures, bins + 1]``: what each adds to its bin's (probability − right), and to their number."""
    # Closed above, as in the paper: 1/15 itself lies in the first bin; rounding must not lift it into the second.
    bins = np.clip(np.ceil(np.round(probability * BINS, 6)).astype(int) - 1, 0, BINS - 1)
    sums = np.zeros((len(probability), BINS + 1))
    sums[np.arange(len(probability)), bins] = probability - right
    sums[:, BINS] = 1
    return sums


def _calibration_of(sums: Floats) -> Floats:
    found: Floats = np.abs(sums[..., :BINS]).sum(axis=-1) / sums[..., BINS]
    return found
