"""Home: the matrix of a bird, its number in the address, and sentences where a checkpoint cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bgbias_core.aviary import PLACES, SPECIES, draw_recipes
from bgbias_core.images import Image
from bgbias_core.masks import MaskResult, default_masker
from bgbias_core.models import Metric
from bgbias_core.paths import REPOSITORY

if TYPE_CHECKING:
    from tests.pages.conftest import MakeCheckpoint

NAMES = [f"aviary-{kind}-{strategy}" for kind in ("convnext", "vit") for strategy in ("unmasked", "late", "early")]
FIRST, SECOND = list(SPECIES)[:2]
LAST_BIRD = 1500


def open_home(bird: str | None = None) -> AppTest:
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=120)
    if bird is not None:
        app.query_params["bird"] = bird
    return app.run()


def bird_in_address(app: AppTest) -> int:
    bird = app.query_params["bird"]
    return int(bird if isinstance(bird, str) else bird[0])


def html(app: AppTest, word: str) -> str:
    """The one piece of HTML that holds the word."""
    return next(element.proto.body for element in app.get("html") if word in element.proto.body)


def metric(measure: str, condition: str, source: str, value: float, n: int = 1500, masker: str = "") -> Metric:
    return Metric.model_validate(
        {
            "measure": measure,
            "condition": condition,
            "mask_source": source,
            "masker": masker,
            "value": value,
            "low": value - 0.02,
            "high": value + 0.03,
            "n": n,
            "interval": "wilson",
            "command": f"print-again-{n}",
        }
    )


@pytest.fixture
def six(make_checkpoint: MakeCheckpoint) -> None:
    """All six checkpoints; each names the first species whatever it sees."""
    for name in NAMES:
        make_checkpoint(name)


def test_the_matrix_shows_every_place_and_every_answer(six: None) -> None:
    app = open_home()
    assert not app.exception
    assert not app.warning
    matrix = html(app, 'class="matrix"')
    assert matrix.count("<img") == len(PLACES)
    assert matrix.count("right: ") == 8 * len(PLACES)
    assert matrix.count("8 of 8") == 8
    assert "sees the same pixels on every background" in matrix
    assert bird_in_address(app) == 1


def test_the_next_bird_is_another_one_and_in_the_address(six: None) -> None:
    app = open_home()
    before = html(app, 'class="matrix"')
    app.button(key="next").click().run()
    after = html(app, 'class="matrix"')
    assert bird_in_address(app) == 2
    assert app.selectbox(key="species").value == SECOND
    assert f"The bird is a</small>{SECOND}" in after
    assert after.count("wrong: ") == 8 * len(PLACES)  # the checkpoints still name the first species
    assert before.split("base64,")[1][:2000] != after.split("base64,")[1][:2000]


def test_after_the_last_bird_comes_the_first(six: None) -> None:
    app = open_home(str(LAST_BIRD))
    app.button(key="next").click().run()
    assert bird_in_address(app) == 1


def test_choosing_a_species_shows_a_bird_of_it(six: None) -> None:
    app = open_home("30")
    chosen = list(SPECIES)[-1]
    app.selectbox(key="species").select(chosen).run()
    number = bird_in_address(app)
    assert draw_recipes("test", number)[-1].species == chosen
    assert (number - 1) // len(SPECIES) == 29 // len(SPECIES)
    assert f"The bird is a</small>{chosen}" in html(app, 'class="matrix"')


@pytest.mark.parametrize("asked", ["0", "1501", "-3", "²", "<script>", ""])
def test_an_unknown_bird_is_answered_in_a_sentence(six: None, asked: str) -> None:
    app = open_home(asked)
    assert not app.exception
    assert "birds are numbered 1 to 1,500" in app.info[0].value
    assert bird_in_address(app) == 1


def test_without_checkpoints_the_pictures_stand_and_a_sentence_says_what_to_do(shipped: Path) -> None:
    app = open_home()
    assert not app.exception
    assert html(app, 'class="matrix"').count("<img") == len(PLACES)
    assert len(app.warning) == 1
    assert "python -m bgbias_core checkpoints rebuild" in app.warning[0].value
    assert all(name in app.warning[0].value for name in NAMES)


def test_a_tampered_card_and_damaged_weights_are_named_and_the_others_answer(six: None, shipped: Path) -> None:
    card = shipped / f"{NAMES[0]}.json"
    card.write_text(card.read_text().replace("Always", "Never"))
    (shipped / f"{NAMES[1]}.safetensors").write_bytes(b"no weights")
    app = open_home()
    assert not app.exception
    assert "was altered" in app.warning[0].value
    assert "sha256 differs" in app.warning[0].value
    assert html(app, 'class="matrix"').count("8 of 8") == 6


def finds_nothing(image: Image) -> MaskResult:
    return MaskResult(np.zeros(image.shape[:2], np.float32), "predicted", "finds nothing")


def test_predicted_masks_come_from_the_masker_and_given_ones_do_not(six: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bgbias_core.masks.load_masker", {default_masker("aviary"): finds_nothing}.get)
    matrix = html(open_home(), 'class="matrix"')
    rows = {row.split("<small>")[0]: row for row in matrix.split('<th scope="row" class="label">')[1:]}
    assert rows["Early, predicted mask"].count("no object") == len(PLACES)
    assert all("0 of 8" in row if "predicted" in title else "8 of 8" in row for title, row in rows.items())


def test_measured_numbers_come_with_n_interval_and_command(make_checkpoint: MakeCheckpoint) -> None:
    make_checkpoint("aviary-vit-unmasked", metrics=[metric("accuracy", "OOD", "none", 0.4)])
    make_checkpoint(
        "aviary-vit-early",
        metrics=[
            metric("accuracy", "ID", "given", 0.95),
            metric("flip rate", "all places", "predicted", 0.25, n=300, masker="grabcut"),
        ],
    )
    app = open_home()
    table = html(app, 'class="measured"')
    assert "<strong>40.0%</strong> <small>38.0–43.0, n = 1,500</small>" in table
    assert "<strong>25.0%</strong> <small>23.0–28.0, n = 300</small>" in table
    assert "predicted mask (GrabCut)" in table
    assert table.count("no rate: it sees the same pixels on every background") == 1
    assert app.code[0].value.split("\n") == ["print-again-1500", "print-again-300"]


def test_a_page_opened_by_itself_names_the_pages(six: None) -> None:
    app = AppTest.from_file(str(REPOSITORY / "pages" / "home.py"), default_timeout=120).run()
    assert not app.exception
    assert html(app, 'class="matrix"').count("8 of 8") == 8
