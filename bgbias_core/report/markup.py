"""HTML that escapes by itself: whatever was not made here is text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_WITHOUT_END = frozenset({"img", "meta"})


class Html(str):
    """Text that is HTML already; any other text is escaped where it is put in."""

    __slots__ = ()


def tag(name: str, /, *children: str | None, **attributes: str | None) -> Html:
    """An element.

    Args:
        name: Its name.
        children: What stands in it; only :class:`Html` is taken as it is, ``None`` is left out.
        attributes: Its attributes without a trailing underscore, and with hyphens for the others; ``None`` is left out.

    >>> tag("td", "a < b", tag("small", "n = 3"), class_="label")
    '<td class="label">a &lt; b<small>n = 3</small></td>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    opened = f"<{name}{written}>"
    return Html(opened if name in _WITHOUT_END else f"{opened}{join(children)}</{name}>")


def join(children: Iterable[str | None], between: str = "") -> Html:
    """Elements and texts one after the other.

    >>> join(["a & b", tag("b", "c"), None])
    'a &amp; b<b>c</b>'
    """
    return Html(between.join(one if isinstance(one, Html) else escape(one) for one in children if one is not None))
