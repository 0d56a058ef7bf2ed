"""Pictures for browsers: upright, not too large, and untouched where that is so already."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from export.page_source import ImageSource
from pipeline.web_picture import web_picture, web_size


def made(path: Path, size: tuple[int, int] = (300, 400), **options: object) -> ImageSource:
    Image.new("RGB", size, "beige").save(path, **options)
    return ImageSource(path)


def test_a_jpeg_that_will_do_keeps_its_bytes(tmp_path: Path) -> None:
    source = made(tmp_path / "a.jpg")
    assert web_picture(source) == source.path.read_bytes()


@pytest.mark.parametrize(
    ("name", "size", "options", "expected"),
    [
        pytest.param("a.jpg", (3000, 1500), {}, (2000, 1000), id="large"),
        pytest.param("a.png", (300, 400), {}, (300, 400), id="no JPEG"),
        pytest.param("a.jpg", (300, 400), {"orientation": 6}, (400, 300), id="turned"),
    ],
)
def test_others_become_one(
    tmp_path: Path,
    name: str,
    size: tuple[int, int],
    options: dict[str, int],
    expected: tuple[int, int],
) -> None:
    exif = Image.Exif()
    exif[0x0112] = options.get("orientation", 1)
    source = made(tmp_path / name, size, exif=exif)
    with Image.open(BytesIO(web_picture(source))) as picture:
        assert (picture.format, picture.size) == ("JPEG", expected)
    assert web_size(*expected) == expected
