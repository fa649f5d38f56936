"""Backbones and checkpoints: which weights are on this machine, and what every classifier is."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bgbias_core.data import DATA_SETS
from bgbias_core.paths import own_checkpoints
from bgbias_core.spelling import spell_bytes
from pages.components.library_entry import (
    ABSENT,
    BROKEN,
    BUILT_IN,
    COMING,
    HERE,
    WAITING,
    State,
    offer_deletion,
    offer_job,
    show_entry,
    under_way,
)
from pages.components.library_files import Deletion, spell_size
from pages.components.loaders import listing
from pages.components.page import train_page

if TYPE_CHECKING:
    from bgbias_core.models import BackboneStatus, Card, Listing, Metric

_FROM_SCRATCH = State("trained from scratch", "check_circle", "gray")


def show_backbones() -> None:
    """All backbones: present or not, where from, and bringing them here."""
    with st.spinner("Looking for weights …"):
        from bgbias_core.models import BACKBONES, backbone_status

        statuses = [backbone_status(name) for name in BACKBONES]
    st.markdown(
        "No package carries weights of **ConvNeXt** or **DINOv2**. They come from the Hugging Face hub, from a mirror "
        "of it (`HF_ENDPOINT` names its address), or from a file that you bring along."
    )
    for status in statuses:
        _show_backbone(status)


def _show_backbone(status: BackboneStatus) -> None:
    from bgbias_core.models import BACKBONES
    from bgbias_core.models.local import weights_file

    spec = BACKBONES[status.name]
    command = ["backbones", "fetch", status.name]
    coming = under_way(command)
    with st.container(border=True, gap="xsmall", key=f"backbone_{status.name}"):
        if spec.origin == "none":
            show_entry(spec.title, _FROM_SCRATCH, [status.name, f"{spec.size} px"])
            return
        state = COMING if coming else HERE if status.present else ABSENT
        size = "" if status.bytes is None else spell_bytes(status.bytes)
        licence = f"licence: {status.licence or 'not stated'}"
        origin = f"{'In' if status.present else 'From'} {status.where}"
        side = show_entry(spec.title, state, [status.name, f"{spec.size} px", size, licence], more=[origin])
        own = weights_file(status.name)
        if status.present and Path(status.where) == own:
            offer_deletion(
                side,
                f"delete_backbone_{status.name}",
                f"the weights of {spec.title}",
                "They can be fetched again; checkpoints that need them wait until then.",
                Deletion((own,)),
            )
        elif not status.present and not coming:
            with side.popover("Fetch", icon=":material/download:", key=f"fetch_backbone_{status.name}_ask"):
                _offer_fetch(status, spec.title, command)


def _offer_fetch(status: BackboneStatus, title: str, command: list[str]) -> None:
    from bgbias_core.models import BACKBONES

    if BACKBONES[status.name].origin == "package":
        st.markdown(f"{title} {status.needs}")
        return
    st.markdown(f"**{title}**, from {status.where}.")
    st.markdown(f"**Licence of use:** {status.licence or 'not stated; look it up where they come from'}.")
    source = st.text_input(
        "Take it from (optional)",
        key=f"from_backbone_{status.name}",
        placeholder="/path/to/weights.safetensors",
        help="A file that you have already, as the hub has it, or the address of one.",
    ).strip()
    command = [*command, "--from", source] if source else command
    offer_job(f"fetch_backbone_{status.name}", "Fetch it", "download", f"Fetch {title}", command)


def show_checkpoints() -> None:
    """All checkpoints: one's own one by one, those that ship by what they are made of."""
    with st.spinner("Reading the cards …"):
        found = listing()
    own = {name for name in (*found.cards, *found.broken) if _is_own(name)}
    for name, why in found.broken.items():
        with st.container(border=True, gap="xsmall"):
            _offer_own(show_entry(name, BROKEN, [why]), name, [])
    for name in (name for name in found.cards if name in own):
        card = found.cards[name]
        with st.container(border=True, gap="xsmall", key=f"checkpoint_{name}"):
            _offer_own(_show_cards(found, [card], HERE, card.title, card.description), name, [card])
    if not own:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("None of your own yet.", width="content")
            st.page_link(train_page(), label="Train one", icon=":material/model_training:")
    families: dict[tuple[str, str], list[Card]] = {}
    for card in found.cards.values():
        if card.name not in own:
            families.setdefault((card.architecture.backbone, card.training_data.name), []).append(card)
    for cards in families.values():
        with st.container(border=True, gap="xsmall"):
            _show_cards(found, cards, BUILT_IN, _family_title(cards), "")
    _show_dials(found)


