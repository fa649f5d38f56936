from __future__ import annotations

import streamlit as st

from bgbias_core import jobs
from bgbias_core.errors import BgBiasError
from pages.components.estimates import Measurement, measure, pending, show_estimate
from pages.components.jobs import show_jobs
from pages.components.loaders import device
from pages.components.page import page_setup
from pages.components.training_form import choose_training
from pages.components.training_watch import PRESET, TRAIN, show_curves, show_preset_result, show_result, training_jobs
from pages.components.verdicts import plain

_GAP = "see-the-gap-open"
_LOOK_AGAIN = 1.0


def _start(title: str, command: list[str], about: dict[str, str], files: dict[str, bytes]) -> None:
    try:
        jobs.start(title, command, device=device(), files=files, about=about)
    except BgBiasError as error:
        st.error(str(error))
        return
    st.rerun(scope="app")


def _free_prefix() -> str:
    from bgbias_core.models import list_checkpoints

    found = list_checkpoints()
    taken = {*found.cards, *found.broken, *(job.about["evaluation"] + "-early" for job in training_jobs(PRESET))}
    return next(f"gap-{number}" for number in range(1, 10_000) if f"gap-{number}-early" not in taken)


def _show_gap() -> None:
    from bgbias_core.training import PRESETS

    preset = PRESETS[_GAP]
    with st.container(border=True):
        st.subheader(f":material/call_split: {preset.title}", anchor="gap")
        st.markdown(preset.description)
        newest = next(iter(training_jobs(PRESET)), None)
        if newest is None or not newest.active:
            waiting = pending(_measure_gap())
            st.fragment(_offer_gap, run_every=_LOOK_AGAIN if waiting else None)(waiting)
        if newest is not None:
            if newest.active:
                st.markdown(f":blue[:material/play_circle:] {plain(newest.title)} is under way: [its run](#runs).")
            show_curves(newest)
            if newest.state == "done":
                show_preset_result(newest)


def _measure_gap() -> Measurement | None:
    return measure("gap", ["--preset", _GAP])


def _offer_gap(waiting: bool) -> None:
    measurement = _measure_gap()
    if waiting and not pending(measurement):
        st.rerun(scope="app")  # so that this part no longer looks again every second
    if show_estimate(measurement):
        st.caption("That is for the three trainings; comparing them at the end takes up to a minute more.")
    if st.button("See the gap open", type="primary", icon=":material/play_arrow:", key="start_gap"):
        prefix = _free_prefix()
        _start(
            f"See the gap open ({prefix})",
            ["train", "--preset", _GAP, "--name", prefix, "--run", "{job}/run"],
            {"kind": PRESET, "evaluation": prefix},
            {},
        )


def _show_own() -> None:
    config = choose_training()
    if config is None:
        return
    measured = config.model_copy(update={"name": "estimate", "title": "Estimate"}).model_dump_json()
    arguments = ["--config", "{config}"]
    waiting = pending(measure("own", arguments, measured))

    def offer() -> None:
        measurement = measure("own", arguments, measured)
        if waiting and not pending(measurement):
            st.rerun(scope="app")
        # A head on a frozen backbone takes moments and little memory: nobody need wait for its estimate.
        ready = show_estimate(measurement) or (config.model.frozen and pending(measurement))
        if st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=not ready, key="start"):
            _start(
                config.title,
                ["train", "--config", "{job}/config.json", "--run", "{job}/run"],
                {"kind": TRAIN, "checkpoint": config.name},
                {"config.json": config.model_dump_json(indent=1).encode()},
            )

    st.fragment(offer, run_every=_LOOK_AGAIN if waiting else None)()


def _show_runs() -> None:
    show_jobs([TRAIN, PRESET, "evaluate"], empty="No training yet: start one above.")
    runs = [job for job in training_jobs(TRAIN) if job.started is not None]
    if not runs:
        return
    chosen = st.selectbox(
        "Curves and result of", runs, format_func=lambda job: f"{job.title} · {job.state}", key="shown_run"
    )
    show_curves(chosen)
    if chosen.state == "done":
        show_result(chosen)


page_setup("Train")
st.title("Train")
st.markdown(
    "Train the same network with the background in view, removed from the picture (**early**) or removed from the "
    "features (**late**), and watch which one still knows the birds when the places change. Trainings run beside the "
    "app: close this page or the app, and find them here again."
)
with st.spinner("Getting ready …"):
    import bgbias_core.training  # noqa: F401 - it takes seconds the first time
_show_gap()
st.header("Train your own", divider="gray")
_show_own()
st.header("Runs", divider="gray", anchor="runs")
_show_runs()
