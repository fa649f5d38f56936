"""Home: one bird in every place, and what six models call it there."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bgbias_core.aviary import SPECIES, TEST_BIRDS, Recipe, draw_recipes
from bgbias_core.data import TRAINING_SIZE, swapped_places
from bgbias_core.errors import BgBiasError
from bgbias_core.images import Mask, encode_jpeg
from bgbias_core.masks import MaskResult, default_masker, load_masker
from pages.components.loaders import aviary_picture, listing, load_checkpoint_cached
from pages.components.matrix import Row, matrix_html
from pages.components.measured import show_measured
from pages.components.page import (
    attributions_page,
    compare_strategies_page,
    failure_cases_page,
    page_setup,
    swap_backgrounds_page,
    train_page,
)

MASKER = default_masker("aviary")
REBUILD = "python -m bgbias_core checkpoints rebuild"
BACKBONES = {"ConvNeXt": "aviary-convnext", "Vision transformer (ViT)": "aviary-vit"}
_SHOWN_SIZE = 192
_WAYS_IN_A_ROW = 3
_NO_ANSWER = "No answer: see the note below."


@dataclass(frozen=True)
class View:
    """One row of a backbone: a strategy and where its mask comes from."""

    strategy: Literal["unmasked", "early", "late"]
    source: Literal["given", "predicted"]
    title: str
    sees: str


VIEWS = (
    View("unmasked", "given", "Unmasked", "sees the whole picture"),
    View("late", "given", "Late, given mask", "background removed from features"),
    View("early", "predicted", "Early, predicted mask", "background found, then blacked out"),
    View("early", "given", "Early, given mask", "sees the same pixels on every background"),
)


@dataclass
class Answers:
    """What the models said so far.

    Attributes:
        names: The predicted species in every place, by checkpoint and mask source.
        problems: For each checkpoint that cannot be asked, the sentence that says why.
    """

    names: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def rows(self) -> dict[str, list[Row]]:
        """The rows of the matrix under the title of each backbone."""
        return {
            title: [self._row(f"{backbone}-{view.strategy}", view) for view in VIEWS]
            for title, backbone in BACKBONES.items()
        }

    def _row(self, checkpoint: str, view: View) -> Row:
        problem = _NO_ANSWER if checkpoint in self.problems else ""
        return Row(view.title, view.sees, self.names.get((checkpoint, view.source)), problem)


def checkpoint_views() -> dict[str, tuple[str, ...]]:
    """The checkpoints of the matrix and the mask sources under which each is asked."""
    return {
        f"{backbone}-{strategy}": tuple(view.source for view in VIEWS if view.strategy == strategy)
        for backbone in BACKBONES.values()
        for strategy in dict.fromkeys(view.strategy for view in VIEWS)
    }


def chosen_bird() -> int:
    """The bird's number, from 1: from this session, else from the address."""
    if "bird" not in st.session_state:
        asked = st.query_params.get("bird", "1")
        known = asked.isascii() and asked.isdecimal() and len(asked) < 5 and 1 <= int(asked) <= TEST_BIRDS
        st.session_state.bird = int(asked) if known else 1
        if not known:
            st.info(f"There is no bird “{asked[:20]}”: birds are numbered 1 to {TEST_BIRDS:,}. Here is the first one.")
    return int(st.session_state.bird)


def next_bird() -> None:
    """Go to the next bird of the test set, and from the last one to the first."""
    st.session_state.bird = st.session_state.bird % TEST_BIRDS + 1


def choose_species() -> None:
    """Go to the bird of the chosen species in the same round: species take turns in the test set."""
    first_of_round = (st.session_state.bird - 1) // len(SPECIES) * len(SPECIES) + 1
    st.session_state.bird = first_of_round + list(SPECIES).index(st.session_state.species)


@st.cache_data(max_entries=64, show_spinner=False)
def recipe_of(bird: int) -> Recipe:
    """The recipe of a test bird, where it stands ID."""
    return draw_recipes("test", bird)[-1]


@st.cache_data(max_entries=256, show_spinner=False)
def predicted_mask(bird: int, place: str) -> Mask:
    """The default masker's mask of a bird in a place, found in the picture that the models see."""
    image, _ = aviary_picture(swapped_places(recipe_of(bird))[place], TRAINING_SIZE)
    return load_masker(MASKER)(image).mask


@st.cache_data(max_entries=1024, show_spinner=False)
def predicted_names(
    checkpoint: str,
    seal: str,  # part of the cache's key
    bird: int,
    sources: tuple[str, ...],
) -> dict[str, tuple[str, ...]]:
    """The name that a checkpoint gives a bird in every place, by mask source; all from one batch.

    Args:
        checkpoint: Name of the checkpoint.
        seal: The seal of its card, so that another checkpoint of that name is asked again.
        bird: Number of the bird.
        sources: Mask sources.
    """
    from bgbias_core.evaluation import Presentation, judge

    loaded, lock = load_checkpoint_cached(checkpoint)
    places = swapped_places(recipe_of(bird))
    shown = []
    for source in sources:
        for place, recipe in places.items():
            image, mask = aviary_picture(recipe, TRAINING_SIZE)
            given = MaskResult(mask, "given", "aviary")
            seen = given if source == "given" else MaskResult(predicted_mask(bird, place), "predicted", MASKER)
            shown.append(Presentation(place, image, seen))
    with lock:
        names = [verdict.name for verdict in judge(loaded, shown)]
    return {source: tuple(names[i * len(places) :][: len(places)]) for i, source in enumerate(sources)}


