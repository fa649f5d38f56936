"""Computing another evaluation: what is asked, checked before anything starts, and run as a job."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core import jobs
from bgbias_core.aviary import TEST_BIRDS
from bgbias_core.conditions import CONDITIONS
from bgbias_core.data import DATA_SETS, open_data
from bgbias_core.data.places import find_scenes
from bgbias_core.errors import BgBiasError, ConfigError
from pages.components.checkpoint_picker import show_waiting_checkpoints
from pages.components.folders import ask_folder
from pages.components.jobs import show_jobs
from pages.components.loaders import Task, checkpoint_names, device, listing

if TYPE_CHECKING:
    from bgbias_core.data import DataSpec

_BIRDS, _PREDICTED = 300, 30
_PHOTOGRAPHS = 12
_DEFAULT_CHECKPOINTS = 3
_CONDITIONS = {name: spec for name, spec in CONDITIONS.items() if name not in ("original", "foreign")}
_MASKS, _SIZES = "mask-quality", "object-size"
_DIALS = {
    _MASKS: ("Mask quality", "given masks that reach too far, end too soon, lie beside the object or have holes"),
    _SIZES: ("Object size", "the same object on the same scene, from a quarter to half as large again"),
}


@dataclass(frozen=True)
class Asked:
    """What a person wants evaluated.

    Attributes:
        spec: The kind of data.
        checkpoints: Names of the classifiers.
        options: Values by option of the command, without its dashes; empty ones are left out, and of several each is
            given.
    """

    spec: DataSpec
    checkpoints: tuple[str, ...]
    options: Mapping[str, str | tuple[str, ...]]

    @property
    def arguments(self) -> list[str]:
        """The command's arguments, without the name of its evaluation."""
        words = ["evaluate", "--data", self.spec.name]
        for name in self.checkpoints:
            words += ["--checkpoint", name]
        for option, value in self.options.items():
            for one in value if isinstance(value, tuple) else (value,):
                words += [f"--{option}", one] if one else []
        return words

    def check(self) -> None:
        """Refuse what the job would refuse, before it starts.

        Raises:
            BgBiasError: No classifier is chosen, or a folder is not what it should be.
        """
        if self.spec.needs_folder:
            if not self.options["root"]:
                raise ConfigError(f"{self.spec.title} is read from a folder; give its path.")
            open_data(self.spec.name, str(self.options["root"]), str(self.options.get("masks", "")) or None)
        if scenes := self.options.get("scenes"):
            find_scenes(str(scenes))
        elif self.spec.needs_folder and _SIZES in self.options.get("dial", ()):
            raise ConfigError("Another size of the object needs scenes to put it on; give a folder of scenes.")
        if not self.checkpoints:
            raise ConfigError("No classifier is chosen; choose at least one.")


def start_evaluation(asked: Asked) -> str:
    """Start the job; an evaluation that is under way already is not started twice.

    Returns:
        The name under which the evaluation will be found: the same for the same question.

    Raises:
        BgBiasError: What is asked cannot be evaluated.
    """
    from bgbias_core.evaluation.headers import usual_name

    asked.check()
    name = usual_name(asked.spec.name, asked.checkpoints, shlex.join(asked.arguments))
    if any(job.active and job.about.get("evaluation") == name for job in jobs.list_jobs()):
        raise ConfigError("This very evaluation is being computed already; wait for it, or change something.")
    cards = listing().cards
    whose = (
        cards[asked.checkpoints[0]].title if len(asked.checkpoints) == 1 else f"{len(asked.checkpoints)} classifiers"
    )
    jobs.start(
        f"Evaluate {whose} on {asked.spec.title}",
        [*asked.arguments, "--name", name],
        device=device(),
        about={"kind": "evaluate", "evaluation": name},
    )
    return name


