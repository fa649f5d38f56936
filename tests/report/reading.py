"""Reading a report as a browser does: which elements there are, what they load, which scripts run."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    """One element with its attributes and the text directly in it."""

    name: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """All elements of a page in order, and the text of each table's cells."""

    elements: list[Element] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in {"img", "meta"}:
            self._open.append(element)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data
            if any(element.name == "td" for element in self._open):
                self.cells[-1] += data

    def named(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]


def read(page: str) -> Page:
    found = Page()
    found.feed(page)
    found.close()
    assert not found._open, "an element is left open"
    return found
