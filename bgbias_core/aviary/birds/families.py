"""The four silhouettes: outlines and joints in body units (x forward, y down, the body about one unit long)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bgbias_core.aviary.birds.curves import Ribbon

Point = tuple[float, float]
Colour = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Build:
    """How a family is made.

    Attributes:
        head, body: The outline's points, clockwise: forehead to nape, then mantle to breast, then throat to chin;
            ``head`` holds the first and ``throat`` the last stretch, and both follow the head's tilt.
        throat: See above.
        head_centre, head_radius: The head's sphere; parts on the head are measured in this radius.
        neck: The point about which the head tilts.
        tail_root, tail_angle: Where the tail begins and how far it hangs, in degrees.
        wing, wing_widths: Axis and full widths of the folded wing, shoulder to tip.
        hips, leg_length, leg_width: The far and the near leg.
        flank: (height at x = 0, slope) of the line between the colours of back and belly.
        beak: Where the beak begins on the head, in head radii.
        colours: Base colours by name: back, head, belly, flight, bare (beak and legs), throat.
        cap: Outline of the face's dark pattern in head radii.
        cap_colour: Its colour's name.
    """

    head: tuple[Point, ...]
    body: tuple[Point, ...]
    throat: tuple[Point, ...]
    head_centre: Point
    head_radius: float
    neck: Point
    tail_root: Point
    tail_angle: float
    wing: tuple[Point, ...]
    wing_widths: tuple[float, ...]
    hips: tuple[Point, Point]
    leg_length: float
    leg_width: float
    flank: tuple[float, float]
    beak: Point
    colours: Mapping[str, Colour]
    cap: tuple[Point, ...]
    cap_colour: str


_IBIS = Build(
    head=((0.60, -0.76), (0.55, -0.86), (0.455, -0.895), (0.355, -0.855), (0.305, -0.75)),
    body=(
        (0.30, -0.61),
        (0.255, -0.45),
        (0.12, -0.31),
        (-0.10, -0.21),
        (-0.34, -0.08),
        (-0.52, 0.06),
        (-0.50, 0.15),
        (-0.32, 0.24),
        (-0.06, 0.31),
        (0.18, 0.29),
        (0.36, 0.15),
        (0.44, -0.08),
        (0.455, -0.29),
    ),
    throat=((0.475, -0.46), (0.53, -0.59), (0.595, -0.68)),
    head_centre=(0.455, -0.745),
    head_radius=0.155,
    neck=(0.40, -0.55),
    tail_root=(-0.44, 0.08),
    tail_angle=-18,
    wing=((0.17, -0.10), (0.05, -0.03), (-0.22, 0.05), (-0.50, 0.13), (-0.66, 0.20)),
    wing_widths=(0.20, 0.33, 0.34, 0.17, 0.02),
    hips=((0.06, 0.24), (-0.05, 0.26)),
    leg_length=0.50,
    leg_width=0.042,
    flank=(0.02, -0.32),
    beak=(0.62, 0.06),
    colours={
        "back": (148, 78, 58),
        "head": (226, 196, 164),
        "belly": (240, 226, 204),
        "flight": (98, 54, 50),
        "bare": (86, 74, 84),
        "throat": (226, 190, 150),
    },
    cap=((1.15, -0.28), (0.45, -0.38), (-0.05, -0.02), (0.42, 0.30), (1.15, 0.42)),
    cap_colour="bare",
)

_JAY = Build(
    head=((0.55, -0.41), (0.485, -0.525), (0.35, -0.57), (0.22, -0.52), (0.14, -0.40)),
    body=(
        (0.03, -0.28),
        (-0.19, -0.17),
        (-0.44, -0.05),
        (-0.60, 0.04),
        (-0.58, 0.13),
        (-0.38, 0.24),
        (-0.10, 0.35),
        (0.17, 0.36),
        (0.38, 0.25),
        (0.49, 0.04),
    ),
    throat=((0.51, -0.15), (0.54, -0.28)),
    head_centre=(0.35, -0.36),
    head_radius=0.205,
    neck=(0.28, -0.18),
    tail_root=(-0.46, 0.06),
    tail_angle=-14,
    wing=((0.22, -0.06), (0.10, 0.00), (-0.18, 0.04), (-0.48, 0.10), (-0.70, 0.16)),
    wing_widths=(0.20, 0.34, 0.33, 0.18, 0.02),
    hips=((0.12, 0.30), (0.01, 0.32)),
    leg_length=0.25,
    leg_width=0.046,
    flank=(0.0, -0.36),
    beak=(0.80, 0.10),
    colours={
        "back": (44, 92, 190),
        "head": (98, 164, 228),
        "belly": (238, 240, 246),
        "flight": (30, 58, 140),
        "bare": (52, 52, 68),
        "throat": (206, 224, 244),
    },
    cap=((1.10, 0.10), (0.60, -0.16), (0.05, -0.20), (-0.60, 0.02), (-0.30, 0.22), (0.25, 0.10), (0.70, 0.22)),
    cap_colour="flight",
)

_SWALLOW = Build(
    head=((0.60, -0.25), (0.545, -0.365), (0.43, -0.41), (0.30, -0.38), (0.19, -0.31)),
    body=(
        (0.03, -0.24),
        (-0.22, -0.14),
        (-0.44, -0.04),
        (-0.60, 0.04),
        (-0.58, 0.12),
        (-0.38, 0.20),
        (-0.10, 0.28),
        (0.18, 0.28),
        (0.40, 0.19),
        (0.54, 0.04),
    ),
    throat=((0.58, -0.07), (0.605, -0.15)),
    head_centre=(0.42, -0.22),
    head_radius=0.19,
    neck=(0.30, -0.10),
    tail_root=(-0.46, 0.06),
    tail_angle=-8,
    wing=((0.25, -0.06), (0.10, -0.03), (-0.20, 0.01), (-0.50, 0.07), (-0.74, 0.12)),
    wing_widths=(0.18, 0.30, 0.27, 0.14, 0.015),
    hips=((0.10, 0.24), (0.00, 0.25)),
    leg_length=0.21,
    leg_width=0.042,
    flank=(-0.02, -0.30),
    beak=(0.84, 0.10),
    colours={
        "back": (80, 68, 136),
        "head": (94, 80, 150),
        "belly": (244, 206, 168),
        "flight": (60, 50, 104),
        "bare": (50, 42, 52),
        "throat": (206, 104, 66),
    },
    cap=(
        (1.15, -0.02),
        (0.55, 0.20),
        (-0.10, 0.34),
        (-0.80, 0.30),
        (-1.25, -0.10),
        (-0.95, -0.85),
        (0.0, -1.15),
        (0.85, -0.80),
    ),
    cap_colour="back",
)

_FINCH = Build(
    head=((0.545, -0.40), (0.475, -0.55), (0.32, -0.605), (0.165, -0.545), (0.08, -0.41)),
    body=(
        (-0.04, -0.27),
        (-0.24, -0.15),
        (-0.46, -0.02),
        (-0.60, 0.09),
        (-0.57, 0.19),
        (-0.38, 0.32),
        (-0.10, 0.44),
        (0.18, 0.43),
        (0.41, 0.29),
        (0.52, 0.05),
    ),
    throat=((0.52, -0.15), (0.54, -0.28)),
    head_centre=(0.32, -0.36),
    head_radius=0.235,
    neck=(0.26, -0.15),
    tail_root=(-0.46, 0.10),
    tail_angle=-14,
    wing=((0.12, -0.07), (0.00, 0.00), (-0.22, 0.06), (-0.48, 0.12), (-0.68, 0.18)),
    wing_widths=(0.20, 0.32, 0.30, 0.17, 0.02),
    hips=((0.09, 0.37), (-0.03, 0.39)),
    leg_length=0.23,
    leg_width=0.05,
    flank=(-0.02, -0.34),
    beak=(0.74, 0.14),
    colours={
        "back": (112, 142, 62),
        "head": (150, 172, 74),
        "belly": (244, 220, 112),
        "flight": (62, 70, 48),
        "bare": (104, 74, 62),
        "throat": (240, 210, 100),
    },
    cap=(
        (0.98, -0.34),
        (0.62, -0.52),
        (0.10, -0.62),
        (-0.55, -0.42),
        (-0.92, 0.02),
        (-0.95, -0.55),
        (-0.35, -1.15),
        (0.50, -1.05),
    ),
    cap_colour="flight",
)

BUILDS: dict[str, Build] = {"ibis": _IBIS, "jay": _JAY, "swallow": _SWALLOW, "finch": _FINCH}


@cache
def wing_of(build: Build) -> Ribbon:
    """The folded wing in body units; across = -1 is its lower edge."""
    return Ribbon.through(build.wing, build.wing_widths, 12).rounded(0.14)
