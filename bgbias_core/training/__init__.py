"""Training runs: configuration, one short loop on Accelerate, checkpoint and card."""

from bgbias_core.training.config import Augmentation, AviaryData, ModelConfig, Optimisation, TrainingConfig
from bgbias_core.training.loop import Epoch, fit
from bgbias_core.training.train import build, train

__all__ = [
    "Augmentation",
    "AviaryData",
    "Epoch",
    "ModelConfig",
    "Optimisation",
    "TrainingConfig",
    "build",
    "fit",
    "train",
]
