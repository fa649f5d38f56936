"""Running a benchmark: every seed is trained and evaluated once, and what is done is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bgbias_core.benchmark.plan import Arm, Plan, arms
from bgbias_core.benchmark.table import TableRow, Verdict, as_markdown, make_table, make_verdicts
from bgbias_core.data import PhotographSet, open_data
from bgbias_core.data.places import find_scenes
from bgbias_core.errors import BgBiasError, ConfigError
from bgbias_core.evaluation import MIXED, Evaluation, evaluate_on_photographs
from bgbias_core.masks import load_masker, masker_key
from bgbias_core.models import Card, Checkpoint, open_checkpoint
from bgbias_core.paths import replace_file, runs_folder
from bgbias_core.training import TrainingConfig, train, train_heads

Counter = Callable[[str], Callable[[int, int], None]]
"""From what is counted, in words, to a callback that is called with (steps done, steps in all)."""

_RECORD = "benchmark.json"


@dataclass(frozen=True, eq=False)
class Result:
    """What a benchmark found.

    Attributes:
        plan: What was compared.
        seeds: How many seeds.
        folder: Where all of it lies: runs, checkpoints, one evaluation a seed, and the table.
        evaluations: By seed.
        rows: The table.
        verdicts: Whether the paper's claims hold here.
    """

    plan: Plan
    seeds: int
    folder: Path
    evaluations: Mapping[int, Evaluation]
    rows: tuple[TableRow, ...]
    verdicts: tuple[Verdict, ...]


def benchmark_folder(plan: Plan) -> Path:
    """Where a benchmark is kept where nobody says: the same for the same plan, data and masker.

    Raises:
        BgBiasError: The data or the masker are not there.
    """
    return runs_folder() / f"benchmark-{hashlib.sha256(_identity(plan, open_data_of(plan)).encode()).hexdigest()[:8]}"


def run_benchmark(plan: Plan, folder: Path, *, seeds: int, counter: Counter) -> Result:
    """Train and evaluate every classifier of a plan under every seed; what was done before is not done again.

    A seed changes the heads' first weights and order of samples as well as the draws of donors and scenes. Predicted
    masks are used in training, as in the paper. Objects are cut out with given masks where there are any, so that all
    classifiers meet the true object on its new background; masked ones look at given masks and at what the masker
    finds in that very composite.

    Args:
        plan: What is compared.
        folder: Where runs, checkpoints and evaluations are kept.
        seeds: How many; more of them later continue the same benchmark.
        counter: Makes the callbacks for each stage.

    Raises:
        ConfigError: The folder holds another benchmark, a number is not positive, or the data leave a part empty.
        ModelError: A classifier cannot be built or its weights cannot be had.
        BgBiasError: The data are not there or cannot be read.
    """
    if seeds < 1:
        raise ConfigError(f"A benchmark needs at least 1 seed, got {seeds}.")
    data = open_data_of(plan)
    compared = arms(plan)
    evaluations: dict[int, Evaluation] = {}
    _claim(folder, _identity(plan, data))
    waiting = [seed for seed in range(seeds) if not _kept(folder, seed).is_file()]
    _train([arm.config(plan, seed) for seed in waiting for arm in compared], plan, folder, counter)
    for seed in range(seeds):
        if seed in waiting:
            evaluation = _evaluate(plan, data, compared, seed, folder, counter)
            evaluation.save(_kept(folder, seed))
        evaluations[seed] = Evaluation.load(_kept(folder, seed))
    rows, verdicts = make_table(evaluations, compared), make_verdicts(evaluations, compared)
    replace_file(folder / "table.md", lambda path: path.write_text(as_markdown(rows, verdicts), encoding="utf-8"))
    return Result(plan, seeds, folder, evaluations, tuple(rows), tuple(verdicts))


def open_data_of(plan: Plan) -> PhotographSet:
    """Open the photographs, and make sure that there are scenes.

    Raises:
        ConfigError: A folder is missing, or is not what it should be.
    """
    find_scenes(plan.scenes)
    return open_data("cub", plan.cub)


def _identity(plan: Plan, data: PhotographSet) -> str:
    """What fixes a benchmark, but for the number of seeds."""
    masker = masker_key(load_masker(plan.masker))
    return json.dumps(
        {"plan": plan.model_dump(mode="json"), "data": data.fingerprint, "masker": masker}, indent=1, sort_keys=True
    )


def _claim(folder: Path, identity: str) -> None:
    record = folder / _RECORD
    if not record.is_file():
        replace_file(record, lambda path: path.write_text(identity, encoding="utf-8"))
    elif record.read_text(encoding="utf-8") != identity:
        raise ConfigError(
            f"The folder {folder} holds a benchmark with other options, data or masker; choose another folder or "
            "delete it."
        )


def _kept(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.parquet"


def _train(configs: Sequence[TrainingConfig], plan: Plan, folder: Path, counter: Counter) -> None:
    checkpoints, runs = folder / "checkpoints", folder / "runs"
    left = [config for config in configs if not _trained(config, checkpoints)]
    if not left:
        return
    if not plan.finetune:
        train_heads(
            left, runs, checkpoints, progress=counter("training heads, steps"), preparing=counter("features, pictures")
        )
        return
    for config in left:
        train(
            config,
            runs / config.name,
            checkpoints,
            progress=counter(f"{config.name}: training, steps"),
            preparing=counter(f"{config.name}: preparing, samples"),
        )


def _trained(config: TrainingConfig, checkpoints: Path) -> bool:
    try:
        return Card.read(checkpoints / f"{config.name}.json").config == config.model_dump(mode="json")
    except BgBiasError:
        return False


def _evaluate(
    plan: Plan, data: PhotographSet, compared: Sequence[Arm], seed: int, folder: Path, counter: Counter
) -> Evaluation:
    evaluation = evaluate_on_photographs(
        _load([arm.name(seed) for arm in compared], folder / "checkpoints"),
        data,
        scenes=plan.scenes,
        conditions=tuple(MIXED.values()),
        draws=plan.draws,
        cut_with=("given",) if data.has_masks else ("predicted",),
        n=plan.n or len(data.entries),
        masker=plan.masker,
        seed=seed,
        name=f"benchmark-seed{seed}",
        progress=counter(f"seed {seed}: evaluating, steps"),
    )
    header = evaluation.header.model_copy(update={"command": plan.command(seed + 1)})  # its checkpoints lie apart
    return Evaluation(header, evaluation.table)


def _load(names: Sequence[str], folder: Path) -> list[Checkpoint]:
    """Open checkpoints; heads on one frozen backbone hold it in memory once."""
    backbones: dict[tuple[str, int, str | None], Checkpoint] = {}
    opened: list[Checkpoint] = []
    for name in names:
        card = Card.read(folder / f"{name}.json")
        checkpoint = open_checkpoint(card, folder)
        if card.weights.source == "head":
            key = (card.architecture.backbone, card.preprocessing.size, card.backbone_sha256)
            checkpoint.classifier.backbone = backbones.setdefault(key, checkpoint).classifier.backbone
        opened.append(checkpoint)
    return opened
