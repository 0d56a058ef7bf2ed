"""Which picture files are read, and which are told of since they may hold pages all the same."""

from __future__ import annotations

import pi_heif

# Pillow reads the others by itself. Apple's telephones take photographs in this one.
pi_heif.register_heif_opener()

# fmt: off
FORMATS = (  # Pillow's names
    "PNG", "JPEG", "TIFF", "JPEG2000", "WEBP", "BMP", "HEIF", "AVIF", "GIF", "PPM",
)
SUFFIXES = frozenset((
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".bmp",
    ".jp2", ".j2k", ".jpf", ".jpx", ".j2c",
    ".heic", ".heif", ".hif", ".avif", ".gif", ".pbm", ".pgm", ".ppm", ".pnm",
))
# fmt: on
_RAW = "a camera's raw picture"
UNREAD = {  # what people keep scans in that is not read, by suffix
    **dict.fromkeys((".djvu", ".djv"), "a DjVu"),
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"), _RAW),
    ".jxl": "a JPEG XL",
    ".psd": "a Photoshop file",
}
