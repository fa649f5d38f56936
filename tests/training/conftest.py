"""A folder of pictures of two classes, and backbones whose weights lie in the local folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgbias_core.images import encode_mask_png, encode_png
from tests.evaluation.stand_ins import make_picture


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Photographs in ``photos/CLASS`` and their masks in ``masks/CLASS``: six to train on, two to select on."""
    for number in range(12):
        label = ("gull", "wren")[number % 2]
        image, mask = make_picture(number)
        for kind, content in (("photos", encode_png(image)), ("masks", encode_mask_png(mask))):
            path = tmp_path / kind / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return tmp_path
