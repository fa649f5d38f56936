"""Watching trainings: the curves of every run of a job, and what to do with what came out of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core import jobs
from bgbias_core.aviary import SPECIES
from bgbias_core.errors import BgBiasError
from bgbias_core.jobs import Job
from pages.components.comparison import show_pair, show_table
from pages.components.evaluation_picker import read_summary
from pages.components.loaders import device, listing
from pages.components.page import (
    attributions_page,
    compare_strategies_page,
    failure_cases_page,
    swap_backgrounds_page,
)
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.models import Card
    from bgbias_core.plots import RunCurve
    from bgbias_core.training import TrainingConfig

TRAIN, PRESET = "train", "preset"
_REFRESH_SECONDS = 5.0


def training_jobs(kind: str) -> list[Job]:
    """Jobs of a kind, newest first."""
    return [job for job in jobs.list_jobs() if job.about["kind"] == kind]


def show_curves(job: Job) -> None:
    """The curves of a job's runs; while it runs they are drawn again every few seconds."""
    st.fragment(_curves, run_every=_REFRESH_SECONDS if job.state == "running" else None)(job)


def _curves(job: Job) -> None:
    from bgbias_core.plots import accuracy_figure, loss_figure

    runs, epochs = _read_runs(job)
    if not any(run.loss for run in runs):
        if job.active:
            st.caption("Curves appear here with the first steps.")
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        last = "; ".join(
            f"{run.title} " + ", ".join(f"{name} {points[-1][1]:.0%}" for name, points in run.accuracy.items())
            for run in runs
        )
        st.plotly_chart(
            accuracy_figure(runs, epochs),
            key=f"accuracy_{job.name}",
            config={"displayModeBar": False},
            alt=f"Accuracy of each run over epochs. Last values: {last}.",
        )
    with right:
        st.plotly_chart(
            loss_figure(runs, epochs),
            key=f"loss_{job.name}",
            config={"displayModeBar": False},
            alt="Training loss of each run over epochs.",
        )
    watched = any("OOD" in run.accuracy for run in runs)
    st.caption(
        "Dotted: training pictures, while the weights still change. Dashed: **ID**, held-back pictures as in training"
        + ("; solid: **OOD**, the same birds in places at random. " if watched else ". ")
        + "They steer the training, so they are no measurement: that is made on birds that were never looked at."
        * watched
    )


def _read_runs(job: Job) -> tuple[list[RunCurve], int]:
    """One curve for each run of the job that has begun, and the longest run's epochs."""
    from bgbias_core.training import TrainingConfig

    curves, longest = [], 1
    for record in sorted((job.folder / "run").rglob("config.json"), key=lambda path: path.stat().st_mtime):
        try:
            config = TrainingConfig.read(record)
            curves.append(_curve(config, record))
        except BgBiasError:
            continue
        longest = max(longest, config.optimisation.epochs)
    return curves, longest


def _curve(config: TrainingConfig, record: Path) -> RunCurve:
    from bgbias_core.plots import RunCurve
    from bgbias_core.training import read_history, read_live

    history, live = read_history(record.parent), read_live(record.parent)
    # A mean over an epoch belongs to its middle; what is measured after an epoch, to its end.
    loss = [(one.epoch - 0.5, one.loss) for one in history]
    training = [(one.epoch - 0.5, one.accuracy) for one in history]
    if live is not None and live.epoch > len(history):
        loss += [(live.epoch - 1 + step / live.total, value) for step, value, _ in live.curve]
        training += [(live.epoch - 1 + step / live.total, value) for step, _, value in live.curve]
    names = history[0].scores if history else ()
    held_back = {name: [(float(one.epoch), one.scores[name]) for one in history] for name in names}
    accuracy = {"training": training, **held_back} if training else {}
    title = config.model.strategy.name.capitalize()
    return RunCurve(title, config.model.strategy.name, loss, accuracy)


def show_preset_result(job: Job) -> None:
    """The evaluation that a finished preset ends with, and the ways on."""
    name = job.about["evaluation"]
    try:
        rows = read_summary(name)
    except BgBiasError as error:
        st.info(f"Its evaluation is no longer there. {error}")
        return
    given = [row for row in rows if row.mask_source != "predicted"]
    early = next(row for row in given if row.strategy == "early")
    unmasked = next(row for row in given if row.strategy == "unmasked")
    show_pair(name, early, unmasked, "accuracy OOD")
    show_table(rows)
    names = [row.checkpoint for row in given]
    with st.container(horizontal=True):
        st.page_link(
            swap_backgrounds_page(),
            label="Try them in Swap backgrounds",
            icon=":material/landscape:",
            query_params={"bird_models": names},
        )
        st.page_link(
            compare_strategies_page(), label="Compare", icon=":material/balance:", query_params={"evaluation": name}
        )
        st.page_link(
            failure_cases_page(), label="Failure cases", icon=":material/rule:", query_params={"evaluation": name}
        )


def show_result(job: Job) -> None:
    """What came out of a finished training: the card in short, measuring it, and the ways on."""
    if "checkpoint" not in job.about:
        return  # started on the command line, whose log says what came of it
    card = listing().cards.get(job.about["checkpoint"])
    if card is None:
        st.info("Its checkpoint is no longer there; train it again.")
        return
    st.markdown(f":green[:material/check_circle:] **{plain(card.title)}** is listed on every page.")
    st.caption(plain(card.description))
    drawn = set(card.classes) == set(SPECIES)
    if drawn and not card.metrics:
        _offer_measuring(card)
    for metric in card.metrics:
        if metric.measure == "accuracy":
            st.markdown(
                f"Accuracy {metric.condition}: **{metric.value:.1%}** ({metric.low:.1%} to {metric.high:.1%}, "
                f"n = {metric.n:,}, mask: {metric.mask_source})"
            )
    if not drawn:
        _remember_folder(card)
    with st.container(horizontal=True):
        key = "bird_models" if drawn else "photo_models"
        st.page_link(
            swap_backgrounds_page(),
            label="Use it in Swap backgrounds",
            icon=":material/landscape:",
            query_params={key: card.name, **({} if drawn else {"photo": "CUB or own folder"})},
        )
        st.page_link(attributions_page(), label="See where it looks", icon=":material/center_focus_strong:")


def _remember_folder(card: Card) -> None:
    """Let the pages that ask for a folder of photographs begin with the one that the classifier learned from."""
    data = card.training_data.parameters
    st.session_state["photo_folder"] = str(data.get("root", ""))
    st.session_state["photo_masks"] = str(data.get("masks") or "")


def _offer_measuring(card: Card) -> None:
    st.caption("Not measured yet: held-back pictures chose its best epoch, and the test set has not been looked at.")
    measuring = [job for job in training_jobs("evaluate") if job.about.get("checkpoint") == card.name and job.active]
    if st.button("Measure it on 1,500 unseen birds", icon=":material/straighten:", disabled=bool(measuring)):
        jobs.start(
            f"Measure {card.title}",
            ["evaluate", "--data", "aviary", "--checkpoint", card.name, "--save"],
            device=device(),
            about={"kind": "evaluate", "checkpoint": card.name},
        )
        st.rerun()
    if measuring:
        st.caption("Being measured: see Runs.")
