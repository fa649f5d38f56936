"""Choosing a photograph: an Aviary bird, a picture of the packages, one of a data set, the camera, an upload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from bgbias_core.aviary import PLACES, SPECIES, TEST_BIRDS, Recipe, draw_recipes
from bgbias_core.data import DATA_SETS, Entry, PhotographSet, Sample, aviary_sample, recognise
from bgbias_core.data.pictures import PICTURES, find_pictures, read_picture
from bgbias_core.errors import BgBiasError
from bgbias_core.images import Image, Mask
from pages.components.folders import ask_folder, opened_photographs
from pages.components.loaders import Task
from pages.components.pictures import WORKING_SIDE, read_upload, show_picture, working_copy, working_mask

AVIARY_SIZE = 512
UPLOAD_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "avif"]


@dataclass(frozen=True, eq=False)
class Photograph:
    """What the page works on.

    Attributes:
        sample: The picture with what is known about it.
        title: As people read it.
        alt: What it shows, for those who cannot see it.
        bird: What an Aviary picture was drawn from.
    """

    sample: Sample
    title: str
    alt: str
    bird: Recipe | None = None

    @property
    def image(self) -> Image:
        """uint8 ``[H, W, 3]``."""
        return self.sample.image

    @property
    def label(self) -> str | None:
        """What it is, where that is known."""
        return self.sample.label

    @property
    def mask(self) -> Mask | None:
        """The given mask, float32 ``[H, W]``, where there is one."""
        return self.sample.mask

    @property
    def task(self) -> Task:
        """Which classifiers can name it: those of the Aviary's species name drawn birds and nothing else."""
        return "imagenet" if self.bird is None else "species"


def pick_photograph(case: Photograph | None = None) -> Photograph | None:
    """Show the choice and the photograph; nothing is returned until there is one.

    Args:
        case: A photograph that the person chose on another page: the first choice, and chosen at first.
    """
    sources = list(_SOURCES) if case is None else [_CASE, *_SOURCES]
    source = st.segmented_control(
        "Where the photograph comes from",
        sources,
        default=sources[0],
        required=True,
        wrap=True,
        key="photo" if case is None else "case_photo",  # what was chosen before the case came must not win over it
        bind="query-params",
    )
    controls, shown = st.columns([2, 3], gap="large")
    with controls:
        photograph = _show_case(case) if case is not None and source == _CASE else _SOURCES[source]()
    if photograph is not None:
        with shown:
            show_picture(photograph.image, photograph.alt)
    return photograph


def _show_case(case: Photograph) -> Photograph:
    st.text(case.title)
    st.text(case.sample.name)
    return case


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
    with st.spinner("Drawing the bird …"):
        sample = _drawn(species, number)
    st.caption(
        f"Drawn, so its mask is exact (**given**). It stands in its home place, {PLACES[home].title.lower()}, as 19 of "
        "20 birds of its species did in the pictures that the classifiers learned from."
    )
    return Photograph(
        sample=sample,
        title=species.capitalize(),
        alt=f"A drawn {species} in its home place, {PLACES[home].title.lower()}",
        bird=_test_bird(species, number),
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _test_bird(species: str, number: int) -> Recipe:
    """The ``number``-th bird of a species in the test split, in its home place."""
    # Species take turns in a split, so the same bird of Home bears the number of its round here.
    position = (number - 1) * len(SPECIES) + list(SPECIES).index(species)
    drawn = draw_recipes("test", position + 1)[position]
    return replace(drawn, place=SPECIES[species].home)


@st.cache_data(max_entries=24, show_spinner=False)
def _drawn(species: str, number: int) -> Sample:
    sample = aviary_sample(_test_bird(species, number), AVIARY_SIZE)
    return replace(sample, parts={})  # a mask for each part is most of the bytes


def _installed_picture() -> Photograph | None:
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
    return Photograph(Sample(name, _installed(name)), picture.title, picture.description)


@st.cache_data(max_entries=24, show_spinner=False)
def _installed(name: str) -> Image:
    return working_copy(read_picture(name))


def installed_scene(name: str) -> Image:
    """A picture that came with the packages, uint8 ``[H, W, 3]``, at the working size."""
    return _installed(name)


def _folder() -> Photograph | None:
    path = ask_folder("Folder on this computer", "photo_folder", "/data/CUB_200_2011")
    if not path:
        st.caption(
            "CUB-200-2011 or Waterbirds in their own layouts, or any folder with one folder of photographs for each "
            "class. Nothing is copied."
        )
        return None
    try:
        takes_masks = DATA_SETS[recognise(path)].takes_masks
        masks = ask_folder("Folder of its masks, if any", "photo_masks", "/data/masks") if takes_masks else ""
        return _from_data(*_opened(path, masks))
    except BgBiasError as error:
        st.error(str(error), icon=":material/folder_off:")
        return None


@st.cache_resource(max_entries=4, ttl=300, show_spinner="Looking through the folder …")
def _opened(folder: str, masks: str) -> tuple[PhotographSet, dict[str, list[Entry]]]:
    """The data set and the entries of each class, those that no classifier was trained on first."""
    data = opened_photographs(folder, masks, check=False)
    entries: dict[str, list[Entry]] = {label: [] for label in data.classes}
    for entry in sorted(data.entries, key=lambda entry: _SEEN_LAST.index(entry.split)):
        entries[entry.label].append(entry)
    return data, entries


def _from_data(data: PhotographSet, entries: Mapping[str, list[Entry]]) -> Photograph:
    label = st.selectbox(f"Class ({len(data.classes):,} found)", data.classes, key="photo_class")
    number = st.number_input(
        f"Photograph of {len(entries[label]):,}", 1, len(entries[label]), 1, key="photo_number", help="Test ones first."
    )
    entry = entries[label][number - 1]
    st.text(entry.name)
    st.caption(
        f"From the data set's {entry.split} part; "
        f"{'its mask is **given**' if data.has_masks else 'it has no given mask'}. Licence of use: {data.licence}."
    )
    sample = _read((str(data.images), str(data.masks), data.fingerprint), entry.name, data, entry)
    return Photograph(sample, label, f"A photograph of the class {label}")


@st.cache_data(max_entries=24, show_spinner="Reading the photograph …")
def _read(keys: tuple[str, ...], name: str, _data: PhotographSet, _entry: Entry) -> Sample:
    sample = _data.read(_entry)
    mask = None if sample.mask is None else working_mask(sample.mask)
    return replace(sample, image=working_copy(sample.image), mask=mask)


def _camera() -> Photograph | None:
    taken = st.camera_input("Take a photograph", key="photo_camera", help="It stays on this computer.")
    if taken is None:
        st.info("Allow the camera in the browser, then take a photograph with the object in the middle.")
        return None
    image = read_upload(taken)
    return None if image is None else Photograph(Sample("camera", image), "Your photograph", "The photograph you took")


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
    return Photograph(Sample("upload", np.asarray(kept)), "Your photograph", "The photograph you uploaded")


_CASE = "Chosen case"
_SEEN_LAST = ("test", "validation", "train")
# The labels are what a shared link carries.
_SOURCES = {
    "Aviary bird": _bird,
    "Sample picture": _installed_picture,
    "CUB or own folder": _folder,
    "Camera": _camera,
    "Upload": _upload,
}
