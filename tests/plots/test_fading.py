"""Figures: each strategy keeps colour and mark, curves of one strategy stay apart, the chosen amount is marked."""

from __future__ import annotations

import math

import pytest

from bgbias_core.models import STRATEGY_NAMES
from bgbias_core.plots import STRATEGY_COLOURS, Curve, fade_figure

AMOUNTS = (0.0, 0.5, 1.0)


def luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", ["#FBF9F4", "#121815"])
@pytest.mark.parametrize("colour", STRATEGY_COLOURS.values())
def test_lines_stand_out_from_light_and_dark_ground(colour: str, ground: str) -> None:
    darker, lighter = sorted((luminance(colour), luminance(ground)))
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_each_strategy_has_its_own_colour_and_mark() -> None:
    figure = fade_figure(AMOUNTS, [Curve(name, name, "wren", (1, 0.5, 0)) for name in STRATEGY_NAMES], 0.25, "Ocean")
    assert {trace.line.color for trace in figure.data} == set(STRATEGY_COLOURS.values())
    assert len({trace.marker.symbol for trace in figure.data}) == 3
    assert [trace.name for trace in figure.data] == ["unmasked: wren", "early: wren", "late: wren"]
    assert [shape.x0 for shape in figure.layout.shapes] == [0.25]
    assert "Ocean" in figure.layout.xaxis.title.text


def test_two_classifiers_of_one_strategy_differ_in_their_dashes() -> None:
    curves = [Curve("ConvNeXt", "early", "wren", (1, 1, 1)), Curve("ViT", "early", "wren", (0.5, math.nan, 0.5))]
    first, second = fade_figure(AMOUNTS, curves, 0, "Ocean").data
    assert first.line.color == second.line.color
    assert first.line.dash != second.line.dash
    assert math.isnan(second.y[1]), "where no object was found the line has a gap"
