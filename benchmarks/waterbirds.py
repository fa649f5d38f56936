"""How fast Waterbirds is made: ``python -m benchmarks.waterbirds --cub DIR --places DIR``.

Prints images per second of both readings of the labels, by one and by two processes, beside the line-by-line reading
of the published description that the tests compare with; all in one run, each into an empty folder, start included.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bgbias_core.data import open_cub
from bgbias_core.data.generate import COMPAT, FIXED, PlaceGroup, WaterbirdsPlan, make_waterbirds, plan_waterbirds
from tests.data import waterbirds_oracle as oracle


def main() -> None:
    """Time every way once a round, in turn, and print the best and the median round of each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cub", required=True, type=Path, help="a folder in CUB's layout, with masks")
    parser.add_argument("--places", required=True, type=Path, help="a folder with one folder of scenes a place")
    parser.add_argument("--land", default="bamboo_forest,rainforest", help="places of the first group")
    parser.add_argument("--water", default="ocean,waterfall", help="places of the second group")
    parser.add_argument("--rounds", default=3, type=int)
    options = parser.parse_args()
    groups = [PlaceGroup("land", tuple(options.land.split(","))), PlaceGroup("water", tuple(options.water.split(",")))]
    data = open_cub(options.cub)

    def plan(out: Path, labels: str) -> WaterbirdsPlan:
        return plan_waterbirds(data, options.places, out, groups=groups, labels=labels, reuse_scenes=True)

    def generator(labels: str, workers: int) -> Callable[[Path], None]:
        return lambda out: make_waterbirds(plan(out, labels), out, workers=workers) and None

    def line_by_line(out: Path) -> None:
        for job in plan(out, COMPAT).jobs:
            oracle.write(job.photograph, job.mask, job.scene, job.out)

    ways = {
        "line-by-line reading": line_by_line,
        **{
            f"{labels}, {workers} process{'es' if workers > 1 else ''}": generator(labels, workers)
            for labels in (COMPAT, FIXED)
            for workers in (1, 2)
        },
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                way(Path(folder))
                seconds[name].append(time.perf_counter() - started)
    n = len(data.entries)
    print(f"{n:,} photographs, {options.rounds} rounds, images per second: median (best)")
    for name, taken in seconds.items():
        print(f"{name:>22}: {n / sorted(taken)[len(taken) // 2]:6.1f} ({n / min(taken):.1f})")


if __name__ == "__main__":
    main()