def ask_models(bird: int) -> Iterator[Answers]:
    """Ask one model after the other, and give everything known after each."""
    found, answers = listing(), Answers()
    for name, sources in checkpoint_views().items():
        if name in found.cards:
            try:
                names = predicted_names(name, found.cards[name].seal, bird, sources)
                answers.names |= {(name, source): names[source] for source in sources}
            except BgBiasError as error:
                answers.problems[name] = str(error)
        else:
            answers.problems[name] = found.broken.get(name, f"There is no checkpoint {name}.")
        yield answers


def picture_url(recipe: Recipe) -> str:
    """A picture as a data URL."""
    image, _ = aviary_picture(recipe, _SHOWN_SIZE)
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(image)).decode()


def show_answers(bird: int, pictures: Mapping[str, str], matrix: DeltaGenerator, status: DeltaGenerator) -> Answers:
    """Fill the matrix model by model; a bird shown before is in the caches and drawn once, without empty cells."""
    first_time = st.session_state.get("shown") != bird
    species, answers = recipe_of(bird).species, Answers()
    if first_time:
        matrix.html(matrix_html(species, pictures, answers.rows()))
        status.caption("Loading the models …")
    for done, answers in enumerate(ask_models(bird), start=1):
        if first_time:
            matrix.html(matrix_html(species, pictures, answers.rows()))
            status.caption(f"Asking the models … {done} of {len(checkpoint_views())}")
    matrix.html(matrix_html(species, pictures, answers.rows()))
    status.caption(f"Bird {bird:,} of {TEST_BIRDS:,} that no model was trained on")
    st.session_state.shown = bird
    return answers


def show_problems(problems: Mapping[str, str], place: DeltaGenerator) -> None:
    """Say once what is wrong with the checkpoints and what to do."""
    if problems:
        sentences = "\n".join(f"- {sentence}" for sentence in problems.values())
        place.warning(f"Not every model could be asked.\n\n{sentences}\n\nThis makes the six again: `{REBUILD}`")


def show_ways_on() -> None:
    """One link for each other page, with what it is for."""
    ways = (
        (
            swap_backgrounds_page(),
            "Try it on your own photograph",
            "Lift an object off and put it elsewhere.",
        ),
        (compare_strategies_page(), "Compare strategies", "What each model really sees, and how often it is right."),
        (attributions_page(), "See where they look", "Maps of what a decision rests on: bird or background."),
        (failure_cases_page(), "Browse the failures", "Which places attract which wrong names."),
        (train_page(), "Train your own", "See the gap open, in five minutes on a laptop."),
    )
    for start in range(0, len(ways), _WAYS_IN_A_ROW):
        for column, (page, label, purpose) in zip(st.columns(_WAYS_IN_A_ROW), ways[start:], strict=False):
            with column.container(border=True, height="stretch", gap="xsmall"):
                st.page_link(page, label=f"**{label}**", icon=page.icon, width="stretch")
                st.caption(purpose)


def main() -> None:
    """Lay out everything that needs no model, then ask the models."""
    page_setup("Home")
    st.title("Does the model see the bird, or the place?")
    st.markdown(
        "One bird, the same to the pixel, in eight places. The models learned from pictures in which each species "
        "nearly always stood in its home place, so they *could* get by with looking at the place."
    )
    bird = chosen_bird()
    st.query_params["bird"] = str(bird)
    recipe = recipe_of(bird)
    st.session_state.species = recipe.species
    with st.container(horizontal=True, vertical_alignment="center"):
        st.selectbox(
            "Species", list(SPECIES), key="species", on_change=choose_species, width=220, label_visibility="collapsed"
        )
        st.button("Next bird", key="next", type="primary", icon=":material/arrow_forward:", on_click=next_bird)
        status = st.empty()
    matrix, problems = st.empty(), st.empty()
    st.caption(
        "✓ the right species · ✗ a wrong one · *lives here*: the species named has its home in this place · "
        "⌂ the home of the bird shown"
    )
    st.markdown(
        "A model that looks at the bird gives the same answer in every column. Where the unmasked model changes its "
        "mind, nothing but the background has changed, and often it names the species that lives there."
    )
    st.markdown(
        "**Early** masking blacks the background out before the model looks; **late** masking removes it from the last "
        "features, after the network has mixed it in. A **given** mask comes from the drawing itself: early masking "
        "with it sees the same pixels everywhere and cannot change, which is a property and not a result. A "
        "**predicted** mask is found in each picture by a network trained for that, as it would have to be in a "
        "photograph."
    )
    show_ways_on()
    measured = st.container()
    pictures = {place: picture_url(swapped) for place, swapped in swapped_places(recipe).items()}
    show_problems(show_answers(bird, pictures, matrix, status).problems, problems)
    with measured:
        show_measured(list(checkpoint_views()))


main()