def _show_dials(found: Listing) -> None:
    """The points of the trained dials in one entry: they are found by name and listed nowhere else."""
    from bgbias_core.models import DIALS, list_checkpoints
    from bgbias_core.models.checkpoints import SHIPPED_CHECKPOINTS

    points = list_checkpoints(dials=True).cards.keys() - found.cards.keys()
    if points:
        folders = [folder / DIALS for folder in (SHIPPED_CHECKPOINTS, own_checkpoints())]
        with st.container(border=True, gap="xsmall", key="dials"):
            show_entry(
                "Trained dials: correlation and depth",
                HERE,
                [f"{len(points)} small classifiers of Aviary", "one seed each", spell_size(*folders)],
                more=["`python -m bgbias_core dials list` names them; every command takes them by name."],
            )


def _family_title(cards: list[Card]) -> str:
    from bgbias_core.models import BACKBONES

    backbone = cards[0].architecture.backbone
    title = BACKBONES[backbone].title if backbone in BACKBONES else backbone
    return f"{title}, {_data_title(cards[0])}"


def _data_title(card: Card) -> str:
    name = card.training_data.name
    return DATA_SETS[name].title if name in DATA_SETS else name


def _show_cards(found: Listing, cards: list[Card], state: State, title: str, description: str) -> DeltaGenerator:
    first = cards[0]
    needs = dict.fromkeys(found.waiting[card.name] for card in cards if card.name in found.waiting)
    files = [path for card in cards for path in _files(card)]
    strategies = ", ".join(dict.fromkeys(card.strategy.name for card in cards))
    side = show_entry(
        title,
        WAITING if needs else state,
        [f"{len(cards)} classifiers" if len(cards) > 1 else first.name, strategies, f"{len(first.classes):,} classes",
         "" if first.weights.source == "package" else spell_size(*files)],
        more=[description, *(f"It {one}" for one in needs),
              f"Trained on {_data_title(first)}; licence: {first.training_data.licence}",
              "" if first.backbone_sha256 is None else f"Backbone: {first.backbone_weights}"],
    )  # fmt: skip
    if any(card.metrics for card in cards):
        with st.expander("Measured", icon=":material/analytics:", type="compact"):
            st.html(metrics_html(cards))
    return side


def metrics_html(cards: list[Card]) -> str:
    """A table of what the cards say was measured: one row for each number, with its interval and n."""
    rows = "".join(
        f'<tr><th scope="row" class="label">{html.escape(card.name)}</th>'
        f"<td>{html.escape(f'{metric.measure}, {metric.condition}')}</td><td>{_value(metric)}</td>"
        f"<td>{html.escape(_masks(metric))}</td></tr>"
        for card in cards
        for metric in card.metrics
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Checkpoint", "Measured", "Value, 95% interval", "Masks")
    )
    return f'<div class="measured"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _value(metric: Metric) -> str:
    return f"{metric.value:.1%} <small>{metric.low:.1%} to {metric.high:.1%}, n = {metric.n:,}</small>"


def _masks(metric: Metric) -> str:
    return f"{metric.mask_source} ({metric.masker})" if metric.masker else metric.mask_source


def _is_own(name: str) -> bool:
    from bgbias_core.models.checkpoints import SHIPPED_CHECKPOINTS

    return (own_checkpoints() / f"{name}.json").is_file() and not (SHIPPED_CHECKPOINTS / f"{name}.json").is_file()


def _files(card: Card) -> list[Path]:
    from bgbias_core.models.checkpoints import SHIPPED_CHECKPOINTS

    folder = own_checkpoints() if _is_own(card.name) else SHIPPED_CHECKPOINTS
    beside = [] if card.weights.source == "package" else [folder / Path(card.weights.name).name]
    return [folder / f"{card.name}.json", *beside]


def _offer_own(side: DeltaGenerator, name: str, cards: list[Card]) -> None:
    if not _is_own(name):
        return
    files = [path for card in cards for path in _files(card)] or [own_checkpoints() / f"{name}.json"]
    offer_deletion(
        side,
        f"delete_checkpoint_{name}",
        f"the checkpoint “{name}”",
        "You trained it; nothing but training it again brings it back.",
        Deletion(tuple(path for path in files if path.is_file())),
    )
