"""Choosing where the mask of a picture comes from."""

from __future__ import annotations

import streamlit as st

from bgbias_core.images import digest
from bgbias_core.masks import given, masker_title
from pages.components.cases import Case
from pages.components.mask_editor import Lifted, run_masker, usual_masker
from pages.components.pickers import Photograph


def pick_mask(photograph: Photograph, case: Case | None) -> Lifted:
    """Show the choice between the given mask, where there is one, and the one that a masker finds.

    Args:
        photograph: What the object is on.
        case: The chosen case, whose mask comes first.
    """
    masker = usual_masker(photograph)
    titles = {"predicted": f"Predicted ({masker_title(masker)})"}
    if photograph.mask is not None:
        titles = {"given": "Given", **titles}
    source = st.segmented_control(
        "Mask",
        list(titles),
        default="predicted" if case is not None and case.predicted else next(iter(titles)),
        required=True,
        format_func=titles.__getitem__,
        # Keys of their own, for a photograph has no given mask and would drop what a bird had chosen, and what was
        # chosen before a case came must not win over it.
        key=("" if case is None else "case_") + ("source" if photograph.mask is None else "bird_source"),
        bind="query-params",
        help="Given: exact, from whoever made the picture. Predicted: found in each picture, as in real use.",
    )
    if source == "given" and photograph.mask is not None:
        return Lifted(given(photograph.image, photograph.mask), None, None, 0.0)
    found = run_masker(digest(photograph.image), masker, None, photograph.image)
    return Lifted(found, masker, None, 0.0)
