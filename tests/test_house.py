"""The house keeps its floors: an import goes down or along, never up, never in a circle; and files stay readable."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from itertools import product
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
LINE_LIMIT = 400

# Ground first. What stands on one line may import along it; a room not yet built has its place already.
FLOORS = (
    ("bgbias_core", "errors", "registry", "paths", "decoding", "images", "download", "jobs", "spelling"),
    ("models",),
    ("masks", "compositing"),
    ("conditions", "aviary"),
    ("data",),
    ("evaluation",),
    ("attribution", "training"),
    ("benchmark",),
    ("plots",),
    ("report",),
    ("cli", "serving", "pages", "__main__"),
    ("app",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Who alone may import a library of screens, services and figures; streamlit is for pages and app.py.
ONLY_IN = {"gradio": {"serving"}, "plotly": {"plots", "report"}, "typer": {"cli"}, "streamlit": {"pages", "app"}}


@dataclass(frozen=True)
class Import:
    """One import statement's target, as an absolute dotted name."""

    importer: str
    imported: str
    line: int


def room_of(module: str) -> str:
    """``bgbias_core.models.card`` -> ``models``; ``pages.home`` -> ``pages``; ``bgbias_core`` -> itself."""
    parts = module.split(".")
    return parts[1] if parts[0] == "bgbias_core" and len(parts) > 1 else parts[0]


def find_modules(root: Path) -> dict[str, Path]:
    """Dotted name -> file, for the library, the pages and ``app.py``."""
    files = [*(root / "bgbias_core").rglob("*.py"), *(root / "pages").rglob("*.py"), *root.glob("app.py")]
    names = {}
    for file in files:
        parts = file.relative_to(root).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return names


def find_imports(root: Path) -> Iterator[Import]:
    """Every import, at module level, in a function or under TYPE_CHECKING alike."""
    modules = find_modules(root)
    for importer, file in modules.items():
        package = importer.split(".") if file.name == "__init__.py" else importer.split(".")[:-1]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                base = ".".join([*above, *filter(None, [node.module])])
                # `from package import name` means the module package.name where there is one.
                targets = [name if (name := f"{base}.{alias.name}") in modules else base for alias in node.names]
            else:
                continue
            yield from (Import(importer, target, node.lineno) for target in dict.fromkeys(targets))


def homeless_rooms(root: Path) -> list[str]:
    """Rooms of the library that FLOORS does not list."""
    rooms = sorted({room_of(module) for module in find_modules(root)} - set(FLOOR_OF))
    return [
        f"'{room}' has no floor: add it to FLOORS in tests/test_house.py, where its imports allow" for room in rooms
    ]


def imports_upward(root: Path) -> list[str]:
    """Imports that leave their floor upward."""
    own = ("bgbias_core", "pages", "app")
    return [
        f"{found.importer}:{found.line} imports {found.imported}, which stands on a higher floor"
        for found in find_imports(root)
        if found.imported.split(".")[0] in own
        and FLOOR_OF.get(room_of(found.imported), len(FLOORS)) > FLOOR_OF.get(room_of(found.importer), -1)
    ]


def imports_in_a_circle(root: Path) -> list[str]:
    """The first circle of modules that import one another, if any."""
    modules = find_modules(root)
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for found in find_imports(root):
        if found.imported in modules and found.imported != found.importer:
            graph[found.importer].add(found.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" is imported by ".join(error.args[1])]
    return []


def libraries_out_of_place(root: Path) -> list[str]:
    """Imports of screen, service and figure libraries outside the one room that may have them."""
    return [
        f"{found.importer}:{found.line} imports {library}, which only {' and '.join(sorted(rooms))} may"
        for found in find_imports(root)
        for library, rooms in ONLY_IN.items()
        if found.imported.split(".")[0] == library and room_of(found.importer) not in rooms
    ]


def long_files(root: Path) -> list[str]:
    """Source and test files that no longer fit in one sitting."""
    folders = ("bgbias_core", "pages", "tests", "benchmarks")
    files = [*root.glob("*.py"), *(file for folder in folders for file in (root / folder).rglob("*.py"))]
    counts = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in sorted(files)}
    return [
        f"{file.relative_to(root)} has {count} lines, more than {LINE_LIMIT}: split it by subject"
        for file, count in counts.items()
        if count > LINE_LIMIT
    ]


CHECKS = (homeless_rooms, imports_upward, imports_in_a_circle, libraries_out_of_place, long_files)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_repository_keeps_the_rules(check) -> None:
    assert check(REPOSITORY) == []


