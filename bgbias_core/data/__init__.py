"""Samples and the data sets they come from."""

from bgbias_core.data.aviary import (
    TRAINING_SIZE,
    AviaryQuery,
    AviarySamples,
    AviarySet,
    aviary_sample,
    load_aviary,
    swapped_places,
)
from bgbias_core.data.catalog import DATA_SETS, DataSpec, open_data, recognise
from bgbias_core.data.cub import open_cub
from bgbias_core.data.folder import open_folder
from bgbias_core.data.photographs import PhotographSet
from bgbias_core.data.renderings import load_recipes
from bgbias_core.data.sample import DataSet, Entry, Sample, Split
from bgbias_core.data.validation import Fault, Faults, check_data
from bgbias_core.data.waterbirds import open_waterbirds

__all__ = [
    "DATA_SETS",
    "TRAINING_SIZE",
    "AviaryQuery",
    "AviarySamples",
    "AviarySet",
    "DataSet",
    "DataSpec",
    "Entry",
    "Fault",
    "Faults",
    "PhotographSet",
    "Sample",
    "Split",
    "aviary_sample",
    "check_data",
    "load_aviary",
    "load_recipes",
    "open_cub",
    "open_data",
    "open_folder",
    "open_waterbirds",
    "recognise",
    "swapped_places",
]
