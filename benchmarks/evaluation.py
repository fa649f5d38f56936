"""How fast one evaluation is: ``python -m benchmarks.evaluation --cub DIR --scenes DIR``.

Several checkpoints are asked about the same photographs, as they are, on each other's backgrounds and on foreign
scenes: once by the evaluation, whose batches go across photographs, conditions and scenes and whose checkpoints share
the passes of one backbone; and once picture by picture, each checkpoint alone. Both in one run, in turn, each with an
empty cache of masks: either way the masker looks once at every picture. Prints wall time, core time, pictures and
answers a second, and fails where the two do not name the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bgbias_core.data import PhotographSet, open_data
from bgbias_core.evaluation import evaluate_on_photographs, predict_probabilities
from bgbias_core.evaluation.composites import Backgrounds, choose_conditions, compose
from bgbias_core.masks import Masker, default_masker, given, load_masker
from bgbias_core.models import Checkpoint, load_checkpoint

Answers = dict[tuple[str, str, str, str, str], str]
CONDITIONS = ("mixed_same", "mixed_rand")
CHECKPOINTS = tuple(f"species-lite0-{strategy}" for strategy in ("unmasked", "early", "late"))


def one_by_one(
    checkpoints: Sequence[Checkpoint], data: PhotographSet, scenes: Path, names: Sequence[str], masker: Masker
) -> Answers:
    """What checkpoints name every picture, each alone, by sample, condition, scene, checkpoint and mask source."""
    test = [entry for entry in data.entries if entry.split == "test"]
    backgrounds = Backgrounds(test, data.read, scenes, choose_conditions(CONDITIONS, scenes=True), 1, 0)
    answers: Answers = {}
    for entry in (entry for name in names for entry in test if entry.name == name):
        sample = data.read(entry)
        assert sample.mask is not None  # noqa: S101 - data sets without masks were refused
        lifted = given(sample.image, sample.mask)
        pictures = [("original", "", sample.image, sample.mask)]
        for background in backgrounds.of(entry):
            composite = compose(sample.image, lifted, background, masker=masker)
            if composite is not None:
                pictures.append((background.condition, background.name, composite.image, composite.mask))
        for condition, scene, image, mask in pictures:
            looks = {"given": mask, "predicted": masker(image).mask}
            for checkpoint in checkpoints:
                for source in looks if checkpoint.card.strategy.needs_mask else ("none",):
                    look = None if source == "none" else looks[source]
                    said = ""
                    if look is None or look.any():
                        [probabilities] = predict_probabilities(checkpoint, [image], None if look is None else [look])
                        said = checkpoint.card.classes[int(np.argmax(probabilities))]
                    answers[entry.name, condition, scene, checkpoint.card.name, source] = said
    return answers


def _now() -> NDArray[np.float64]:
    """Seconds by the clock, and those that the cores worked for this process."""
    return np.array([time.perf_counter(), time.process_time()])


def main() -> None:
    """Time both ways and compare every name."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cub", required=True, type=Path, help="a folder in CUB's layout, with masks")
    parser.add_argument("--scenes", required=True, type=Path, help="a folder with one folder of scenes a place")
    parser.add_argument("--checkpoint", action="append", help="may be repeated; by default the shipped lite0 heads")
    parser.add_argument("--n", default=12, type=int, help="photographs")
    parser.add_argument("--workers", default=1, type=int)
    parser.add_argument("--batch-size", type=int)
    options = parser.parse_args()
    data = open_data("cub", options.cub)
    if not data.has_masks:
        parser.error(f"{options.cub} has no masks, which cut the objects out")
    checkpoints = [load_checkpoint(name) for name in options.checkpoint or CHECKPOINTS]
    name = default_masker("photograph")
    with tempfile.TemporaryDirectory() as home:
        os.environ["BGBIAS_HOME"] = home
        started = _now()
        table = evaluate_on_photographs(
            checkpoints,
            data,
            scenes=options.scenes,
            conditions=CONDITIONS,
            draws=1,
            cut_with=("given",),
            n=options.n,
            workers=options.workers,
            batch_size=options.batch_size,
        ).table
        together = _now() - started
    started = _now()
    alone = one_by_one(checkpoints, data, options.scenes, list(table["sample"].unique()), load_masker(name))
    apart = _now() - started
    key = ["sample", "condition", "scene", "checkpoint", "mask_source"]
    names = table["predicted"].astype("object").fillna("")  # where no object was found, nothing was named
    said = dict(zip(zip(*(table[one] for one in key), strict=True), names, strict=True))
    differ = [one for one in {*said, *alone} if said.get(one) != alone.get(one)]
    pictures = len({one[:3] for one in alone})
    print(f"{options.n} photographs, {pictures} pictures, {len(checkpoints)} checkpoints, {len(alone)} answers")
    print("| evaluation | seconds | core seconds | pictures a second | answers a second |\n|---|---|---|---|---|")
    for title, (seconds, cores) in (("batched, passes shared", together), ("one by one", apart)):
        print(f"| {title} | {seconds:.1f} | {cores:.1f} | {pictures / seconds:.1f} | {len(alone) / seconds:.1f} |")
    print(f"{apart[0] / together[0]:.2f} times as fast; {len(alone) - len(differ)} of {len(alone)} names agree")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
