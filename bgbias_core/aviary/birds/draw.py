"""Draw one bird on nothing: colours, exact coverage, part masks, and the point where its feet stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bgbias_core.aviary.birds.anatomy import Skeleton, eye_discs, place_in_frame, skeleton_for
from bgbias_core.aviary.birds.curves import Frame, Points, closed_spline
from bgbias_core.aviary.birds.painter import Canvas, Field, Light, light_of, mix
from bgbias_core.aviary.birds.parts import Drawing
from bgbias_core.aviary.birds.plumage import body_tone, wing_tone
from bgbias_core.aviary.birds.pose import Pose, draw_pose
from bgbias_core.aviary.species import FAMILIES, Family, Species
from bgbias_core.errors import ConfigError

_PAINTED = ("tail", "legs", "crest", "beak", "body", "breast", "wing", "eye")
_LABELS = {name: index for index, name in enumerate(_PAINTED, 1)}
_COLOURS = ("back", "head", "belly", "flight", "bare", "throat")
_SMALLEST, _LARGEST = 16, 1024


@dataclass(frozen=True)
class BirdLayer:
    """A bird without a scene.

    Attributes:
        colour: float32 ``[H, W, 3]`` in [0, 255], premultiplied by the coverage.
        coverage: float32 ``[H, W]`` in [0, 1]; exactly 1.0 where the bird covers the whole pixel.
        parts: For each part that can be seen, its float32 ``[H, W]`` share of every pixel; their sum is the coverage.
        feet: Unit coordinates (x, y) of the point between the feet, on the perch.
    """

    colour: NDArray[np.float32]
    coverage: NDArray[np.float32]
    parts: dict[str, NDArray[np.float32]]
    feet: tuple[float, float]


def draw_bird(species: Species, seed: int, size: int, *, parts: Mapping[str, str | None] | None = None) -> BirdLayer:
    """Draw a bird that stands wholly inside a square frame.

    Args:
        species: Its kind.
        seed: Decides pose, place, size, light and tints, and nothing else does; not negative.
        size: Side of the frame in pixels, 16 to 1024.
        parts: For some slots, another part of the family, or None to leave the part out; pixels where neither the old
            nor the new part can be seen do not change.

    Raises:
        ConfigError: If a slot or part does not belong to the family, or the size or seed is out of range.
    """
    family = FAMILIES[species.family]
    chosen = _chosen_parts(family, species, parts or {})
    if not _SMALLEST <= size <= _LARGEST or seed < 0:
        raise ConfigError(
            f"A bird needs a size from {_SMALLEST} to {_LARGEST} pixels and a seed of at least 0, "
            f"got {size} and {seed}; choose others."
        )
    pose = draw_pose(seed)
    skeleton = skeleton_for(family, pose)
    placing = place_in_frame(family, skeleton)
    canvas = Canvas(size, float(placing.matrix[1, 1]))
    artist = _Artist(family.name, canvas, skeleton, placing, light_of(pose), _palette(skeleton))
    artist.draw(chosen)
    return artist.finish()


def _chosen_parts(family: Family, species: Species, changes: Mapping[str, str | None]) -> dict[str, str | None]:
    for slot, part in changes.items():
        if slot not in family.variants:
            raise ConfigError(f"A {family.name} has no slot '{slot}'; it has: {', '.join(family.variants)}.")
        if part is not None and part not in family.variants[slot]:
            known = ", ".join(family.variants[slot])
            raise ConfigError(f"A {family.name} has no {slot} named '{part}'; take one of: {known}, or None.")
    return {**family.shared_parts(), **species.parts, **changes}


def _palette(skeleton: Skeleton) -> dict[str, Field]:
    tints = np.asarray(skeleton.pose.tints, dtype=np.float32)
    colours = skeleton.build.colours
    return {name: np.asarray(colours[name], dtype=np.float32) * tints[index] for index, name in enumerate(_COLOURS)}


def _ramp(value: Field, low: float, high: float) -> Field:
    share = np.clip((value - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


@dataclass
class _Artist:
    family: str
    canvas: Canvas
    skeleton: Skeleton
    placing: Frame
    light: Light
    palette: Mapping[str, Field]

    @property
    def pose(self) -> Pose:
        return self.skeleton.pose

    def draw(self, parts: Mapping[str, str | None]) -> None:
        """Paint from back to front; what lies in front hides what lies behind."""
        far, near, _ = self.skeleton.legs
        self._part("tail", parts.get("tail"), self.palette["flight"], self.palette["back"], 0.09)
        self._solid("legs", [self.placing(s) for s in far], self.palette["bare"] * np.float32(0.72), 0.03)
        self._solid("legs", [self.placing(s) for s in near], self.palette["bare"], 0.03)
        self._part("crest", parts.get("crest"), self.palette["head"], self.palette["head"], 0.05)
        self._part("beak", parts.get("beak"), self.palette["bare"], self.palette["bare"], 0.06, gloss=0.25)
        self._body(parts.get("breast"))
        if parts.get("wing") is not None:
            self._wing()
        self._eye()

    def _solid(self, label: str, shapes: Sequence[Points], colour: Field, roundness: float) -> None:
        box = self.canvas.box(shapes)
        shade = self.canvas.shade(shapes, box, self.light, roundness)
        self.canvas.paint(_LABELS[label], shapes, box, shade * colour)

    def _part(
        self, slot: str, name: str | None, colour: Field, edge: Field, roundness: float, gloss: float = 0.0
    ) -> None:
        if name is None:
            return
        drawing = self._placed(slot, name)
        for index, shape in enumerate(drawing.shapes):
            box = self.canvas.box([shape])
            tone = self.canvas.tone(box)
            self.canvas.line(tone, box, [np.concatenate([shape, shape[:1]])], 0.016, 112)
            self.canvas.line(tone, box, drawing.lines[index : index + 1], 0.008, 120)
            shade = self.canvas.shade([shape], box, self.light, roundness, gloss)
            self.canvas.paint(_LABELS[slot], [shape], box, shade * (0.6 * colour + 0.4 * edge), tone)

    def _placed(self, slot: str, name: str) -> Drawing:
        drawing = self.skeleton.part(slot, name)
        return Drawing(tuple(map(self.placing, drawing.shapes)), tuple(map(self.placing, drawing.lines)))

    def _body(self, mark: str | None) -> None:
        canvas, build, palette = self.canvas, self.skeleton.build, self.palette
        rng = np.random.default_rng([self.pose.texture, 1])
        posed = self.skeleton.outline
        outline, wing = self.placing(posed), self.placing(self.skeleton.wing_outline)
        box = canvas.box([outline])
        x, y = self._body_grid(canvas.grid(box))
        height, slope = build.flank
        below = _ramp(y - height - slope * x, -0.10, 0.10)
        centre = self.skeleton.head.origin.astype(np.float32)
        gx, gy = self._posed_grid(canvas.grid(box))
        from_head = np.hypot(gx - centre[0], gy - centre[1]) / np.float32(build.head_radius)
        front = _ramp(x, 0.12, 0.40) * below
        head = (1 - _ramp(from_head, 0.75, 1.65)) * (1 - 0.55 * front)
        throat = 0.55 * front * (1 - head)
        rest = 1 - head - throat
        names = ("head", "throat", "belly", "back")
        albedo = mix([head, throat, rest * below, rest * (1 - below)], [palette[name] for name in names])
        shade = canvas.shade([outline], box, self.light, 0.26)
        shade = shade * canvas.shadow([wing], box, self.light, 0.045, 0.5)[..., None]
        tone = body_tone(canvas, box, posed, self.placing, rng)
        canvas.paint(_LABELS["body"], [outline], box, np.asarray(albedo * shade, dtype=np.float32), tone)
        cap = self.placing(closed_spline(self.skeleton.head(build.cap)))
        canvas.paint(_LABELS["body"], [cap], box, shade * palette[build.cap_colour], tone, _LABELS["body"])
        if mark is not None:
            shapes = self._placed("breast", mark).shapes
            canvas.line(tone, box, [np.concatenate([shape, shape[:1]]) for shape in shapes], 0.014, 140)
            canvas.paint(_LABELS["breast"], shapes, box, shade * palette["flight"], tone, _LABELS["body"])

    def _posed_grid(self, grid: tuple[Field, Field]) -> tuple[Field, Field]:
        x, y = grid
        (across, _), (_, down) = self.placing.matrix.astype(np.float32)
        left, top = self.placing.origin.astype(np.float32)
        return (x - left) / across, (y - top) / down

    def _body_grid(self, grid: tuple[Field, Field]) -> tuple[Field, Field]:
        x, y = self._posed_grid(grid)
        c, s = np.float32(np.cos(np.deg2rad(self.pose.lean))), np.float32(np.sin(np.deg2rad(self.pose.lean)))
        return c * x + s * y, c * y - s * x

    def _wing(self) -> None:
        canvas, palette = self.canvas, self.palette
        skeleton = self.skeleton
        outline = self.placing(skeleton.wing_outline)
        box = canvas.box([outline])
        rng = np.random.default_rng([self.pose.texture, 2])
        tone = wing_tone(canvas, box, self.family, skeleton.wing.within(self.placing), rng)
        canvas.line(tone, box, [np.concatenate([outline, outline[:1]])], 0.013, 104)
        x, y = self._posed_grid(canvas.grid(box))
        start, tip = skeleton.wing([skeleton.build.wing[0], skeleton.build.wing[-1]]).astype(np.float32)
        way = (tip - start) / np.sum((tip - start) ** 2)
        along = (x - start[0]) * way[0] + (y - start[1]) * way[1]
        flight = _ramp(along, 0.30, 0.62)
        albedo = mix([1 - flight, flight], [palette["back"], palette["flight"]])
        shade = canvas.shade([outline], box, self.light, 0.16, gloss=0.06)
        canvas.paint(_LABELS["wing"], [outline], box, np.asarray(albedo * shade, dtype=np.float32), tone)

    def _eye(self) -> None:
        ring, iris, pupil, glint, spark = (self.placing(shape) for shape in eye_discs(self.skeleton))
        box = self.canvas.box([ring])
        plain = np.ones((*box.shape, 3), dtype=np.float32)
        brightness = np.float32(0.55 + 0.35 * self.pose.strength)
        for shape, colour in (
            (ring, (196, 186, 170)),
            (iris, (88, 54, 34)),
            (pupil, (16, 14, 18)),
            (glint, (250, 250, 250)),
            (spark, (150, 140, 140)),
        ):
            self.canvas.paint(_LABELS["eye"], [shape], box, plain * np.asarray(colour, dtype=np.float32) * brightness)

    def finish(self) -> BirdLayer:
        """Reduce to the picture's size by exact area averaging."""
        canvas = self.canvas
        colour = canvas.reduce(np.minimum(canvas.colour, np.float32(255)))
        shares = {name: canvas.reduce((canvas.labels == label).astype(np.float32)) for name, label in _LABELS.items()}
        # Shares are multiples of a power of two, so that their sum is exact: 1.0 where the pixel is covered.
        coverage = np.asarray(sum(shares.values()), dtype=np.float32)
        parts = {name: share for name, share in shares.items() if share.any()}
        _, _, foot = self.skeleton.legs
        x, y = self.placing([foot])[0]
        return BirdLayer(colour, coverage, parts, (float(x), float(y)))
