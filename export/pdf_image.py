"""Image file -> PDF image object, its compressed bytes untouched wherever PDF can hold them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base as Tag
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    ByteStringObject,
    DictionaryObject,
    NameObject,
    NullObject,
    NumberObject,
    PdfObject,
    StreamObject,
)

from export.glyphless import deflated
from export.page_source import ImageSource
from export.pdf_redraw import BITONAL, ORIGINAL, Binarize, as_ink, as_jpeg, jpeg_quality, on_white
from pipeline.errors import InputError
from pipeline.picture_files import FORMATS

ORIENTATION_TAG = 0x0112
CHUNK = 1 << 20
SPACES = {1: "/DeviceGray", 3: "/DeviceRGB", 4: "/DeviceCMYK"}
ICC_SPACES = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GROUP_4 = 4  # of TIFF's compressions
WORTH_DEFLATING = 0.99  # of a fax's length, at most, lest readers unpack twice for nothing
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
JP2_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"


@dataclass(frozen=True, slots=True)
class Extent:
    """A stretch of a file."""

    path: Path
    offset: int
    length: int

    def pieces(self) -> Iterator[bytes]:
        """The bytes, in pieces.

        Raises:
            InputError: if the file has become shorter than it was.
        """
        left = self.length
        with self.path.open("rb") as file:
            file.seek(self.offset)
            while left:
                piece = file.read(min(left, CHUNK))
                if not piece:
                    raise InputError(f"{self.path} changed while it was read; try again")
                left -= len(piece)
                yield piece


class FileStream(StreamObject):
    """A PDF stream whose bytes stay in a file until the PDF is written.

    pypdf keeps a document's objects in memory until the end; pictures must not be among them.
    """

    def __init__(self, extent: Extent) -> None:
        """Stand for the bytes of `extent`."""
        super().__init__()
        self.extent = extent

    def write_to_stream(self, stream: BytesIO | IO[bytes]) -> None:
        """Copy the file's bytes into the PDF."""
        self[NameObject("/Length")] = NumberObject(self.extent.length)
        DictionaryObject.write_to_stream(self, stream)
        stream.write(b"\nstream\n")
        for piece in self.extent.pieces():
            stream.write(piece)
        stream.write(b"\nendstream")


def spooled(stream: StreamObject, scratch: Path) -> FileStream:
    """The same stream with its bytes, as they are encoded, at the end of a file."""
    made = FileStream(_append(scratch, [stream._data]))
    for name in stream:
        made[NameObject(name)] = stream.raw_get(name)
    made.indirect_reference = stream.indirect_reference
    return made


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture.

    Attributes:
        extent: the encoded bytes.
        width: columns as stored.
        height: rows as stored.
        bits: bits per channel.
        channels: 1, 3 or 4; 1 also for indices into a palette.
        entries: /Filter, /DecodeParms, /Decode.
        orientation: EXIF orientation under which the stored pixels are to be shown.
        palette: RGB triples, or empty.
        profile: ICC profile that fits the channels, or empty.
    """

    extent: Extent
    width: int
    height: int
    bits: int
    channels: int
    entries: dict[str, PdfObject]
    orientation: int = 1
    palette: bytes = b""
    profile: bytes = b""


def encode_picture(
    source: ImageSource,
    scratch: Path,
    wish: str = ORIGINAL,
    binarize: Binarize | None = None,
) -> Picture:
    """Encode a picture for a PDF: without loss, or smaller where that is wished.

    JPEG, JPEG 2000, plain PNG and TIFFs of one strip of CCITT G4 keep their bytes; other
    two-valued pictures become CCITT G4 unless they are a PNG that is smaller, everything else
    Flate. Transparency is laid on white.

    Args:
        source: the picture.
        scratch: file to whose end newly encoded bytes are appended; it must outlive the PDF.
        wish: "original"; "jpeg:75" for a JPEG of that quality where it is smaller than the file;
            or "bitonal". Two-valued pictures are always kept.
        binarize: how to tell ink from paper, for "bitonal".

    Raises:
        ValueError: if the wish is none of these, or its binarizer is missing.
        InputError: if the file is not a picture that can be decoded.
    """
    try:
        with Image.open(source.path, formats=FORMATS) as image:
            image.seek(source.frame)
            redrawn = _redrawn(image, source, scratch, wish, binarize)
            if redrawn:
                return redrawn
            if image.format == "TIFF":
                copied = _fax(image, source.path, scratch)
            else:
                copied = _copied(image, source.path, scratch) if source.frame == 0 else None
            return copied or _encoded(image, source.path, scratch)
    except (UnidentifiedImageError, OSError, EOFError, SyntaxError, struct.error) as error:
        raise InputError(
            f"{source.path} cannot be drawn ({error}); convert it to PNG or TIFF and try again"
        ) from error


def _redrawn(
    image: Image.Image, source: ImageSource, scratch: Path, wish: str, binarize: Binarize | None
) -> Picture | None:
    """The picture as wished, or None if it is to stay as it is."""
    quality = jpeg_quality(wish)
    if wish == ORIGINAL or image.mode == "1":
        return None
    if wish == BITONAL:
        if binarize is None:
            raise ValueError("bitonal pictures want a binarizer")
        return _group4(as_ink(image, binarize), scratch)
    profile = image.info.get("icc_profile", b"")
    data, size, channels = as_jpeg(image, quality or 0)
    is_whole_file = getattr(image, "n_frames", 1) == 1
    if is_whole_file and len(data) >= source.path.stat().st_size:
        return None
    entries: dict[str, PdfObject] = {"/Filter": NameObject("/DCTDecode")}
    fitting = _fitting(profile, channels)
    return Picture(_append(scratch, [data]), *size, 8, channels, entries, profile=fitting)


def _copied(image: Image.Image, path: Path, scratch: Path) -> Picture | None:
    """The picture with its file's own bytes, or None if PDF cannot hold them."""
    if image.format in ("JPEG", "MPO"):
        return _jpeg(image, path)
    if image.format == "JPEG2000" and image.mode in ("L", "RGB"):
        with path.open("rb") as file:
            if file.read(len(JP2_SIGNATURE)) == JP2_SIGNATURE:
                return _whole_file(image, path, {"/Filter": NameObject("/JPXDecode")})
    plain = not image.has_transparency_data and image.mode != "1"
    if image.format == "PNG" and plain and not image.info.get("interlace"):
        with path.open("rb") as file:
            return _png(file, scratch, _orientation(image), image.info.get("icc_profile", b""))
    return None


