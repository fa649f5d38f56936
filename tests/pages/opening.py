"""Opening a page as a link does, and reading what stands on it."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from bgbias_core.paths import REPOSITORY

Address = str | list[str]


def page_file(name: str) -> AppTest:
    """A page of ``pages/`` that has not run yet."""
    return AppTest.from_file(str(REPOSITORY / "pages" / f"{name}.py"), default_timeout=120)


def open_page(name: str, **address: Address) -> AppTest:
    """Run a page of ``pages/`` with query parameters."""
    return visit(page_file(name), **address)


def visit(app: AppTest, **address: Address) -> AppTest:
    for name, value in address.items():
        app.query_params[name] = value
    return checked(app.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception, [error.value for error in app.exception]
    return app


def widget(app: AppTest, kind: str, key: str) -> Any:
    return next(found for found in app.get(kind) if found.key == key)


def sentences(app: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))
