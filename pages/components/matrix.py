"""The matrix of Home as one HTML table: a bird in every place, and what each classifier calls it there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from bgbias_core.aviary import PLACES, SPECIES


@dataclass(frozen=True)
class Row:
    """What one classifier says about the bird in every place.

    Attributes:
        title: Strategy and mask source.
        sees: In a few words, what reaches the classifier.
        names: The predicted species in each place, in the order of ``PLACES``; ``None`` until they are known.
        problem: Why there is nothing to show; ``""`` where there is.
    """

    title: str
    sees: str
    names: tuple[str, ...] | None = None
    problem: str = ""


def matrix_html(species: str, pictures: Mapping[str, str], groups: Mapping[str, Sequence[Row]]) -> str:
    """Lay out the matrix.

    Args:
        species: The true species of the bird.
        pictures: For each place the URL of the picture that shows the bird there.
        groups: The rows of each backbone by its title.

    Returns:
        HTML in which every text is escaped.
    """
    heads = "".join(_place_head(species, place, url) for place, url in pictures.items())
    bodies = "".join(_group(species, title, rows, len(pictures)) for title, rows in groups.items())
    name = escape(species)
    return (
        f'<div class="matrix" role="region" tabindex="0" aria-label="Predictions for a {name} in every place">'
        f"<table><caption>The same {name} in {len(pictures)} places, and the species each model names there</caption>"
        f'<thead><tr><th scope="col" class="label"><small>The bird is a</small>{name}</th>{heads}'
        f'<th scope="col" class="sum">Right</th></tr></thead>{bodies}</table></div>'
    )


def _place_head(species: str, place: str, url: str) -> str:
    title = PLACES[place].title
    home = SPECIES[species].home == place
    badge = '<span class="badge">⌂ home</span>' if home else ""
    alt = escape(f"{species} in place: {title}", quote=True)
    picture = f'<img src="{escape(url, quote=True)}" alt="{alt}" width="192" height="192">'
    return f'<th scope="col"{_classes(home=home)}>{picture}{badge}{escape(title)}</th>'


def _group(species: str, title: str, rows: Sequence[Row], places: int) -> str:
    lines = "".join(_row(species, row, places) for row in rows)
    head = f'<tr class="backbone"><th scope="rowgroup" colspan="{places + 2}"><span>{escape(title)}</span></th></tr>'
    return f"<tbody>{head}{lines}</tbody>"


def _row(species: str, row: Row, places: int) -> str:
    label = f'<th scope="row" class="label">{escape(row.title)}<small>{escape(row.sees)}</small></th>'
    if row.problem:
        return f'<tr>{label}<td class="problem" colspan="{places + 1}">{escape(row.problem)}</td></tr>'
    if row.names is None:
        return f'<tr>{label}{"<td class=pending>…</td>" * places}<td class="sum"></td></tr>'
    cells = "".join(_cell(species, place, name) for place, name in zip(PLACES, row.names, strict=True))
    right = sum(name == species for name in row.names)
    return f'<tr>{label}{cells}<td class="sum">{right} of {len(row.names)}</td></tr>'


def _cell(species: str, place: str, name: str) -> str:
    """A prediction, right or wrong by sign, word and weight, and by colour only beside them."""
    right = name == species
    home = SPECIES[species].home == place
    mark, word = ("✓", "right") if right else ("✗", "wrong")
    resident = not right and name in SPECIES and SPECIES[name].home == place
    note = "<small>lives here</small>" if resident else ""
    classes = _classes(right=right, wrong=not right, home=home)
    start, _, end = name.rpartition(" ")
    marked = (
        f'{escape(start)} <span class="end">{escape(end)} <span class="mark" aria-hidden="true">{mark}</span></span>'
    )
    return f'<td{classes}><span class="spoken">{word}: </span>{marked}{note}</td>'


def _classes(**names: bool) -> str:
    chosen = " ".join(name for name, applies in names.items() if applies)
    return f' class="{chosen}"' if chosen else ""
