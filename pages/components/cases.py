"""A case: one row of an evaluation that is carried from page to page as ``?case=EVALUATION:ROW``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.aviary import PLACES, Recipe
from bgbias_core.data import TRAINING_SIZE
from bgbias_core.errors import BgBiasError, EvaluationError
from bgbias_core.images import Image
from bgbias_core.masks import mask_words
from bgbias_core.spelling import spell_class
from pages.components.evaluation_picker import read_evaluation, version_of
from pages.components.loaders import listing
from pages.components.pickers import Photograph
from pages.components.pictures import working_copy, working_mask
from pages.components.verdicts import plain

if TYPE_CHECKING:
    from bgbias_core.data import Sample
    from bgbias_core.evaluation.cases import Cases, RemadeCase, Row
    from bgbias_core.evaluation.results import EvaluatedCheckpoint, Header

PARAMETER = "case"
"""Its name in addresses, and in the session, where it stays until it is left."""


@dataclass(frozen=True, eq=False)
class Case:
    """One row of an evaluation, made again.

    Attributes:
        evaluation: The evaluation's name.
        row: The row's position in its table.
        title: What was shown, as people read it.
        checkpoint: Who judged it.
        mask_source: What the checkpoint looked at: ``none``, ``given`` or ``predicted``.
        predicted: Whether a predicted mask cut the object out or was looked at.
        photograph: The very picture that was judged, with the given mask of that picture where there is one.
        original: The reference: the bird where it stands ID, the photograph as it was taken.
        scene: Title and picture of the scene that the object was put on; ``None`` where it is the reference's own.
        sentence: What the checkpoint said, in Markdown.
    """

    evaluation: str
    row: int
    title: str
    checkpoint: str
    mask_source: str
    predicted: bool
    photograph: Photograph
    original: Photograph
    scene: tuple[str, Image] | None
    sentence: str

    @property
    def key(self) -> str:
        """What an address carries."""
        return case_key(self.evaluation, self.row)


def case_key(evaluation: str, row: int) -> str:
    """How addresses name a case.

    >>> case_key("aviary", 17)
    'aviary:17'
    """
    return f"{evaluation}:{row}"


def chosen_case() -> Case | None:
    """The case in the address or, on another page, the one chosen before; shown with a button to leave it.

    Returns:
        The case; ``None`` where none is chosen, or where it cannot be made again, which is then said in a sentence.
    """
    asked = st.query_params.get(PARAMETER) or st.session_state.get(PARAMETER)
    if not asked:
        return None
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="chosen_case"):
        try:
            with st.spinner("Making the case again …"):
                case = remade(asked)
        except BgBiasError as error:
            st.markdown(f":material/history_off: **This case cannot be made again.** {plain(str(error))}")
            case = None
        else:
            st.markdown(f":material/push_pin: {case.sentence}")
        st.button("Leave this case", icon=":material/close:", key="leave_case", on_click=_leave)
    if case is not None:
        st.session_state[PARAMETER] = st.query_params[PARAMETER] = case.key
    return case


def remade(key: str) -> Case:
    """Make a case again from its key.

    Raises:
        EvaluationError: The key names no case, or the evaluation is damaged.
        BgBiasError: The evaluation, its data or its checkpoint are gone.
    """
    name, _, number = key.rpartition(":")
    if not name or not number.isdecimal() or not number.isascii() or len(number) > 9:
        raise EvaluationError(f"'{key[:80]}' names no case; a case is written EVALUATION:ROW, such as aviary:17.")
    return _remade(opened_cases(name), int(number))


def opened_cases(name: str) -> Cases:
    """An evaluation with what its pictures are made from, read once for all sessions; nobody may change its table.

    Raises:
        UnknownNameError: No evaluation has that name.
        EvaluationError: Its file is damaged or of another schema.
    """
    return _opened(name, version_of(name))


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened(name: str, changed: int) -> Cases:
    from bgbias_core.evaluation.cases import Cases

    return Cases(read_evaluation(name))


def _remade(cases: Cases, row: int) -> Case:
    # What a checkpoint of Aviary is shown depends on its card.
    card = listing(dials=True).cards.get(cases.row(row).checkpoint)
    header = cases.evaluation.header
    return _make((header.name, header.created), row, "" if card is None else card.seal, cases)


@st.cache_data(max_entries=16, show_spinner=False)
def _make(key: tuple[str, str], row: int, seal: str, _cases: Cases) -> Case:
    from bgbias_core.evaluation.results import seal_of

    header = _cases.evaluation.header
    about = header.checkpoint(_cases.row(row).checkpoint)
    card = listing(dials=True).cards.get(about.name)
    # A bird is drawn at the size that its checkpoint looks at, which only the card tells.
    made = _cases.remake(row, size=TRAINING_SIZE if card is None else None)
    sentence = _sentence(header, about, made)
    drawn_anyhow = card is None and header.data.kind == "aviary"
    size = "×".join(str(side) for side in made.shown.image.shape[1::-1])
    sentence += f" Drawn again, {size}." if drawn_anyhow else f" Made again to the pixel, {size}."
    if card is None:
        sentence += " *The checkpoint is not on this machine.*"
    elif seal_of(card) != about.seal:
        sentence += " *The checkpoint was trained anew since, and may say something else now.*"
    named = case_title(header, made.row)
    return Case(
        evaluation=header.name,
        row=row,
        title=named,
        checkpoint=about.name,
        mask_source=made.row.mask_source,
        predicted="predicted" in (made.row.mask_source, made.row.lifted_by),
        photograph=_photograph(_judged(made), named, made.recipe),
        original=_photograph(made.sample, subject(made.row), made.sample_recipe),
        scene=_scene(made),
        sentence=sentence,
    )


def _judged(made: RemadeCase) -> Sample:
    """The judged picture as a sample of its own."""
    if made.scene is None and not made.row.lifted_by:
        return made.sample
    mask = made.shown.mask.mask if made.shown.mask.source == "given" else None
    empty = None if made.recipe is None or made.scene is None else made.scene.image
    place = made.sample.place if made.scene is None else made.scene.place
    return replace(made.sample, image=made.shown.image, mask=mask, place=place, scene=empty)


def _scene(made: RemadeCase) -> tuple[str, Image] | None:
    if made.scene is None:
        return None
    return f"{place_title(made.scene.place)} (this case)", working_copy(made.scene.image)


def _photograph(sample: Sample, title: str, bird: Recipe | None) -> Photograph:
    mask = None if sample.mask is None else working_mask(sample.mask)
    sample = replace(sample, image=working_copy(sample.image), mask=mask, parts={})
    return Photograph(sample, _capital(title), f"{title}, from an evaluation", bird)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def subject(row: Row) -> str:
    """What a row shows, without its place: its class, or its name where that is not known."""
    return spell_class(row.label) if row.label else row.sample


def case_title(header: Header, row: Row) -> str:
    """What a row shows and where."""
    return f"{subject(row)} in {place_title(row.place)}" if row.place and shows_place(header, row) else subject(row)


def shows_place(header: Header, row: Row) -> bool:
    """Whether the place belongs to what is shown: to a drawn bird's picture, or to an object put on a scene."""
    return header.data.kind == "aviary" or bool(row.scene)


def place_title(place: str) -> str:
    """A place as people read it."""
    return PLACES[place].title if place in PLACES else place.rsplit("/", 1)[-1].replace("_", " ").capitalize()


def _sentence(header: Header, about: EvaluatedCheckpoint, made: RemadeCase) -> str:
    row = made.row
    looked = mask_words(row.mask_source, header.masker)
    said = (
        f"named it **{plain(spell_class(row.predicted))}** ({row.probability:.0%})"
        if row.predicted
        else "found no object"
    )
    before = ""
    if row.original_predicted and made.scene is not None:
        where = "in its ID place" if header.data.kind == "aviary" else "on the photograph itself"
        before = f"; {where} it named it {plain(spell_class(row.original_predicted))}"
    return (
        f"**{plain(_capital(case_title(header, row)))}**, a case of “{plain(header.title)}”: "
        f"{plain(about.title)} ({looked}) {said}{before}."
    )


def _leave() -> None:
    st.session_state.pop(PARAMETER, None)
    st.query_params.pop(PARAMETER, None)
