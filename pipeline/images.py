"""Image files into grey pixels: the only place that opens images with Pillow."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from pipeline.errors import InputError
from pipeline.memory import make_room
from pipeline.names import shown
from pipeline.picture_files import FORMATS

Gray = NDArray[np.uint8]  # (H, W), 0 = black

_COLOURED = ("1", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV")
_REDUCED_OR_MASK = 1 | 4  # bits of TIFF's NewSubfileType: a thumbnail, a transparency mask
# Whose decoders call a file damaged for want of memory: what they take, bytes a pixel and channel.
_ROOM = {"JPEG2000": 6, "HEIF": 3, "AVIF": 3}
_MIN_IS_WHITE = 0  # TIFF's PhotometricInterpretation
_METHODS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Ours is the budget that counts: it is checked at every opening, and a user may raise it.
Image.MAX_IMAGE_PIXELS = None


class Resolution(NamedTuple):
    """Pixels per inch along x and y."""

    x: float
    y: float


class Decoded(NamedTuple):
    """What one frame of an image file holds, upright."""

    gray: Gray
    encoding: str  # Pillow's name of the format, such as "JPEG"
    orientation: int  # EXIF's 1 to 8, as stored in the file; 1 if the stored pixels are upright
    stated: tuple[Resolution, ...]  # every resolution that the file states, believed or not


@contextmanager
def opened(path: Path, frame: int, max_pixels: int) -> Iterator[Image.Image]:
    """Open one frame of an image, its header read and its size within the budget.

    Raises:
        InputError: if the frame has more than `max_pixels` pixels.
        Exception: whatever Pillow's decoders raise on a damaged file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd tags that the decoder copes with
        # By its name, Pillow would map the file into memory: one that is cut short while it is
        # read kills the process, and TIFFs turned by a quarter come out wrong (Pillow 13.0).
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            if frame:
                image.seek(frame)
            _check_budget(path, image, max_pixels)
            if image.format in _ROOM:
                a_pixel = _ROOM[image.format] * len(image.getbands()) + 2
                make_room(image.width * image.height * a_pixel)
            yield image


def _check_budget(path: Path, image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise InputError(
            f"{shown(path)}: {width} x {height} pixels are more than the {max_pixels} allowed; "
            "raise load.max_pixels or scan it at a lower resolution"
        )


def count_frames(path: Path, limit: int) -> tuple[int, ...]:
    """Indexes of the frames that are pages, thumbnails and masks left out; `limit` + 1 at most."""
    frames: list[int] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with path.open("rb") as file, Image.open(file, formats=("TIFF",)) as image:
            for frame in range(2 * limit + 2):
                try:
                    image.seek(frame)
                except EOFError:
                    break
                if not _tiff_tag(image, ExifTags.Base.NewSubfileType) & _REDUCED_OR_MASK:
                    frames.append(frame)
    return tuple(frames[: limit + 1])


def decode(path: Path, frame: int, max_pixels: int) -> Decoded:
    """Read one frame as upright grey pixels."""
    with opened(path, frame, max_pixels) as image:
        encoding = image.format or ""
        stored = _orientation(image)
        stated = tuple(_stated(image, swapped=stored >= 5))
        if encoding in ("JPEG", "MPO") and image.mode == "RGB":
            image.draft("L", image.size)  # the decoder hands out luma alone: three times as fast
        inverted = _is_inverted(image)
        image.load()
        # Pillow has turned a TIFF upright by now, and says so by dropping the tag.
        orientation = _orientation(image)
        gray = np.array(upright(gray_image(image), orientation), dtype=np.uint8)
    return Decoded(255 - gray if inverted else gray, encoding, orientation, stated)


def decode_picture(path: Path, frame: int, max_pixels: int) -> Image.Image:
    """Read one frame upright as "1", "L" or "RGB", white behind what is transparent."""
    with opened(path, frame, max_pixels) as image:
        if image.mode not in _COLOURED:
            return Image.fromarray(decode(path, frame, max_pixels).gray)
        image.load()
        turned = upright(image, _orientation(image))
    if not turned.has_transparency_data:
        return turned.copy() if turned.mode in ("1", "RGB") else turned.convert("RGB")
    rgba = turned.convert("RGBA")
    white = Image.new("RGB", rgba.size, "white")
    white.paste(rgba, mask=_alpha(rgba))
    return white


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image turned and mirrored as EXIF's `orientation` (1 to 8) asks."""
    return image.transpose(_METHODS[orientation]) if orientation in _METHODS else image


def gray_image(image: Image.Image) -> Image.Image:
    """Any image as 8-bit grey: luma of colours, white behind what is transparent."""
    if image.has_transparency_data:
        return _over_white(image)
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(scale_to_bytes(np.asarray(image)))
    if image.mode == "LAB":
        return image.getchannel("L")
    if image.mode in ("CMYK", "HSV"):
        return image.convert("RGB").convert("L")
    return image.convert("L")


def _over_white(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    white = Image.new("L", rgba.size, 255)
    white.paste(rgba.convert("L"), mask=_alpha(rgba))
    return white


def _alpha(rgba: Image.Image) -> Image.Image | None:
    """The opacity; none if it is 0 all over, as some programs leave it that do not use it."""
    alpha = rgba.getchannel("A")
    return None if alpha.getextrema() == (0, 0) else alpha


def scale_to_bytes(values: NDArray[np.number]) -> Gray:
    """Scale deep grey values to 0..255 by the depth that they use.

    A scanner that delivers 10, 12 or 14 bits stores them in 16: the smallest of these depths
    that holds the largest value is taken to be white. Floats run to 1, else to their maximum.
    """
    top = float(values.max())
    if np.issubdtype(values.dtype, np.integer):
        full = next(2.0**bits - 1 for bits in (8, 10, 12, 14, 16, 32) if top < 2**bits)
    else:
        full = max(1.0, top)
    scaled = values.astype(np.float32) * np.float32(255 / full)
    gray: Gray = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return gray


def _is_inverted(image: Image.Image) -> bool:
    """Whether 0 is white in the pixels that Pillow will hand out: it turns 8 bits, not 16."""
    photometric = _tiff_tag(image, ExifTags.Base.PhotometricInterpretation, default=1)
    return image.mode.startswith("I;16") and photometric == _MIN_IS_WHITE


def _tiff_tag(image: Image.Image, tag: int, default: int = 0) -> int:
    value = getattr(image, "tag_v2", {}).get(tag, default)
    return value if isinstance(value, int) else default


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _stated(image: Image.Image, *, swapped: bool) -> Iterator[Resolution]:
    """The resolutions that a file states, in its header and in EXIF, as seen upright."""
    exif = image.getexif()
    per_inch = 2.54 if exif.get(ExifTags.Base.ResolutionUnit) == 3 else 1.0
    pairs = [
        (image.info.get("dpi", (0, 0)), 1.0),
        (
            (exif.get(ExifTags.Base.XResolution, 0), exif.get(ExifTags.Base.YResolution, 0)),
            per_inch,
        ),
    ]
    for (x, y), factor in pairs:
        try:
            found = Resolution(float(x) * factor, float(y) * factor)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            continue
        yield Resolution(found.y, found.x) if swapped else found
