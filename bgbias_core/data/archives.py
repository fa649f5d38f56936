"""The published data sets that can be fetched: where they lie, what they weigh, what one may do with them."""

from __future__ import annotations

from dataclasses import dataclass

from bgbias_core.data.cub import LICENCE as CUB_LICENCE
from bgbias_core.download.sources import file_name
from bgbias_core.registry import lookup

_GB = 10**9


@dataclass(frozen=True)
class Archive:
    """One published file.

    Attributes:
        url: Where its publisher keeps it.
        inside: The folder of the archive that holds the data; None for an archive of files alone.
        checksum: The published sum, ``md5:…``; None where none is published.
        size: Its exact size in bytes; None where that is not published.
        members: The files that are taken of it; None for all.
    """

    url: str
    inside: str | None
    checksum: str | None
    size: int | None = None
    members: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return file_name(self.url)


@dataclass(frozen=True)
class Published:
    """One data set that can be fetched.

    Attributes:
        name: Its name on the command line and its folder's.
        title: What it is called.
        what: What it holds, in a few words.
        licence: What one may do with it, as its publishers say.
        about_bytes: About what has to be fetched.
        max_bytes: The most that it may hold once unpacked.
        max_files: The most files and folders.
        archives: The photographs or masks; then, where there is a second one, their lists.
        within: The data set in whose folder it belongs, and under which name there.
    """

    name: str
    title: str
    what: str
    licence: str
    about_bytes: int
    max_bytes: int
    max_files: int
    archives: tuple[Archive, ...]
    within: tuple[str, str] | None = None


_PLACES = "https://data.csail.mit.edu/places/places365/"
_PLACES_LICENCE = (
    "non-commercial research and education only; the photographs' copyright stays with their owners (terms of Places)"
)
_VALIDATION = Archive(_PLACES + "val_256.tar", "val_256", "md5:e27b17d8d44f4af9a78502beb927f808")
_VALIDATION_LISTS = Archive(
    _PLACES + "filelist_places365-standard.tar",
    None,
    "md5:35a0585fee1fa656440f3ab298f8479c",
    members=("places365_val.txt", "categories_places365.txt"),
)

PUBLISHED: dict[str, Published] = {
    published.name: published
    for published in (
        Published(
            "cub",
            "CUB-200-2011",
            "11,788 photographs of 200 bird species",
            CUB_LICENCE,
            1_150_585_339,
            3 * _GB,
            30_000,
            (
                Archive(
                    "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
                    "CUB_200_2011",
                    "md5:97eceeb196236b17998738112f37df78",
                    1_150_585_339,
                ),
            ),
        ),
        Published(
            "cub-masks",
            "masks of CUB-200-2011",
            "11,788 masks drawn by people",
            CUB_LICENCE,
            39_272_883,
            _GB,
            30_000,
            (
                Archive(
                    "https://data.caltech.edu/records/w9d68-gec53/files/segmentations.tgz",
                    "segmentations",
                    "md5:4d47ba1228eae64f2fa547c47bc65255",
                    39_272_883,
                ),
            ),
            within=("cub", "segmentations"),
        ),
        Published(
            "waterbirds",
            "Waterbirds",
            "11,788 birds of CUB-200-2011 on photographs of land and water",
            "that of CUB-200-2011 and of Places365, of which it is made: non-commercial research and education only",
            _GB // 2,
            2 * _GB,
            30_000,
            (
                Archive(
                    "https://nlp.stanford.edu/data/dro/waterbird_complete95_forest2water2.tar.gz",
                    "waterbird_complete95_forest2water2",
                    None,
                ),
            ),
        ),
        Published(
            "places-val-256",
            "Places365, validation photographs, 256 px",
            "36,500 photographs of 365 places, 100 each",
            _PLACES_LICENCE,
            _GB // 2,
            2 * _GB,
            50_000,
            (_VALIDATION, _VALIDATION_LISTS),
        ),
        Published(
            "places-train-256",
            "Places365, training photographs, 256 px",
            "1,803,460 photographs of 365 places",
            _PLACES_LICENCE,
            26 * _GB,
            60 * _GB,
            2_000_000,
            (Archive(_PLACES + "train_256_places365standard.tar", "data_256", "md5:53ca1c756c3d1e7809517cc47c5561c5"),),
        ),
        Published(
            "places-train-large",
            "Places365, training photographs, high resolution",
            "1,803,460 photographs of 365 places, as Waterbirds was made from",
            _PLACES_LICENCE,
            113 * _GB,
            250 * _GB,
            2_000_000,
            (
                Archive(
                    _PLACES + "train_large_places365standard.tar", "data_large", "md5:67e186b496a84c929568076ed01a8aa1"
                ),
            ),
        ),
    )
}


def published(name: str) -> Published:
    """Look a data set up.

    Raises:
        UnknownNameError: There is none of that name.
    """
    return lookup(PUBLISHED, name, "data set to fetch")


def command_of(name: str) -> str:
    """What follows ``data fetch`` for a data set: a name, and for Places365 which part of it.

    >>> command_of("places-val-256")
    'places --which val-256'
    """
    return name.replace("places-", "places --which ") if name.startswith("places-") else name
