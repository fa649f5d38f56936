"""Training runs: configuration, data, one short loop on Accelerate, checkpoint and card; what a run will take."""

from bgbias_core.training.assembly import build
from bgbias_core.training.config import (
    Augmentation,
    AviaryData,
    CubData,
    FolderData,
    ModelConfig,
    Optimisation,
    TrainingConfig,
    WaterbirdsData,
)
from bgbias_core.training.data import load_training_data
from bgbias_core.training.estimate import Estimate, estimate, estimate_all
from bgbias_core.training.heads import HEAD_OPTIMISATION, train_heads
from bgbias_core.training.history import Epoch, Live, read_history, read_live
from bgbias_core.training.loop import fit
from bgbias_core.training.presets import PRESETS, Preset, train_preset
from bgbias_core.training.sources import open_training_data
from bgbias_core.training.train import train

__all__ = [
    "HEAD_OPTIMISATION",
    "PRESETS",
    "Augmentation",
    "AviaryData",
    "CubData",
    "Epoch",
    "Estimate",
    "FolderData",
    "Live",
    "ModelConfig",
    "Optimisation",
    "Preset",
    "TrainingConfig",
    "WaterbirdsData",
    "build",
    "estimate",
    "estimate_all",
    "fit",
    "load_training_data",
    "open_training_data",
    "read_history",
    "read_live",
    "train",
    "train_heads",
    "train_preset",
]
