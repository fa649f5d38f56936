"""Waterbirds read line by line from its published description: one picture at a time, plain Pillow and NumPy.

Slow and simple on purpose, and without a line of the library: what the generator makes is compared with this.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

NAMES = [
    "albatross",
    "auklet",
    "cormorant",
    "frigatebird",
    "fulmar",
    "gull",
    "jaeger",
    "kittiwake",
    "pelican",
    "puffin",
    "tern",
    "gadwall",
    "grebe",
    "mallard",
    "merganser",
    "guillemot",
    "pacific_loon",
]
NOT_TERNS = ("eastern_towhee", "western_meadowlark", "western_wood_pewee")


def label(folder: str, *, fixed: bool) -> int:
    """1 for water birds, from the folder of a photograph, ``021.Eastern_Towhee``."""
    species = folder.split(".")[1].lower()
    if fixed and species in NOT_TERNS:
        return 0
    for name in NAMES:
        if name in species:
            return 1
    return 0


def rgb(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        return opened.convert("RGB")


def crop_and_resize(background: Image.Image, tw: int, th: int) -> Image.Image:
    w, h = background.size
    while w < tw or h < th:
        if int(tw / w * h) >= th:
            background = background.resize((tw, int(tw / w * h)), Image.LANCZOS)
        else:
            background = background.resize((int(th / h * w), th), Image.LANCZOS)
        w, h = background.size
    if w / h > tw / th:
        new = int(tw / th * h)
        offset = (w - new) // 2
        box = (offset, 0, w - offset, h)
    else:
        new = int(w / (tw / th))
        offset = (h - new) // 2
        box = (0, offset, w, h - offset)
    return background.crop(box).resize((tw, th), Image.LANCZOS)


def composite(photograph: Path, mask: Path, scene: Path) -> Image.Image:
    img = np.asarray(rgb(photograph))
    m = np.asarray(rgb(mask)) / 255
    th, tw = img.shape[:2]
    bg = np.asarray(crop_and_resize(rgb(scene), tw, th))
    return Image.fromarray(np.uint8(np.around(img * m)) + np.uint8(np.around(bg * (1 - m))))


def write(photograph: Path, mask: Path, scene: Path, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    composite(photograph, mask, scene).save(out)


def place_one(n: int, split: int, y: int, majority: float) -> int:
    """How many of a split's n photographs of a label stand on place 1."""
    if split == 0 and y == 0:
        return int(np.round((1 - majority) * n))
    if split == 0 and y == 1:
        return int(np.round(majority * n))
    return int(np.round(0.5 * n))
