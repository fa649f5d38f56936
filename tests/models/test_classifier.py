"""One contract that every backbone and strategy passes, and a tiny network whose numbers are known by hand."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from bgbias_core.errors import ModelError
from bgbias_core.models import MaskedClassifier, Pooling, Region, Strategy, backbone_spec, build_network

BACKBONES = (
    "aviary-convnext",
    "aviary-vit",
    "efficientnet-lite0",
    "timm/resnet18",
    "timm/swin_tiny_patch4_window7_224",
    "timm/vit_tiny_patch16_224",
    "focus-vit-small",
    "timm/vit_small_patch14_reg4_dinov2",
    "timm/mobilenetv3_small_050",
)
SIZES = {"focus-vit-small": 112, "timm/vit_small_patch14_reg4_dinov2": 112}
STRATEGIES = (
    Strategy(name="unmasked"),
    Strategy(name="early"),
    Strategy(name="early", fill="mean"),
    Strategy(name="early", fill="blur"),
    Strategy(name="late"),
    Strategy(name="late", depth=2),
    Strategy(name="late", depth=1, mask_resize="nearest-exact"),
)


@cache
def network(name: str) -> tuple[nn.Module, int]:
    torch.manual_seed(0)
    spec = backbone_spec(name)
    size = SIZES.get(name, spec.size)
    return build_network(spec, size).eval(), size


def make(
    name: str, strategy: Strategy, pooling: Pooling = "gap", region: Region = "all"
) -> tuple[MaskedClassifier, int]:
    backbone, size = network(name)
    torch.manual_seed(1)
    return MaskedClassifier(backbone, 5, strategy, size=size, pooling=pooling, region=region).eval(), size


def bird(size: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    masks = torch.zeros(2, 1, size, size)
    masks[:, :, size // 4 : size // 2, size // 4 : 3 * size // 4] = 1
    return torch.rand(2, 3, size, size, generator=generator), masks


@pytest.mark.parametrize("name", BACKBONES)
class TestContract:
    """What every backbone promises under every strategy."""

    @pytest.mark.parametrize("strategy", STRATEGIES, ids=str)
    @torch.no_grad()
    def test_a_full_mask_equals_unmasked(self, name: str, strategy: Strategy) -> None:
        regions: tuple[Region, ...] = ("all",) if strategy.name == "unmasked" else ("all", "foreground")
        unmasked, size = make(name, Strategy(name="unmasked"))
        images, masks = bird(size)
        for region in regions:
            masked, _ = make(name, strategy, region=region)
            torch.testing.assert_close(masked(images, torch.ones_like(masks)), unmasked(images), atol=1e-5, rtol=1e-5)

    @torch.no_grad()
    def test_depth_0_equals_masking_the_input_by_hand(self, name: str) -> None:
        early, size = make(name, Strategy(name="early"))
        unmasked, _ = make(name, Strategy(name="unmasked"))
        images, masks = bird(size)
        torch.testing.assert_close(early(images, masks), unmasked(images * masks), atol=1e-6, rtol=0)

    @torch.no_grad()
    def test_early_sees_no_background(self, name: str) -> None:
        early, size = make(name, Strategy(name="early"))
        images, masks = bird(size)
        elsewhere = images * masks + torch.rand_like(images) * (1 - masks)
        assert torch.equal(early(images, masks), early(elsewhere, masks))

    @pytest.mark.parametrize("strategy", STRATEGIES[1:], ids=str)
    @torch.no_grad()
    def test_masking_matters_and_any_mask_is_defined(self, name: str, strategy: Strategy) -> None:
        masked, size = make(name, strategy, region="foreground")
        images, masks = bird(size)
        dot = torch.zeros_like(masks)
        dot[:, :, size // 2 + 1, size // 2 + 1] = 1
        unmasked, _ = make(name, Strategy(name="unmasked"))
        assert not torch.allclose(masked(images, masks), unmasked(images), atol=1e-5)
        for odd in (torch.zeros_like(masks), dot):
            assert torch.isfinite(masked(images, odd)).all()

    @torch.no_grad()
    def test_an_empty_mask_leaves_late_no_evidence(self, name: str) -> None:
        late, size = make(name, Strategy(name="late"), region="foreground")
        images, masks = bird(size)
        logits = late(images, torch.zeros_like(masks))
        torch.testing.assert_close(logits, late.head(torch.zeros(2, late.channels)))

    @torch.no_grad()
    def test_a_dot_keeps_evidence_under_area(self, name: str) -> None:
        late, size = make(name, Strategy(name="late"), region="foreground")
        images, masks = bird(size)
        dot = torch.zeros_like(masks)
        dot[:, :, 3, 3] = 1
        assert not torch.allclose(late(images, dot), late(images, torch.zeros_like(masks)), atol=1e-4)

    def test_every_parameter_learns(self, name: str) -> None:
        classifier, size = make(name, Strategy(name="late"), region="foreground")
        images, masks = bird(size)
        classifier(images, masks).square().sum().backward()
        idle = [key for key, value in classifier.named_parameters() if value.grad is None]
        classifier.zero_grad()
        assert idle == []

    def test_no_hook_stays(self, name: str) -> None:
        classifier, size = make(name, Strategy(name="late", depth=1))
        images, masks = bird(size)
        classifier(images, masks)
        assert sum(len(module._forward_hooks) for module in classifier.modules()) == 0


class Colours(nn.Module):
    """A backbone of one stage whose features are the pixels themselves."""

    feature_info = ({"module": "stage", "num_chs": 3, "reduction": 1},)
    num_features = 3

    def __init__(self) -> None:
        super().__init__()
        self.stage = nn.Identity()

    def forward_features(self, images: Tensor) -> Tensor:
        features: Tensor = self.stage(images)
        return features


def by_hand(strategy: Strategy, region: Region = "all") -> MaskedClassifier:
    classifier = MaskedClassifier(Colours(), 3, strategy, size=4, region=region, mean=(0, 0, 0), std=(1, 1, 1))
    with torch.no_grad():
        classifier.head[1].weight.copy_(torch.eye(3))
        classifier.head[1].bias.zero_()
    return classifier


@pytest.mark.parametrize(
    ("strategy", "region", "red"),
    [
        (Strategy(name="unmasked"), "all", (4 * 0.8 + 12 * 0.2) / 16),
        (Strategy(name="early"), "all", 4 * 0.8 / 16),
        (Strategy(name="late"), "all", 4 * 0.8 / 16),
        (Strategy(name="late"), "foreground", 0.8),
        (Strategy(name="early"), "foreground", 0.8),
    ],
)
def test_pooling_by_hand(strategy: Strategy, region: Region, red: float) -> None:
    images = torch.full((1, 3, 4, 4), 0.2)
    masks = torch.zeros(1, 1, 4, 4)
    masks[..., :2, :2] = 1
    images[:, 0, :2, :2] = 0.8
    assert by_hand(strategy, region)(images, masks)[0, 0].item() == pytest.approx(red)


def test_cls_and_gap_are_concatenated() -> None:
    classifier, size = make("aviary-vit", Strategy(name="late"), pooling="cls+gap", region="foreground")
    assert classifier.head[1].in_features == 2 * classifier.channels
    images, masks = bird(size)
    assert classifier(images, masks).shape == (2, 5)


def test_masks_that_are_missing_or_of_another_size_are_refused() -> None:
    classifier = by_hand(Strategy(name="early"))
    with pytest.raises(ModelError, match="needs a mask"):
        classifier(torch.rand(1, 3, 4, 4))
    with pytest.raises(ModelError, match="resize image and mask together"):
        classifier(torch.rand(1, 3, 4, 4), torch.rand(1, 1, 5, 4))


def test_a_depth_that_no_module_ends_at_is_refused() -> None:
    class Elsewhere(Colours):
        feature_info = ({"module": "nowhere", "num_chs": 3, "reduction": 1}, *Colours.feature_info)

    with pytest.raises(ModelError, match="no module 'nowhere'"):
        MaskedClassifier(Elsewhere(), 3, Strategy(name="late", depth=1), size=4)


def test_a_network_without_stages_is_refused() -> None:
    with pytest.raises(ModelError, match="feature_info"):
        MaskedClassifier(nn.Linear(2, 2), 2, Strategy(name="unmasked"), size=8)
