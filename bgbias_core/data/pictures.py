"""Free pictures that installed packages carry: photographs and scenes to try things on, without a download."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from bgbias_core.errors import ImageError
from bgbias_core.images import Image, read_image
from bgbias_core.registry import lookup

Role = Literal["photograph", "scene"]


@dataclass(frozen=True)
class Picture:
    """A picture inside an installed package.

    Attributes:
        name: Key in ``PICTURES``.
        title: As people read it.
        description: What it shows, for those who cannot see it.
        role: Whether it shows an object (``photograph``) or is better as a background (``scene``).
        package: The package that carries it, by its import name.
        file: Where in that package.
        source: Who made it, and under which terms it may be used.
    """

    name: str
    title: str
    description: str
    role: Role
    package: str
    file: str
    source: str


def _scikit_image(name: str, title: str, description: str, role: Role, file: str, source: str) -> Picture:
    return Picture(name, title, description, role, "skimage", f"data/{file}", f"{source}; comes with scikit-image")


def _gradio(name: str, title: str, description: str, file: str) -> Picture:
    source = "An example picture of gradio (Apache-2.0); comes with gradio"
    return Picture(name, title, description, "photograph", "gradio", f"media_assets/images/{file}", source)


PICTURES: dict[str, Picture] = {
    picture.name: picture
    for picture in (
        _gradio(
            "cheetah", "Running cheetah", "A cheetah running to the right over blurred brown ground", "cheetah.jpg"
        ),
        _gradio("lion", "Lion", "A lion resting on a rock, another lion behind it", "lion.jpg"),
        _gradio("cheetah_portrait", "Cheetah's face", "A cheetah looking into the camera", "cheetah1.jpg"),
        _scikit_image(
            "chelsea",
            "Cat",
            "Face of a tabby cat called Chelsea",
            "photograph",
            "chelsea.png",
            "Stéfan van der Walt, CC0",
        ),
        _scikit_image(
            "coffee",
            "Coffee cup",
            "A red cup of coffee with its saucer on a wooden table",
            "photograph",
            "coffee.png",
            "Rachel Michetti, CC0",
        ),
        _scikit_image(
            "rocket",
            "Rocket",
            "A rocket on its launch pad at dusk",
            "photograph",
            "rocket.jpg",
            "SpaceX, public domain",
        ),
        _gradio("tower", "Tower", "The top of the Eiffel Tower lit up in the evening", "tower.jpg"),
        _gradio("bus", "Toy bus", "A small drawing of a red bus", "bus.png"),
        _scikit_image(
            "hubble_deep_field",
            "Deep space",
            "Hundreds of galaxies on a black sky",
            "scene",
            "hubble_deep_field.jpg",
            "NASA, public domain",
        ),
        _scikit_image("grass", "Grass", "Grass from above, in grey", "scene", "grass.png", "linolafett, CC0"),
        _scikit_image("gravel", "Gravel", "Gravel from above, in grey", "scene", "gravel.png", "CC0Textures, CC0"),
        _scikit_image("brick", "Brick wall", "A brick wall, in grey", "scene", "brick.png", "CC0Textures, CC0"),
    )
}


def find_pictures() -> dict[str, Path]:
    """Path of every picture that is installed here, by name, in the order of ``PICTURES``.

    The packages are found, not imported.
    """
    found = {name: _path(picture) for name, picture in PICTURES.items()}
    return {name: path for name, path in found.items() if path is not None}


def read_picture(name: str) -> Image:
    """Read a picture.

    Returns:
        RGB, uint8 ``[H, W, 3]``.

    Raises:
        UnknownNameError: No picture has this name; the message lists the nearest ones.
        ImageError: The package that carries it is not installed here, or carries it no longer.

    >>> read_picture("chelsea").shape
    (300, 451, 3)
    """
    picture = lookup(PICTURES, name, "picture")
    path = _path(picture)
    if path is None:
        raise ImageError(
            f"The picture '{name}' should come with the package {picture.package}, which does not carry it here; "
            "install the requirements again, or choose another picture."
        )
    return read_image(path)


def _path(picture: Picture) -> Path | None:
    spec = find_spec(picture.package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / picture.file
    return path if path.is_file() else None
