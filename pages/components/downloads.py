"""What can be taken away: the composites as a ZIP archive of PNG files, the verdicts as CSV."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bgbias_core.images import encode_mask_png, encode_png

if TYPE_CHECKING:
    from bgbias_core.evaluation import Presentation, Verdict
    from bgbias_core.models import Card

COLUMNS = (
    "presentation",
    "checkpoint",
    "strategy",
    "mask_source",
    "masker",
    "rank",
    "name",
    "probability",
    "original_name",
    "changed",
)


def show_downloads(cards: Sequence[Card], shown: Sequence[Presentation], said: Mapping[str, Sequence[Verdict]]) -> None:
    """Two buttons; the files are made when they are pressed."""
    with st.container(horizontal=True):
        st.download_button(
            "Composites (ZIP)",
            lambda: composites_zip(shown),
            "composites.zip",
            "application/zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            key="download_zip",
        )
        st.download_button(
            "Predictions (CSV)",
            lambda: predictions_csv(cards, said),
            "predictions.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
            key="download_csv",
        )


def composites_zip(shown: Sequence[Presentation]) -> bytes:
    """Every presentation as ``NN-name.png`` and its mask as ``NN-name-mask.png``, ready for the command line."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, one in enumerate(shown):
            name = f"{number:02d}-{re.sub('[^a-z0-9]+', '-', one.name.lower()).strip('-')}"
            archive.writestr(f"{name}.png", encode_png(one.image))
            archive.writestr(f"{name}-mask.png", encode_mask_png(one.mask.mask))
    return buffer.getvalue()


def predictions_csv(cards: Sequence[Card], said: Mapping[str, Sequence[Verdict]]) -> bytes:
    """One row for each presentation, classifier and rank; a single row without a name where no object was found."""
    from bgbias_core.evaluation import changed

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for card in cards:
        answers = said[card.name]
        for verdict, differs in zip(answers, changed(answers), strict=True):
            mark = "" if differs is None else str(differs).lower()
            head = (verdict.presentation, card.name, card.strategy.name, verdict.mask_source, verdict.masker)
            ranked = list(zip(verdict.names, verdict.probabilities, strict=True))
            for rank, (name, probability) in enumerate(ranked, start=1):
                writer.writerow((*head, rank, name, f"{probability:.6f}", answers[0].name, mark))
            if not ranked:
                writer.writerow((*head, "", "", "", answers[0].name, mark))
    return buffer.getvalue().encode()
