"""Reading pictures and masks from untrusted bytes: a fixed list of formats, limits first, one kind of error."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, TypeVar

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import UnidentifiedImageError, features

from bgbias_core.errors import ImageError

Image: TypeAlias = NDArray[np.uint8]
"""RGB, uint8 ``[H, W, 3]``."""
Mask: TypeAlias = NDArray[np.float32]
"""float32 ``[H, W]`` in [0, 1]; 1 = foreground."""
Decoded = TypeVar("Decoded")

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 40_000_000
# A fixed list: every further reader of Pillow is one more parser that strangers' bytes can reach.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", *(("AVIF",) if features.check("avif") else ()))

_READABLE = f"choose a picture saved as {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
_TOO_LARGE = f"more than the {MAX_PIXELS // 10**6} million that are allowed; make it smaller"
_SIXTEEN_BIT = {"I;16", "I;16L", "I;16B", "I;16N"}
_NO_FIXED_WHITE = {"I", "F"}
_ORIENTATION_TAG = 0x0112
_ORIENTATIONS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels.swapaxes(0, 1)[:, ::-1],
    7: lambda pixels: pixels.swapaxes(0, 1)[::-1, ::-1],
    8: lambda pixels: pixels.swapaxes(0, 1)[::-1],
}
# `warnings.catch_warnings` changes the whole process: two decodes at once would restore each other's filters.
_warning_filters = threading.Lock()


def decode(data: bytes) -> Image:
    """Read a picture from untrusted bytes.

    The EXIF orientation is applied; transparency is laid on white, as a viewer shows it; of an animation
    the first frame counts; 16-bit grey keeps its white (65535 becomes 255); colour profiles are not applied.

    Args:
        data: The file's content, at most ``MAX_BYTES`` long and ``MAX_PIXELS`` large (checked before decoding).

    Returns:
        RGB, uint8 ``[H, W, 3]``.

    Raises:
        ImageError: The bytes are empty, too many, no picture, too large, damaged, truncated, or hold numbers
            without a fixed white (32-bit integers, floats).
    """
    return _decode(data, _rgb)


def decode_mask(data: bytes) -> Mask:
    """Read a mask from untrusted bytes.

    The rule: where any pixel is transparent, the mask is the opacity (a cut-out object, or a mask in the alpha
    channel alone); otherwise it is the brightest channel divided by white (255, or 65535 for 16 bits), so grey,
    1-bit, palette and coloured masks, hard or soft (CUB's 0..255), all read as they look. Only a mask whose
    highest stored value is 1 is taken for a 0/1 label map, which would otherwise look black.

    Args:
        data: The file's content, under the limits of :func:`decode`.

    Returns:
        float32 ``[H, W]`` in [0, 1], 1 = foreground.

    Raises:
        ImageError: As for :func:`decode`.
    """
    return _decode(data, _foreground)


def read_image(path: str | Path) -> Image:
    """Read a picture file: :func:`decode` of its bytes.

    Raises:
        ImageError: The file is missing, a folder, not readable, or :func:`decode` refuses it; names the path.
    """
    return _read(path, decode)


def read_mask(path: str | Path) -> Mask:
    """Read a mask file: :func:`decode_mask` of its bytes.

    Raises:
        ImageError: The file is missing, a folder, not readable, or :func:`decode_mask` refuses it; names the path.
    """
    return _read(path, decode_mask)


def _decode(data: bytes, convert: Callable[[PIL.Image.Image], Decoded]) -> Decoded:
    if not data:
        raise ImageError(f"The picture is empty (0 bytes); {_READABLE}.")
    if len(data) > MAX_BYTES:
        _refuse_bytes(len(data))
    with _warning_filters, warnings.catch_warnings():
        # Damaged metadata around sound pixels warns and is nobody's trouble; a bomb is refused.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
        try:
            with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                _check_header(opened)
                opened.load()
                return convert(opened)
        except ImageError:
            raise
        except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
            raise ImageError(f"The picture has far too many pixels, {_TOO_LARGE}.") from None
        except UnidentifiedImageError:
            raise ImageError(
                f"These bytes are not a picture that can be read here, or a badly damaged one; {_READABLE}."
            ) from None
        except Exception as error:  # hostile bytes make Pillow raise anything
            raise ImageError(
                "The picture is damaged, cut off or of a rare kind; save or download it again, or choose another one."
            ) from error


def _check_header(opened: PIL.Image.Image) -> None:
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise ImageError(f"The picture has {width}×{height} pixels, {_TOO_LARGE}.")
    if opened.mode in _NO_FIXED_WHITE:
        raise ImageError(
            "The picture holds 32-bit numbers, in which no value means white; save it with 8 or 16 bits a channel."
        )


def _rgb(opened: PIL.Image.Image) -> Image:
    if opened.mode in _SIXTEEN_BIT:
        grey = np.rint(np.asarray(opened) / 257).astype(np.uint8)
        return _upright(opened, np.repeat(grey[..., None], 3, axis=2))
    if not opened.has_transparency_data:
        return _upright(opened, np.asarray(opened.convert("RGB")))
    shown = opened.convert("RGBA")
    on_white = PIL.Image.new("RGB", opened.size, (255, 255, 255))
    on_white.paste(shown, mask=shown.getchannel("A"))
    return _upright(opened, np.asarray(on_white))


def _foreground(opened: PIL.Image.Image) -> Mask:
    if opened.mode in _SIXTEEN_BIT:
        return _upright(opened, _share_of_white(np.asarray(opened), 65535))
    if opened.has_transparency_data:
        opacity = np.asarray(opened.convert("RGBA").getchannel("A"))
        if opacity.min() < 255:
            return _upright(opened, _share_of_white(opacity, 255))
    # Most masks are grey, and converting them to colour and back takes seven times as long as decoding them.
    if opened.mode in {"1", "L"}:
        return _upright(opened, _share_of_white(np.asarray(opened.convert("L")), 255))
    return _upright(opened, _share_of_white(np.asarray(opened.convert("RGB")).max(axis=2), 255))


def _share_of_white(values: NDArray[Any], white: int) -> Mask:
    return (values / np.float32(1 if values.max() == 1 else white)).astype(np.float32)


def _upright(opened: PIL.Image.Image, pixels: NDArray[Any]) -> NDArray[Any]:
    """Turn the pixels as EXIF says; unreadable EXIF says nothing."""
    try:
        turn = _ORIENTATIONS.get(opened.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:
        turn = None
    return np.array(turn(pixels) if turn else pixels, order="C")


def _read(path: str | Path, decoder: Callable[[bytes], Decoded]) -> Decoded:
    try:
        return decoder(_file_bytes(Path(path)))
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error.__cause__
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        cause = getattr(error, "strerror", None) or error
        raise ImageError(f"{path}: the file cannot be read ({cause}); check the path and its permissions.") from error


def _file_bytes(file: Path) -> bytes:
    if not file.exists():
        raise ImageError("there is no such file; check the path.")
    if not file.is_file():
        raise ImageError("this is not a file; give the path of one picture.")
    if file.stat().st_size > MAX_BYTES:
        _refuse_bytes(file.stat().st_size)
    return file.read_bytes()


def _refuse_bytes(got: int) -> NoReturn:
    raise ImageError(
        f"The picture has {got / 2**20:.1f} MiB, more than the {MAX_BYTES // 2**20} MiB that are allowed; "
        "make it smaller."
    )
