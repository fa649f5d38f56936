"""Choosing what a classifier is trained on: Aviary with its correlation, or photographs of one's own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.aviary import SPECIES
from bgbias_core.data import DATA_SETS, PhotographSet, recognise
from bgbias_core.errors import BgBiasError
from pages.components.folders import ask_folder, opened_photographs
from pages.components.pictures import show_picture, working_copy
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.training import AviaryData, FolderData, WaterbirdsData
    from bgbias_core.training.config import PhotographData

_AVIARY = "Aviary"
_OWN = "Own photographs"
_SHOWN = 4


def choose_data() -> AviaryData | PhotographData | None:
    """Show the choice; nothing is returned until there is something to train on."""
    source = st.segmented_control(
        "Trained on", [_AVIARY, _OWN], default=_AVIARY, required=True, key="train_on", bind="query-params"
    )
    return _aviary() if source == _AVIARY else _photographs()


def _aviary() -> AviaryData:
    from bgbias_core.training import AviaryData

    left, right = st.columns(2, gap="medium")
    samples = left.slider("Training birds", 600, 10_000, 3000, step=200, key="train_birds", bind="query-params")
    correlation = right.select_slider(
        "Correlation of species and place",
        [0.0, 0.5, 0.8, 0.9, 0.95, 1.0],
        0.95,
        key="train_correlation",
        bind="query-params",
        help="0: places have nothing to do with species. 1: a species is always in its home place.",
    )
    at_home = correlation + (1 - correlation) / 8
    st.caption(
        f"A species stands in its home place in {at_home:.0%} of the pictures; with its colours, the place then tells "
        f"most of the {len(SPECIES)} species apart. Masks are exact (**given**)."
    )
    return AviaryData(train=samples, validation=300, correlation=correlation)


def _photographs() -> PhotographData | None:
    from bgbias_core.training import CubData, FolderData, WaterbirdsData

    folder = ask_folder(
        "Folder on this computer",
        "train_folder",
        "/data/CUB_200_2011",
        "CUB-200-2011 or Waterbirds as they come, or one folder of photographs for each class. Nothing is copied.",
    )
    if not folder:
        st.info(
            "Name a folder with **one folder of photographs for each class**, or CUB-200-2011 or Waterbirds as they "
            "come. Two classes with thirty photographs each are enough for a first try; masks are predicted where "
            "there are none.",
            icon=":material/create_new_folder:",
        )
        return None
    try:
        kind = recognise(folder)
        masks = ""
        if DATA_SETS[kind].takes_masks:
            masks = ask_folder(
                "Folder of its masks, if any",
                "train_masks",
                "/data/masks",
                "PNG files at the same paths, white = object. Without them masks are predicted.",
            )
        _show_photographs(opened_photographs(folder, masks))
    except BgBiasError as error:
        st.error(str(error), icon=":material/folder_off:")
        return None
    if kind == "cub":
        return CubData(root=folder)
    kinds: dict[str, type[WaterbirdsData | FolderData]] = {"waterbirds": WaterbirdsData, "folder": FolderData}
    return kinds[kind](root=folder, masks=masks or None)


def _show_photographs(data: PhotographSet) -> None:
    splits = Counter(entry.split for entry in data.entries)
    masks = "with given masks" if data.has_masks else "without masks: masked strategies train on predicted ones"
    st.caption(
        f"{len(data.classes):,} classes; {splits['train']:,} photographs to train on, {splits['validation']:,} to "
        f"choose the epoch by, {splits['test']:,} kept for the test; {masks}. Licence of use: {plain(data.licence)}."
    )
    firsts = {entry.label: entry for entry in reversed(data.entries) if entry.split == "train"}
    labels = [label for label in data.classes if label in firsts][:_SHOWN]
    for column, label in zip(st.columns(_SHOWN), labels, strict=False):
        with column:
            show_picture(working_copy(data.read(firsts[label]).image), f"A photograph of the class {label}", label)
