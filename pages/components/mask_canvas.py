"""The canvas on which a mask is mended: a picture, its mask over it, and what is drawn with mouse, pen or finger.

Of the components at hand, streamlit-drawable-canvas has a fixed width in pixels (a phone shows its left part and cannot
scroll it) and hides its undo until a mouse hovers; streamlit-image-coordinates reports where a drag begins and ends,
not its path. This one fits every width and keeps nothing: Python holds the edits.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
import streamlit as st

from bgbias_core.images import Image, Mask, digest, encode_jpeg
from pages.components.pictures import fingerprint

Tool = Literal["keep", "remove", "box"]

SHOWN_SIDE = 900
"""Longest side in pixels of the picture that is sent to the browser."""
_MOST_POINTS = 20_000
_DIMMED = (18, 24, 21, 165)
_OUTLINE = (255, 214, 10, 255)

_HTML = """
<div class="stage"><img class="photo" alt=""><img class="overlay" alt=""><canvas role="img"></canvas></div>
"""
_CSS = """
.stage { position: relative; width: min(100%, calc(70vh * var(--aspect, 1.5))); aspect-ratio: var(--aspect, 1.5);
         margin: 0 auto; border-radius: 0.5rem; overflow: hidden; background: var(--st-secondary-background-color); }
.stage > * { position: absolute; inset: 0; width: 100%; height: 100%; display: block; user-select: none;
             -webkit-user-select: none; -webkit-touch-callout: none; }
.stage > img { pointer-events: none; }
"""


@dataclass(frozen=True)
class Stroke:
    """What a brush painted.

    Attributes:
        points: Its path, in fractions of the picture's width and height.
        width: The brush's diameter as a fraction of the picture's width.
        keep: Whether it marks object, or background.
    """

    points: tuple[tuple[float, float], ...]
    width: float
    keep: bool


@dataclass(frozen=True)
class DrawnBox:
    """A box around the object: left, top, right, bottom in fractions of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float


Edit: TypeAlias = Stroke | DrawnBox


@st.cache_resource(max_entries=1, show_spinner=False)
def _component() -> Callable[..., Any]:
    script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return st.components.v2.component("bgbias_mask_canvas", html=_HTML, css=_CSS, js=script)


def mask_canvas(
    image: Image,
    mask: Mask,
    *,
    tool: Tool | None,
    brush: float,
    acknowledged: int,
    label: str,
    key: str,
    on_strokes: Callable[[], None],
) -> None:
    """Show a picture with its mask, and let a person draw on it.

    Args:
        image: uint8 ``[H, W, 3]``.
        mask: float32 ``[H, W]`` in [0, 1]; what is background is dimmed.
        tool: What drawing means; without a tool nothing can be drawn.
        brush: The brush's diameter as a fraction of the picture's width.
        acknowledged: Number of the last stroke that the mask contains.
        label: What the picture shows, for those who cannot see it.
        key: The canvas's own name.
        on_strokes: Called before the next run when something was drawn; ``read_edits`` tells what.
    """
    height, width = mask.shape
    data = {
        "photo": _photo_url(digest(image), image),
        "overlay": _overlay_url(fingerprint(mask), mask),
        "aspect": width / height,
        "tool": tool,
        "brush": brush,
        "acknowledged": acknowledged,
        "label": label,
    }
    _component()(key=key, data=data, default={"strokes": []}, on_strokes_change=on_strokes)


def read_edits(strokes: object, acknowledged: int) -> tuple[tuple[Edit, ...], int]:
    """Turn what a canvas sent into edits; what is malformed is passed over.

    Args:
        strokes: What the browser sent: a list of strokes, numbered in the order in which they were drawn.
        acknowledged: Number of the last stroke that is known already.

    Returns:
        The new edits, and the number of the last stroke that is known now.
    """
    edits: list[Edit] = []
    for stroke in strokes if isinstance(strokes, list) else []:
        match stroke:
            case {"id": int(number), "tool": tool, "points": list(points), "width": width} if number > acknowledged:
                acknowledged = number
                edit = _edit(tool, points[:_MOST_POINTS], width)
                edits += [edit] if edit is not None else []
    return tuple(edits), acknowledged


def _edit(tool: object, points: list[object], width: object) -> Edit | None:
    path = []
    for point in points:
        match point:
            case [float() | int() as x, float() | int() as y] if math.isfinite(x) and math.isfinite(y):
                path.append((min(max(float(x), 0.0), 1.0), min(max(float(y), 0.0), 1.0)))
    if not path:
        return None
    if tool == "box":
        (left, right), (top, bottom) = (sorted((path[0][axis], path[-1][axis])) for axis in (0, 1))
        return DrawnBox(left, top, right, bottom) if right > left and bottom > top else None
    if tool in ("keep", "remove") and isinstance(width, float | int) and 0 < width <= 1:
        return Stroke(tuple(path), float(width), tool == "keep")
    return None


def rasterise(stroke: Stroke, shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The pixels that a brush covered.

    Args:
        stroke: The brush's path.
        shape: Height and width of the picture first.

    Returns:
        bool ``[H, W]``.
    """
    height, width = shape[:2]
    canvas = np.zeros((height, width), np.uint8)
    points = np.rint(np.array(stroke.points) * (width, height)).astype(np.int32)
    thickness = max(1, round(stroke.width * width))
    cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, 1, thickness)
    for x, y in (points[0], points[-1]):
        cv2.circle(canvas, (int(x), int(y)), thickness // 2, 1, -1)
    return canvas.astype(bool)


@st.cache_data(max_entries=16, show_spinner=False)
def _photo_url(key: str, _image: Image) -> str:
    return _data_url(encode_jpeg(np.ascontiguousarray(_smaller(_image)), quality=88), "jpeg")


@st.cache_data(max_entries=32, show_spinner=False)
def _overlay_url(key: str, _mask: Mask) -> str:
    small = _smaller(_mask)
    overlay = np.zeros((*small.shape, 4), np.uint8)
    overlay[:] = _DIMMED
    overlay[..., 3] = np.rint(_DIMMED[3] * (1 - small)).astype(np.uint8)
    outlines, _ = cv2.findContours((small > 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(overlay, outlines, -1, _OUTLINE, max(1, round(max(small.shape) / 350)))
    found, data = cv2.imencode(".png", cv2.cvtColor(overlay, cv2.COLOR_RGBA2BGRA))
    assert found, "a PNG of an array can always be written"  # noqa: S101
    return _data_url(data.tobytes(), "png")


def _smaller(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    scale = min(1.0, SHOWN_SIDE / max(pixels.shape[:2]))
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels


def _data_url(data: bytes, form: str) -> str:
    return f"data:image/{form};base64,{b64encode(data).decode('ascii')}"
