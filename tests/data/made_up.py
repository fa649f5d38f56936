"""Small made-up data sets in the layouts that readers know: the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bgbias_core.images import encode_mask_png, encode_png

CUB_CLASSES = {3: "003.Sooty_Albatross", 20: "020.Yellow_breasted_Chat", 7: "007.Parakeet_Auklet"}


def picture(seed: int, height: int = 12, width: int = 16) -> bytes:
    return encode_png(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


def grey_mask(height: int = 12, width: int = 16) -> bytes:
    """A mask whose left half is 0, then 40 of 255, then 255."""
    mask = np.zeros((height, width), np.float32)
    mask[:, width // 2 :] = 40 / 255
    mask[:, -2:] = 1
    return encode_mask_png(mask)


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def make_cub(root: Path, per_class: int = 14, *, masks: bool = True, backwards: bool = False) -> Path:
    """Three classes with gaps in all ids; of each class, every seventh photograph is CUB's test."""
    rows = []
    for class_id, folder in CUB_CLASSES.items():
        for index in range(per_class):
            name = f"{folder}/Bird_{index:04d}.jpg"
            rows.append((100 * class_id + 3 * index, name, class_id, int(index % 7 != 0)))
            put(root / "images" / name, picture(class_id + index))
            if masks:
                put(root / "segmentations" / name.replace(".jpg", ".png"), grey_mask())
    rows = rows[::-1] if backwards else rows
    put(root / "images.txt", "".join(f"{key} {name}\n" for key, name, _, _ in rows))
    put(root / "image_class_labels.txt", "".join(f"{key} {label}\n" for key, _, label, _ in reversed(rows)))
    put(root / "train_test_split.txt", "".join(f"{key} {training}\n" for key, _, _, training in rows))
    put(root / "classes.txt", "".join(f"{key} {name}\n" for key, name in CUB_CLASSES.items()))
    return root


def make_folder(root: Path, counts: dict[str, int], masks: Path | None = None) -> Path:
    """``counts`` photographs below each folder named; every other one a folder deeper."""
    for name, count in counts.items():
        for index in range(count):
            below = f"{name}/deeper down/{index}" if index % 2 else f"{name}/{index}"
            put(root / f"{below}.jpg", picture(index))
            if masks is not None:
                put(masks / f"{below}.png", grey_mask())
    return root
