"""Finding the object and mending its mask: a masker or a file, a box, strokes, growing, shrinking, feathering."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from bgbias_core.errors import BgBiasError
from bgbias_core.images import Image, Mask, decode_mask, digest
from bgbias_core.masks import Box, MaskResult, default_masker, edit, given, list_maskers, load_masker
from pages.components.mask_canvas import DrawnBox, Edit, Stroke, Tool, mask_canvas, rasterise, read_edits
from pages.components.pickers import UPLOAD_TYPES, Photograph
from pages.components.pictures import fingerprint, working_mask

GIVEN, FILE = "given", "file"
_REMEMBERED = 8  # photographs whose edits are kept
_SPECKS = 0.002  # share of the picture up to which a masker has found no clear object
_TOOLS: dict[Tool, str] = {
    "box": ":material/crop_free: Box",
    "keep": ":material/brush: Keep",
    "remove": ":material/ink_eraser: Remove",
}


_HOW_IT_LOOKS = {
    "grabcut": "Colours inside a box against colours outside. Without a box it looks at the central 80% of each side.",
    "network": "It looks for what stands out in the picture; where that is not your object, draw a box around it.",
}


@dataclass(frozen=True)
class Mending:
    """What a person has drawn on one photograph, and how far the canvas has been read."""

    edits: tuple[Edit, ...] = ()
    acknowledged: int = 0


@dataclass(frozen=True, eq=False)
class Lifted:
    """The object as it will be lifted off its photograph.

    Attributes:
        mask: Its mask and where that comes from.
        masker: Name of the masker to run again on composites; ``None`` where the mask is given from the start.
        box: The box that the masker looked into.
        feather: Softness of the rim on a composite, in pixels.
    """

    mask: MaskResult
    masker: str | None
    box: Box | None
    feather: float

    @property
    def clear(self) -> bool:
        """Whether there is an object: a person's mask marks anything, a masker found more than specks."""
        return self.mask.area > (0 if self.mask.source == "given" else _SPECKS)


def edit_mask(photograph: Photograph, *, predicted: bool = False) -> Lifted:
    """Show the mask over its photograph with the tools that mend it, and return the object.

    Args:
        photograph: What the object is on.
        predicted: Start with the default masker also where there is a given mask.
    """
    canvas, tools = st.columns([3, 2], gap="large")
    key = digest(photograph.image)
    with tools:
        masker, file_mask = _choose_origin(photograph, predicted)
        tool, brush = _choose_tool(masker)
        mending = _mending(key)
        _undo_buttons(key, mending)
        distance = st.slider(
            "Shrink or grow the mask",
            -12,
            12,
            0,
            format="%d px",
            key="grow",
            bind="query-params",
            help="Less than 0 shrinks, more than 0 grows. In pixels of the photograph.",
        )
        feather = st.slider(
            "Feather the rim",
            0,
            12,
            0,
            format="%d px",
            key="feather",
            bind="query-params",
            help="How softly the object blends into the new scene. The mask that the classifiers get stays as it is.",
        )
    box = None
    try:
        found, box = _found(photograph, masker, file_mask, mending)
        mended = mend(found, mending.edits, distance)
    except BgBiasError as error:
        st.error(str(error), icon=":material/crop_free:")
        mended = MaskResult(np.zeros(photograph.image.shape[:2], np.float32), "predicted", masker or GIVEN)
    lifted = Lifted(mended, masker, box, float(feather))
    with canvas:
        _show_canvas(photograph, mended.mask, tool, brush, mending, key)
        _say_where_from(lifted)
    return lifted


def mended_before(photograph: Photograph) -> Lifted | None:
    """The default masker's object with what the person has drawn on this photograph; ``None`` where that is nothing."""
    key = digest(photograph.image)
    edits = _mending(key).edits
    if not edits:
        return None
    box = last_box(edits, photograph.image.shape)
    masker = usual_masker(photograph)
    return Lifted(mend(run_masker(key, masker, box, photograph.image), edits, 0), masker, box, 0.0)


