"""What can be taken away of attributions: the grid as one picture, every map in a ZIP archive, and the command."""

from __future__ import annotations

import io
import shlex
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from bgbias_core.aviary import TEST_BIRDS, Recipe, draw_recipes
from bgbias_core.images import encode_mask_png, encode_png
from bgbias_core.masks import mask_words
from pages.components.attributing import Asked, Subject
from pages.components.attribution_grid import Found, question

if TYPE_CHECKING:
    from bgbias_core.attribution import Attribution, MethodSpec
    from bgbias_core.images import Image

_CELL, _LABEL, _HEAD, _TEXT, _GAP = 320, 250, 36, 66, 12
_INK, _QUIET = (30, 42, 38), (90, 102, 95)
_SCALE_HEIGHT = 46


def show_files(
    subject: Subject,
    asked: Sequence[Asked],
    methods: Sequence[MethodSpec],
    found: Found,
    opacity: float,
    outline: bool,
) -> None:
    """Two buttons, whose files are made when they are pressed, and the command in an expander."""
    with st.container(horizontal=True):
        st.download_button(
            "Grid (PNG)",
            lambda: sheet_png(subject, asked, methods, found, opacity, outline),
            "attributions.png",
            "image/png",
            icon=":material/image:",
            on_click="ignore",
            key="download_grid",
            disabled=not found,
        )
        st.download_button(
            "Maps (ZIP)",
            lambda: maps_zip(subject, found),
            "attributions.zip",
            "application/zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            key="download_maps",
            disabled=not found,
            help="Every map as an NPZ file with what is known of it, the picture and its masks.",
        )
    with st.expander("The same on the command line", icon=":material/terminal:"):
        command, note = twin(subject, asked)
        st.code(command, language="bash", wrap_lines=True)
        st.caption(note)


