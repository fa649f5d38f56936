"""Getting files from elsewhere: fetched whole or not at all, checked against their sums, and unpacked safely."""

from bgbias_core.download.fetching import fetch
from bgbias_core.download.sources import MIRROR, Source, choose_source
from bgbias_core.download.sums import Recorded, recorded, sum_of
from bgbias_core.download.unpacking import unpack

__all__ = ["MIRROR", "Recorded", "Source", "choose_source", "fetch", "recorded", "sum_of", "unpack"]