def usual_masker(photograph: Photograph) -> str:
    """Name of the masker that is used on such a picture where nobody chooses one."""
    return default_masker("aviary" if photograph.bird else "photograph")


def mend(found: MaskResult, edits: tuple[Edit, ...], distance: float) -> MaskResult:
    """Apply a person's strokes and the growing or shrinking to a mask.

    Strokes made before the last box belong to the mask that this box replaced, and are passed over. A mask mended by
    hand is an oracle's, as an annotation is: its source is ``given``.

    Args:
        found: The mask to start from, float32 ``[H, W]``.
        edits: What was drawn, in order.
        distance: Pixels to grow (above 0) or to shrink (below 0).
    """
    strokes = [drawn for drawn in edits[_after_last_box(edits) :] if isinstance(drawn, Stroke)]
    if not strokes and distance == 0:
        return found
    mask = found.mask
    for stroke in strokes:
        mask = edit.paint(mask, rasterise(stroke, mask.shape), stroke.keep)
    mask = edit.grow(mask, distance) if distance >= 0 else edit.shrink(mask, -distance)
    return MaskResult(mask, "given", f"{found.masker}, mended by hand")


def _after_last_box(edits: tuple[Edit, ...]) -> int:
    return max((number for number, drawn in enumerate(edits, start=1) if isinstance(drawn, DrawnBox)), default=0)


def last_box(edits: tuple[Edit, ...], shape: tuple[int, ...]) -> Box | None:
    """The last box that was drawn, in pixels of a picture of this height and width."""
    after = _after_last_box(edits)
    drawn = edits[after - 1] if after else None
    if not isinstance(drawn, DrawnBox):
        return None
    height, width = shape[:2]
    left, top = int(drawn.left * width), int(drawn.top * height)
    return left, top, max(1, round(drawn.right * width) - left), max(1, round(drawn.bottom * height) - top)


def _choose_origin(photograph: Photograph, predicted: bool) -> tuple[str | None, MaskResult | None]:
    """The masker's name, or ``None`` and the mask where it is given."""
    usual = usual_masker(photograph)
    kind = "aviary" if photograph.bird else "photograph"
    maskers = {name: spec for name, spec in list_maskers().items() if kind in spec.kinds}
    titles = {name: spec.title.split(":")[0] for name, spec in maskers.items()}
    if photograph.mask is not None:
        came_with = "drawn with the bird" if photograph.bird else "it came with the photograph"
        titles = {GIVEN: f"Given: {came_with}", **titles}
    titles[FILE] = "From a file"
    chosen = st.selectbox(
        "Where the mask comes from",
        list(titles),
        index=list(titles).index(usual if predicted or photograph.mask is None else GIVEN),
        format_func=titles.__getitem__,
        bind="query-params",
        # Several keys, for a photograph without a given mask would drop what a bird had chosen, and what was chosen for
        # a bird would win over where a case starts.
        key="mask" if photograph.mask is None else "case_mask" if predicted else "bird_mask",
    )
    if chosen == GIVEN and photograph.mask is not None:
        return None, given(photograph.image, photograph.mask)
    if chosen != FILE:
        st.caption(_HOW_IT_LOOKS["grabcut" if chosen == "grabcut" else "network"])
        return chosen, None
    uploaded = st.file_uploader(
        "Mask file",
        type=UPLOAD_TYPES,
        key="mask_file",
        help="White is object, black is background; of the photograph's size.",
    )
    if uploaded is not None:
        try:
            mask = working_mask(decode_mask(uploaded.getvalue()))
            return None, replace(given(photograph.image, mask), masker=FILE)
        except BgBiasError as error:
            st.error(f"This mask cannot be used. {error}", icon=":material/broken_image:")
    return None, MaskResult(np.zeros(photograph.image.shape[:2], np.float32), "given", FILE)