def maps_zip(subject: Subject, found: Found) -> bytes:
    """Every attribution as ``CHECKPOINT-METHOD.npz``, the picture, the mask that was looked at, the object's mask."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive,
        tempfile.TemporaryDirectory(prefix="bgbias-") as folder,
    ):
        archive.writestr("picture.png", encode_png(subject.photograph.image))
        archive.writestr("mask.png", encode_mask_png(subject.mask.mask))
        archive.writestr("object.png", encode_mask_png(subject.object_mask.mask))
        for (checkpoint, method), one in found.items():
            path = Path(folder) / f"{checkpoint}-{method}.npz"
            one.save(path)
            archive.write(path, path.name)
    return buffer.getvalue()


def sheet_png(
    subject: Subject,
    asked: Sequence[Asked],
    methods: Sequence[MethodSpec],
    found: Found,
    opacity: float,
    outline: bool,
) -> bytes:
    """The grid as one picture with its titles, shares and colour scale."""
    from bgbias_core.attribution import overlay

    height, width = subject.photograph.image.shape[:2]
    tall = max(1, round(_CELL * min(height / width, 1.5))) if height != width else _CELL
    step_x, step_y = _CELL + _GAP, tall + _TEXT + _GAP
    size = _LABEL + len(methods) * step_x + _GAP, _HEAD + len(asked) * step_y + _SCALE_HEIGHT
    sheet = Pillow.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for column, spec in enumerate(methods):
        draw.text((_LABEL + column * step_x, _GAP), spec.title, _INK, _font(17))
    mask = subject.object_mask if outline and not subject.object_mask.empty else None
    for row, one in enumerate(asked):
        top = _HEAD + row * step_y
        said = f"names it {one.verdict.name}, {one.verdict.probabilities[0]:.0%}" if one.verdict.found else ""
        lines = [
            one.card.title,
            mask_words(one.verdict.mask_source, one.verdict.masker),
            said,
            f"explained: {question(one)}",
        ]
        for number, line in enumerate(part for text in lines for part in _wrapped(text)):
            draw.text((_GAP, top + 20 * number), line, _QUIET if number else _INK, _font(14))
        for column, spec in enumerate(methods):
            left = _LABEL + column * step_x
            attribution = found.get((one.card.name, spec.name))
            if attribution is None:
                draw.text((left, top), "not computed", _QUIET, _font(14))
                continue
            picture = Pillow.fromarray(overlay(subject.photograph.image, attribution, mask, opacity))
            picture.thumbnail((_CELL, tall))
            sheet.paste(picture, (left, top))
            for number, line in enumerate(_figures(attribution)):
                draw.text((left, top + tall + 4 + 19 * number), line, _INK, _font(14))
    _draw_scale(sheet, draw, size[1] - _SCALE_HEIGHT)
    return encode_png(np.asarray(sheet))


def _figures(found: Attribution) -> list[str]:
    share = "not defined" if found.background_share is None else f"{found.background_share:.0%}"
    chance = "" if found.chance is None else f", chance {found.chance:.0%}"
    lines = [f"background share {share}{chance}"]
    if found.by_identity:
        lines.append("by construction, no finding")
    if found.phi_background is not None:
        lines.append(f"object {found.phi_foreground:+.2f}, background {found.phi_background:+.2f} log-odds")
    if found.error is not None:
        lines.append(f"{found.steps:,} steps, error {found.error:.3f} logits")
    return lines


def _draw_scale(sheet: Pillow.Image, draw: ImageDraw.ImageDraw, top: int) -> None:
    from bgbias_core.attribution import colours

    bar: Image = np.repeat(colours(np.linspace(-1, 1, 240, dtype=np.float32))[None], 12, axis=0)
    sheet.paste(Pillow.fromarray(bar), (_LABEL, top + 8))
    draw.text((_LABEL, top + 22), "-1 against", _QUIET, _font(13))
    draw.text((_LABEL + 190, top + 22), "+1 for it", _QUIET, _font(13))
    draw.text((_LABEL + 260, top + 5), "n = 1 picture, no measurement", _QUIET, _font(13))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _wrapped(text: str, width: int = 30) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return [line for line in lines if line]


def twin(subject: Subject, asked: Sequence[Asked]) -> tuple[str, str]:
    """The command that computes the same, and what to know about it."""
    words = ["python", "-m", "bgbias_core", "explain"]
    number = None if subject.photograph.bird is None else _number(subject.photograph.bird)
    source = "predicted" if subject.lifted.mask.source == "predicted" else "given"
    if number is None:
        words += ["--image", "picture.png"]
        words += ["--mask", "mask.png"] if source == "given" else ["--masker", str(subject.lifted.masker)]
        note = "picture.png and mask.png lie in the archive of maps."
    else:
        words += ["--bird", str(number), "--mask-source", source]
        note = "The command draws the bird as small as the training pictures, so shares differ by a point or two."
    for one in asked:
        words += ["--checkpoint", one.card.name]
    methods = list(dict.fromkeys(method for one in asked for method in one.methods))
    for method in methods:
        words += ["--method", method]
    if number is None and "shapley" in methods:
        words += ["--scenes", "SCENES"]
        note += " SCENES is a folder with one folder of photographs for each place."
    targets, contrasts = {one.target for one in asked}, {one.contrast for one in asked}
    if len(targets) == 1:
        words += ["--target", *targets]
    if len(contrasts) == 1 and (contrast := next(iter(contrasts))) is not None:
        words += ["--contrast", contrast]
    elif len(contrasts) > 1:
        note += " Give each model's contrast in a call of its own, with --contrast."
    if source == "predicted" and number is None and subject.photograph.mask is not None:
        note += " It measures shares against the predicted mask, this page against the given one."
    return shlex.join([*words, "--out", "maps"]), note


@st.cache_data(max_entries=64, show_spinner=False)
def _number(bird: Recipe) -> int | None:
    """The bird's number in the test split, where it stands as drawn there."""
    return next((n for n, drawn in enumerate(draw_recipes("test", TEST_BIRDS), start=1) if drawn == bird), None)
