"""The network as a masker: what it makes of its probabilities, and its files on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bgbias_core.errors import CheckpointError, ImageError, ModelError, UnknownNameError
from bgbias_core.images import Image, resize
from bgbias_core.masks import KeptMasks, list_maskers, load_masker, masker_key
from bgbias_core.masks.network import SegmentationNetwork, build_segmentation_network, with_folded_norms
from bgbias_core.masks.segmenter import Segmenter, expected_iou
from bgbias_core.masks.segmenters import SegmenterCard, list_segmenters, load_segmenter, save_segmenter
from bgbias_core.models import backbone_spec
from bgbias_core.paths import own_segmenters

ENCODER = "timm/mobilenetv3_small_050"


class Bright(nn.Module):
    """A network whose answer is known: the foreground is where red is bright."""

    def forward(self, images: Tensor) -> Tensor:
        return 40 * (images[:, :1] - 0.5)


class Left(nn.Module):
    """A network that takes whatever is on the left for the object."""

    def forward(self, images: Tensor) -> Tensor:
        logits = torch.full_like(images[:, :1], -4)
        logits[..., : images.shape[3] // 4] = 4
        return logits


def card(name: str = "mine", *, least_confidence: float = 0.5, second_look: float = 0.0) -> SegmenterCard:
    return SegmenterCard(
        name=name,
        title="Mine",
        description="",
        encoder=ENCODER,
        full_size=False,
        size=64,
        second_look=second_look,
        least_confidence=least_confidence,
        encoder_weights="random",
        encoder_sha256=None,
        training_data=(),
        held_back={},
        config={},
        seed=0,
        versions={},
    )


def saved(
    name: str = "mine", *, seed: int = 0, least_confidence: float = 0.0, second_look: float = 0.0
) -> SegmenterCard:
    torch.manual_seed(seed)
    network = SegmentationNetwork(backbone_spec(ENCODER))
    made = card(name, least_confidence=least_confidence, second_look=second_look)
    return save_segmenter(own_segmenters(), made, network)


@pytest.fixture
def bright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Segmenter:
    """A segmenter with files on disk whose network is exchanged for one with known answers."""
    # A cache of its own: the exchanged network must not leave masks under the name of the real one.
    monkeypatch.setenv("BGBIAS_HOME", str(tmp_path))
    saved(least_confidence=0.5)
    masker = Segmenter("mine")
    monkeypatch.setattr(masker, "_network", Bright())
    return masker


def with_square(height: int = 90, width: int = 120) -> Image:
    image = np.zeros((height, width, 3), np.uint8)
    image[30:60, 40:80] = 255
    return image


class TestMasks:
    def test_the_mask_is_hard_and_of_the_images_size(self, bright: Segmenter) -> None:
        result = bright(with_square())
        assert result.hard
        assert result.mask.shape == (90, 120)
        assert result.source == "predicted"
        expected = np.zeros((90, 120), bool)
        expected[30:60, 40:80] = True
        assert (expected == (result.mask > 0)).mean() > 0.98

    def test_many_at_once_give_what_one_by_one_gives(self, bright: Segmenter) -> None:
        images = [with_square(), with_square(64, 100), np.zeros((30, 200, 3), np.uint8)]
        for one, many in zip(map(bright, images), bright.find_all(images), strict=True):
            assert np.array_equal(one.mask, many.mask)
            assert one.confidence == many.confidence

    def test_nothing_there_is_an_empty_mask_without_confidence(self, bright: Segmenter) -> None:
        result = bright(np.zeros((50, 50, 3), np.uint8))
        assert result.empty
        assert result.confidence == 0

    def test_what_it_is_not_sure_of_is_not_given_out(self, bright: Segmenter) -> None:
        faint = np.where(with_square() > 0, 129, 127).astype(np.uint8)  # probabilities just beside one half
        result = bright(faint)
        assert result.empty
        assert 0 < result.confidence < 0.5

    def test_a_box_keeps_only_what_lies_inside(self, bright: Segmenter) -> None:
        result = bright(with_square(), box=(40, 30, 20, 30))
        assert result.source == "given box"
        assert result.mask[30:60, 40:60].mean() > 0.9
        assert result.mask[:, 60:].sum() == 0

    def test_images_only(self, bright: Segmenter) -> None:
        with pytest.raises(ImageError):
            bright(np.zeros((5, 5), np.uint8))


class Recorded(Bright):
    """One that keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images.clone())
        return super().forward(images)


