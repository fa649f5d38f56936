"""Samples and the data sets they come from."""

from bgbias_core.data.aviary import TRAINING_SIZE, AviaryQuery, AviarySet, aviary_sample, load_aviary, swapped_places
from bgbias_core.data.sample import Sample

__all__ = ["TRAINING_SIZE", "AviaryQuery", "AviarySet", "Sample", "aviary_sample", "load_aviary", "swapped_places"]
