"""Bytes become pictures or one clear error, and nothing else."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgbias_core import images
from bgbias_core.errors import ImageError

PHOTO = np.random.default_rng(0).integers(0, 256, (23, 31, 3), dtype=np.uint8)
SMOOTH = np.stack(np.meshgrid(np.arange(31) * 8, np.arange(23) * 8), axis=2)[..., [0, 1, 0]].astype(np.uint8)
LOSSLESS = ["PNG", "BMP", "TIFF"]
ROTATIONS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    8: lambda a: np.rot90(a, 1),
}


def encoded(picture: PIL.Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def with_size(form: str) -> bytes:
    """A small file whose header claims 30,000 × 30,000 pixels (16,383 × 16,383 for WebP, which allows no more)."""
    data = bytearray(encoded(PIL.Image.fromarray(SMOOTH), form))
    if form == "BMP":
        data[18:26] = struct.pack("<ii", 30_000, 30_000)
    elif form == "GIF":
        data[6:10] = struct.pack("<HH", 30_000, 30_000)
    elif form == "JPEG":
        start = data.index(b"\xff\xc0")
        data[start + 5 : start + 9] = struct.pack(">HH", 30_000, 30_000)
    elif form == "WEBP":
        start = data.index(b"\x9d\x01\x2a")
        data[start + 3 : start + 7] = struct.pack("<HH", 16_383, 16_383)
    else:
        data = bytearray(huge_png(30_000, 30_000))
    return bytes(data)


def refused(data: bytes) -> str:
    """The one sentence for bytes that must be refused, by both readers and without a warning."""
    sentences = set()
    for reader in (images.decode, images.decode_mask):
        with pytest.raises(ImageError) as caught:
            reader(data)
        sentences.add(str(caught.value))
    (sentence,) = sentences
    assert sentence.endswith(".")
    assert ";" in sentence, "the part after the semicolon says what to do"
    return sentence


class TestDecode:
    @pytest.mark.parametrize("form", LOSSLESS)
    def test_rgb_is_read_to_the_byte(self, form: str) -> None:
        read = images.decode(encoded(PIL.Image.fromarray(PHOTO), form))
        assert read.dtype == np.uint8
        assert np.array_equal(read, PHOTO)

    @pytest.mark.parametrize("form", [form for form in images.FORMATS if form not in {*LOSSLESS, "GIF"}])
    def test_lossy_formats_come_close(self, form: str) -> None:
        read = images.decode(encoded(PIL.Image.fromarray(SMOOTH), form, quality=95))
        assert np.abs(read.astype(int) - SMOOTH).mean() < 6

    @pytest.mark.parametrize("orientation", ROTATIONS)
    @pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "WEBP"])
    def test_exif_orientation_is_applied(self, form: str, orientation: int) -> None:
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        options = {"lossless": True} if form == "WEBP" else {}
        plain = images.decode(encoded(PIL.Image.fromarray(SMOOTH), form, **options))
        turned = images.decode(encoded(PIL.Image.fromarray(SMOOTH), form, exif=exif, **options))
        assert np.array_equal(turned, ROTATIONS[orientation](plain))
        assert turned.flags.c_contiguous

    def test_mask_is_turned_like_its_image(self) -> None:
        exif = PIL.Image.Exif()
        exif[0x0112] = 6
        mask = images.decode_mask(encoded(PIL.Image.fromarray(SMOOTH[..., 0]), exif=exif))
        assert np.array_equal(mask, np.rot90(SMOOTH[..., 0] / np.float32(255), -1))

    @pytest.mark.parametrize("orientation", [0, 9, 65_535])
    def test_impossible_orientation_is_ignored(self, orientation: int) -> None:
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        assert np.array_equal(images.decode(encoded(PIL.Image.fromarray(PHOTO), exif=exif)), PHOTO)

    def test_broken_exif_does_not_lose_the_picture(self) -> None:
        data = encoded(PIL.Image.fromarray(PHOTO), "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09garbage")
        assert np.array_equal(images.decode(data), PHOTO)

    def test_transparency_is_laid_on_white(self) -> None:
        pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 100, 200, 51]]], dtype=np.uint8)
        expected = [[[10, 20, 30], [255, 255, 255], [204, 224, 244]]]
        assert np.array_equal(images.decode(encoded(PIL.Image.fromarray(pixels))), expected)

    def test_grey_with_alpha(self) -> None:
        pixels = np.array([[[0, 255], [0, 0]]], dtype=np.uint8)
        assert images.decode(encoded(PIL.Image.fromarray(pixels, "LA")))[0].tolist() == [[0, 0, 0], [255, 255, 255]]

    def test_sixteen_bit_grey_is_scaled_not_clipped(self) -> None:
        pixels = np.array([[0, 257, 32_768, 65_535]], dtype=np.uint16)
        for form in ("PNG", "TIFF"):
            read = images.decode(encoded(PIL.Image.fromarray(pixels), form))
            assert read[0, :, 0].tolist() == [0, 1, 128, 255]
            assert (read[..., 0] == read[..., 2]).all()

    def test_cmyk(self) -> None:
        inks = PIL.Image.new("CMYK", (4, 4), (0, 255, 255, 0))
        red = images.decode(encoded(inks, "JPEG", quality=95))
        assert red.shape == (4, 4, 3)
        assert np.abs(red.astype(int) - [255, 0, 0]).max() < 8

    def test_palette_with_and_without_transparency(self) -> None:
        picture = PIL.Image.new("P", (2, 1))
        picture.putpalette([0, 0, 0, 200, 100, 50])
        picture.putdata([0, 1])
        assert images.decode(encoded(picture))[0].tolist() == [[0, 0, 0], [200, 100, 50]]
        for form in ("PNG", "GIF"):
            assert images.decode(encoded(picture, form, transparency=0))[0, 0].tolist() == [255, 255, 255]

    def test_one_bit(self) -> None:
        picture = PIL.Image.fromarray(np.array([[True, False]]))
        assert images.decode(encoded(picture))[0].tolist() == [[255] * 3, [0] * 3]

    @pytest.mark.parametrize("form", [form for form in ("GIF", "WEBP", "TIFF", "AVIF") if form in images.FORMATS])
    def test_first_frame_of_an_animation(self, form: str) -> None:
        first, second = PIL.Image.new("RGB", (8, 8), (255, 0, 0)), PIL.Image.new("RGB", (8, 8), (0, 0, 255))
        read = images.decode(encoded(first, form, save_all=True, append_images=[second]))
        assert np.abs(read.astype(int) - [255, 0, 0]).max() < 8


class TestRefusal:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"Dear reader, this is no picture.",
            b"\0" * 100,
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"%!PS-Adobe",
        ],
    )
    def test_what_is_no_picture(self, data: bytes) -> None:
        assert "choose a picture saved as" in refused(data)

    @pytest.mark.parametrize("form", ["PPM", "ICO", "TGA", "PCX"])
    def test_formats_off_the_list(self, form: str) -> None:
        refused(encoded(PIL.Image.fromarray(PHOTO), form))

    @pytest.mark.parametrize("form", ["PNG", "BMP", "GIF", "JPEG", "WEBP"])
    def test_huge_header_is_refused_before_decoding(self, form: str) -> None:
        data = with_size(form)
        tracemalloc.start()
        start = time.perf_counter()
        sentence = refused(data)
        assert time.perf_counter() - start < 1
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
        tracemalloc.stop()
        assert "pixels" in sentence

    def test_between_our_limit_and_pillows(self) -> None:
        assert "7000×6000" in refused(huge_png(7_000, 6_000))

    def test_too_many_bytes(self) -> None:
        assert "32 MiB" in refused(b"\0" * (images.MAX_BYTES + 1))

    def test_numbers_without_a_fixed_white(self) -> None:
        assert "32-bit" in refused(encoded(PIL.Image.fromarray(np.zeros((2, 2), dtype=np.float32)), "TIFF"))

    @pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"])
    def test_a_file_cut_off_anywhere(self, form: str) -> None:
        data = encoded(PIL.Image.fromarray(PHOTO), form)
        whole = images.decode(data)
        for length in range(0, len(data), max(1, len(data) // 60)):
            try:
                read = images.decode(data[:length])
            except ImageError:
                continue
            # Only bytes that carry no pixel (TIFF's trailing tables, an end mark) may be missing.
            assert np.array_equal(read, whole), length

    def test_pixels_cut_off_are_never_half_a_picture(self) -> None:
        for form in ("PNG", "JPEG", "BMP", "WEBP"):
            data = encoded(PIL.Image.fromarray(PHOTO), form)
            refused(data[: len(data) // 2])

    @settings(deadline=None, max_examples=150)
    @given(
        st.binary(max_size=300),
        st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0"]),
    )
    def test_random_bytes(self, data: bytes, start: bytes) -> None:
        self.survives(start + data)

    @settings(deadline=None, max_examples=200)
    @given(st.data(), st.sampled_from(images.FORMATS))
    def test_damaged_files(self, draw: st.DataObject, form: str) -> None:
        data = bytearray(encoded(PIL.Image.fromarray(SMOOTH), form))
        for _ in range(draw.draw(st.integers(1, 4))):
            data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
        self.survives(bytes(data))

    def survives(self, data: bytes) -> None:
        for reader in (images.decode, images.decode_mask):
            try:
                read = reader(data)
            except ImageError:
                continue
            assert read.ndim == (3 if reader is images.decode else 2)


class TestManyAtOnce:
    def test_threads_leave_the_warning_filters_alone(self) -> None:
        before = list(warnings.filters)
        data = [encoded(PIL.Image.fromarray(PHOTO)), b"text", huge_png(30_000, 30_000)] * 40
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(self.outcome, data))
        assert results == [(23, 31, 3), None, None] * 40
        assert warnings.filters == before

    def outcome(self, data: bytes) -> tuple[int, ...] | None:
        try:
            return images.decode(data).shape
        except ImageError:
            return None


class TestRead:
    def test_reads_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "photo.png").write_bytes(images.encode_png(PHOTO))
        assert np.array_equal(images.read_image(tmp_path / "photo.png"), PHOTO)
        assert np.array_equal(images.read_mask(str(tmp_path / "photo.png")), PHOTO.max(axis=2) / np.float32(255))

    @pytest.mark.parametrize("name", ["absent.jpg", ".", "text.jpg", "long.jpg", "zero\0byte", "x" * 5_000])
    def test_refuses_in_one_sentence_with_the_path(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "text.jpg").write_text("no picture")
        with (tmp_path / "long.jpg").open("wb") as file:
            file.truncate(images.MAX_BYTES + 1)
        for reader in (images.read_image, images.read_mask):
            with pytest.raises(ImageError) as caught:
                reader(str(tmp_path / name))
            assert str(caught.value).startswith(str(tmp_path))
            assert ";" in str(caught.value)

    def test_size_is_checked_before_reading(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with (tmp_path / "long.jpg").open("wb") as file:
            file.truncate(images.MAX_BYTES + 1)
        monkeypatch.delattr(Path, "read_bytes")
        with pytest.raises(ImageError, match="MiB"):
            images.read_image(tmp_path / "long.jpg")


class TestDecodeMask:
    """Every way in which masks are saved reads as the same mask."""

    HARD = np.zeros((6, 9), dtype=np.uint8)
    HARD[2:5, 3:7] = 255

    def ways(self) -> dict[str, PIL.Image.Image]:
        hard = self.HARD
        palette = PIL.Image.fromarray(hard // 255)
        palette.putpalette([0, 0, 0, 255, 255, 255])
        return {
            "grey": PIL.Image.fromarray(hard),
            "rgb": PIL.Image.fromarray(np.dstack([hard] * 3)),
            "one colour": PIL.Image.fromarray(np.dstack([hard, hard * 0, hard * 0])),
            "one bit": PIL.Image.fromarray(hard > 0),
            "palette": palette,
            "16 bits": PIL.Image.fromarray(hard.astype(np.uint16) * 257),
            "0/1 labels": PIL.Image.fromarray(hard // 255),
            "0/1 labels of 16 bits": PIL.Image.fromarray((hard // 255).astype(np.uint16)),
            "alpha alone": PIL.Image.fromarray(np.dstack([hard * 0] * 3 + [hard])),
            "cut-out": PIL.Image.fromarray(np.dstack([hard // 2 + 9, hard // 3, hard // 5, hard])),
            "grey, opaque": PIL.Image.fromarray(np.dstack([hard, hard * 0 + 255]), "LA"),
        }

    @pytest.mark.parametrize(
        "way",
        [
            *("grey", "rgb", "one colour", "one bit", "palette", "16 bits", "0/1 labels", "0/1 labels of 16 bits"),
            *("alpha alone", "cut-out", "grey, opaque"),
        ],
    )
    def test_contract(self, way: str) -> None:
        mask = images.decode_mask(encoded(self.ways()[way]))
        assert mask.dtype == np.float32
        assert np.array_equal(mask, self.HARD / np.float32(255))

    def test_soft_masks_keep_their_steps(self) -> None:
        steps = np.arange(256, dtype=np.uint8)[None]
        assert np.array_equal(images.decode_mask(encoded(PIL.Image.fromarray(steps))), steps / np.float32(255))

    def test_black_is_an_empty_mask_and_white_a_full_one(self) -> None:
        assert not images.decode_mask(encoded(PIL.Image.new("L", (3, 2)))).any()
        assert (images.decode_mask(encoded(PIL.Image.new("L", (3, 2), 255))) == 1).all()
        assert not images.decode_mask(encoded(PIL.Image.new("RGBA", (3, 2)))).any()

    def test_mask_survives_the_round_trip(self) -> None:
        mask = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
        assert np.allclose(images.decode_mask(images.encode_mask_png(mask)), mask, atol=1e-6)


@pytest.mark.real_data
def test_photographs_and_their_masks_read(real_data: Path) -> None:
    names = [line.split()[1] for line in (real_data / "cub" / "images.txt").read_text().splitlines()[::100]]
    for name in names:
        image = images.read_image(real_data / "cub" / "images" / name)
        mask = images.read_mask((real_data / "cub" / "segmentations" / name).with_suffix(".png"))
        images.check_pair(image, mask)
        assert 0.005 < mask.mean() < 0.9


@pytest.mark.real_data
def test_photographs_cut_off_are_refused(real_data: Path) -> None:
    data = next((real_data / "cub" / "images").glob("*/*.jpg")).read_bytes()
    for length in range(0, len(data) - 2, len(data) // 25):
        refused(data[:length])
