"""The pictures of generated data sets: against the oracle, after a break, as the readers open them; and twin sets."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import psutil
import pytest

from bgbias_core.conditions import CONDITIONS, draw_donors, present, seed_of
from bgbias_core.data import open_cub, open_folder, open_waterbirds
from bgbias_core.data.generate import (
    COMPAT,
    PROVENANCE,
    PUBLISHED_GROUPS,
    PlaceGroup,
    make_twins,
    make_waterbirds,
    plan_waterbirds,
)
from bgbias_core.data.generate.composite import paste
from bgbias_core.errors import ConfigError, ImageError, MaskError, UnknownNameError
from bgbias_core.images import read_image, read_mask
from bgbias_core.paths import take_lock
from tests.data import waterbirds_oracle as oracle
from tests.data.made_birds import make_birds, make_scenes
from tests.data.made_up import put

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    return open_cub(make_birds(root / "cub", per_species=10)), make_scenes(root / "places")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def decoded(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as opened:
        return np.asarray(opened)


def compare_with_the_oracle(plan, out: Path, scratch: Path) -> int:
    """Pixel for pixel, before encoding and after decoding; returns how many soft pixels there were."""
    soft = 0
    for job in plan.jobs:
        expected = np.asarray(oracle.composite(job.photograph, job.mask, job.scene))
        mask = read_mask(job.mask)
        assert np.array_equal(paste(read_image(job.photograph), mask, read_image(job.scene)), expected), job
        oracle.write(job.photograph, job.mask, job.scene, scratch / job.out.name)
        assert np.array_equal(decoded(job.out), decoded(scratch / job.out.name)), job
        assert job.out.read_bytes() == (scratch / job.out.name).read_bytes(), job
        soft += int(((mask > 0) & (mask < 1)).sum())
    return soft


def test_200_drawn_pictures_are_identical_to_the_oracles(tmp_path) -> None:
    birds = open_cub(make_birds(tmp_path / "cub", per_species=50))
    plan = plan_waterbirds(birds, make_scenes(tmp_path / "places"), tmp_path / "out", labels=COMPAT, reuse_scenes=True)
    assert make_waterbirds(plan, tmp_path / "out").made == len(plan.jobs) == 200
    assert compare_with_the_oracle(plan, tmp_path / "out", tmp_path / "scratch") > 50_000
    smaller = {
        (scene[0] < photograph[0], scene[1] < photograph[1])
        for photograph, scene in ((size_of(job.photograph), size_of(job.scene)) for job in plan.jobs)
    }
    assert len(smaller) == 4  # scenes that must grow in one direction, in the other, in both, in none


def size_of(path: Path) -> tuple[int, ...]:
    return read_image(path).shape[:2]


@pytest.mark.real_data
def test_200_real_pictures_are_identical_to_the_oracles(real_data, tmp_path) -> None:
    groups = [PlaceGroup("land", ("bamboo_forest", "rainforest")), PlaceGroup("water", ("ocean", "waterfall"))]
    plan = plan_waterbirds(
        open_cub(real_data / "cub"),
        real_data / "scenes",
        tmp_path / "out",
        groups=groups,
        labels=COMPAT,
        reuse_scenes=True,
    )
    chosen = np.random.default_rng(0).choice(len(plan.jobs), 200, replace=False)
    some = type(plan)(
        tuple(plan.rows[index] for index in chosen),
        tuple(plan.jobs[index] for index in chosen),
        plan.counts,
        plan.made_from,
    )
    make_waterbirds(some, tmp_path / "out")
    compare_with_the_oracle(some, tmp_path / "out", tmp_path / "scratch")


def test_every_pair_of_values_is_mixed_as_published() -> None:
    # All mask values against many pairs of colours; hard masks and soft ones take different ways in the code.
    random = np.random.default_rng(0)
    image, scene = (random.integers(0, 256, (256, 300, 3), dtype=np.uint8) for _ in range(2))
    values = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 300, axis=1)
    m = values[..., None] / 255
    expected = np.uint8(np.around(image * m)) + np.uint8(np.around(scene * (1 - m)))
    assert np.array_equal(paste(image, values / np.float32(255), scene), expected)


def test_a_mask_of_another_size_is_refused_and_named(made, tmp_path) -> None:
    cub = make_birds(tmp_path / "cub", per_species=4)
    [wrong] = (cub / "segmentations").rglob("Caspian_Tern_0001*")
    PIL.Image.new("L", (3, 3), 255).save(wrong)
    plan = plan_waterbirds(open_cub(cub), made[1], tmp_path / "out")
    with pytest.raises(MaskError, match=r"Caspian_Tern_0001_143.jpg on .*: The mask is 3×3 pixels"):
        make_waterbirds(plan, tmp_path / "out")


def test_the_readers_open_it(made, tmp_path) -> None:
    birds, places = made
    plan = plan_waterbirds(birds, places, tmp_path / "out", seed=1)
    make_waterbirds(plan, tmp_path / "out")
    data = open_waterbirds(tmp_path / "out")
    row_of = {row[1]: row for row in plan.rows}
    assert len(data.entries) == 40
    for entry in data.entries:
        _, name, label, split, place, scene = row_of[entry.name]
        assert entry.label == ("landbird", "waterbird")[label]
        assert entry.split == ("train", "validation", "test")[split]
        assert entry.place_group == ("land", "water")[place]
        assert f"/{entry.place}/" in scene
        sample = data.read(entry)
        stored = read_mask((birds.folder / "segmentations" / name).with_suffix(".png"))
        assert np.array_equal(sample.mask, stored == 1)
        assert sample.image.shape[:2] == stored.shape
    with (tmp_path / "out" / "metadata.csv").open() as file:
        assert next(csv.reader(file)) == ["img_id", "img_filename", "y", "split", "place", "place_filename"]


def test_inside_the_folder_of_cub_it_is_read_by_species(tmp_path, made) -> None:
    cub = make_birds(tmp_path / "cub", per_species=4)
    plan = plan_waterbirds(open_cub(cub), made[1], cub / "waterbirds")
    make_waterbirds(plan, cub / "waterbirds")
    data = open_waterbirds(cub)
    assert data.classes == ("Black footed Albatross", "Eastern Towhee", "American Goldfinch", "Caspian Tern")
    assert len(data.entries) == 16


def test_the_provenance_says_what_it_was_made_from(made, tmp_path) -> None:
    birds, places = made
    plan = plan_waterbirds(birds, places, tmp_path, seed=4, majority=0.8)
    written = make_waterbirds(plan, tmp_path)
    said = json.loads((tmp_path / PROVENANCE).read_text())
    assert said == written.provenance
    assert said["finished"] is True
    assert said["counts"] == plan.counts
    assert said["photographs"] == 40
    made_from = said["made_from"]
    assert (made_from["seed"], made_from["majority"], made_from["labels"]) == (4, 0.8, "fixed")
    assert made_from["photographs_fingerprint"] == birds.fingerprint
    assert made_from["groups"] == {group.name: list(group.places) for group in PUBLISHED_GROUPS}
    assert made_from["versions"]["pillow"] == PIL.__version__


def test_several_processes_make_the_same_bytes(made, tmp_path) -> None:
    for workers in (1, 2):
        out, progress = tmp_path / str(workers), []
        plan = plan_waterbirds(*made, out)
        make_waterbirds(plan, out, workers=workers, progress=lambda done, total, to=progress: to.append((done, total)))
        assert progress == [(16, 40), (32, 40), (40, 40)]
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_nothing_that_is_there_is_made_again(made, tmp_path) -> None:
    plan = plan_waterbirds(*made, tmp_path)
    assert make_waterbirds(plan, tmp_path).made == 40
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    [lost] = [job.out for job in plan.jobs if "Caspian_Tern_0003" in job.out.name]
    lost.unlink()
    assert make_waterbirds(plan, tmp_path).made == 1
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    changed = {path.name for path in after if after[path] != before[path]}
    assert changed == {lost.name, lost.with_suffix(".png").name, PROVENANCE}


RUN = """
import sys
from bgbias_core.data import open_cub
from bgbias_core.data.generate import make_waterbirds, plan_waterbirds
cub, places, out = sys.argv[1:]
make_waterbirds(plan_waterbirds(open_cub(cub), places, out, reuse_scenes=True), out, workers=int(2))
"""


def test_killed_and_called_again_it_ends_with_the_same_bytes(tmp_path) -> None:
    cub, places = make_birds(tmp_path / "cub", per_species=150), make_scenes(tmp_path / "places")
    out, whole = tmp_path / "out", tmp_path / "whole"
    running = subprocess.Popen([sys.executable, "-c", RUN, cub, places, out], cwd=REPOSITORY)
    give_up = time.monotonic() + 120
    while len(list(out.rglob("*.jpg"))) < 40 and time.monotonic() < give_up:
        time.sleep(0.01)
    family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
    assert len(family) >= 3
    family[0].kill()
    assert running.wait() == -signal.SIGKILL
    assert psutil.wait_procs(family[1:], timeout=20)[1] == [], "workers end with the process that started them"
    assert not (out / "metadata.csv").exists()
    assert json.loads((out / PROVENANCE).read_text())["finished"] is False
    put(out / "001.Black_footed_Albatross/x.jpg.123.part", b"half a picture")
    plan = plan_waterbirds(open_cub(cub), places, out, reuse_scenes=True)
    assert 0 < make_waterbirds(plan, out).made <= 560
    make_waterbirds(plan_waterbirds(open_cub(cub), places, whole, reuse_scenes=True), whole)
    assert contents(out) == contents(whole)


def test_a_second_process_is_kept_out_and_spoils_nothing(made, tmp_path) -> None:
    plan = plan_waterbirds(*made, tmp_path)
    lock = take_lock(tmp_path / ".lock", ConfigError("taken"))
    with lock, pytest.raises(ConfigError, match="is being made by another process; wait for it"):
        make_waterbirds(plan, tmp_path)
    assert make_waterbirds(plan, tmp_path).made == len(plan.jobs)


def test_a_break_before_the_first_word_is_no_obstacle(made, tmp_path) -> None:
    put(tmp_path / f"{PROVENANCE}.77.part", b"{")
    make_waterbirds(plan_waterbirds(*made, tmp_path), tmp_path)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "begun with metadata_sha256"),
        ({"majority": 0.9}, "begun with majority = 0.95 and this command says 0.9"),
        ({"labels": COMPAT}, "begun with label_of_class"),
        ({"groups": PUBLISHED_GROUPS[::-1]}, "begun with"),
    ],
)
def test_another_configuration_in_the_same_folder_is_refused(made, tmp_path, change, said) -> None:
    make_waterbirds(plan_waterbirds(*made, tmp_path), tmp_path)
    before = contents(tmp_path)
    with pytest.raises(ConfigError, match=said) as refusal:
        make_waterbirds(plan_waterbirds(*made, tmp_path, **change), tmp_path)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 500
    assert contents(tmp_path) == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made_from": 3}', "\x00"])
def test_a_folder_of_something_else_is_refused(made, tmp_path, text) -> None:
    out = put(tmp_path / "a" / PROVENANCE, text).parent
    with pytest.raises(ConfigError, match="was not written here or is damaged"):
        make_waterbirds(plan_waterbirds(*made, out), out)
    other = put(tmp_path / "b" / "thesis.txt", "all my work").parent
    with pytest.raises(ConfigError, match="holds other files"):
        make_waterbirds(plan_waterbirds(*made, other), other)
    assert contents(other) == {"thesis.txt": b"all my work"}


def test_a_folder_that_cannot_be_made_is_refused(made, tmp_path) -> None:
    file = put(tmp_path / "file", "")
    with pytest.raises(ConfigError, match="cannot be written"):
        make_waterbirds(plan_waterbirds(*made, file), file)
    with pytest.raises(ConfigError, match="cannot be written"):
        make_waterbirds(plan_waterbirds(*made, file / "below"), file / "below")


def test_a_damaged_photograph_is_named(made, tmp_path) -> None:
    cub = make_birds(tmp_path / "cub", per_species=4)
    [damaged] = (cub / "images").rglob("Eastern_Towhee_0002*")
    damaged.write_bytes(damaged.read_bytes()[:200])
    plan = plan_waterbirds(open_cub(cub), made[1], tmp_path / "out")
    with pytest.raises(ImageError, match="Eastern_Towhee_0002_21"):
        make_waterbirds(plan, tmp_path / "out", workers=2)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_twins_are_what_the_conditions_make_and_open_as_a_folder(made, tmp_path, condition) -> None:
    birds, places = made
    scenes = places if condition == "foreign" else None
    make_twins(birds, condition, tmp_path, scenes=scenes, seed=6)
    data = open_folder(tmp_path / "images", tmp_path / "masks")
    assert data.classes == tuple(sorted(birds.classes))
    assert {entry.split for entry in data.entries} == {"test"}
    entries = [entry for entry in birds.entries if entry.split == "test"]
    with (tmp_path / "twins.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["photograph"] for row in rows] == [entry.name for entry in entries]
    twin_of = {entry.name: data.read(entry) for entry in data.entries}
    for index, (row, entry) in enumerate(zip(rows, entries, strict=True)):
        donor = scene = None
        if CONDITIONS[condition].needs == "donor":
            [drawn] = draw_donors([one.label for one in entries], index, condition, 1, 6)
            assert (row["donor"], row["donor_label"]) == (entries[drawn].name, entries[drawn].label)
            lender = birds.read(entries[drawn])
            donor = (lender.image, lender.mask)
        elif scenes is not None:
            scene = read_image(places / row["scene"])
        sample, twin = birds.read(entry), twin_of[row["file"]]
        expected = present(condition, sample.image, sample.mask, donor=donor, scene=scene, seed=seed_of(entry.name, 6))
        assert np.array_equal(twin.image, expected.image)
        assert np.array_equal(twin.mask, expected.mask)
        assert twin.label == entry.label == row["label"]
    assert json.loads((tmp_path / PROVENANCE).read_text())["made_from"]["condition"] == condition


def test_twins_go_on_and_refuse_what_they_cannot_do(made, tmp_path) -> None:
    birds, places = made
    assert make_twins(birds, "mixed_rand", tmp_path / "a", workers=2).made == 20
    assert make_twins(birds, "mixed_rand", tmp_path / "a").made == 0
    with pytest.raises(ConfigError, match='begun with condition = "mixed_rand"'):
        make_twins(birds, "no_fg", tmp_path / "a")
    with pytest.raises(ConfigError, match="give a folder of scenes"):
        make_twins(birds, "foreign", tmp_path / "b")
    with pytest.raises(ConfigError, match="leave the folder of scenes out"):
        make_twins(birds, "no_fg", tmp_path / "b", scenes=places)
    with pytest.raises(UnknownNameError):
        make_twins(birds, "mixed", tmp_path / "b")
    assert not (tmp_path / "b").exists()
