"""The segmenters: what each is worth and was trained on; training one on photographs with masks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bgbias_core.masks import MASKERS
from bgbias_core.paths import SHIPPED_SEGMENTERS, own_segmenters
from pages.components.folders import ask_folder
from pages.components.library_entry import BROKEN, BUILT_IN, HERE, offer_deletion, offer_job, show_entry
from pages.components.library_files import Deletion, spell_size
from pages.components.library_make import absolute
from pages.components.loaders import device
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.masks.segmenters import Quality, SegmenterCard

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


def show_segmenters() -> None:
    """All segmenters with what was measured, GrabCut, and the form that trains one."""
    with st.spinner("Reading the cards …"):
        from bgbias_core.masks.segmenters import list_segmenters

        cards, broken = list_segmenters()
    for name, card in cards.items():
        _show_card(name, card)
    for name, why in broken.items():
        with st.container(border=True, gap="xsmall"):
            _offer_own(show_entry(name, BROKEN, [why]), name)
    with st.container(border=True, gap="xsmall"):
        show_entry("GrabCut", BUILT_IN, [MASKERS["grabcut"].title], more=["Nothing is trained; slower, and coarser."])
    _show_training(set(cards) | set(broken))


def _show_card(name: str, card: SegmenterCard) -> None:
    own = _is_own(name)
    files = _files(own_segmenters() if own else SHIPPED_SEGMENTERS, name)
    with st.container(border=True, gap="xsmall", key=f"segmenter_{name}"):
        side = show_entry(
            card.title,
            HERE if own else BUILT_IN,
            [name, spell_size(*files), f"sees {card.size} px", f"encoder {card.encoder}"],
            figures=[spell_quality(one) for one in card.quality],
            more=[card.description, _trained_on(card)],
        )
        _offer_own(side, name)


def spell_quality(measured: Quality) -> str:
    """One measured number with its interval, as a sentence."""
    whose = ", each by a twin that was trained without it" if measured.network == "twin" else ""
    return (
        f"Mean IoU {measured.value:.3f} (95% {measured.low:.3f} to {measured.high:.3f}), n = {measured.n:,}: "
        f"{measured.data}{whose}"
    )


def _trained_on(card: SegmenterCard) -> str:
    licences = dict.fromkeys(f"{data.name} ({data.licence})" for data in card.training_data)
    return f"Trained on {'; '.join(licences)}" if licences else ""


def _is_own(name: str) -> bool:
    return (own_segmenters() / f"{name}.json").is_file() and not (SHIPPED_SEGMENTERS / f"{name}.json").is_file()


def _files(folder: Path, name: str) -> tuple[Path, ...]:
    return tuple(path for ending in ("json", "safetensors") if (path := folder / f"{name}.{ending}").is_file())


def _offer_own(side: DeltaGenerator, name: str) -> None:
    if _is_own(name):
        offer_deletion(
            side,
            f"delete_segmenter_{name}",
            f"the segmenter “{name}”",
            "You trained it; nothing but training it again brings it back.",
            Deletion(_files(own_segmenters(), name)),
        )


def _show_training(taken: set[str]) -> None:
    with st.expander("Train a segmenter", icon=":material/model_training:", key="train_segmenter"):
        st.markdown(
            "On any photographs with masks, white where the object is. Without a graphics card this takes long; "
            "stopped, it goes on from its last epoch."
        )
        left, right = st.columns(2, gap="medium")
        with left:
            images = ask_folder("Photographs", "segmenter_images", "/data/photographs")
        with right:
            masks = ask_folder("Their masks", "segmenter_masks", "/data/masks", "The same names, ending in .png.")
        cub = ask_folder("CUB-200-2011 with its masks (instead, or as well)", "segmenter_cub", "/data/CUB_200_2011")
        name = st.text_input("Name", "my-segmenter", max_chars=80, key="segmenter_name").strip()
        if not (cub or images) or bool(images) != bool(masks):
            st.caption("Photographs with their masks, or CUB-200-2011, or both.")
            return
        missing = [folder for folder in (images, masks, cub) if folder and not Path(folder).expanduser().is_dir()]
        if missing:
            st.error(f"There is no folder '{plain(missing[0])}'.", icon=":material/folder_off:")
            return
        if not _NAME.fullmatch(name) or name in MASKERS:
            st.error(
                f"“{plain(name)}” cannot be its name; take small letters, digits, dots and hyphens.",
                icon=":material/edit:",
            )
            return
        if name in taken:
            st.warning(f"There is a segmenter “{plain(name)}” already; it is replaced.", icon=":material/file_copy:")
        command = ["segmenter", "train", "--name", name]
        command += ["--images", absolute(images), "--masks", absolute(masks)] if images else []
        command += ["--cub", absolute(cub)] if cub else []
        offer_job(
            "segmenter_start",
            "Start training",
            "play_arrow",
            f"Train segmenter {name}",
            command,
            device=device(),
            about={"segmenter": name},
        )
