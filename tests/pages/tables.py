"""Tables as pages show them, read back."""

from __future__ import annotations

from html.parser import HTMLParser


class Table(HTMLParser):
    """Rows of the cells' texts, and all pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.pictures: list[dict[str, str | None]] = []
        self.feed(text.partition("</table>")[0])

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "img":
            self.pictures.append(dict(attributes))

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data
