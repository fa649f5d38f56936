"""Small archives laid out as the publishers of data sets lay out theirs."""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from bgbias_core.data import archives
from tests.data.made_up import make_cub, picture, put

PLACES = ("/a/airfield", "/f/forest/broadleaf")


def make_archives(folder: Path) -> Path:
    """All archives that ``data fetch`` knows but the large ones of Places365, under their own names."""
    cub = make_cub(folder / "work" / "CUB_200_2011", per_class=3, masks=True)
    put(folder / "work" / "attributes.txt", "1 has_bill\n")
    masks = cub / "segmentations"
    _pack(folder / "segmentations.tgz", {"segmentations": masks})
    masks.rename(folder / "work" / "segmentations")
    _pack(folder / "CUB_200_2011.tgz", {"attributes.txt": folder / "work" / "attributes.txt", "CUB_200_2011": cub})
    birds = folder / "work" / "waterbirds"
    rows = ["img_id,img_filename,y,split,place,place_filename"]
    for index in range(6):
        name = f"{index % 2 + 1:03d}.Bird_{index % 2}/Bird_{index}.jpg"
        put(birds / name, picture(index))
        rows.append(f"{index + 1},{name},{index % 2},{index % 3},{index // 3},/o/ocean/0000000{index}.jpg")
    put(birds / "metadata.csv", "\n".join(rows) + "\n")
    top = "waterbird_complete95_forest2water2"
    _pack(folder / f"{top}.tar.gz", {top: birds})
    flat = folder / "work" / "val_256"
    names = [f"Places365_val_{index:08d}.jpg" for index in range(4)]
    for index, name in enumerate(names):
        put(flat / name, picture(index))
    lists = folder / "work" / "lists"
    put(lists / "places365_val.txt", "".join(f"{name} {index % 2}\n" for index, name in enumerate(names)))
    put(lists / "categories_places365.txt", "".join(f"{place} {index}\n" for index, place in enumerate(PLACES)))
    put(lists / "places365_train_standard.txt", "/a/airfield/00000001.jpg 0\n")
    _pack(folder / "val_256.tar", {"val_256": flat}, "w")
    _pack(folder / "filelist_places365-standard.tar", {path.name: path for path in lists.iterdir()}, "w")
    large = folder / "work" / "data_256"
    for place in PLACES:
        put(large / place.lstrip("/") / "00000001.jpg", picture(1))
    _pack(folder / "train_256_places365standard.tar", {"data_256": large}, "w")
    return folder


def know(monkeypatch: pytest.MonkeyPatch, folder: Path, base: str = "https://no-such-host.invalid/") -> None:
    """Let the sums, sizes and addresses be those of the small archives; a sum is known where one is published."""
    known = {}
    for name, one in archives.PUBLISHED.items():
        small = []
        for archive in one.archives:
            file = folder / archive.name
            data = file.read_bytes() if file.is_file() else b""
            checksum = f"md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}" if archive.checksum else None
            size = len(data) if archive.size else None
            small.append(replace(archive, url=base + archive.name, checksum=checksum, size=size))
        known[name] = replace(one, archives=tuple(small), about_bytes=10_000)
    monkeypatch.setattr(archives, "PUBLISHED", known)
    monkeypatch.setattr("bgbias_core.data.fetched.PUBLISHED", known)


def _pack(path: Path, what: dict[str, Path], mode: str = "w:gz") -> None:
    with tarfile.open(path, mode) as tar:
        for name, source in what.items():
            tar.add(source, name)
