"""The matrix as HTML: right and wrong without colour, the home marked, every text escaped, every picture described."""

from html.parser import HTMLParser

from bgbias_core.aviary import PLACES, SPECIES
from pages.components.matrix import Row, matrix_html

BIRD = next(iter(SPECIES.values()))
OTHER = next(species for species in SPECIES.values() if species.home != BIRD.home)
PICTURES = {place: f"data:,{place}" for place in PLACES}


class Cells(HTMLParser):
    """Rows of (tag, classes, text), and all pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[list[str]]] = []
        self.pictures: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append([tag, dict(attributes).get("class") or "", ""])
        if tag == "img":
            self.pictures.append(dict(attributes))

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1][2] += data


def answers(*names: str) -> tuple[str, ...]:
    return (names * len(PLACES))[: len(PLACES)]


def cells_of(row: Row) -> list[list[str]]:
    return Cells(matrix_html(BIRD.name, PICTURES, {"Network": [row]})).rows[-1]


def test_right_and_wrong_are_said_in_words_and_signs_and_not_by_colour_alone() -> None:
    label, *cells, total = cells_of(Row("Unmasked", "sees it all", answers(BIRD.name, OTHER.name)))
    assert label[2] == "Unmaskedsees it all"
    for right, wrong in zip(cells[::2], cells[1::2], strict=True):
        assert right[2].startswith("right: ")
        assert "✓" in right[2]
        assert "✗" not in right[2]
        assert wrong[2].startswith("wrong: ")
        assert "✗" in wrong[2]
    assert total[2] == "4 of 8"


def test_the_home_column_is_marked_and_no_other() -> None:
    page = Cells(matrix_html(BIRD.name, PICTURES, {"Network": [Row("Unmasked", "", answers(BIRD.name))]}))
    head, _, row = page.rows
    home = 1 + list(PLACES).index(BIRD.home)
    assert [index for index, cell in enumerate(head) if "home" in cell[1]] == [home]
    assert [index for index, cell in enumerate(row) if "home" in cell[1]] == [home]
    assert "⌂ home" in head[home][2]


def test_a_wrong_name_that_lives_in_the_place_is_called_out_there_alone() -> None:
    _, *cells, _ = cells_of(Row("Unmasked", "", answers(OTHER.name)))
    noted = [place for place, cell in zip(PLACES, cells, strict=True) if "lives here" in cell[2]]
    assert noted == [OTHER.home]


def test_the_right_name_at_home_is_no_reproach() -> None:
    assert not any("lives here" in cell[2] for cell in cells_of(Row("Unmasked", "", answers(BIRD.name))))


def test_an_answer_without_an_object_is_wrong_and_shown_as_it_is() -> None:
    cell = cells_of(Row("Early", "", answers("no object found")))[1]
    assert cell[2].split() == ["wrong:", "no", "object", "found", "✗"]


def test_cells_wait_for_their_answers() -> None:
    _, *cells, total = cells_of(Row("Unmasked", ""))
    assert {cell[2] for cell in cells} == {"…"}
    assert not total[2]


def test_a_problem_takes_the_place_of_answers() -> None:
    row = cells_of(Row("Unmasked", "", problem="cannot <be> asked"))
    assert [cell[2] for cell in row] == ["Unmasked", "cannot <be> asked"]


def test_every_picture_says_what_it_shows() -> None:
    pictures = Cells(matrix_html(BIRD.name, PICTURES, {})).pictures
    assert [picture["src"] for picture in pictures] == list(PICTURES.values())
    for place, picture in zip(PLACES.values(), pictures, strict=True):
        assert BIRD.name in (picture["alt"] or "")
        assert place.title.lower() in (picture["alt"] or "").lower()


def test_texts_are_escaped() -> None:
    rows = [Row("<b>title", "<b>sees", answers("<b>name")), Row("", "", problem="<b>problem")]
    assert "<b>" not in matrix_html(BIRD.name, PICTURES, {"<b>group": rows})
