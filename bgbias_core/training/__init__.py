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
from bgbias_core.training.grid import DIAL_NAMES, DialName, Point, dial_points, in_dial
from bgbias_core.training.heads import HEAD_OPTIMISATION, train_heads
from bgbias_core.training.history import Epoch, Live, read_history, read_live
from bgbias_core.training.loop import fit
from bgbias_core.training.presets import PRESETS, Preset, is_finished, train_preset
from bgbias_core.training.sources import open_training_data
from bgbias_core.training.train import train

__all__ = [
    "DIAL_NAMES",
    "HEAD_OPTIMISATION",
    "PRESETS",
    "Augmentation",
    "AviaryData",
    "CubData",
    "DialName",
    "Epoch",
    "Estimate",
    "FolderData",
    "Live",
    "ModelConfig",
    "Optimisation",
    "Point",
    "Preset",
    "TrainingConfig",
    "WaterbirdsData",
    "build",
    "dial_points",
    "estimate",
    "estimate_all",
    "fit",
    "in_dial",
    "is_finished",
    "load_training_data",
    "open_training_data",
    "read_history",
    "read_live",
    "train",
    "train_heads",
    "train_preset",
]