def _fax(image: Image.Image, path: Path, scratch: Path) -> Picture | None:
    """A TIFF's own CCITT G4, or None where it holds something else, or strips, or tiles."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    offsets, lengths = tags.get(Tag.StripOffsets, ()), tags.get(Tag.StripByteCounts, ())
    is_plain = tags.get(Tag.Compression) == GROUP_4 and not tags.get(Tag.T6Options)
    if image.mode != "1" or not is_plain or len(offsets) != 1 or len(lengths) != 1:
        return None
    extent = Extent(path, offsets[0], lengths[0])
    if tags.get(Tag.FillOrder) == 2:
        extent = _append(scratch, [piece.translate(REVERSED) for piece in extent.pieces()])
    orientation = tags.get(ORIENTATION_TAG, 1)
    # What fax calls black is a one, which TIFF may declare to be white.
    is_negative = tags.get(Tag.PhotometricInterpretation) == 1
    size = tags[Tag.ImageWidth], tags[Tag.ImageLength]
    picture = _group4_picture(extent, *size, scratch, is_negative=is_negative)
    return replace(picture, orientation=orientation if orientation in range(1, 9) else 1)


def _jpeg(image: Image.Image, path: Path) -> Picture:
    entries: dict[str, PdfObject] = {"/Filter": NameObject("/DCTDecode")}
    if image.mode == "CMYK" and "adobe" in image.info:
        # Adobe stores CMYK upside down.
        entries["/Decode"] = ArrayObject(NumberObject(n) for n in (1, 0) * 4)
    return _whole_file(image, path, entries)


def _whole_file(image: Image.Image, path: Path, entries: dict[str, PdfObject]) -> Picture:
    channels = len(image.getbands())
    return Picture(
        Extent(path, 0, path.stat().st_size),
        *image.size,
        bits=8,
        channels=channels,
        entries=entries,
        orientation=_orientation(image),
        profile=_fitting(image.info.get("icc_profile", b""), channels),
    )


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(ORIENTATION_TAG, 1)
    return value if value in range(1, 9) else 1


def _fitting(profile: bytes | None, channels: int) -> bytes:
    """The ICC profile if it is one for so many channels."""
    return profile if profile and profile[16:20] == ICC_SPACES[channels] else b""


def _encoded(image: Image.Image, path: Path, scratch: Path) -> Picture:
    """The picture encoded anew, unless it is a black and white PNG that is smaller."""
    profile = image.info.get("icc_profile", b"")
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        upright = on_white(upright)
    if upright.mode == "1":
        fax = _group4(upright, scratch)
        if image.format != "PNG" or image.info.get("interlace") or profile:
            return fax
        with path.open("rb") as file:
            png = _png(file, scratch, _orientation(image), b"")
        return min(fax, png, key=lambda picture: picture.extent.length)
    if upright.mode == "CMYK":
        return _flate(upright, scratch, _fitting(profile, 4))
    if upright.mode == "F":
        upright = upright.convert("L")
    elif upright.mode not in ("L", "RGB", "P", "I", "I;16"):
        upright = upright.convert("I" if upright.mode.startswith("I;16") else "RGB")
    with closing(BytesIO()) as file:
        upright.save(file, "PNG", compress_level=6)
        file.seek(0)
        return _png(file, scratch, 1, profile)


def _group4(image: Image.Image, scratch: Path) -> Picture:
    """CCITT fax group 4, by way of a TIFF of one strip."""
    width, height = image.size
    with closing(BytesIO()) as file:
        tags = {262: 0, 278: height}  # white is zero, as in fax; all rows in one strip
        image.save(file, "TIFF", compression="group4", tiffinfo=tags)
        file.seek(0)
        with Image.open(file) as tiff:
            offset, length = tiff.tag_v2[273][0], tiff.tag_v2[279][0]  # type: ignore[attr-defined]
        extent = _append(scratch, [file.getvalue()[offset : offset + length]])
    return _group4_picture(extent, width, height, scratch)


def _group4_picture(
    extent: Extent, width: int, height: int, scratch: Path, *, is_negative: bool = False
) -> Picture:
    """The fax, deflated where that makes it smaller, which inflated is what it was."""
    params = _dictionary({"/K": -1, "/Columns": width, "/Rows": height})
    if is_negative:
        params[NameObject("/BlackIs1")] = BooleanObject(True)
    fax = NameObject("/CCITTFaxDecode")
    entries: dict[str, PdfObject] = {"/Filter": fax, "/DecodeParms": params}
    smaller = _append(scratch, _deflated(extent))
    if smaller.length < WORTH_DEFLATING * extent.length:
        extent = smaller
        entries["/Filter"] = ArrayObject([NameObject("/FlateDecode"), fax])
        entries["/DecodeParms"] = ArrayObject([NullObject(), params])
    return Picture(extent, width, height, 1, 1, entries)


def _deflated(extent: Extent) -> Iterator[bytes]:
    packer = zlib.compressobj(9)
    for piece in extent.pieces():
        yield packer.compress(piece)
    yield packer.flush()


def _flate(image: Image.Image, scratch: Path, profile: bytes) -> Picture:
    extent = _append(scratch, [zlib.compress(image.tobytes(), 6)])
    entries: dict[str, PdfObject] = {"/Filter": NameObject("/FlateDecode")}
    return Picture(extent, *image.size, 8, len(image.getbands()), entries, profile=profile)


def _png(file: BinaryIO, scratch: Path, orientation: int, profile: bytes | None) -> Picture:
    """A PNG's own compressed rows: PDF's Flate with PNG predictors is the same stream."""
    palette, idat = b"", []
    for kind, body in _png_chunks(file):
        if kind == b"IHDR":
            width, height, bits, color = struct.unpack(">IIBB", body[:10])
        elif kind == b"PLTE":
            palette = body
        elif kind == b"IDAT":
            idat.append(body)
    channels = 3 if color == 2 else 1
    params = {"/Predictor": 15, "/Colors": channels, "/BitsPerComponent": bits, "/Columns": width}
    return Picture(
        _append(scratch, idat),
        width,
        height,
        bits,
        channels,
        {"/Filter": NameObject("/FlateDecode"), "/DecodeParms": _dictionary(params)},
        orientation,
        palette if color == 3 else b"",
        _fitting(profile, channels) if color != 3 else b"",
    )


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    if file.read(8) != PNG_SIGNATURE:
        raise SyntaxError("not a PNG file")
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", file.read(8))
        yield kind, file.read(length)
        file.read(4)  # checksum; the picture was decoded before it came here


def _append(scratch: Path, pieces: Iterable[bytes]) -> Extent:
    with scratch.open("ab") as file:
        offset = file.tell()
        length = sum(map(file.write, pieces))
    return Extent(scratch, offset, length)


def _dictionary(numbers: dict[str, int]) -> DictionaryObject:
    return DictionaryObject({NameObject(k): NumberObject(v) for k, v in numbers.items()})


def image_object(picture: Picture, writer: PdfWriter) -> FileStream:
    """The PDF object that draws a picture into the unit square."""
    image = FileStream(picture.extent)
    entries: dict[str, PdfObject] = {
        "/Subtype": NameObject("/Image"),
        "/Width": NumberObject(picture.width),
        "/Height": NumberObject(picture.height),
        "/ColorSpace": _color_space(picture, writer),
        "/BitsPerComponent": NumberObject(picture.bits),
        **picture.entries,
    }
    image.update({NameObject(name): value for name, value in entries.items()})
    return image


def _color_space(picture: Picture, writer: PdfWriter) -> PdfObject:
    space = NameObject(SPACES[picture.channels])
    if picture.palette:
        last = NumberObject(len(picture.palette) // 3 - 1)
        rgb = NameObject("/DeviceRGB")
        table = ByteStringObject(picture.palette)
        return ArrayObject([NameObject("/Indexed"), rgb, last, table])
    if picture.profile:
        profile = deflated(picture.profile, N=picture.channels)
        profile[NameObject("/Alternate")] = space
        return ArrayObject([NameObject("/ICCBased"), writer._add_object(profile)])
    return space
