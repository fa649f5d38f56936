"""How fast Aviary is drawn, and whether it is sound: ``python -m benchmarks.aviary``.

Prints, with n and 95% intervals: the time of 5,000 pictures at 96 px; the share of species and of families that a k-NN
on object-only colour histograms names; the share of places that a linear probe names from empty scenes; and how often
the early checkpoints are right within the family once the diagnostic part is removed.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from bgbias_core.aviary import PLACES, SPECIES, draw_recipes, draw_scene, render
from bgbias_core.data import AviaryQuery, AviarySet, load_aviary
from bgbias_core.evaluation import predict_probabilities, wilson
from bgbias_core.models import load_checkpoint

PICTURES = 5000
FAMILY = np.array([list({s.family: 0 for s in SPECIES.values()}).index(s.family) for s in SPECIES.values()])


def main() -> None:
    """Run all four and print a line each."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["BGBIAS_HOME"] = home  # an empty cache
        started = time.perf_counter()
        train = load_aviary(AviaryQuery("train", PICTURES, condition="OOD"))
        seconds = time.perf_counter() - started
        print(f"{PICTURES:,} pictures at 96 px: {seconds:.1f} s")
        test = load_aviary(AviaryQuery("test", 900, condition="OOD"))
    colours(train, test)
    places()
    for name in ("aviary-convnext-early", "aviary-vit-early"):
        removed_part(name)


def colours(train: AviarySet, test: AviarySet) -> None:
    """k-NN (k = 5) on 8×8×8 histograms of the pixels inside the mask."""
    neighbours = KNeighborsClassifier(n_neighbors=5).fit(_histograms(train)[:3600], train.labels[:3600])
    named = neighbours.predict(_histograms(test))
    _report("species named by the object's colours", named == test.labels)
    _report("families named by the object's colours", FAMILY[named] == FAMILY[test.labels])


def places() -> None:
    """A linear probe on 12×12 thumbnails of empty scenes: 200 a place to fit, 100 to test."""
    probe = LogisticRegression(max_iter=2000, C=0.3).fit(*_scenes(0, 200))
    pictures, labels = _scenes(10_000, 100)
    _report("places named from the empty scene", probe.predict(pictures) == labels)


def removed_part(name: str, n: int = 600) -> None:
    """Accuracy within the family of birds without their diagnostic part, given masks."""
    recipes = draw_recipes("test", n, condition="OOD")
    bare = [render(replace(recipe, parts=dict.fromkeys(SPECIES[recipe.species].parts)), 96) for recipe in recipes]
    probabilities = predict_probabilities(load_checkpoint(name), [b.image for b in bare], [b.mask for b in bare])
    labels = np.array([list(SPECIES).index(recipe.species) for recipe in recipes])
    within = np.where(FAMILY[labels][:, None] == FAMILY, probabilities, -1).argmax(axis=1)
    _report(f"{name}, diagnostic part removed, right within the family", within == labels)


def _histograms(data: AviarySet) -> NDArray[np.float64]:
    rows = []
    for image, mask in zip(data.images, data.masks, strict=True):
        counts = np.bincount(image[mask == 1] // 32 @ np.array([64, 8, 1]), minlength=512)
        rows.append(np.sqrt(counts / counts.sum()))
    return np.array(rows)


def _scenes(first: int, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    pictures = [draw_scene(place, seed, 96) for place in PLACES for seed in range(first, first + count)]
    small = np.array([picture.reshape(12, 8, 12, 8, 3).mean(axis=(1, 3)).ravel() / 255 for picture in pictures])
    return small, np.repeat(np.arange(len(PLACES)), count)


def _report(what: str, right: NDArray[np.bool_]) -> None:
    interval = wilson(int(right.sum()), len(right))
    print(f"{what}: {right.mean():.1%} (95% {interval.low:.1%}–{interval.high:.1%}, n = {len(right)})")


if __name__ == "__main__":
    main()
