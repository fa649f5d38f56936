"""Pictures on a page: read from strangers' bytes, brought to a working size, shown with words beside them."""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np
import streamlit as st

from bgbias_core.errors import BgBiasError
from bgbias_core.images import Image, Mask, decode, resize, resize_pair

WORKING_SIDE = 1024
"""Longest side in pixels that the page works at; larger photographs are made smaller."""


class Upload(Protocol):
    """What Streamlit's uploader and camera hand over; its name is the client's and is never used as a path."""

    name: str

    def getvalue(self) -> bytes:
        """The bytes."""


def show_picture(image: Image, alt: str, caption: str | None = None) -> None:
    """Show a picture as wide as its column, with a text for those who cannot see it."""
    st.image(image, caption=caption, alt=alt, width="stretch", output_format="JPEG")


def read_upload(upload: Upload) -> Image | None:
    """Decode an upload to the working size; where that fails, say so in a sentence and return nothing."""
    data = upload.getvalue()
    try:
        image = _decoded(hashlib.sha256(data).hexdigest(), data)
    except BgBiasError as error:
        st.error(f"This picture cannot be used. {error}", icon=":material/broken_image:")
        return None
    return image


@st.cache_data(max_entries=24, show_spinner="Reading the picture …")
def _decoded(key: str, _data: bytes) -> Image:
    return working_copy(decode(_data))


def working_copy(image: Image) -> Image:
    """The image itself, or where it is larger than ``WORKING_SIDE`` on its longest side, a smaller copy."""
    height, width = image.shape[:2]
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return image
    return resize(image, (max(1, round(height * scale)), max(1, round(width * scale))), "squash")


def working_mask(mask: Mask) -> Mask:
    """A mask at the size that :func:`working_copy` gives its photograph."""
    shape = working_copy(np.broadcast_to(np.uint8(0), (*mask.shape, 3))).shape[:2]
    if shape == mask.shape:
        return mask
    _, smaller = resize_pair(np.zeros((*mask.shape, 3), np.uint8), mask, shape, "squash")
    return smaller


def fingerprint(mask: Mask) -> str:
    """SHA-256 of a mask, for the keys of caches: Streamlit's own only looks at a sample of large arrays."""
    return hashlib.sha256(repr(mask.shape).encode() + np.ascontiguousarray(mask).tobytes()).hexdigest()