def build(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


SOUND = {
    "bgbias_core/__init__.py": "",
    "bgbias_core/images.py": "import numpy\n",
    "bgbias_core/models/__init__.py": "from bgbias_core.models.card import Card\n",
    "bgbias_core/models/card.py": "from bgbias_core import images\nclass Card: ...\n",
    "bgbias_core/data/__init__.py": "from ..models import Card\n",
    "bgbias_core/plots.py": "import plotly.graph_objects\n",
    "pages/home.py": "import streamlit\nfrom bgbias_core import plots\n",
    "app.py": "import streamlit\n",
}


def test_a_sound_house_has_no_complaints(tmp_path) -> None:
    assert [complaint for check in CHECKS for complaint in check(build(tmp_path, SOUND))] == []


@pytest.mark.parametrize(
    ("check", "file", "text", "said"),
    [
        (homeless_rooms, "bgbias_core/attic.py", "", "'attic' has no floor"),
        (imports_upward, "bgbias_core/images.py", "import bgbias_core.models.card\n", "images:1 imports"),
        (imports_upward, "bgbias_core/images.py", "from bgbias_core import models\n", "imports bgbias_core.models"),
        (imports_upward, "bgbias_core/models/card.py", "from ..data import sample\n", "imports bgbias_core.data"),
        (imports_upward, "bgbias_core/models/card.py", "def f():\n    from bgbias_core.data import x\n", "card:2"),
        (imports_upward, "bgbias_core/__init__.py", "from .images import Image\nfrom .models import Card\n", ":2"),
        (
            imports_upward,
            "bgbias_core/images.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bgbias_core.data import sample\n",
            "images:3",
        ),
        (imports_upward, "bgbias_core/plots.py", "import pages.home\n", "imports pages.home"),
        (imports_upward, "pages/home.py", "import app\n", "imports app"),
        (imports_in_a_circle, "bgbias_core/models/card.py", "from bgbias_core.models import Card\n", "models.card"),
        (imports_in_a_circle, "bgbias_core/models/card.py", "def f():\n    from . import Card\n", "models.card"),
        (libraries_out_of_place, "bgbias_core/data/__init__.py", "import streamlit as st\n", "streamlit"),
        (libraries_out_of_place, "bgbias_core/data/__init__.py", "from typer import Typer\n", "only cli may"),
        (libraries_out_of_place, "pages/home.py", "import plotly.express\n", "only plots and report may"),
        (libraries_out_of_place, "app.py", "import gradio\n", "only serving may"),
        (long_files, "tests/test_long.py", "\n" * (LINE_LIMIT + 1), "401 lines"),
    ],
)
def test_each_check_bites(tmp_path, check, file, text, said) -> None:
    [complaint] = check(build(tmp_path, {**SOUND, file: text}))
    assert said in complaint


def unlisted_libraries(root: Path) -> list[str]:
    """Libraries that the code imports by name and requirements.txt does not name."""
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    listed = {re.split("[<>=~! ]", line)[0].lower() for line in lines if line and not line.startswith("#")}
    distributions = packages_distributions()
    own = {module.split(".")[0] for module in find_modules(root)}
    libraries = {found.imported.split(".")[0] for found in find_imports(root)} - own - sys.stdlib_module_names
    return [
        f"'{library}' is imported: name its distribution in requirements.txt"
        for library in sorted(libraries)
        if not listed & {name.lower().replace("_", "-") for name in distributions.get(library, [])}
    ]


def test_every_imported_library_is_required() -> None:
    assert unlisted_libraries(REPOSITORY) == []


def test_an_unlisted_library_is_found(tmp_path) -> None:
    build(tmp_path, {**SOUND, "requirements.txt": "# tried\nnumpy>=2,<3\nstreamlit>=1\n"})
    [complaint] = unlisted_libraries(tmp_path)
    assert "'plotly'" in complaint


def luminance(colour: str) -> float:
    """Relative luminance of ``#RRGGBB`` (WCAG 2.2)."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def tinted(colour: str, ground: str, opacity: float) -> str:
    """``colour`` laid over ``ground``, as Streamlit draws alerts and badges."""
    pairs = [(int(colour[start : start + 2], 16), int(ground[start : start + 2], 16)) for start in (1, 3, 5)]
    return "#" + "".join(f"{round(over * opacity + under * (1 - opacity)):02x}" for over, under in pairs)


@pytest.mark.parametrize(("name", "opacity"), [("light", 0.1), ("dark", 0.2)])
def test_every_text_of_the_theme_is_readable(name, opacity) -> None:
    theme = tomllib.loads((REPOSITORY / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"][name]
    grounds = [theme["backgroundColor"], theme["secondaryBackgroundColor"], theme["sidebar"]["backgroundColor"]]
    texts = [colour for key, colour in theme.items() if re.search("[Tt]extColor$|^linkColor$", key)]
    assert len(texts) == 10
    assert contrast("#FFFFFF", theme["primaryColor"]) >= 4.5, "text on a primary button"
    for text, ground in product(texts, grounds):
        assert contrast(text, ground) >= 4.5, (text, ground)
    for ground in grounds:
        assert contrast(theme["primaryColor"], ground) >= 3, "a control against what it stands on"
        for hue in ("red", "orange", "yellow", "green", "blue", "violet", "gray"):
            text = theme[f"{hue}TextColor"]
            assert contrast(text, tinted(text, ground, opacity)) >= 4.5, (hue, ground)


@pytest.mark.parametrize(("strict", "code"), [("0", 0), ("1", 1)])
def test_a_skip_fails_where_nothing_may_be_left_out(tmp_path, strict, code) -> None:
    build(tmp_path, {"test_skip.py": "def test_photographs(real_data): ...\n", "pytest.ini": "[pytest]\n"})
    shutil.copy(REPOSITORY / "tests/conftest.py", tmp_path)
    environment = {**os.environ, "BGBIAS_NO_SKIPS": strict, "PYTEST_ADDOPTS": ""}
    environment.pop("BGBIAS_REAL_DATA", None)
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    assert "needs real photographs: set BGBIAS_REAL_DATA to their folder" in done.stdout
    assert ("1 skipped, which counts as failed" in done.stdout) == (strict == "1")
