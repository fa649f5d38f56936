"""A posed bird as polygons: the family's build, bent by the pose and set into the frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bgbias_core.aviary.birds.curves import Frame, Points, closed_spline, disc, turn
from bgbias_core.aviary.birds.families import BUILDS, Build, wing_of
from bgbias_core.aviary.birds.parts import Drawing, drawing_of
from bgbias_core.aviary.birds.pose import Pose
from bgbias_core.aviary.species import Family

_LEAN_CENTRE = (0.04, 0.20)
_MARGIN = 0.025
# A shank in leg widths across and leg lengths down, from inside the body; toes in body units along and leg widths down.
_SHANK = np.array(
    [
        (-0.85, -0.25),
        (-0.85, 0.0),
        (-0.95, 0.40),
        (-0.80, 0.60),
        (-0.50, 0.95),
        (0.50, 0.95),
        (0.20, 0.60),
        (0.15, 0.40),
        (0.80, 0.0),
        (0.85, -0.25),
    ]
)
_TOES = tuple(
    np.array(
        [
            (-0.2 * reach, -0.9),
            (0.2 * reach, -1.15),
            (0.6 * reach, -0.85),
            (0.9 * reach, -0.6),
            (reach, -0.1),
            (0.6 * reach, 0.0),
            (0.0, 0.1),
        ]
    )
    for reach in (0.15, 0.10, -0.085)
)
_LOWEST_FEET, _HIGHEST_FEET = 0.90, 0.66


@dataclass(frozen=True)
class Skeleton:
    """A family's build in a pose: it takes points from the frames of body, head and tail to body units as posed."""

    build: Build
    pose: Pose

    @cached_property
    def body(self) -> Frame:
        """The body's frame: fattened, then leaned."""
        return Frame.of(lambda p: turn(p * (1.0, self.pose.fatness), self.pose.lean, _LEAN_CENTRE))

    @cached_property
    def head_outline(self) -> Frame:
        """The head's frame in body units: it rides on the fattened body, tilts about the neck, then leans."""
        centre, neck = np.asarray(self.build.head_centre), np.asarray(self.build.neck)
        lift = neck * (0.0, self.pose.fatness - 1)

        def mapping(points: Points) -> Points:
            sized = centre + (points - centre) * self.pose.head_size + lift
            return turn(turn(sized, self.pose.head_tilt, neck), self.pose.lean, _LEAN_CENTRE)

        return Frame.of(mapping)

    @cached_property
    def head(self) -> Frame:
        """The head's frame in head radii about its centre."""
        centre, radius = np.asarray(self.build.head_centre), self.build.head_radius
        return Frame.of(lambda p: self.head_outline(centre + p * radius))

    @cached_property
    def face(self) -> Frame:
        """The head's frame in head radii about the beak's root."""
        return Frame.of(lambda p: self.head(p + self.build.beak))

    @cached_property
    def tail(self) -> Frame:
        """The tail's frame (x backward from its root)."""
        root = np.asarray(self.build.tail_root) * (1.0, self.pose.fatness)
        angle = self.build.tail_angle + self.pose.tail_turn
        return Frame.of(lambda p: turn(turn(p * (-1.0, 1.0), angle) + root, self.pose.lean, _LEAN_CENTRE))

    @cached_property
    def wing(self) -> Frame:
        """The wing's frame in body units: turned at the shoulder, then as the body."""
        return Frame.of(lambda p: self.body(turn(p, self.pose.wing_turn, self.build.wing[0])))

    @cached_property
    def wing_outline(self) -> Points:
        """The folded wing's outline."""
        return self.wing(wing_of(self.build).outline())

    @cached_property
    def outline(self) -> Points:
        """Body, neck and head in one closed curve."""
        build = self.build
        return closed_spline(
            np.concatenate([self.head_outline(build.head), self.body(build.body), self.head_outline(build.throat)])
        )

    def part(self, slot: str, name: str) -> Drawing:
        """The part that fills a slot."""
        drawing = drawing_of(slot, name)
        place = {"beak": self.face, "crest": self.head, "tail": self.tail, "breast": self.body}[slot]
        return Drawing(tuple(place(s) for s in drawing.shapes), tuple(place(line) for line in drawing.lines))

    @cached_property
    def legs(self) -> tuple[list[Points], list[Points], Points]:
        """Far leg, near leg (polygons of shank and toes) and the point between the feet."""
        width = self.build.leg_width
        hips = self.body(self.build.hips)
        ground = float(hips[:, 1].mean()) + self.build.leg_length * self.pose.leg_length
        legs, feet = [], []
        for hip, bend in zip(hips, (0.025, -0.005), strict=True):
            foot = np.array([hip[0] + bend, ground])
            along = foot - hip
            shank = Frame(np.array([(width, 0.0), along]), hip)
            legs.append([shank(_SHANK), *(Frame(np.diag([1.0, width]), foot)(toe) for toe in _TOES)])
            feet.append(foot)
        return legs[0], legs[1], np.mean(feet, axis=0)


def place_in_frame(family: Family, skeleton: Skeleton) -> Frame:
    """Size and position of a bird: from body units as posed to unit coordinates of the picture (y down).

    They are the same for all members of a family, as room is left for the parts of each.
    """
    pose = skeleton.pose
    far, near, foot = skeleton.legs
    shapes: list[Points] = [skeleton.outline, skeleton.wing_outline, *far, *near]
    for slot, names in family.variants.items():
        for name in names:
            if slot != "wing":
                shapes.extend(skeleton.part(slot, name).shapes)
    low, high = _box(shapes)
    width, height = high - low
    # A tall bird is kept smaller, so that there is room for a perch below its feet.
    scale = pose.span / float(max(width, 1.10 * height))
    flip = -1.0 if pose.mirrored else 1.0
    left, right = sorted((low[0] * flip * scale, high[0] * flip * scale))
    x = _MARGIN - left + pose.across * (1 - 2 * _MARGIN - (right - left))
    highest = max(_HIGHEST_FEET, _MARGIN + scale * (foot[1] - low[1]))
    lowest = min(max(_LOWEST_FEET, highest), 1 - _MARGIN - scale * (high[1] - foot[1]))
    y = min(highest, lowest) + pose.down * max(0.0, lowest - highest) - scale * foot[1]
    return Frame(np.diag([scale * flip, scale]), np.array([x, y]))


def _box(shapes: Iterable[Points]) -> tuple[Points, Points]:
    points = np.concatenate(list(shapes))
    return points.min(axis=0), points.max(axis=0)


def skeleton_for(family: Family, pose: Pose) -> Skeleton:
    """The family's build in this pose."""
    return Skeleton(BUILDS[family.name], pose)


def eye_discs(skeleton: Skeleton) -> list[Points]:
    """Ring, iris, pupil and two highlights of the eye, in that order (body units as posed)."""
    centre = (0.30, -0.10)
    light = np.asarray(skeleton.pose.light[:2]) * ((-1.0 if skeleton.pose.mirrored else 1.0), 1.0)
    glint = np.asarray(centre) + 0.12 * turn(light, -skeleton.pose.lean - skeleton.pose.head_tilt)
    rings = [disc(centre, radius) for radius in (0.33, 0.275, 0.20)]
    return [skeleton.head(ring) for ring in (*rings, disc(glint, 0.085), disc(2 * np.asarray(centre) - glint, 0.045))]
