"""A photograph with its mask and two scenes on disk, and a checkpoint of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgbias_core.images import encode_jpeg, encode_mask_png, encode_png
from bgbias_core.models import Strategy, save_checkpoint
from bgbias_core.paths import own_checkpoints
from tests.evaluation.stand_ins import make_checkpoint, make_picture, make_scenes


@pytest.fixture
def photo(tmp_path) -> Path:
    image, mask = make_picture(0)
    (tmp_path / "photo.jpg").write_bytes(encode_jpeg(image))
    (tmp_path / "mask.png").write_bytes(encode_mask_png(mask))
    for name, scene in make_scenes(2).items():
        (tmp_path / f"{name.replace(' ', '-')}.png").write_bytes(encode_png(scene))
    return tmp_path


@pytest.fixture
def stand_in(home) -> str:
    checkpoint = make_checkpoint(Strategy(name="early"), name="own-early")
    save_checkpoint(own_checkpoints(), checkpoint.card, checkpoint.classifier)
    return "own-early"
