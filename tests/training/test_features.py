"""Features of frozen backbones: what the head of the whole network would get, made once, kept, and never mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bgbias_core.evaluation import network_input
from bgbias_core.images import encode_mask_png
from bgbias_core.masks import load_masker
from bgbias_core.models import load_backbone
from bgbias_core.models.weights import Origin
from bgbias_core.paths import cache_folder
from bgbias_core.training import TrainingConfig, features, open_training_data
from bgbias_core.training.assembly import make_card, with_head
from bgbias_core.training.features import Reader, extract, missing_rows
from bgbias_core.training.runs import make_accelerator
from bgbias_core.training.sources import PhotographTraining

BACKBONES = {"efficientnet-lite0": 128, "timm/vit_tiny_patch16_224": 64, "timm/convnext_atto": 128}
READINGS = (
    ({"name": "unmasked"}, "gap", "all"),
    ({"name": "unmasked"}, "cls", "all"),
    ({"name": "unmasked"}, "cls+gap", "all"),
    ({"name": "late"}, "gap", "foreground"),
    ({"name": "late", "mask_resize": "nearest-exact"}, "gap", "all"),
    ({"name": "late"}, "cls+gap", "foreground"),
    ({"name": "late", "depth": 2}, "gap", "all"),
    ({"name": "early"}, "gap", "all"),
    ({"name": "early", "fill": "mean"}, "gap", "all"),
    ({"name": "early"}, "cls", "all"),
)


def config(root: Path, strategy: dict[str, object], pooling: str = "gap", region: str = "all", **changes: object):
    backbone = str(changes.pop("backbone", "efficientnet-lite0"))
    model = {"backbone": backbone, "strategy": strategy, "pooling": pooling, "region": region, "frozen": True}
    data = {"name": "folder", "root": str(root / "photos"), "masks": str(root / "masks"), **changes}
    size = {"size": BACKBONES[backbone]}
    body = {"name": "own", "title": "Own", "data": data, "model": model | size}
    return TrainingConfig.model_validate(body | {"optimisation": {"mixed_precision": "no"}})


def opened(one: TrainingConfig, network: nn.Module, origin: str = "a" * 64) -> tuple[PhotographTraining, Reader]:
    data = open_training_data(one, BACKBONES[one.model.backbone])
    assert isinstance(data, PhotographTraining)
    classifier = with_head(one, network, 2).eval()
    return data, Reader(classifier, make_card(one, data, classifier, Origin("test", origin)))


def whole_network(data: PhotographTraining, reader: Reader, *, predicted: bool = False) -> Tensor:
    """What the head gets when the whole network is shown every photograph by itself, as in prediction."""
    rows = []
    for entry in data.entries["ID"]:
        sample = data.samples.read(entry)
        mask = load_masker("segmenter-photo")(sample.image).mask if predicted else sample.mask
        assert mask is not None
        images, masks = network_input(reader.card, [sample.image], [mask])
        with torch.no_grad():
            found = reader.classifier.features(images, masks)
            rows.append(reader.classifier.pool(reader.classifier.mask_last(found, masks), masks))
    return torch.cat(rows)


@pytest.fixture
def lite() -> nn.Module:
    torch.manual_seed(0)
    return load_backbone("efficientnet-lite0", 128, "random")[0].eval()


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch, lite: nn.Module) -> list[int]:
    """Number of pictures in every pass of the backbone."""
    seen: list[int] = []
    forward = lite.forward_features

    def counted(images: Tensor) -> Tensor:
        seen.append(len(images))
        return forward(images)  # type: ignore[no-any-return, operator]

    monkeypatch.setattr(lite, "forward_features", counted)
    return seen


@pytest.mark.parametrize("backbone", BACKBONES)
def test_vectors_are_what_the_whole_network_pools(photographs: Path, backbone: str) -> None:
    torch.manual_seed(0)
    network, _ = load_backbone(backbone, BACKBONES[backbone], "random")
    has_cls = "vit" in backbone
    chosen = [reading for reading in READINGS if has_cls or "cls" not in reading[1]]
    configs = [config(photographs, *reading, backbone=backbone) for reading in chosen]
    data, readers = zip(*(opened(one, network) for one in configs), strict=True)
    vectors = extract(readers, data[0], "ID", make_accelerator(configs[0]))
    for reader, got in zip(readers, vectors, strict=True):
        assert got.dtype == torch.float32
        expected = whole_network(data[0], reader)
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))
    assert len({tuple(some.flatten().tolist()) for some in vectors}) == len(chosen)


def test_one_pass_serves_whoever_can_share_it_and_none_is_made_twice(
    photographs: Path, lite: nn.Module, passes: list[int]
) -> None:
    configs = [
        config(photographs, *reading) for reading in READINGS if "cls" not in reading[1] and "depth" not in reading[0]
    ]
    data, readers = zip(*(opened(one, lite) for one in configs), strict=True)
    accelerator = make_accelerator(configs[0])
    first = extract(readers, data[0], "train", accelerator)
    count = data[0].counts["train"]
    assert passes == [count] * 3  # unmasked and two late heads; early on black; early on the mean colour
    assert all(missing_rows(reader, data[0], "train", accelerator) == 0 for reader in readers)
    again = extract(readers, data[0], "train", accelerator)
    assert len(passes) == 3
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one, other)


def test_damaged_and_missing_blocks_are_made_again(
    photographs: Path, lite: nn.Module, passes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "BLOCK", 2)
    one = config(photographs, {"name": "early"})
    data, reader = opened(one, lite, "b" * 64)
    accelerator = make_accelerator(one)
    [first] = extract([reader], data, "train", accelerator)
    assert passes == [2, 2, 2]
    folder = features._folder(reader, data, "train", accelerator)
    blocks = sorted(folder.iterdir())
    blocks[0].write_bytes(blocks[0].read_bytes()[:-8])
    blocks[2].unlink()
    assert missing_rows(reader, data, "train", accelerator) == 2
    [again] = extract([reader], data, "train", accelerator)
    assert passes == [2, 2, 2, 2, 2]
    assert torch.equal(first, again)


def test_an_interrupted_extraction_goes_on_where_it_was(
    photographs: Path, lite: nn.Module, passes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "BLOCK", 2)
    one = config(photographs, {"name": "late"}, region="foreground")
    data, reader = opened(one, lite, "c" * 64)
    accelerator = make_accelerator(one)
    steps: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        steps.append((done, total))
        if len(steps) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract([reader], data, "train", accelerator, progress=stop)
    extract([reader], data, "train", accelerator, progress=stop)
    assert passes == [2, 2, 2]
    assert steps == [(2, 6), (4, 6), (2, 6), (4, 6), (6, 6)]


def folders(readers: Iterator[tuple[PhotographTraining, Reader]], accelerator) -> list[Path]:
    return [features._folder(reader, data, "train", accelerator) for data, reader in readers]


def test_whatever_vectors_depend_on_is_in_their_name(
    photographs: Path, lite: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, plain = {"name": "early"}, {"name": "unmasked"}
    one = config(photographs, early)
    accelerator = make_accelerator(one)
    others = [
        one,
        config(photographs, plain),
        config(photographs, {"name": "early", "fill": "mean"}),
        config(photographs, {"name": "late"}),
        config(photographs, {"name": "late"}, region="foreground"),
        config(photographs, early, masks_from="predicted"),
        config(photographs, {"name": "late"}, masks_from="predicted"),
    ]
    named = folders((opened(other, lite) for other in others), accelerator)
    named += folders(iter([opened(one, lite, "another backbone")]), accelerator)
    data, reader = opened(one, lite)
    named.append(features._folder(reader, data, "ID", accelerator))
    monkeypatch.setattr("bgbias_core.masks.kept.cv2.__version__", "another")
    named += folders(iter([opened(config(photographs, early, masks_from="predicted"), lite)]), accelerator)
    (photographs / "photos" / "gull" / "0.png").write_bytes((photographs / "photos" / "gull" / "2.png").read_bytes())
    named += folders((opened(other, lite) for other in (one, config(photographs, plain))), accelerator)
    assert len(set(named)) == len(named)
    unmasked = [config(photographs, plain), config(photographs, plain, masks_from="predicted")]
    assert len(set(folders((opened(other, lite) for other in unmasked), accelerator))) == 1


def test_predicted_masks_are_taken_where_the_data_set_has_its_own(photographs: Path, lite: nn.Module) -> None:
    for path in (photographs / "masks").rglob("*.png"):
        path.write_bytes(encode_mask_png(np.ones((120, 160), np.float32)))
    given, found = (config(photographs, {"name": "early"}, masks_from=masks) for masks in ("given", "predicted"))
    data, reader = opened(found, lite, "d" * 64)
    assert data.mask_source == "predicted"
    assert reader.card.training_data.parameters["masker"] in data.description
    [vectors] = extract([reader], data, "ID", make_accelerator(found))
    torch.testing.assert_close(vectors, whole_network(data, reader, predicted=True), rtol=1e-4, atol=1e-5)
    own, own_reader = opened(given, lite, "d" * 64)
    [of_given] = extract([own_reader], own, "ID", make_accelerator(given))
    assert not torch.allclose(vectors, of_given, atol=1e-3)


def test_a_cache_that_cannot_be_written_stops_nothing(
    photographs: Path, lite: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = config(photographs, {"name": "unmasked"})
    data, reader = opened(one, lite, "e" * 64)
    occupied = photographs / "occupied"
    occupied.write_text("no folder")
    monkeypatch.setattr(features, "cache_folder", lambda: occupied)
    [vectors] = extract([reader], data, "train", make_accelerator(one))
    assert len(vectors) == data.counts["train"]
    assert not (cache_folder() / "features" / "occupied").exists()