class TestSecondLook:
    """One that looks again, closer, where it is not sure."""

    def test_it_sees_the_mirrored_surroundings_of_what_it_found(
        self, bright: Segmenter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network = Recorded()
        monkeypatch.setattr(bright, "_network", network)
        bright.card = bright.card.model_copy(update={"size": 128, "second_look": 1.0})
        image = np.random.default_rng(0).integers(0, 100, (128, 128, 3), np.uint8)
        image[40:60, 20:60] += 150
        bright(image)
        whole, closer = network.seen
        assert (whole.shape, closer.shape) == ((1, 3, 128, 128), (1, 3, 96, 96))
        surroundings = np.ascontiguousarray(image[37:63, 14:66][:, ::-1])  # 0.15 of 20 and of 40 all around
        expected = resize(surroundings, (96, 96), "squash").transpose(2, 0, 1) / np.float32(255)
        np.testing.assert_allclose(closer[0].numpy(), expected, rtol=1e-6)

    def test_there_the_mean_of_both_counts(self, bright: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bright, "_network", Left())
        bright.card = bright.card.model_copy(update={"second_look": 1.0})
        probability = bright._probabilities([np.zeros((64, 64, 3), np.uint8)])[0]
        yes, no = 1 / (1 + np.exp([-4, 4]))
        np.testing.assert_allclose(probability[:, [0, 8, 17]], (yes + no) / 2, err_msg="one look alone saw it there")
        np.testing.assert_allclose(probability[:, 15], yes, err_msg="both saw it there", rtol=1e-6)
        np.testing.assert_allclose(probability[:, 18:], no, err_msg="the first look alone saw this part", rtol=1e-5)

    def test_only_what_it_is_not_sure_of_is_looked_at_again(
        self, bright: Segmenter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network = Recorded()
        monkeypatch.setattr(bright, "_network", network)
        bright.card = bright.card.model_copy(update={"second_look": 0.9})
        faint = np.where(with_square() > 0, 160, 90).astype(np.uint8)  # probabilities of 0.99 and 0.003
        unsure = np.where(with_square() > 0, 132, 120).astype(np.uint8)
        expected = bright._probabilities([faint])[0]
        assert [len(one) for one in network.seen] == [1]
        first, second, _ = bright._probabilities([faint, unsure, np.zeros_like(faint)])
        assert [len(one) for one in network.seen] == [1, 3, 2], "nothing found is not sure either"
        np.testing.assert_array_equal(network.seen[2][1], network.seen[1][2], "there it looks at all again")
        np.testing.assert_array_equal(first, expected)
        np.testing.assert_array_equal(bright._probabilities([unsure])[0], second)

    def test_cards_of_those_that_never_do_do_not_mention_it(self) -> None:
        for name, share in (("mine", 0.0), ("thorough", 0.9)):
            written = saved(name, second_look=share)
            assert ("second_look" in (own_segmenters() / f"{name}.json").read_text()) is bool(share)
            assert load_segmenter(name)[0] == written


class TestFolding:
    @pytest.mark.parametrize("full_size", [False, True])
    def test_it_is_the_same_function_without_norms(self, full_size: bool) -> None:
        torch.manual_seed(0)
        network = SegmentationNetwork(backbone_spec(ENCODER), full_size=full_size)
        for norm in (one for one in network.modules() if isinstance(one, nn.BatchNorm2d)):
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
            nn.init.uniform_(norm.weight, 0.5, 2)
            nn.init.normal_(norm.bias)
        network.eval()
        images = torch.rand(2, 3, 96, 64)
        with torch.inference_mode():
            expected = network(images)
            folded = with_folded_norms(network, 64)
            # The logits of such a network are in the hundreds.
            torch.testing.assert_close(folded(images), expected, rtol=0, atol=1e-3 * float(expected.abs().mean()))
            assert torch.equal(network(images), expected), "the network itself is left alone"
        assert not [one for one in folded.modules() if isinstance(one, nn.BatchNorm2d)]


class TestConfidence:
    @pytest.mark.parametrize(
        ("probability", "expected"),
        [([1.0, 0.0], 1.0), ([0.8, 0.0], 0.8), ([0.8, 0.4], 0.8 / 1.4), ([0.4, 0.3], 0.0), ([0.9, 0.7], 0.8)],
    )
    def test_known_answers(self, probability: list[float], expected: float) -> None:
        found = np.array([probability], np.float32)
        assert expected_iou(found, (found > 0.5).astype(np.float32)) == pytest.approx(expected, abs=1e-6)

    def test_it_is_the_iou_of_drawn_objects(self) -> None:
        random = np.random.default_rng(0)
        probability = random.beta(0.4, 0.4, (60, 60)).astype(np.float32)
        mask = probability > 0.5
        objects = random.random((200, 60, 60)) < probability
        ious = [(mask & one).sum() / (mask | one).sum() for one in objects]
        assert expected_iou(probability, mask.astype(np.float32)) == pytest.approx(np.mean(ious), abs=0.01)


class TestFiles:
    def test_what_was_saved_is_loaded(self) -> None:
        written = saved()
        read, network = load_segmenter("mine")
        assert read == written
        torch.manual_seed(0)
        expected = SegmentationNetwork(backbone_spec(ENCODER)).state_dict()
        for key, value in network.state_dict().items():
            assert torch.allclose(value.float(), expected[key].float(), atol=1e-2), key
        assert not network.training

    def test_other_weights_under_the_same_name_are_other_masks(self) -> None:
        saved(seed=0)
        first = masker_key(Segmenter("mine"))
        saved(seed=1)
        assert masker_key(Segmenter("mine")) != first

    def test_own_ones_are_listed_beside_the_shipped(self) -> None:
        saved()
        assert "mine" in list_segmenters()[0]
        assert list_maskers()["mine"].title == "Mine"
        assert load_masker("mine").name == "mine"

    def test_an_unknown_name(self) -> None:
        saved()
        with pytest.raises(UnknownNameError, match="mine"):
            load_segmenter("mind")

    def test_damaged_weights(self) -> None:
        saved()
        weights = own_segmenters() / "mine.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1] + b"x")
        with pytest.raises(CheckpointError, match="sha256"):
            load_segmenter("mine")
        weights.unlink()
        with pytest.raises(CheckpointError, match="missing"):
            load_segmenter("mine")

    def test_an_altered_card_hides_no_other(self) -> None:
        saved()
        saved("other")
        path = own_segmenters() / "mine.json"
        path.write_text(path.read_text().replace("Mine", "Yours"))
        cards, broken = list_segmenters()
        assert "other" in cards
        assert "seal" in broken["mine"]


class TestNetwork:
    @pytest.mark.parametrize("full_size", [False, True])
    def test_logits_have_the_images_size(self, full_size: bool) -> None:
        network = SegmentationNetwork(backbone_spec(ENCODER), full_size=full_size).eval()
        with torch.inference_mode():
            assert network(torch.rand(2, 3, 64, 96)).shape == (2, 1, 64, 96)

    def test_pretrained_weights_arrive_in_the_encoder(self) -> None:
        network, origin = build_segmentation_network("efficientnet-lite0", "pretrained", full_size=False)
        assert origin.sha256 is not None
        other, _ = build_segmentation_network("efficientnet-lite0", "random", full_size=False)
        key = "unet.encoder.model.blocks.0.0.conv_dw.weight"
        assert not torch.equal(network.state_dict()[key], other.state_dict()[key])

    def test_low_stages_stay_and_the_rest_learns(self) -> None:
        network, _ = build_segmentation_network("efficientnet-lite0", "random", full_size=False)
        network.freeze_low_stages()
        learning = {name for name, one in network.named_parameters() if one.requires_grad}
        assert not any(
            "conv_stem" in name or ".blocks.0." in name or ".blocks.1." in name
            for name in learning
            if "encoder" in name
        )
        assert any("encoder.model.blocks.2." in name for name in learning)
        assert any(name.startswith("unet.decoder") for name in learning)

    def test_tokens_are_no_encoder(self) -> None:
        with pytest.raises(ModelError, match="encoder"):
            SegmentationNetwork(backbone_spec("timm/vit_tiny_patch16_224"))


class TestKeptMasks:
    def test_a_picture_is_masked_once(self, bright: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
        kept = KeptMasks(bright)
        images = [with_square(), with_square(64, 100)]
        first = kept.find_all(images)
        monkeypatch.setattr(bright, "_network", None)  # whoever asks it now fails
        for one, again in zip(first, kept.find_all(images[::-1])[::-1], strict=True):
            assert np.array_equal(one.mask, again.mask)
            assert one.confidence == again.confidence
            assert one.masker == again.masker == "mine"
        with pytest.raises(TypeError):
            kept(with_square(64, 101))

    def test_damaged_files_are_made_again(self, bright: Segmenter) -> None:
        kept = KeptMasks(bright)
        expected = kept(with_square())
        (file,) = kept._folder.rglob("*.npz")
        file.write_bytes(b"no archive")
        assert np.array_equal(kept(with_square()).mask, expected.mask)

    def test_another_masker_has_its_own(self, bright: Segmenter) -> None:
        assert KeptMasks(bright)._folder != KeptMasks(load_masker("grabcut"))._folder

    def test_progress_and_nothing_to_do(self, bright: Segmenter) -> None:
        counted: list[tuple[int, int]] = []
        KeptMasks(bright).find_all([with_square()] * 3, lambda done, total: counted.append((done, total)))
        assert counted[-1] == (3, 3)
        assert KeptMasks(bright).find_all([]) == []

    def test_where_nothing_can_be_written_all_goes_on(
        self, bright: Segmenter, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        blocked = home / "file"
        blocked.write_text("")
        monkeypatch.setenv("BGBIAS_HOME", str(blocked))
        assert not KeptMasks(bright)(with_square()).empty
