"""Figures in a page: their data stands beside them, and plotly.js draws them when the page is opened."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from bgbias_core.report.markup import Html, tag

_FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif'
# In place of Plotly's own template, which is made for white ground.
_TEMPLATE = go.layout.Template(
    layout={"hoverlabel": {"align": "left"}, "xaxis": {"automargin": True}, "yaxis": {"automargin": True}}
)


def figure_html(name: str, figure: go.Figure, alt: str, caption: str) -> Html:
    """A figure that the page's script draws.

    Args:
        name: What tells it from the page's other figures; small letters and hyphens.
        figure: Any figure; not changed.
        alt: What it shows, for those who cannot see it.
        caption: What stands below it.
    """
    shown = go.Figure(figure).update_layout(template=_TEMPLATE, font={"family": _FONT, "size": 12})
    height = figure.layout.height or 450
    return tag(
        "figure",
        tag("div", class_="plot", id=f"plot-{name}", data_figure=f"data-{name}", role="img", aria_label=alt,
            style=f"height: {height}px"),
        tag("script", data_text(shown.to_json()), type="application/json", id=f"data-{name}"),
        tag("figcaption", caption),
    )  # fmt: skip


def data_text(document: str) -> Html:
    r"""JSON as it may stand in a script element: nothing in it can end the element.

    >>> print(data_text('{"a": "</script>"}'))
    {"a": "\u003c/script\u003e"}
    """
    return Html(document.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def plotly_script() -> str:
    """plotly.js, as the installed package brings it."""
    return str(get_plotlyjs())
