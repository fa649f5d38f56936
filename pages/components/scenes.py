"""Choosing the new backgrounds, and where the object goes on them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bgbias_core.aviary import PLACES, Recipe, draw_scene, render
from bgbias_core.compositing import IDENTITY, Placement, swap
from bgbias_core.data.pictures import PICTURES, find_pictures
from bgbias_core.data.places import find_scenes
from bgbias_core.errors import BgBiasError
from bgbias_core.images import Image, read_image
from pages.components.folders import ask_folder
from pages.components.mask_editor import Lifted
from pages.components.pickers import AVIARY_SIZE, UPLOAD_TYPES, Photograph, installed_scene
from pages.components.pictures import read_upload, show_picture, working_copy

MOST_SCENES = 12
_DEFAULT_PLACES = ["ocean", "desert", "snow", "city"]
_PER_PLACE = 24
_PLACEMENT_KEYS = ("size", "right", "down")

Scenes = dict[str, Image]


def pick_scenes(
    photograph: Photograph, lifted: Lifted, case_scene: tuple[str, Image] | None = None
) -> tuple[Scenes, Placement]:
    """Show the choice of scenes and of the object's place.

    Args:
        photograph: What the object was lifted off.
        lifted: The object.
        case_scene: As for :func:`choose_scenes`.

    Returns:
        Scenes by their title, at most ``MOST_SCENES``, and the placement.
    """
    choice, position = st.columns([3, 2], gap="large")
    with position:
        preview = st.container()
        placement = _pick_placement()
    with choice:
        scenes = choose_scenes(photograph.bird if placement == IDENTITY else None, case_scene)
    with preview:
        _show_preview(photograph, lifted, scenes, placement)
    return scenes, placement


def choose_scenes(bird: Recipe | None, case_scene: tuple[str, Image] | None = None) -> Scenes:
    """Show the choice of scenes alone.

    Args:
        bird: Whose perch the drawn places show; ``None`` where nobody stands on one.
        case_scene: Title and picture of the scene of a chosen case: the first one, and chosen at first.

    Returns:
        Scenes by their title, at most ``MOST_SCENES``.
    """
    scenes: Scenes = {}
    if case_scene is not None and st.toggle(f"Scene of the case: {case_scene[0]}", value=True, key="case_scene"):
        scenes[case_scene[0]] = case_scene[1]
    aviary, folder, pictures, uploads, camera = st.tabs(
        ["Aviary places", "Real scenes", "Pictures", "Uploads", "Camera"]
    )
    with aviary:
        scenes |= _aviary_scenes(bird)
    with folder:
        scenes |= _folder_scenes()
    with pictures:
        scenes |= _picture_scenes()
    with uploads:
        scenes |= _uploaded_scenes()
    with camera:
        scenes |= _camera_scene()
    if len(scenes) > MOST_SCENES:
        st.warning(f"{len(scenes)} scenes are chosen; the first {MOST_SCENES} are used.")
    chosen = dict(list(scenes.items())[:MOST_SCENES])
    if chosen:
        st.caption(f"**{len(chosen)} chosen:** {', '.join(chosen)}")
    return chosen


def _aviary_scenes(bird: Recipe | None) -> Scenes:
    places = st.pills(
        "Drawn places",
        list(PLACES),
        selection_mode="multi",
        wrap=True,
        default=_DEFAULT_PLACES,
        format_func=lambda place: PLACES[place].title,
        key="places",
        bind="query-params",
    )
    seed = st.number_input(
        "Scene number",
        1,
        9999,
        1,
        key="scene",
        bind="query-params",
        width=220,
        help="Each number draws other scenes of the same places.",
    )
    return {PLACES[place].title: _aviary_scene(place, seed, bird) for place in places}


def _aviary_scene(place: str, seed: int, bird: Recipe | None) -> Image:
    with st.spinner(f"Drawing {PLACES[place].title.lower()} …"):
        if bird is None:
            return _drawn(place, seed)
        return _drawn_with_perch(place, seed, bird.species, bird.bird_seed)


@st.cache_data(max_entries=64, show_spinner=False)
def _drawn(place: str, seed: int) -> Image:
    return draw_scene(place, seed, AVIARY_SIZE)


@st.cache_data(max_entries=64, show_spinner=False)
def _drawn_with_perch(place: str, seed: int, species: str, bird_seed: int) -> Image:
    """A place with what the bird stands on; a bird that was moved stands there no longer."""
    return render(Recipe(species, bird_seed, place, seed), AVIARY_SIZE).scene


def _folder_scenes() -> Scenes:
    folder = ask_folder(
        "Folder of places on this computer",
        "scene_folder",
        "/data/places365/val_256",
        "One folder of photographs for each place, as in Places365. Nothing is copied.",
    )
    if not folder:
        st.caption("Places365, or any folder with one folder of photographs for each place.")
        return {}
    try:
        found = _listed(folder)
    except BgBiasError as error:
        st.error(str(error), icon=":material/folder_off:")
        return {}
    places = st.multiselect(
        f"Places ({len(found):,} found)",
        list(found),
        default=list(found)[:3],
        max_selections=MOST_SCENES,
        format_func=_readable,
        key="folder_places",
        persist_state="session",
    )
    number = st.number_input("Photograph number", 1, _PER_PLACE, 1, key="folder_number", width=220)
    scenes = {}
    for place in places:
        paths = found[place]
        scene = _read_scene(paths[(number - 1) % len(paths)])
        if scene is not None:
            scenes[f"{_readable(place)} (photograph)"] = scene
    return scenes


@st.cache_data(max_entries=4, ttl=300, show_spinner="Looking through the folder …")
def _listed(folder: str) -> dict[str, tuple[Path, ...]]:
    return find_scenes(folder, per_place=_PER_PLACE)


def _readable(place: str) -> str:
    # Places365 sorts its places into folders of one letter.
    parts = [part for part in place.split("/") if len(part) > 1]
    return ", ".join(part.replace("_", " ") for part in parts).capitalize() or place


def _read_scene(path: Path) -> Image | None:
    try:
        return _read(str(path), path.stat().st_mtime_ns)
    except (BgBiasError, OSError) as error:
        st.error(f"{path.name} cannot be used. {error}", icon=":material/broken_image:")
        return None


@st.cache_data(max_entries=48, show_spinner="Reading the scene …")
def _read(path: str, changed: int) -> Image:
    return working_copy(read_image(path))


def _picture_scenes() -> Scenes:
    names = [name for name in find_pictures() if PICTURES[name].role == "scene"]
    chosen = st.pills(
        "Pictures that came with the packages",
        names,
        selection_mode="multi",
        wrap=True,
        format_func=lambda name: PICTURES[name].title,
        key="pictures",
        bind="query-params",
    )
    for name in chosen:
        st.caption(f"{PICTURES[name].title}: {PICTURES[name].source}.")
    return {PICTURES[name].title: installed_scene(name) for name in chosen}


def _uploaded_scenes() -> Scenes:
    uploads = st.file_uploader(
        "Your own scenes",
        type=UPLOAD_TYPES,
        accept_multiple_files=True,
        key="scene_uploads",
        help="They stay on this computer and are not kept.",
    )
    read = [read_upload(upload) for upload in uploads[:MOST_SCENES]]
    return {f"Upload {number}": scene for number, scene in enumerate(read, start=1) if scene is not None}


def _camera_scene() -> Scenes:
    if not st.toggle("Use the camera", key="scene_camera_on"):
        return {}
    taken = st.camera_input("Photograph a background", key="scene_camera")
    scene = None if taken is None else read_upload(taken)
    return {} if scene is None else {"Camera": scene}


def _pick_placement() -> Placement:
    size = st.slider("Size", 20, 300, 100, step=5, format="%d%%", key="size", bind="query-params")
    right = st.slider("Move left or right", -50, 50, 0, format="%d%%", key="right", bind="query-params")
    down = st.slider("Move up or down", -50, 50, 0, format="%d%%", key="down", bind="query-params")
    placement = Placement(size / 100, right / 100, down / 100)
    st.button(
        "Put it back",
        icon=":material/filter_center_focus:",
        disabled=placement == IDENTITY,
        key="put_back",
        on_click=_put_back,
    )
    return placement


def _put_back() -> None:
    for key, value in zip(_PLACEMENT_KEYS, (100, 0, 0), strict=True):
        st.session_state[key] = value


def _show_preview(photograph: Photograph, lifted: Lifted, scenes: Scenes, placement: Placement) -> None:
    if not scenes or not lifted.clear:
        st.caption("Where the object goes: shown here once there is an object and a scene.")
        return
    title, scene = next(iter(scenes.items()))
    composite = swap(photograph.image, lifted.mask.mask, scene, feather=lifted.feather, placement=placement)
    show_picture(composite.image, f"{photograph.title} on the scene {title}", f"Preview on “{title}”")
