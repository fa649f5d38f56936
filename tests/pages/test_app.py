"""The frame: pages in their groups, one set-up that may be repeated, addresses that Streamlit infers by itself too."""

import tomllib

import pytest
from streamlit.testing.v1 import AppTest

from bgbias_core.paths import ASSETS, REPOSITORY

PAGES = sorted(path.stem for path in (REPOSITORY / "pages").glob("*.py") if path.stem != "__init__")


def set_up(*_: object) -> None:
    from pages.components.page import page_setup

    page_setup("A page")
    page_setup("A page")


def test_every_page_file_is_in_the_navigation_and_starts_with_its_set_up() -> None:
    source = (REPOSITORY / "pages" / "components" / "page.py").read_text()
    for name in PAGES:
        assert f'"{name}"' in source
        assert "page_setup(" in (REPOSITORY / "pages" / f"{name}.py").read_text()


def inferred_paths() -> None:
    import streamlit as st

    from pages.components.page import home_page, swap_backgrounds_page

    st.text(repr([home_page().url_path, swap_backgrounds_page().url_path]))


def test_addresses_are_those_that_streamlit_infers_from_the_files() -> None:
    app = AppTest.from_function(inferred_paths).run()
    assert app.text[0].value == "['', 'swap_backgrounds']"


def test_page_set_up_can_be_repeated() -> None:
    app = AppTest.from_function(set_up).run()
    assert not app.exception


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_style_sheet_repeats_the_theme_it_stands_on(theme: str) -> None:
    colours = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())["theme"][theme]
    place = ["light", "dark"].index(theme)
    style = dict(
        line.strip().removesuffix(";").split(": ", 1)
        for line in (ASSETS / "page.css").read_text().splitlines()
        if line.strip().startswith("--")
    )
    for variable, name in {"--ground": "backgroundColor", "--ink": "textColor", "--rule": "borderColor"}.items():
        pair = style[variable].removeprefix("light-dark(").removesuffix(")").split(", ")
        assert pair[place] == colours[name]


def contrast(first: str, second: str) -> float:
    """The ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [("ink", "ground"), ("quiet", "ground"), ("quiet", "empty"), ("right-ink", "right"), ("wrong-ink", "wrong")],
)
def test_cells_can_be_read(theme: int, ink: str, ground: str) -> None:
    text = (ASSETS / "page.css").read_text()
    colours = {name: text.split(f"--{name}: light-dark(")[1].split(")")[0].split(", ")[theme] for name in (ink, ground)}
    assert contrast(colours[ink], colours[ground]) >= 4.5
