"""Ready-made experiments: several trainings and the evaluation that compares them, at one click."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bgbias_core.errors import BgBiasError, ConfigError
from bgbias_core.evaluation import Evaluation, evaluate_on_aviary
from bgbias_core.models import Card, StrategyName, open_checkpoint
from bgbias_core.paths import own_evaluations
from bgbias_core.training.assembly import image_size
from bgbias_core.training.config import AviaryData, ModelConfig, Optimisation, TrainingConfig
from bgbias_core.training.sources import open_training_data
from bgbias_core.training.train import train

Counter = Callable[[str], Callable[[int, int], None]]
"""From what is counted, in words, to a callback that is called with (steps done, steps in all)."""


@dataclass(frozen=True)
class Preset:
    """Trainings that belong together, and how the finished classifiers are compared.

    Attributes:
        name: Key in ``PRESETS``.
        title: As people read it.
        description: What it shows, and what it takes.
        prefix: Usual beginning of the checkpoints' names, and name of the evaluation.
        configs: By the end of the checkpoint's name, in the order of training; their own names are the usual ones.
        birds: How many unseen birds the classifiers are compared on, ID and OOD.
        birds_predicted: On how many of them with predicted masks too, and in every place.
    """

    name: str
    title: str
    description: str
    prefix: str
    configs: dict[str, TrainingConfig]
    birds: int
    birds_predicted: int

    def renamed(self, prefix: str) -> list[TrainingConfig]:
        """The configurations with another beginning of their names.

        Raises:
            ConfigError: The names cannot be a checkpoint's.
        """
        try:
            return [
                TrainingConfig.model_validate(config.model_dump() | {"name": f"{prefix}-{end}"})
                for end, config in self.configs.items()
            ]
        except ValueError as error:
            raise ConfigError(
                f"Checkpoints cannot be named '{prefix}-…'; take small letters, digits, '.', '_' and '-', at most 60."
            ) from error


def _gap(strategy: StrategyName, epochs: int) -> TrainingConfig:
    return TrainingConfig(
        name=f"gap-{strategy}",
        title=f"Small ConvNeXt at 64 px, {strategy}",
        data=AviaryData(train=3000, validation=300),
        model=ModelConfig.model_validate(
            {
                "backbone": "aviary-convnext",
                "weights": "random",
                "strategy": {"name": strategy},
                "region": "foreground" if strategy == "late" else "all",
                "size": 64,
            }
        ),
        optimisation=Optimisation(
            epochs=epochs, batch_size=32, learning_rate=2e-3, warmup_epochs=1, mixed_precision="no"
        ),
    )


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="see-the-gap-open",
            title="See the gap open",
            description="The small ConvNeXt three times on the same 3,000 drawn birds: unmasked, with early and with "
            "late masking; then all three name 600 birds that they never saw, at home and elsewhere.",
            prefix="gap",
            configs={"unmasked": _gap("unmasked", 3), "early": _gap("early", 7), "late": _gap("late", 3)},
            birds=600,
            birds_predicted=50,
        ),
    )
}


def train_preset(preset: Preset, prefix: str, run: Path, checkpoints: Path, counter: Counter) -> Evaluation:
    """Train every classifier of a preset and compare them; what was finished before is not done again.

    Args:
        preset: The preset.
        prefix: Beginning of the checkpoints' names, and name of the evaluation, which goes to the own evaluations.
        run: Folder of the runs, one folder in it for each classifier; an interrupted run is continued.
        checkpoints: Where weights and cards are written.
        counter: Makes the callbacks for each stage. Training counts the steps of all trainings together.

    Raises:
        ConfigError: The names cannot be checkpoints', or as :func:`train`.
        ModelError: As :func:`train`.
    """
    configs = preset.renamed(prefix)
    steps = [_steps(config) for config in configs]
    for number, config in enumerate(configs):
        if is_finished(config, checkpoints):
            continue
        show, before = counter(f"{config.name}: training, steps"), sum(steps[:number])
        train(
            config,
            run / config.name,
            checkpoints,
            progress=lambda done, _, show=show, before=before: show(before + done, sum(steps)),  # type: ignore[misc]  # bound at once
            preparing=counter(f"{config.name}: preparing, samples"),
        )
    trained = [open_checkpoint(Card.read(checkpoints / f"{config.name}.json"), checkpoints) for config in configs]
    evaluation = evaluate_on_aviary(
        trained,
        n=preset.birds,
        n_predicted=preset.birds_predicted,
        name=prefix,
        progress=counter(f"{prefix}: comparing, steps"),
    )
    evaluation.save(own_evaluations() / f"{prefix}.parquet")
    return evaluation


def _steps(config: TrainingConfig) -> int:
    samples = open_training_data(config, image_size(config)).counts["train"]
    return config.optimisation.epochs * -(-samples // config.optimisation.batch_size)


def is_finished(config: TrainingConfig, checkpoints: Path) -> bool:
    """Whether a configuration's checkpoint is there, whole, and of this very configuration and data."""
    try:
        card = open_checkpoint(Card.read(checkpoints / f"{config.name}.json"), checkpoints).card
        trained = TrainingConfig.model_validate(card.config)  # entries newer than the card have their defaults
    except (BgBiasError, ValidationError):
        return False
    return (
        trained == config
        and card.training_data.fingerprint == open_training_data(config, image_size(config)).fingerprint
    )
