"""Computing another evaluation: what is asked, checked before anything starts, and run as a job."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core import jobs
from bgbias_core.aviary import TEST_BIRDS
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


@dataclass(frozen=True)
class Asked:
    """What a person wants evaluated.

    Attributes:
        spec: The kind of data.
        checkpoints: Names of the classifiers.
        options: Values by option of the command, without its dashes; empty ones are left out.
    """

    spec: DataSpec
    checkpoints: tuple[str, ...]
    options: dict[str, str]

    @property
    def arguments(self) -> list[str]:
        """The command's arguments, without the name of its evaluation."""
        words = ["evaluate", "--data", self.spec.name]
        for name in self.checkpoints:
            words += ["--checkpoint", name]
        for option, value in self.options.items():
            words += [f"--{option}", value] if value else []
        return words

    def check(self) -> None:
        """Refuse what the job would refuse, before it starts.

        Raises:
            BgBiasError: No classifier is chosen, or a folder is not what it should be.
        """
        if self.spec.needs_folder:
            if not self.options["root"]:
                raise ConfigError(f"{self.spec.title} is read from a folder; give its path.")
            open_data(self.spec.name, self.options["root"], self.options.get("masks") or None)
        if scenes := self.options.get("scenes"):
            find_scenes(scenes)
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
    options = _ask_photographs(spec) if spec.needs_folder else _ask_aviary()
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


def _ask_aviary() -> dict[str, str]:
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


def _ask_photographs(spec: DataSpec) -> dict[str, str]:
    options = {
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
