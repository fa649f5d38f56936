"""What a canvas sends becomes edits, edits become masks; nothing malformed gets through and nothing counts twice."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bgbias_core.masks import MaskResult
from pages.components.mask_canvas import DrawnBox, Edit, Stroke, rasterise, read_edits
from pages.components.mask_editor import Lifted, last_box, mend

KEEP = {"id": 1, "tool": "keep", "points": [[0.1, 0.5], [0.9, 0.5]], "width": 0.1}
BOX = {"id": 2, "tool": "box", "points": [[0.8, 0.9], [0.2, 0.1]], "width": 0.05}
SHAPE = (40, 80)


def found(value: float = 0, source: str = "predicted") -> MaskResult:
    return MaskResult(np.full(SHAPE, value, np.float32), source, "grabcut")  # type: ignore[arg-type]


class TestReadEdits:
    def test_strokes_and_boxes(self) -> None:
        edits, acknowledged = read_edits([KEEP, BOX], 0)
        assert edits == (Stroke(((0.1, 0.5), (0.9, 0.5)), 0.1, keep=True), DrawnBox(0.2, 0.1, 0.8, 0.9))
        assert acknowledged == 2

    def test_what_is_known_already_counts_once(self) -> None:
        assert read_edits([KEEP, BOX], 1) == ((DrawnBox(0.2, 0.1, 0.8, 0.9),), 2)
        assert read_edits([KEEP, BOX], 2) == ((), 2)

    def test_points_outside_are_brought_to_the_rim(self) -> None:
        [stroke], _ = read_edits([{**KEEP, "points": [[-3, 0.5], [7, 2]]}], 0)
        assert stroke == Stroke(((0.0, 0.5), (1.0, 1.0)), 0.1, keep=True)

    @pytest.mark.parametrize(
        "strokes",
        [
            None,
            "strokes",
            [None],
            [{"id": 3}],
            [{**KEEP, "points": []}],
            [{**KEEP, "points": [[0.1]]}],
            [{**KEEP, "points": [[math.nan, 0.5]]}],
            [{**KEEP, "points": "all"}],
            [{**KEEP, "width": 0}],
            [{**KEEP, "width": math.inf}],
            [{**KEEP, "width": "wide"}],
            [{**KEEP, "tool": "explode"}],
            [{**BOX, "points": [[0.2, 0.1], [0.2, 0.9]]}],
        ],
    )
    def test_what_is_malformed_is_passed_over(self, strokes: object) -> None:
        assert read_edits(strokes, 0)[0] == ()


class TestRasterise:
    def test_a_stroke_covers_its_width(self) -> None:
        painted = rasterise(Stroke(((0.1, 0.5), (0.9, 0.5)), 0.1, keep=True), SHAPE)
        assert painted.shape == SHAPE
        assert painted.dtype == np.bool_
        assert painted[20, 8:73].all()
        assert 8 <= painted[:, 40].sum() <= 9, "a tenth of 80 pixels"
        assert not painted[20, :3].any()

    def test_a_tap_is_a_dot(self) -> None:
        painted = rasterise(Stroke(((0.5, 0.5),), 0.1, keep=True), SHAPE)
        assert 40 < painted.sum() < 80
        assert painted[20, 40]


class TestMend:
    def test_nothing_drawn_changes_nothing(self) -> None:
        result = found()
        assert mend(result, (), 0) is result

    def test_painting_makes_the_mask_the_persons_own(self) -> None:
        mended = mend(found(), (Stroke(((0.5, 0.5),), 0.1, keep=True),), 0)
        assert mended.mask[20, 40] == 1
        assert (mended.source, mended.masker) == ("given", "grabcut, mended by hand")

    def test_later_strokes_win(self) -> None:
        dot = ((0.5, 0.5),)
        strokes = (Stroke(dot, 0.2, keep=True), Stroke(dot, 0.1, keep=False))
        mended = mend(found(), strokes, 0).mask
        assert mended[20, 40] == 0
        assert mended[20, 47] == 1

    def test_growing_and_shrinking(self) -> None:
        dot = (Stroke(((0.5, 0.5),), 0.2, keep=True),)
        areas = [mend(found(), dot, distance).mask.sum() for distance in (-3, 0, 3)]
        assert areas == sorted(set(areas))
        assert mend(found(1), (), -1).source == "given"

    def test_a_box_replaces_what_was_drawn_before_it(self) -> None:
        stroke, box = Stroke(((0.5, 0.5),), 0.1, keep=True), DrawnBox(0.25, 0.25, 0.75, 0.75)
        in_box = found(source="given box")
        edits: tuple[Edit, ...] = (stroke, box)
        assert mend(in_box, edits, 0) is in_box
        assert mend(in_box, (*edits, stroke), 0).mask.any()

    def test_the_last_box_in_pixels(self) -> None:
        boxes = (DrawnBox(0, 0, 1, 1), DrawnBox(0.25, 0.25, 0.75, 0.75))
        assert last_box(boxes, SHAPE) == (20, 10, 40, 20)
        assert last_box((), SHAPE) is None

    @pytest.mark.parametrize(
        ("share", "source", "clear"), [(0, "given", False), (1, "given", True), (1, "predicted", False)]
    )
    def test_specks_are_no_object_unless_a_person_says_so(self, share: int, source: str, clear: bool) -> None:
        result = found(source=source)
        result.mask.flat[:share] = 1
        assert Lifted(result, "grabcut", None, 0).clear == clear
