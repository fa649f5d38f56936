"""Birds with soft masks in CUB's layout and scenes of every shape, all tiny and drawn: the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from bgbias_core.images import encode_jpeg, encode_mask_png
from tests.data.made_up import put

SPECIES = {
    1: "001.Black_footed_Albatross",
    21: "021.Eastern_Towhee",
    47: "047.American_Goldfinch",
    143: "143.Caspian_Tern",
}
PLACES = {"bamboo_forest": 18, "forest/broadleaf": 22, "ocean": 15, "lake/natural": 25}


def rough(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    ground = random.integers(0, 256, (height // 6 + 2, width // 6 + 2, 3), dtype=np.uint8)
    return cv2.resize(ground, (width, height), interpolation=cv2.INTER_CUBIC)


def soft_mask(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A blob with a wide soft rim that reaches 1 inside; float32."""
    mask = np.zeros((height, width), np.float32)
    centre = (int(width * random.uniform(0.3, 0.7)), int(height * random.uniform(0.3, 0.7)))
    cv2.ellipse(mask, centre, (width // 3, height // 3), float(random.uniform(0, 180)), 0, 360, 1, -1)
    return np.clip(1.2 * cv2.GaussianBlur(mask, (0, 0), 1.5), 0, 1)


def make_birds(root: Path, per_species: int = 10) -> Path:
    """Photographs of 20 to 60 pixels a side; of each species, every other one is CUB's test; ids with gaps."""
    rows = []
    for class_id, folder in SPECIES.items():
        for index in range(per_species):
            random = np.random.default_rng([class_id, index])
            height, width = (int(side) for side in random.integers(20, 60, 2))
            name = f"{folder}/{folder[4:]}_{index:04d}_{class_id}.jpg"
            put(root / "images" / name, encode_jpeg(rough(random, height, width)))
            put(
                root / "segmentations" / name.replace(".jpg", ".png"),
                encode_mask_png(soft_mask(random, height, width)),
            )
            # Backwards within a class, so that the order of the ids is not that of the names.
            rows.append((1000 * class_id - 3 * index, name, class_id, index % 2))
    rows.sort()
    put(root / "images.txt", "".join(f"{key} {name}\n" for key, name, _, _ in rows))
    put(root / "image_class_labels.txt", "".join(f"{key} {label}\n" for key, _, label, _ in rows))
    put(root / "train_test_split.txt", "".join(f"{key} {training}\n" for key, _, _, training in rows))
    put(root / "classes.txt", "".join(f"{key} {name}\n" for key, name in SPECIES.items()))
    return root


def make_scenes(root: Path, places: Mapping[str, int] = PLACES) -> Path:
    """Scenes from much smaller to larger than the photographs, narrow, square and wide."""
    for number, (place, count) in enumerate(places.items()):
        for index in range(count):
            random = np.random.default_rng([number, index])
            height, width = (int(side) for side in random.integers(8, 100, 2))
            put(root / place / f"{index:08d}.jpg", encode_jpeg(rough(random, height, width)))
    return root
