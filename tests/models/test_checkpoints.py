"""Checkpoints and cards: what is saved comes back, and what was damaged is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bgbias_core.errors import CheckpointError, ModelError, UnknownNameError
from bgbias_core.models import (
    DIALS,
    Card,
    MaskedClassifier,
    backbone_spec,
    build_classifier,
    build_network,
    find_checkpoint,
    list_checkpoints,
    load_backbone,
    load_checkpoint,
    save_checkpoint,
    weights_file,
)
from bgbias_core.paths import own_checkpoints

BODY = {
    "name": "small",
    "title": "Small",
    "task": "species",
    "description": "For the tests.",
    "architecture": {
        "backbone": "aviary-convnext",
        "pooling": "gap",
        "region": "foreground",
        "head_norm": True,
        "grid": [6, 6],
        "depths": 4,
    },
    "strategy": {"name": "late", "depth": 4},
    "preprocessing": {"size": 96},
    "classes": ["wren", "robin"],
    "weights": {"source": "file", "name": "small.safetensors", "sha256": "", "dtype": "float16"},
    "backbone_weights": "random",
    "backbone_sha256": None,
    "mask_source_at_training": "given",
    "training_data": {"name": "none", "fingerprint": "", "licence": "MIT", "parameters": {}},
    "config": {},
    "seed": 0,
    "versions": {},
}


@pytest.fixture
def saved() -> tuple[Card, MaskedClassifier, Path]:
    torch.manual_seed(0)
    card = Card.model_validate(BODY)
    classifier = build_classifier(card).eval()
    return save_checkpoint(own_checkpoints(), card, classifier), classifier, own_checkpoints()


def test_what_is_saved_comes_back(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    card, classifier, _ = saved
    loaded = load_checkpoint("small")
    assert loaded.card == card
    assert not loaded.classifier.training
    images, masks = torch.rand(2, 3, 96, 96), torch.ones(2, 1, 96, 96)
    torch.testing.assert_close(loaded.classifier(images, masks), classifier(images, masks), atol=5e-3, rtol=0)
    assert "small" in list_checkpoints().cards


def test_points_of_the_dials_are_found_by_name_and_listed_only_when_asked_for(
    saved: tuple[Card, MaskedClassifier, Path],
) -> None:
    card, classifier, folder = saved
    before = list_checkpoints(dials=True).cards
    point = save_checkpoint(folder / DIALS, card.model_copy(update={"name": "dial-small"}), classifier)
    assert load_checkpoint("dial-small").card == point
    assert find_checkpoint("dial-small") == (point, folder / DIALS)
    assert "dial-small" not in list_checkpoints().cards
    assert list_checkpoints(dials=True).cards == before | {"dial-small": point}


def test_weights_are_half_precision(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    _, classifier, folder = saved
    numbers = sum(value.numel() for value in classifier.state_dict().values())
    assert (folder / "small.safetensors").stat().st_size < 2.1 * numbers + 20_000


def test_no_half_written_file_stays(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    assert sorted(path.name for path in saved[2].iterdir()) == ["small.json", "small.safetensors"]


def alter(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": "Better"}, "altered"),
        ({"classes": ["robin", "wren"]}, "altered"),
        ({"classes": ["robin", "robin"]}, "not all different"),
        ({"schema_version": 2}, "schema_version"),
        ({"surprise": 1}, "surprise"),
        ({"strategy": {"name": "late", "depth": 0}}, "cannot have depth"),
    ],
)
def test_a_tampered_card_is_refused(
    saved: tuple[Card, MaskedClassifier, Path], changes: dict[str, object], words: str
) -> None:
    alter(saved[2] / "small.json", **changes)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint("small")
    listing = list_checkpoints()
    assert words in listing.broken["small"]
    assert "small" not in listing.cards


def test_a_card_that_is_no_json_is_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    (saved[2] / "small.json").write_text("{")
    with pytest.raises(CheckpointError, match="not a valid model card"):
        load_checkpoint("small")


def test_a_card_under_another_name_is_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    (saved[2] / "small.json").rename(saved[2] / "large.json")
    with pytest.raises(CheckpointError, match="calls itself 'small'"):
        find_checkpoint("large")


def test_damaged_and_missing_weights_are_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    path = saved[2] / "small.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="sha256"):
        load_checkpoint("small")
    path.unlink()
    with pytest.raises(CheckpointError, match="missing"):
        load_checkpoint("small")


def test_weights_outside_the_folder_are_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    card, _, folder = saved
    elsewhere = folder.parent / "small.safetensors"
    (folder / "small.safetensors").rename(elsewhere)
    weights = card.weights.model_copy(update={"name": "../small.safetensors"})
    card.model_copy(update={"weights": weights}).write(folder / "small.json")
    with pytest.raises(CheckpointError, match="missing beside its card"):
        load_checkpoint("small")


def test_weights_of_another_network_are_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    card, _, folder = saved
    card.model_copy(update={"classes": ("wren", "robin", "owl")}).write(folder / "small.json")
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint("small")


def test_a_card_that_cannot_be_built_is_refused(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    card, _, folder = saved
    architecture = card.architecture.model_copy(update={"backbone": "aviary-convnex"})
    card.model_copy(update={"architecture": architecture}).write(folder / "small.json")
    with pytest.raises(CheckpointError, match="did you mean"):
        load_checkpoint("small")


def test_an_unknown_name_lists_the_nearest(saved: tuple[Card, MaskedClassifier, Path]) -> None:
    with pytest.raises(UnknownNameError, match="small"):
        load_checkpoint("smal")


class TestHeadOnly:
    """A checkpoint of the head alone, whose backbone is found by name and known again by its weights."""

    BACKBONE = "timm/test_convnext.r160_in1k"

    @pytest.fixture(autouse=True)
    def weights(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        monkeypatch.setenv("BGBIAS_WEIGHTS", str(tmp_path / "weights"))
        return self.place_weights()

    def place_weights(self, seed: int = 0) -> Path:
        torch.manual_seed(seed)
        spec = backbone_spec(self.BACKBONE)
        path = weights_file(self.BACKBONE)
        path.parent.mkdir(exist_ok=True)
        save_file(build_network(spec, spec.size).state_dict(), path)
        return path

    def save(self) -> tuple[Card, MaskedClassifier]:
        network, origin = load_backbone(self.BACKBONE, 96, "pretrained")
        architecture = BODY["architecture"] | {"backbone": self.BACKBONE, "region": "all", "grid": [3, 3]}
        card = Card.model_validate(
            BODY
            | {
                "architecture": architecture,
                "strategy": {"name": "early"},
                "backbone_weights": origin.source,
                "backbone_sha256": origin.sha256,
            }
        )
        classifier = build_classifier(card)
        classifier.backbone.load_state_dict(network.state_dict())
        return save_checkpoint(own_checkpoints(), card, classifier, head_only=True), classifier.eval()

    @torch.no_grad()
    def test_the_backbone_comes_from_where_it_is_and_only_the_head_is_written(self) -> None:
        card, classifier = self.save()
        assert card.weights.source == "head"
        state = load_file(own_checkpoints() / "small.safetensors")
        assert state
        assert all(name.startswith("head.") for name in state)
        loaded = load_checkpoint("small")
        for name, value in classifier.backbone.state_dict().items():
            assert torch.equal(loaded.classifier.backbone.state_dict()[name], value)
        images, masks = torch.rand(2, 3, 96, 96), torch.ones(2, 1, 96, 96)
        torch.testing.assert_close(loaded.classifier(images, masks), classifier(images, masks), atol=1e-3, rtol=0)
        assert "small" not in list_checkpoints().waiting

    def test_without_its_backbone_it_waits_and_is_not_broken(self, weights: Path) -> None:
        card, _ = self.save()
        weights.unlink()
        listing = list_checkpoints()
        assert listing.cards["small"] == card
        assert "small" not in listing.broken
        assert listing.waiting["small"].startswith("needs a download")
        assert f"backbones fetch {self.BACKBONE}" in listing.waiting["small"]
        with pytest.raises(ModelError, match=f"weights of '{self.BACKBONE}'"):
            load_checkpoint("small")

    def test_other_weights_of_the_same_backbone_are_refused(self) -> None:
        self.save()
        self.place_weights(seed=1)
        with pytest.raises(CheckpointError, match="trained on other weights"):
            load_checkpoint("small")

    def test_a_whole_network_does_not_pass_for_a_head(self) -> None:
        card, classifier = self.save()
        whole = save_checkpoint(own_checkpoints(), card, classifier)
        assert whole.weights.source == "file"
        disguised = whole.weights.model_copy(update={"source": "head"})
        whole.model_copy(update={"weights": disguised}).write(own_checkpoints() / "small.json")
        with pytest.raises(CheckpointError, match="head alone"):
            load_checkpoint("small")

    def test_a_head_of_an_unknown_backbone_is_refused(self, saved: tuple[Card, MaskedClassifier, Path]) -> None:
        card, classifier, folder = saved
        with pytest.raises(CheckpointError, match="no known weights"):
            save_checkpoint(folder, card, classifier, head_only=True)
        alter(folder / "small.json", weights=card.weights.model_dump() | {"source": "head"})
        with pytest.raises(CheckpointError, match="needs backbone_sha256"):
            load_checkpoint("small")
