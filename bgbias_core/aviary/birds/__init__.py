"""Birds drawn from a table of parts: see :func:`draw_bird`."""

from bgbias_core.aviary.birds.draw import Bird, BirdLayer, draw_bird

__all__ = ["Bird", "BirdLayer", "draw_bird"]
