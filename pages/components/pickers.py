"""Choosing a photograph: a bird of the Aviary, a picture that came with the packages, the camera, an upload."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from bgbias_core.aviary import PLACES, SPECIES, TEST_BIRDS, Recipe, draw_recipes
from bgbias_core.data.pictures import PICTURES, find_pictures, read_picture
from bgbias_core.images import Image, Mask
from pages.components.loaders import Task, aviary_picture
from pages.components.pictures import WORKING_SIDE, read_upload, show_picture, working_copy

AVIARY_SIZE = 512
UPLOAD_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "avif"]


@dataclass(frozen=True, eq=False)
class Photograph:
    """What the page works on.

    Attributes:
        title: As people read it.
        image: uint8 ``[H, W, 3]``.
        alt: What it shows, for those who cannot see it.
        task: Which classifiers can name it.
        label: What it is, where that is known.
        mask: The given mask, float32 ``[H, W]``, where there is one.
        bird: What an Aviary picture was drawn from.
    """

    title: str
    image: Image
    alt: str
    task: Task
    label: str | None = None
    mask: Mask | None = None
    bird: Recipe | None = None


def pick_photograph() -> Photograph | None:
    """Show the choice and the photograph; nothing is returned until there is one."""
    source = st.segmented_control(
        "Where the photograph comes from",
        list(_SOURCES),
        default=_AVIARY,
        required=True,
        wrap=True,
        key="photo",
        bind="query-params",
    )
    controls, shown = st.columns([2, 3], gap="large")
    with controls:
        photograph = _SOURCES[source]()
    if photograph is not None:
        with shown:
            show_picture(photograph.image, photograph.alt)
    return photograph


def _bird() -> Photograph:
    species = st.selectbox(
        "Species", list(SPECIES), format_func=str.capitalize, key="bird_species", bind="query-params"
    )
    number = st.number_input(
        "Individual",
        1,
        TEST_BIRDS // len(SPECIES),
        1,
        key="bird_number",
        bind="query-params",
        help="Each number is another bird of the species: pose, size, light and colours differ. No classifier has "
        "seen any of them.",
    )
    home = SPECIES[species].home
    recipe = _test_bird(species, number)
    with st.spinner("Drawing the bird …"):
        image, mask = aviary_picture(recipe, AVIARY_SIZE)
    st.caption(
        f"Drawn, so its mask is exact (**given**). It stands in its home place, {PLACES[home].title.lower()}, as 19 of "
        "20 birds of its species did in the pictures that the classifiers learned from."
    )
    return Photograph(
        title=species.capitalize(),
        image=image,
        alt=f"A drawn {species} in its home place, {PLACES[home].title.lower()}",
        task="species",
        label=species,
        mask=mask,
        bird=recipe,
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _test_bird(species: str, number: int) -> Recipe:
    """The ``number``-th bird of a species in the test split, in its home place."""
    # Species take turns in a split, so the same bird of Home bears the number of its round here.
    position = (number - 1) * len(SPECIES) + list(SPECIES).index(species)
    drawn = draw_recipes("test", position + 1)[position]
    return replace(drawn, place=SPECIES[species].home)


def _sample() -> Photograph | None:
    names = [name for name in find_pictures() if PICTURES[name].role == "photograph"]
    if not names:
        st.warning("No sample picture is installed here; install the requirements again, or upload a photograph.")
        return None
    name = st.pills(
        "Picture",
        names,
        default=names[0],
        required=True,
        wrap=True,
        key="sample",
        bind="query-params",
        format_func=lambda name: PICTURES[name].title,
    )
    picture = PICTURES[name]
    st.caption(f"{picture.source}.")
    return Photograph(picture.title, _installed(name), picture.description, "imagenet")


@st.cache_data(max_entries=24, show_spinner=False)
def _installed(name: str) -> Image:
    return working_copy(read_picture(name))


def installed_scene(name: str) -> Image:
    """A picture that came with the packages, uint8 ``[H, W, 3]``, at the working size."""
    return _installed(name)


def _camera() -> Photograph | None:
    taken = st.camera_input("Take a photograph", key="photo_camera", help="It stays on this computer.")
    if taken is None:
        st.info("Allow the camera in the browser, then take a photograph with the object in the middle.")
        return None
    image = read_upload(taken)
    return None if image is None else Photograph("Your photograph", image, "The photograph you took", "imagenet")


def _upload() -> Photograph | None:
    uploaded = st.file_uploader(
        "Photograph", type=UPLOAD_TYPES, key="photo_upload", help="It stays on this computer and is not kept."
    )
    image = None if uploaded is None else read_upload(uploaded)
    if image is not None:
        st.session_state["last_upload"] = image
    elif uploaded is None:
        st.session_state.pop("last_upload", None)
        st.info("Choose a photograph with one clear object: a bird, a dog, a cup.")
    kept = st.session_state.get("last_upload")
    if kept is None:
        return None
    if image is None:
        st.caption("The photograph before it is still shown.")
    elif max(image.shape[:2]) == WORKING_SIDE:
        st.caption(f"The page works at {WORKING_SIDE} pixels at most; larger photographs are made smaller.")
    return Photograph("Your photograph", np.asarray(kept), "The photograph you uploaded", "imagenet")


_AVIARY = "Aviary bird"
# The labels are what a shared link carries.
_SOURCES = {_AVIARY: _bird, "Sample picture": _sample, "Camera": _camera, "Upload": _upload}