def show_evaluation_form() -> None:
    """The questions, the button, and the jobs that were started."""
    spec = DATA_SETS[
        st.segmented_control(
            "Data",
            list(DATA_SETS),
            default=next(iter(DATA_SETS)),
            required=True,
            wrap=True,
            format_func=lambda name: DATA_SETS[name].title,
            key="new_data",
        )
    ]
    st.caption(spec.description)
    options = (_ask_photographs(spec) if spec.needs_folder else _ask_aviary()) | _ask_conditions()
    task: Task = "imagenet" if spec.needs_folder else "species"
    names = checkpoint_names(task)
    cards = listing().cards
    chosen = st.multiselect(
        "Classifiers to evaluate",
        names,
        default=names[:_DEFAULT_CHECKPOINTS],
        format_func=lambda name: cards[name].title,
        key=f"new_checkpoints_{spec.name}",
        persist_state="session",
        wrap=True,
    )
    show_waiting_checkpoints(task)
    if st.button("Compute", type="primary", icon=":material/play_arrow:", key="compute"):
        try:
            start_evaluation(Asked(spec, tuple(chosen), options))
        except BgBiasError as error:
            st.error(str(error), icon=":material/block:")
    show_jobs(["evaluate"], empty="Nothing is being computed. When an evaluation is done, it can be chosen above.")


def _ask_conditions() -> dict[str, str | tuple[str, ...]]:
    """Which further conditions and dials; what each of them shows is said once it is chosen."""
    conditions = st.pills(
        "Further conditions",
        list(_CONDITIONS),
        selection_mode="multi",
        format_func=lambda name: _CONDITIONS[name].title,
        key="new_conditions",
        help="Each shows every picture in one more way and takes as long as the pictures as they are.",
    )
    dials = st.pills(
        "Dials",
        list(_DIALS),
        selection_mode="multi",
        format_func=lambda name: _DIALS[name][0],
        key="new_dials",
        help="Change one thing step by step. Mask quality takes 15 steps, object size 5.",
    )
    said = [f"**{_CONDITIONS[name].title}**: {_CONDITIONS[name].description}" for name in conditions]
    said += [f"**{_DIALS[name][0]}**: {_DIALS[name][1]}." for name in dials]
    if said:
        st.caption("  \n".join(said))
    return {"condition": tuple(conditions), "dial": tuple(dials)}


def _ask_aviary() -> dict[str, str | tuple[str, ...]]:
    birds, predicted, seed = st.columns(3)
    n = birds.number_input(
        "Birds", 20, TEST_BIRDS, _BIRDS, key="new_birds", help="Test birds that no classifier has seen."
    )
    n_predicted = predicted.number_input(
        "… with predicted masks",
        1,
        int(n),
        min(_PREDICTED, int(n)),
        key="new_predicted",
        help="The first ones; they also stand in all places, for the flip rate. Finding masks takes most of the time.",
    )
    drawn = seed.number_input("Seed", 0, 9999, 0, key="new_bird_seed", help="Another seed draws other birds.")
    shapley = _ask_shapley("birds", int(n_predicted))
    return {"n": str(n), "n-predicted": str(n_predicted), "seed": str(drawn) if drawn else "", "shapley": shapley}


def _ask_photographs(spec: DataSpec) -> dict[str, str | tuple[str, ...]]:
    options: dict[str, str | tuple[str, ...]] = {
        "root": ask_folder(
            f"Folder of {'photographs' if spec.takes_masks else spec.title}", "new_root", "/data/CUB_200_2011"
        )
    }
    if spec.takes_masks:
        options["masks"] = ask_folder("Folder of masks, if there is one", "new_masks", "/data/my-masks")
    options["scenes"] = ask_folder(
        "Folder of scenes to put the objects on (for flip rates)", "new_scenes", "/data/places365/val_256"
    )
    count, seed = st.columns(2)
    n = count.number_input("Photographs", 1, 100_000, _PHOTOGRAPHS, key="new_photographs", help="Drawn by the seed.")
    drawn = seed.number_input("Seed", 0, 9999, 0, key="new_photograph_seed")
    shapley = _ask_shapley("photographs", int(n)) if options["scenes"] else ""
    return {**options, "n": str(n), "seed": str(drawn) if drawn else "", "shapley": shapley}


def _ask_shapley(what: str, n: int) -> str:
    asked = st.toggle(
        f"The background's Shapley share too, on {n:,} {what}",
        key=f"new_shapley_{what}",
        help="How much of each answer the background earns. It takes 18 more pictures for each one, and for predicted "
        "masks as many searches.",
    )
    return str(n) if asked else ""
