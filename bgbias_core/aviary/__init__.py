"""Aviary, the built-in benchmark: drawn birds of look-alike species in drawn places, with exact masks.

``SPEC_VERSION`` names the specification (species, parts, homes, places, drawing). It is part of every cache key and of
every card: whoever changes what is drawn raises it and trains the shipped checkpoints anew.
"""

from bgbias_core.aviary.render import Recipe, Rendering, render
from bgbias_core.aviary.sampling import TEST_BIRDS, Condition, Split, draw_recipes
from bgbias_core.aviary.scenes import PLACES, draw_perch, draw_scene
from bgbias_core.aviary.species import FAMILIES, SPECIES

SPEC_VERSION = 1

__all__ = [
    "FAMILIES",
    "PLACES",
    "SPECIES",
    "SPEC_VERSION",
    "TEST_BIRDS",
    "Condition",
    "Recipe",
    "Rendering",
    "Split",
    "draw_perch",
    "draw_recipes",
    "draw_scene",
    "render",
]