def _choose_tool(masker: str | None) -> tuple[Tool | None, float]:
    tools = [tool for tool in _TOOLS if tool != "box" or masker is not None]
    tool = st.segmented_control("Mend it by drawing on the picture", tools, format_func=_TOOLS.__getitem__, key="tool")
    hints = {
        None: "Choose a tool, then draw with the mouse or a finger.",
        "box": "Draw a box around the object; the masker then looks inside it.",
        "keep": "Paint over what belongs to the object.",
        "remove": "Paint over what does not belong to the object.",
    }
    st.caption(hints[tool])
    if tool in ("keep", "remove"):
        brush = st.slider("Brush", 1, 20, 5, format="%d%%", key="brush", persist_state="page")
        return tool, brush / 100
    return tool, 0.05


def _undo_buttons(key: str, mending: Mending) -> None:
    with st.container(horizontal=True):
        nothing = not mending.edits
        st.button(
            "Undo",
            icon=":material/undo:",
            disabled=nothing,
            key="undo_edit",
            on_click=_set_mending,
            args=(key, replace(mending, edits=mending.edits[:-1])),
        )
        st.button(
            "Start over",
            icon=":material/restart_alt:",
            disabled=nothing,
            key="drop_edits",
            on_click=_set_mending,
            args=(key, replace(mending, edits=())),
        )


def _mending(key: str) -> Mending:
    remembered: dict[str, Mending] = st.session_state.setdefault("mendings", {})
    return remembered.get(key, Mending())


def _set_mending(key: str, mending: Mending) -> None:
    remembered: dict[str, Mending] = st.session_state.setdefault("mendings", {})
    remembered.pop(key, None)
    remembered[key] = mending
    while len(remembered) > _REMEMBERED:
        remembered.pop(next(iter(remembered)))


def _found(
    photograph: Photograph, masker: str | None, file_mask: MaskResult | None, mending: Mending
) -> tuple[MaskResult, Box | None]:
    if masker is None:
        assert file_mask is not None, "without a masker the mask is given"  # noqa: S101
        return file_mask, None
    box = last_box(mending.edits, photograph.image.shape)
    return run_masker(digest(photograph.image), masker, box, photograph.image), box


@st.cache_data(max_entries=32, show_spinner="Looking for the object …")
def run_masker(key: str, masker: str, box: Box | None, _image: Image) -> MaskResult:
    """A masker's mask of a picture; ``key`` is the picture's digest."""
    return load_masker(masker)(_image, box=box)


def _show_canvas(
    photograph: Photograph, mask: Mask, tool: Tool | None, brush: float, mending: Mending, key: str
) -> None:
    name = f"canvas_{key[:16]}"

    def read() -> None:
        current = _mending(key)
        edits, acknowledged = read_edits(st.session_state[name].get("strokes"), current.acknowledged)
        _set_mending(key, Mending((*current.edits, *edits), acknowledged))

    mask_canvas(
        photograph.image,
        mask,
        tool=tool,
        brush=brush,
        acknowledged=mending.acknowledged,
        key=name,
        on_strokes=read,
        label=f"{photograph.alt}. The mask marks {mask.mean():.0%} of the picture as object; the rest is dimmed.",
    )


def _say_where_from(lifted: Lifted) -> None:
    if not lifted.clear:
        mend_it = (
            "paint it with **Keep**" if lifted.masker is None else "draw a box around it, or paint it with **Keep**"
        )
        st.warning(f"No clear object found: {mend_it}.", icon=":material/search_off:")
        return
    meaning = {
        "given": "Masked classifiers get this very mask, moved with the object.",
        "given box": "The masker looked inside your box. On each new background it looks again, inside the same box.",
        "predicted": "The masker found it in the picture alone. On each new background it looks again.",
    }
    found = lifted.mask
    colour = "green" if found.source == "given" else "orange"
    by = "" if found.masker == found.source else f" by {found.masker}"
    sure = "" if found.confidence is None or found.source == "given" else f" · confidence {found.confidence:.0%}"
    st.markdown(f":{colour}-badge[{found.source}{by}] {found.area:.1%} of the picture{sure}")
    st.caption(meaning[found.source])


def mask_key(lifted: Lifted) -> str:
    """Everything about an object that its composites depend on, for the keys of caches."""
    return f"{fingerprint(lifted.mask.mask)} {lifted.mask.source} {lifted.masker} {lifted.box} {lifted.feather}"
