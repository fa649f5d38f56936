"""Birds drawn from a table of parts: see :func:`draw_bird`."""

from bgbias_core.aviary.birds.draw import BirdLayer, draw_bird

__all__ = ["BirdLayer", "draw_bird"]
