"""Small checkpoints with random weights, and pictures to show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from bgbias_core.aviary import SPECIES
from bgbias_core.images import Image, Mask, encode_mask_png, encode_png
from bgbias_core.masks import Box, MaskResult
from bgbias_core.models import (
    Architecture,
    Card,
    Checkpoint,
    Data,
    Preprocessing,
    Strategy,
    Weights,
    build_classifier,
)

SIZE = 96


def make_checkpoint(strategy: Strategy, *, region: str = "all", name: str = "stand-in", seed: int = 0) -> Checkpoint:
    """The small Aviary ConvNeXt, untrained, with a head that spreads its answers."""
    card = Card(
        name=name,
        title="Untrained",
        task="species",
        description="Random weights.",
        architecture=Architecture.model_validate(
            {
                "backbone": "aviary-convnext",
                "pooling": "gap",
                "region": region,
                "head_norm": True,
                "grid": (6, 6),
                "depths": 4,
            }
        ),
        strategy=strategy,
        preprocessing=Preprocessing(size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        classes=tuple(SPECIES),
        weights=Weights(source="file", name=f"{name}.safetensors", sha256="", dtype="float16"),
        backbone_weights="random",
        backbone_sha256=None,
        mask_source_at_training="given" if strategy.needs_mask else "none",
        training_data=Data(name="aviary", fingerprint="", licence="MIT", parameters={"correlation": 0.95}),
        config={},
        seed=seed,
        versions={},
    )
    torch.manual_seed(seed)
    classifier = build_classifier(card).eval()
    with torch.no_grad():
        classifier.head[1].weight.normal_(std=1.0)
        # Centred on pictures of the kind that the tests show, so that no class wins them all; with full masks, so that
        # all strategies keep the same weights.
        pictures = card.preprocessing.images([make_picture(picture)[0] for picture in range(90, 98)])
        classifier.head[1].bias.sub_(classifier(pictures, torch.ones_like(pictures[:, :1])).mean(dim=0))
    return Checkpoint(card, classifier, torch.device("cpu"))


def make_picture(seed: int, height: int = 120, width: int = 160) -> tuple[Image, Mask]:
    """Noise with a bright ellipse on it, and the ellipse's hard mask."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    inside = ((rows - height / 2) / (height / 4)) ** 2 + ((columns - width / 2) / (width / 4)) ** 2 < 1
    image = random.integers(0, 120, size=(height, width, 3), dtype=np.uint8)
    image[inside] = random.integers(180, 255, size=(int(inside.sum()), 3), dtype=np.uint8)
    return image, inside.astype(np.float32)


def make_scenes(count: int, seed: int = 100) -> dict[str, Image]:
    """Plain colours with noise, of several sizes."""
    random = np.random.default_rng(seed)
    scenes = {}
    for index in range(count):
        colour = random.integers(0, 200, size=3)
        noise = random.integers(0, 50, size=(90 + 20 * index, 130, 3))
        scenes[f"scene {index}"] = (colour + noise).astype(np.uint8)
    return scenes


class Bright:
    """Calls the bright pixels the object, and notes where it was told to look."""

    name = "bright"

    def __init__(self) -> None:
        self.boxes: list[Box | None] = []

    def __call__(self, image: Image, *, box: Box | None = None) -> MaskResult:
        self.boxes.append(box)
        found = (image.min(axis=2) >= 175).astype(np.float32)
        return MaskResult(found, "predicted" if box is None else "given box", self.name)


def make_folders(root: Path, photographs: int, places: int) -> Path:
    """Photographs of two classes with masks and scenes of some places in ``images``, ``masks`` and ``scenes``."""
    for seed in range(photographs):
        image, mask = make_picture(seed, 60, 80)
        for kind, content in (("images/test", encode_png(image)), ("masks/test", encode_mask_png(mask))):
            path = root / kind / f"class {seed % 2}" / f"{seed}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for name, scene in make_scenes(places).items():
        path = root / "scenes" / name / "view.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode_png(scene))
    return root
