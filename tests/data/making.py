"""Data sets made by script in published layouts: drawn pictures with true masks, the same bytes every time."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from bgbias_core.images import Image, Mask, encode_jpeg, encode_mask_png
from tests.data.made_up import put

COLUMNS = ("img_id", "img_filename", "y", "split", "place", "place_filename")


def draw_picture(seed: int, *, size: tuple[int, int] = (48, 64), colour: int = 0) -> tuple[Image, Mask]:
    """A filled ellipse whose hue is its class's, on rough ground, and its mask; height and width in pixels."""
    random = np.random.default_rng(seed)
    height, width = size
    ground = random.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    image = cv2.resize(ground, (width, height), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros(size, np.uint8)
    centre = (int(width * random.uniform(0.4, 0.6)), int(height * random.uniform(0.4, 0.6)))
    cv2.ellipse(mask, centre, (width // 4, height // 5), float(random.uniform(0, 180)), 0, 360, 1, -1)
    hue = np.array([[[colour * 37 % 180, 255, 80 + colour * 53 % 176]]], np.uint8)
    image[mask == 1] = cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0]
    return image, mask.astype(np.float32)


def make_cub(folder: Path, classes: int = 200, per_class: int = 4, *, masks: bool = True) -> Path:
    """A folder in the layout of CUB-200-2011, with boxes: of each class, every other photograph is for training.

    Ids have gaps, as in a part of the data set.
    """
    rows: list[tuple[int, str, int, int, str]] = []
    for number in range(1, classes + 1):
        for index in range(per_class):
            name = f"{number:03d}.Made_up_bird_{number}/Made_up_bird_{number}_{index:04d}.jpg"
            image, mask = draw_picture(1000 * number + index, colour=number)
            put(folder / "images" / name, encode_jpeg(image))
            if masks:
                put(folder / "segmentations" / name.replace(".jpg", ".png"), encode_mask_png(mask))
            left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
            rows.append((7 * len(rows) + 3, name, number, index % 2, f"{left}.0 {top}.0 {width}.0 {height}.0"))
    put(folder / "classes.txt", "".join(f"{n} {n:03d}.Made_up_bird_{n}\n" for n in range(1, classes + 1)))
    for file, column in (
        ("images.txt", 1),
        ("image_class_labels.txt", 2),
        ("train_test_split.txt", 3),
        ("bounding_boxes.txt", 4),
    ):
        put(folder / file, "".join(f"{row[0]} {row[column]}\n" for row in rows))
    return folder


def waterbirds_rows(names: Sequence[str]) -> list[dict[str, object]]:
    """Lines of ``metadata.csv`` in which labels, splits and places all meet."""
    scenes = (
        "/b/bamboo_forest/00000001.jpg",
        "/o/ocean/00000002.jpg",
        "/f/forest/broadleaf/3.jpg",
        "/l/lake/natural/4",
    )
    return [
        {
            "img_id": index + 1,
            "img_filename": name,
            "y": index % 2,
            "split": index // 2 % 3,
            "place": index // 3 % 2,
            "place_filename": scenes[index // 3 % 4],
        }
        for index, name in enumerate(names)
    ]


def write_metadata(path: Path, rows: Sequence[Mapping[str, object]], columns: Sequence[str] = COLUMNS) -> Path:
    """Write ``metadata.csv``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return put(path, text.getvalue())


def make_waterbirds(folder: Path, photographs: int = 24, *, masks: bool = False) -> Path:
    """Waterbirds with ``metadata.csv`` beside its images, three species."""
    names = [f"{n % 3 + 1:03d}.Made_up_bird_{n % 3 + 1}/Bird_{n:04d}.jpg" for n in range(photographs)]
    for number, name in enumerate(names):
        image, mask = draw_picture(number, colour=number % 3)
        put(folder / name, encode_jpeg(image))
        if masks:
            put(folder / "segmentations" / name.replace(".jpg", ".png"), encode_mask_png(mask))
    write_metadata(folder / "metadata.csv", waterbirds_rows(names))
    return folder


def make_waterbirds_in_cub(folder: Path, below: str = "waterbird_complete95_forest2water2") -> Path:
    """A folder of CUB with composites of the same names in a folder inside, or in ``images`` where none is named."""
    make_cub(folder, 5, 6)
    names = sorted(path.relative_to(folder / "images").as_posix() for path in (folder / "images").rglob("*.jpg"))
    if below:
        for name in names:
            put(folder / below / name, (folder / "images" / name).read_bytes()[:-2] + b"\xff\xd9")
    write_metadata(folder / below / "metadata.csv", waterbirds_rows(names))
    return folder


def make_scenes(folder: Path, places: Mapping[str, int]) -> Path:
    """So many scenes in each of some folders."""
    for number, (place, count) in enumerate(places.items()):
        for index in range(count):
            put(folder / place / f"{index + 1:08d}.jpg", encode_jpeg(draw_picture(number * 100 + index)[0]))
    return folder
