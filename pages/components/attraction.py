"""Which places attract which wrong names, as one HTML table, and the strongest attraction in a sentence."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from bgbias_core.aviary import SPECIES
from bgbias_core.spelling import spell_class
from pages.components.cases import place_title

if TYPE_CHECKING:
    from bgbias_core.evaluation.failures import Attraction

_LEAST_SHADE, _MOST_SHADE = 8, 48  # at most so that text keeps a contrast of 4.5:1 on light and on dark ground


def attraction_html(found: Attraction, kind: str) -> str:
    """Lay out the matrix.

    Args:
        found: What to show.
        kind: ``wrong`` or ``new``: what is counted are wrong names, or names other than the reference's.

    Returns:
        HTML in which every text is escaped.
    """
    heads = "".join(f'<th scope="col">{escape(spell_class(name))}</th>' for name in found.names)
    heads += '<th scope="col">other names</th>' if found.others.any() else ""
    largest = max(int(found.counts.max(initial=0)), 1)
    rows = ""
    for index, (place, pictures) in enumerate(zip(found.places, found.pictures, strict=True)):
        label = f'<th scope="row" class="label">{escape(place_title(place))}<small>n = {pictures:,}</small></th>'
        cells = "".join(
            _cell(int(count), pictures, largest, home=_lives(name, place))
            for name, count in zip(found.names, found.counts[index], strict=True)
        )
        if found.others.any():
            cells += f"<td>{int(found.others[index]) or ''}</td>"
        rows += f"<tr>{label}{cells}</tr>"
    about = f"How many pictures of each place were given each {kind} name"
    return (
        f'<div class="attraction" role="region" tabindex="0" aria-label="{about}"><table><caption>{about}</caption>'
        f'<thead><tr><th scope="col" class="label">Place</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _lives(name: str, place: str) -> bool:
    return name in SPECIES and SPECIES[name].home == place


def _cell(count: int, pictures: int, largest: int, *, home: bool) -> str:
    mark = '<span class="home" title="lives here">⌂</span>' if home else ""
    if not count:
        return f"<td>{mark}</td>"
    shade = _LEAST_SHADE + (_MOST_SHADE - _LEAST_SHADE) * count / largest
    return f'<td style="--shade:{shade:.0f}%">{mark}{count}<small>{count / pictures:.0%}</small></td>'


def strongest_sentence(found: Attraction, kind: str, looked_at: str) -> str:
    """The strongest attraction in Markdown, with n and interval; empty where there is none.

    Args:
        found: What was counted.
        kind: ``wrong`` or ``new``.
        looked_at: The model and its mask source.
    """
    from bgbias_core.evaluation.failures import SMALLEST_PLACE
    from pages.components.verdicts import plain

    strongest = found.strongest()
    if strongest is None:
        if found.counts.sum() == 0:
            return f"No picture was given a {kind} name here."
        return f"No place has {SMALLEST_PLACE} pictures, too few to say what one attracts."
    place, name, tally = strongest
    lives = ", which lives there" if _lives(name, place) else ""
    low, high = 100 * tally.interval.low, 100 * tally.interval.high
    cells = sum(n >= SMALLEST_PLACE for n in found.pictures) * len(found.names)
    given = "are wrongly given this name" if kind == "wrong" else "are given this name, and another one on the original"
    return (
        f"**{plain(place_title(place))}** attracts **{plain(spell_class(name))}**{lives}: {tally.count:,} of the "
        f"{tally.pictures:,} pictures there {given}, {100 * tally.share:.1f}% (95% interval {low:.1f}–{high:.1f}, "
        f"n = {tally.samples:,}; {plain(looked_at)}). It was picked as the largest of {cells:,} "
        "shares and so looks somewhat larger than it is."
    )
