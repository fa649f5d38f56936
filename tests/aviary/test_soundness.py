"""The benchmark is sound: colours alone do not name a species, and an empty scene names its place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from bgbias_core.aviary import PLACES, SPECIES, draw_scene
from bgbias_core.data import AviaryQuery, AviarySet, load_aviary


def colour_histograms(data: AviarySet) -> NDArray[np.float64]:
    rows = []
    for image, mask in zip(data.images, data.masks, strict=True):
        pixels = image[mask == 1] // 32
        counts = np.bincount(pixels @ np.array([64, 8, 1]), minlength=512)
        rows.append(counts / counts.sum())
    return np.array(rows)


def test_colours_of_the_object_name_at_most_half_of_the_species() -> None:
    train = load_aviary(AviaryQuery("train", 1200, condition="OOD"))
    test = load_aviary(AviaryQuery("test", 360, condition="OOD"))
    neighbours = KNeighborsClassifier(n_neighbors=5).fit(np.sqrt(colour_histograms(train)), train.labels)
    named = neighbours.predict(np.sqrt(colour_histograms(test)))
    assert (named == test.labels).mean() <= 0.5
    families = np.array(
        [list(dict.fromkeys(s.family for s in SPECIES.values())).index(s.family) for s in SPECIES.values()]
    )
    assert (families[named] == families[test.labels]).mean() > 0.9, "a family is known by its colours"


def test_an_empty_scene_names_its_place() -> None:
    def scenes(first: int, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        pictures = [draw_scene(place, seed, 96) for place in PLACES for seed in range(first, first + count)]
        small = np.array([picture.reshape(12, 8, 12, 8, 3).mean(axis=(1, 3)).ravel() / 255 for picture in pictures])
        return small, np.repeat(np.arange(len(PLACES)), count)

    probe = LogisticRegression(max_iter=2000, C=0.3).fit(*scenes(0, 70))
    pictures, places = scenes(1000, 40)
    assert (probe.predict(pictures) == places).mean() >= 0.95
