"""Choosing what is trained and for how long; only what means something becomes a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from bgbias_core import jobs
from bgbias_core.errors import BgBiasError
from pages.components.loaders import listing
from pages.components.training_data import choose_data
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.models import BackboneSpec, Depths
    from bgbias_core.training import AviaryData, TrainingConfig
    from bgbias_core.training.config import PhotographData

_ORIGINS = {
    "none": "trained from scratch",
    "package": "pretrained on ImageNet, installed with the app",
    "download": "pretrained",
    "hub": "pretrained",
}
_LARGEST = 256  # of the sizes that are tried first: beyond it a processor takes long
_WHAT = {
    "unmasked": "sees the whole picture",
    "early": "the background is removed from the picture",
    "late": "the background is removed from the features",
}
_POOLINGS = {"gap": "mean over cells (gap)", "cls": "class token (cls)", "cls+gap": "both (cls+gap)"}
_REGIONS = {"all": "all cells", "foreground": "foreground cells only"}


def choose_training() -> TrainingConfig | None:
    """Show the form; a configuration once everything in it goes together."""
    from bgbias_core.models import BACKBONES, backbone_status
    from bgbias_core.training import TrainingConfig

    data = choose_data()
    if data is None:
        return None
    drawn = data.name == "aviary"
    needs = {name: backbone_status(name).needs for name in BACKBONES}
    names = sorted(BACKBONES, key=lambda name: (name.startswith("aviary") != drawn, bool(needs[name])))
    left, right = st.columns(2, gap="medium")
    with left:
        backbone = st.selectbox(
            "Backbone",
            names,
            format_func=lambda name: (
                f"{BACKBONES[name].title}: {_ORIGINS[BACKBONES[name].origin]}"
                + (", not on this machine yet" if needs[name] else "")
            ),
            key=f"train_backbone_{drawn}",
        )
        spec = BACKBONES[backbone]
        size = _choose_size(backbone, spec)
        frozen = spec.origin != "none" and st.toggle(
            "Train the head only",
            True,
            key=f"train_frozen_{backbone}",
            help="The backbone stays as it came. Much quicker, and usual with few photographs.",
        )
    try:
        with right:
            model = _choose_strategy(backbone, spec, size)
        model |= {"backbone": backbone, "weights": "random" if spec.origin == "none" else "pretrained"}
        model |= {"size": size, "frozen": frozen}
        if needs[backbone]:
            st.info(f"{plain(spec.title)} {plain(needs[backbone])}", icon=":material/download:")
            return None
        name = _choose_name(data, backbone, model["strategy"]["name"])
        optimisation = _choose_budget(data, backbone, spec, model)
        return TrainingConfig.model_validate(
            {
                "name": name,
                "title": f"{spec.title}, {model['strategy']['name']}, {data.name} ({name})",
                "data": data,
                "model": model,
                "optimisation": optimisation,
            }
        )
    except BgBiasError as error:
        st.error(str(error), icon=":material/rule:")
    except ValueError:
        st.error(
            f"“{plain(name)}” cannot be a checkpoint's name; take small letters, digits, dots and hyphens.",
            icon=":material/edit:",
        )
    return None


def _choose_size(backbone: str, spec: BackboneSpec) -> int:
    step = 14 if "patch14" in spec.timm_name else 32
    sizes = sorted({64, 96} if spec.size == 96 else {*range(5 * step, spec.size, step * 2), spec.size})
    chosen: int = st.select_slider(
        "Size of the pictures",
        sizes,
        sizes[0] if spec.size == 96 else max(size for size in sizes if size <= _LARGEST),
        format_func=lambda size: f"{size} px",
        key=f"train_size_{backbone}",
        help="Smaller is quicker; small parts vanish.",
    )
    return chosen


def _choose_strategy(backbone: str, spec: BackboneSpec, size: int) -> dict[str, Any]:
    """Strategy, pooling and region, refused in words where they cannot go together."""
    from bgbias_core.models import STRATEGY_NAMES, Strategy, check_combination

    depths = _depths(backbone, size)
    name = st.segmented_control(
        "Masking",
        STRATEGY_NAMES,
        default="early",
        required=True,
        format_func=str.capitalize,
        key="train_strategy",
        bind="query-params",
    )
    st.caption(f"{name.capitalize()}: {_WHAT[name]}.")
    depth = None
    if name == "late":
        grids = {number: "×".join(map(str, grid)) for number, grid in enumerate(depths.grids, start=1)}
        depth = st.selectbox(
            "After which stage",
            list(grids),
            index=len(grids) - 1,
            format_func=lambda number: f"{number} of {len(grids)}: {grids[number]} cells",
            key=f"train_depth_{backbone}",
        )
    kinds: list[Literal["gap", "cls", "cls+gap"]] = ["gap", "cls", "cls+gap"] if depths.has_cls else ["gap"]
    pooling = kinds[0]
    if len(kinds) > 1:
        pooling = st.selectbox(
            "Pooling", kinds, index=kinds.index(spec.pooling), format_func=_POOLINGS.__getitem__, key="train_pooling"
        )
    region: Literal["all", "foreground"] = "all"
    if name == "late" and "gap" in pooling:
        region = st.selectbox("Averages", ["foreground", "all"], format_func=_REGIONS.__getitem__, key="train_region")
    check_combination(depths, Strategy(name=name, depth=depth), pooling, region)
    return {"strategy": {"name": name, "depth": depth}, "pooling": pooling, "region": region}


@st.cache_data(max_entries=32, show_spinner=False)
def _depths(backbone: str, size: int) -> Depths:
    import torch

    from bgbias_core.models import backbone_spec, build_network, describe_depths

    with torch.device("meta"):  # shapes alone: no weight of a large network is made
        return describe_depths(build_network(backbone_spec(backbone), size), size)


def _choose_name(data: AviaryData | PhotographData, backbone: str, strategy: str) -> str:
    coming = {job.about["checkpoint"] for job in jobs.list_jobs() if job.active and "checkpoint" in job.about}
    taken = set(listing().cards) | set(listing().broken) | coming
    stem = f"my-{data.name}-{backbone.removeprefix('aviary-')}-{strategy}"
    free = next(name for name in (stem, *(f"{stem}-{number}" for number in range(2, 1000))) if name not in taken)
    name = st.text_input(
        "Name", free, max_chars=80, key=f"train_name_{free}", help="The finished classifier is listed under this name."
    ).strip()
    if name in taken:
        st.warning(
            f"There is a classifier “{plain(name)}” already, or one on its way; if it is your own, it is replaced when "
            "this one is done.",
            icon=":material/file_copy:",
        )
    return name


def _choose_budget(
    data: AviaryData | PhotographData, backbone: str, spec: BackboneSpec, model: dict[str, Any]
) -> dict[str, Any]:
    from bgbias_core.training.heads import HEAD_OPTIMISATION

    strategy, frozen = model["strategy"]["name"], model["frozen"]
    if frozen:
        epochs, rate = HEAD_OPTIMISATION.epochs, HEAD_OPTIMISATION.learning_rate
    elif data.name == "aviary":
        # The shortcut is learned within three epochs; the bird itself takes longer.
        epochs, rate = (8 if strategy == "early" else 3), (1e-3 if "vit" in backbone else 2e-3)
    else:
        epochs, rate = 5, 1e-4
    choice = f"{backbone}_{strategy}_{data.name}_{model['frozen']}"
    with st.expander("Epochs, learning rate, batch size", icon=":material/tune:"):
        columns = st.columns(3)
        epochs = columns[0].number_input("Epochs", 1, 300, epochs, key=f"train_epochs_{choice}")
        rate = columns[1].number_input(
            "Learning rate", 1e-6, 1e-1, rate, step=1e-4, format="%.6f", key=f"train_rate_{choice}"
        )
        batch = columns[2].number_input(
            "Batch size", 4, 512, HEAD_OPTIMISATION.batch_size if frozen else 32, key=f"train_batch_{frozen}"
        )
        st.caption(
            "AdamW, cosine decay, label smoothing 0.1. The backbone looks at every picture once; its features are what "
            "the head learns from, so epochs take moments."
            if frozen
            else "AdamW, one epoch of warm-up, cosine decay; mirrored and shifted pictures; label smoothing 0.05."
        )
    if frozen:
        changed = {"epochs": epochs, "learning_rate": rate, "batch_size": batch}
        return HEAD_OPTIMISATION.model_copy(update=changed).model_dump()
    return {
        "epochs": epochs,
        "learning_rate": rate,
        "batch_size": batch,
        "warmup_epochs": min(1, epochs / 2),
        "mixed_precision": "no",
    }
