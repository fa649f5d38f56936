"""Training a segmenter: its loss, its data, and a run from pictures to a masker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bgbias_core.errors import ConfigError
from bgbias_core.images import encode_jpeg, encode_mask_png
from bgbias_core.masks.segmenter import Segmenter
from bgbias_core.masks.segmenters import load_segmenter
from bgbias_core.paths import own_segmenters
from bgbias_core.training.history import read_history
from bgbias_core.training.segmenter import dice_loss, iou, keep_depthwise_in_float32, train_segmenter
from bgbias_core.training.segmenter_config import CubMasks, PairMasks, PictureAugmentation, SegmenterConfig, Stage
from bgbias_core.training.segmenter_data import Pictures, SegmentationSamples, open_source
from tests.data.made_up import put
from tests.data.making import draw_picture, make_cub


def make_pairs(folder: Path, count: int) -> tuple[Path, Path]:
    for number in range(count):
        image, mask = draw_picture(number, size=(64, 64), colour=3)
        put(folder / "images" / f"{number:03d}.jpg", encode_jpeg(image, 95))
        put(folder / "masks" / f"{number:03d}.png", encode_mask_png(mask))
    return folder / "images", folder / "masks"


def config(pairs: tuple[Path, Path], **changes: object) -> SegmenterConfig:
    content: dict[str, object] = {
        "name": "tiny",
        "title": "Tiny",
        "encoder": "timm/mobilenetv3_small_050",
        "weights": "random",
        "freeze_low_stages": False,
        "encoder_rate": 1,
        "data": [{"name": "pairs", "images": str(pairs[0]), "masks": str(pairs[1]), "validation": 6, "held_back": 4}],
        "size": 64,
        "stages": [
            {"size": 32, "epochs": 1, "learning_rate": 0.004},
            {"size": 64, "epochs": 2, "learning_rate": 0.004},
        ],
        "optimisation": {"batch_size": 8, "warmup_epochs": 0, "label_smoothing": 0, "mixed_precision": "no"},
        "least_confidence": 0,
    }
    return SegmenterConfig.checked(content | changes)


class TestLoss:
    def test_known_answers(self) -> None:
        masks = torch.zeros(2, 1, 2, 2)
        masks[0, 0, 0] = 1  # two of four pixels; the second image is empty
        sure = 200 * (masks - 0.5)
        assert dice_loss(sure, masks).item() == pytest.approx(0, abs=1e-6)
        # Everything called background: 1 - 1/3 and 1 - 1/1.
        assert dice_loss(torch.full_like(masks, -100), masks).item() == pytest.approx((2 / 3 + 0) / 2, abs=1e-6)

    def test_each_image_counts_the_same(self) -> None:
        small, large = torch.zeros(1, 1, 10, 10), torch.ones(1, 1, 10, 10)
        small[..., :2, :2] = 1
        missed = torch.full_like(small, -100)
        both = dice_loss(torch.cat([missed, 100 * large]), torch.cat([small, large]))
        assert both.item() == pytest.approx(dice_loss(missed, small).item() / 2, abs=1e-6)

    def test_iou(self) -> None:
        found = torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]).view(3, 1, 2, 2)
        masks = torch.tensor([[0.0, 1, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0]]).view(3, 1, 2, 2)
        assert iou(found, masks).tolist() == pytest.approx([1 / 3, 1, 0])

    def test_depthwise_layers_leave_autocast_and_keep_their_values(self) -> None:
        network = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 4, 1))
        images = torch.rand(1, 4, 8, 8)
        expected = network(images)
        keep_depthwise_in_float32(network)
        assert torch.equal(network(images), expected)
        with torch.autocast("cpu", torch.bfloat16):
            assert network[0](images).dtype == torch.float32
            assert network[1](images).dtype == torch.bfloat16


class TestData:
    def test_parts_do_not_meet(self, tmp_path: Path) -> None:
        images, masks = make_pairs(tmp_path, 20)
        source = open_source(PairMasks(images=str(images), masks=str(masks), held_back=5, validation=4))
        parts = [set(source.held_back), set(source.parts["validation"]), set(source.parts["train"])]
        assert [len(part) for part in parts] == [5, 4, 11]
        assert len(set.union(*parts)) == 20

    def test_held_back_species_and_test_photographs_are_never_opened(self, tmp_path: Path) -> None:
        root = make_cub(tmp_path, classes=4, per_class=8)
        source = open_source(CubMasks(root=str(root), held_back_classes=("Made up bird 2",)))
        names = {name for names in source.parts.values() for name in names}
        assert len(names) == 3 * 4
        assert not any("bird_2/" in name for name in names)
        assert all(int(name[-8:-4]) % 2 == 1 for name in names), "every other photograph is CUB's test split"

    def test_an_unknown_species_is_refused(self, tmp_path: Path) -> None:
        root = make_cub(tmp_path, classes=2, per_class=4)
        with pytest.raises(ConfigError, match="no class 'Dodo'"):
            open_source(CubMasks(root=str(root), held_back_classes=("Dodo",)))

    def test_too_few_pairs(self, tmp_path: Path) -> None:
        images, masks = make_pairs(tmp_path, 3)
        with pytest.raises(ConfigError, match="none is left"):
            open_source(PairMasks(images=str(images), masks=str(masks), validation=3))

    def test_every_source_has_its_share_and_masks_move_with_images(self) -> None:
        images = np.zeros((3, 40, 40, 3), np.uint8)
        masks = np.zeros((3, 40, 40), np.uint8)
        images[:, 8:24, 4:20], masks[:, 8:24, 4:20] = 255, 1
        few = Pictures(images[:1] // 2, masks[:1])
        samples = SegmentationSamples([Pictures(images, masks), few], 32)
        assert len(samples) == 6
        assert [round(float(samples[row][0].max()), 1) for row in range(6)] == [1.0, 0.5] * 3
        torch.manual_seed(0)
        changed = SegmentationSamples([Pictures(images, masks)], 32, PictureAugmentation())
        for row in range(3):
            image, mask = changed[row]
            inside = image.mean(dim=0)[mask[0] > 0.5].mean()
            assert inside > image.mean(dim=0)[mask[0] < 0.5].mean() + 0.2

    def test_pasted_objects_keep_their_pixels_and_lose_their_background(self) -> None:
        images = np.zeros((2, 40, 40, 3), np.uint8)
        masks = np.zeros((2, 40, 40), np.uint8)
        images[0], images[1] = (200, 0, 0), (0, 0, 200)
        images[:, 10:20, 10:20], masks[:, 10:20, 10:20] = (0, 255, 0), 1
        always = PictureAugmentation(smallest_crop=1, hue=0, paste=1)
        samples = SegmentationSamples([Pictures(images, masks)], 40, always)
        torch.manual_seed(0)
        backgrounds = set()
        for _ in range(12):
            image, mask = samples[0]
            inside, outside = image[:, mask[0] > 0.5].mean(dim=1), image[:, mask[0] < 0.5].mean(dim=1)
            if outside.std() < 0.01:
                continue  # greyed
            assert inside.argmax() == 1, "the object is what it was"
            backgrounds.add(int(outside.argmax()))
        assert backgrounds == {0, 2}, "its own tiled background, or the other picture's"

    def test_colours_change_places_only_where_asked(self) -> None:
        images = np.full((1, 8, 8, 3), (250, 10, 10), np.uint8)
        pictures = [Pictures(images, np.ones((1, 8, 8), np.uint8))]

        def strongest(permute: float) -> set[int]:
            torch.manual_seed(0)
            samples = SegmentationSamples(pictures, 8, PictureAugmentation(permute_channels=permute))
            pixels = [samples[0][0].mean(dim=(1, 2)) for _ in range(24)]
            return {int(colour.argmax()) for colour in pixels if colour.std() > 0.05}

        assert strongest(0) == {0}
        assert strongest(1) == {0, 1, 2}


class TestTraining:
    def test_from_pictures_to_a_masker_and_again(self, tmp_path: Path) -> None:
        pairs = make_pairs(tmp_path, 42)
        chosen = config(pairs)
        counted: list[tuple[int, int]] = []
        card = train_segmenter(
            chosen, tmp_path / "run", own_segmenters(), progress=lambda done, total: counted.append((done, total))
        )
        assert counted[-1] == (12, 12)  # 32 pictures, 8 at once, 3 epochs
        assert card.size == 64
        assert len(card.held_back["photographs with masks"]) == 4
        assert str(tmp_path) not in card.model_dump_json(), "a card does not tell where the data lay"
        scores = [epoch.score for epoch in read_history(tmp_path / "run" / "stage-2")]
        assert max(scores) > 0.4, "a coloured ellipse is easily found"
        image, _ = draw_picture(0, size=(64, 64), colour=3)
        first = Segmenter("tiny")(image)
        assert train_segmenter(chosen, tmp_path / "run", own_segmenters()).weights_sha256 == card.weights_sha256
        assert np.array_equal(Segmenter("tiny")(image).mask, first.mask)

    def test_it_goes_on_from_another_segmenter(self, tmp_path: Path) -> None:
        pairs = make_pairs(tmp_path, 42)
        train_segmenter(config(pairs), tmp_path / "run", own_segmenters())
        still = Stage(size=64, epochs=1, learning_rate=1e-9)
        again = config(pairs, name="again", begin_with="tiny", stages=[still.model_dump()])
        train_segmenter(again, tmp_path / "again", own_segmenters())
        before, after = (load_segmenter(name)[1].named_parameters() for name in ("tiny", "again"))
        for (name, one), (_, other) in zip(before, after, strict=True):
            assert torch.allclose(one, other, atol=1e-3), name
        with pytest.raises(ConfigError, match="another network"):
            train_segmenter(
                config(pairs, name="full", begin_with="tiny", full_size=True), tmp_path / "full", own_segmenters()
            )

    def test_a_folder_holds_one_run(self, tmp_path: Path) -> None:
        pairs = make_pairs(tmp_path, 42)
        short = [{"size": 32, "epochs": 1, "learning_rate": 0.004}]
        train_segmenter(config(pairs, stages=short), tmp_path / "run", own_segmenters())
        with pytest.raises(ConfigError, match="another configuration"):
            train_segmenter(config(pairs, stages=short, seed=1), tmp_path / "run", own_segmenters())
