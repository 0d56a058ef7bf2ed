"""Image files of every kind, sound and damaged, through `load_page`."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from pipeline.errors import InputError
from pipeline.images import Resolution, scale_to_bytes
from pipeline.load import (
    Gray,
    LoadParams,
    PageImage,
    SourcePage,
    assume_ppi,
    believe,
    load_page,
    load_picture,
    page_frames,
)
from pipeline.names import shown

ORIENTATION = 0x0112
WIDTH, HEIGHT = 120, 90


def page(path: Path, frame: int = 0) -> SourcePage:
    return SourcePage(path, frame, "image", "page", 0)


def ramp() -> Gray:
    """Black at the left, white at the right, with a black top right corner to tell up from down."""
    row = np.linspace(0, 255, WIDTH).round().astype(np.uint8)
    gray = np.tile(row, (HEIGHT, 1))
    gray[:20, -20:] = 0
    return gray


def rgb() -> Image.Image:
    return Image.fromarray(ramp()).convert("RGB")


def save(path: Path, image: Image.Image, **options: object) -> Path:
    # By itself: the Pillow that we read with is not to know how to write it.
    heic = pillow_heif.from_pillow(image) if path.suffix == ".heic" else image
    heic.save(path, **options)
    return path


def deep(shift: int) -> Image.Image:
    """The ramp as 16-bit values, 8 + shift bits of them used."""
    return Image.fromarray((ramp().astype(np.uint16) << shift) | (ramp() >> (8 - shift)))


def with_alpha() -> Image.Image:
    """Black ink whose opacity makes the ramp."""
    opacity = Image.fromarray(255 - ramp())
    return Image.merge("LA", (Image.new("L", opacity.size), opacity))


CMYK = Image.merge("CMYK", [*[Image.new("L", (WIDTH, HEIGHT))] * 3, Image.fromarray(255 - ramp())])

KINDS: dict[str, Callable[[Path], Path]] = {
    "gray.png": lambda path: save(path, Image.fromarray(ramp())),
    "rgb.png": lambda path: save(path, rgb()),
    "palette.png": lambda path: save(path, Image.fromarray(ramp()).convert("P")),
    "alpha.png": lambda path: save(path, with_alpha()),
    "rgba.png": lambda path: save(path, with_alpha().convert("RGBA")),
    "deep.png": lambda path: save(path, deep(8)),
    "gray.jpg": lambda path: save(path, Image.fromarray(ramp()), quality=95),
    "rgb.jpg": lambda path: save(path, rgb(), quality=95),
    "cmyk.jpg": lambda path: save(path, CMYK, quality=95),
    "progressive.jpeg": lambda path: save(path, rgb(), quality=95, progressive=True),
    "gray.tif": lambda path: save(path, Image.fromarray(ramp())),
    "0 is white.tif": lambda path: save(path, Image.fromarray(ramp()), tiffinfo={262: 0}),
    "lzw.tiff": lambda path: save(path, rgb(), compression="tiff_lzw"),
    "cmyk.tif": lambda path: save(path, CMYK),
    "palette.tif": lambda path: save(path, Image.fromarray(ramp()).convert("P")),
    "rgba.tif": lambda path: save(path, with_alpha().convert("RGBA")),
    "deep.tif": lambda path: save(path, deep(8)),
    "12 bits of 16.tif": lambda path: save(path, deep(4)),
    "lab.tif": lambda path: save(path, Image.merge("LAB", [Image.fromarray(ramp())] * 3)),
    "float.tif": lambda path: save(path, Image.fromarray(ramp().astype(np.float32) / 255)),
    "jpeg.tif": lambda path: save(path, rgb(), compression="jpeg", quality=95),
    "gray.jp2": lambda path: save(path, Image.fromarray(ramp())),
    "rgb.j2k": lambda path: save(path, rgb()),
    "deep.jp2": lambda path: save(path, deep(8)),
    "rgb.webp": lambda path: save(path, rgb(), quality=95),
    "gray.bmp": lambda path: save(path, Image.fromarray(ramp())),
    "gray.heic": lambda path: save(path, Image.fromarray(ramp()), quality=95),
    "rgb.heic": lambda path: save(path, rgb(), quality=95),
    "rgba.heic": lambda path: save(path, with_alpha().convert("RGBA"), quality=95),
    "rgb.avif": lambda path: save(path, rgb(), quality=95),
    "palette.gif": lambda path: save(path, Image.fromarray(ramp()).convert("P")),
    "gray.pgm": lambda path: save(path, Image.fromarray(ramp())),
    "rgb.pnm": lambda path: save(path, rgb()),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_gives_the_same_grey(tmp_path: Path, name: str) -> None:
    loaded = load_page(page(KINDS[name](tmp_path / name)))
    assert loaded.gray.dtype == np.uint8
    assert (loaded.height, loaded.width) == (HEIGHT, WIDTH)
    # Away from the corner's edge, where the lossy kinds ring.
    difference = np.abs(loaded.gray.astype(int) - ramp())[30:]
    assert difference.max() <= 4


@pytest.mark.parametrize("name", ["rgb.png", "alpha.png", "cmyk.tif", "deep.tif", "palette.tif"])
def test_picture_keeps_what_can_be_seen(tmp_path: Path, name: str) -> None:
    picture = load_picture(page(KINDS[name](tmp_path / name)))
    assert picture.mode in ("1", "L", "RGB")
    assert np.abs(np.asarray(picture.convert("L")).astype(int) - ramp()).max() <= 4


def test_a_negative_comes_as_a_positive(tmp_path: Path) -> None:
    positive = np.full((HEIGHT, WIDTH), 230, np.uint8)
    positive[20:70:10, 10:-10:3] = 30
    path = save(tmp_path / "film.png", Image.fromarray(255 - positive))
    assert (load_page(page(path)).gray == positive).all()


def test_colour_becomes_luma(tmp_path: Path) -> None:
    pure = Image.new("RGB", (3, 1))
    pure.putdata([(255, 0, 0), (0, 255, 0), (0, 0, 255)])
    assert load_page(page(save(tmp_path / "p.png", pure))).gray.tolist() == [[76, 150, 29]]


@pytest.mark.parametrize("photometric", [0, 1], ids=["0 is white", "0 is black"])
@pytest.mark.parametrize("compression", ["raw", "group3", "group4"])
def test_bilevel(tmp_path: Path, photometric: int, compression: str) -> None:
    black = ramp() < 128
    image = Image.fromarray(~black)
    path = save(tmp_path / "p.tif", image, compression=compression, tiffinfo={262: photometric})
    assert (load_page(page(path)).gray == np.where(black, 0, 255)).all()


def test_16_bits_with_0_as_white(tmp_path: Path) -> None:
    """Pillow turns 8 bits but not 16; the tag is patched in, since it does not write it either."""
    path = save(tmp_path / "p.tif", Image.fromarray(65535 - ramp().astype(np.uint16) * 257))
    data = bytearray(path.read_bytes())
    entry = data.index(struct.pack("<HHI", 262, 3, 1))
    data[entry + 8] = 0
    path.write_bytes(data)
    assert np.abs(load_page(page(path)).gray.astype(int) - ramp()).max() <= 1


def test_unused_alpha_is_no_invisible_page(tmp_path: Path) -> None:
    image = rgb().convert("RGBA")
    image.putalpha(0)
    path = save(tmp_path / "p.png", image)
    assert (load_page(page(path)).gray == ramp()).all()
    assert (np.asarray(load_picture(page(path)).convert("L")) == ramp()).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    stored = stored_as(orientation)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"lossless": True} if suffix == ".webp" else {"quality": 95}
    path = save(tmp_path / f"p{suffix}", stored, exif=exif, **options)
    loaded = load_page(page(path))
    assert loaded.gray.shape == (HEIGHT, WIDTH)
    assert np.abs(loaded.gray.astype(int) - ramp()).mean() < 2
    assert load_picture(page(path)).size == (WIDTH, HEIGHT)
    if suffix == ".jpg":
        assert (loaded.encoding, loaded.orientation) == ("JPEG", orientation)


def stored_as(orientation: int) -> Image.Image:
    """The ramp as stored by a camera held so; what each number means is EXIF's table."""
    gray = ramp()
    stored = {
        1: gray,
        2: gray[:, ::-1],
        3: gray[::-1, ::-1],
        4: gray[::-1],
        5: gray.T,
        6: gray.T[::-1],
        7: gray.T[::-1, ::-1],
        8: gray.T[:, ::-1],
    }[orientation]
    return Image.fromarray(np.ascontiguousarray(stored))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_heic_is_turned_as_it_says(tmp_path: Path, quarters: int) -> None:
    path = save(tmp_path / "p.heic", rgb(), quality=95)
    path.write_bytes(told_to_turn(path.read_bytes(), quarters))
    loaded = load_page(page(path))
    assert loaded.gray.shape == np.rot90(ramp(), quarters).shape
    assert np.abs(loaded.gray.astype(int) - np.rot90(ramp(), quarters)).mean() < 2


def told_to_turn(heic: bytes, quarters: int) -> bytes:
    """A HEIC of one picture that is to be shown turned counter-clockwise, as telephones say it.

    In ISO 23008-12's words: a property "irot" of the first item, the fifth and last of its own.
    """
    turning = struct.pack(">I4sB", 9, b"irot", quarters)
    start = heic.index(b"ipma") - 4
    end = start + int.from_bytes(heic[start : start + 4])
    item = heic[start:end].replace(b"\1\4\x81", b"\1\5\x81") + b"\x85"
    longer = bytearray(heic[:start] + turning + item + heic[end:])
    more = {b"ipco": 9, b"ipma": 1, b"iprp": 10, b"meta": 10}
    places = {heic.index(kind) - 4 + (9 if kind == b"ipma" else 0): by for kind, by in more.items()}
    places[heic.index(b"iloc") + 16] = 10  # where the picture's bytes begin in the file
    for place, by in places.items():
        longer[place : place + 4] = (int.from_bytes(longer[place : place + 4]) + by).to_bytes(4)
    return bytes(longer)


def test_wrong_orientation_is_ignored(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 77
    path = save(tmp_path / "p.jpg", rgb(), exif=exif)
    assert load_page(page(path)).gray.shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_resolution_of_the_file(tmp_path: Path, suffix: str) -> None:
    loaded = load_page(page(save(tmp_path / f"p{suffix}", rgb(), dpi=(300, 300))))
    assert (round(loaded.ppi, 1), loaded.ppi_assumed) == (300.0, False)


def test_resolution_in_centimetres(tmp_path: Path) -> None:
    tags = {TiffImagePlugin.X_RESOLUTION: 118.11, TiffImagePlugin.Y_RESOLUTION: 118.11}
    path = save(tmp_path / "p.tif", rgb(), tiffinfo={**tags, TiffImagePlugin.RESOLUTION_UNIT: 3})
    assert load_page(page(path)).ppi == pytest.approx(300, abs=0.1)


@pytest.mark.parametrize(("unit", "value"), [(2, 300.0), (3, 118.11)], ids=["inch", "cm"])
def test_resolution_in_exif_alone(tmp_path: Path, unit: int, value: float) -> None:
    exif = Image.Exif()
    exif[0x011A] = exif[0x011B] = TiffImagePlugin.IFDRational(value)
    exif[0x0128] = unit
    loaded = load_page(page(save(tmp_path / "p.webp", rgb(), exif=exif)))
    assert loaded.ppi == pytest.approx(300, abs=0.1)
    assert not loaded.ppi_assumed


def test_resolution_missing_is_assumed_and_flagged(tmp_path: Path) -> None:
    loaded = load_page(page(save(tmp_path / "p.png", Image.new("L", (1654, 2339), 255))))
    assert (loaded.ppi, loaded.ppi_assumed) == (200.0, True)


@pytest.mark.parametrize(
    ("stated", "long_side_px", "expected"),
    [
        pytest.param([(300, 300)], 3508, (300, 300), id="sound"),
        pytest.param([], 3508, None, id="nothing stated"),
        pytest.param([(0, 0)], 3508, None, id="zero"),
        pytest.param([(float("nan"), 300)], 3508, None, id="not a number"),
        pytest.param([(1, 1)], 3508, None, id="an aspect, no resolution"),
        pytest.param([(5000, 5000)], 3508, None, id="too fine to be true"),
        pytest.param([(72, 72)], 3508, None, id="a program's default"),
        pytest.param([(72, 72)], 842, (72, 72), id="72 that fits A4"),
        pytest.param([(96.012, 96.012)], 3508, None, id="a screen's, by way of metres"),
        pytest.param([(72, 72), (300, 300)], 3508, (300, 300), id="EXIF knows better"),
        pytest.param([(204, 98)], 2200, (204, 98), id="fax"),
        pytest.param([(2400, 50)], 2200, None, id="too slanted to be true"),
    ],
)
def test_believe(
    stated: list[tuple[float, float]], long_side_px: int, expected: tuple[float, float] | None
) -> None:
    found = believe([Resolution(*pair) for pair in stated], long_side_px, LoadParams())
    assert found == expected


@given(st.integers(1, 10**6))
def test_assumed_resolution_is_sane(long_side_px: int) -> None:
    assert 72 <= assume_ppi(long_side_px) <= 600


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    fax = Image.fromarray(ramp()).resize((WIDTH, HEIGHT // 2))
    loaded = load_page(page(save(tmp_path / "p.tif", fax, dpi=(200, 100))))
    assert (loaded.gray.shape, loaded.ppi) == ((HEIGHT, WIDTH), 200.0)


def test_turned_pixels_that_are_not_square(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    fax = Image.new("L", (WIDTH, HEIGHT // 2))
    loaded = load_page(page(save(tmp_path / "p.jpg", fax, dpi=(200, 100), exif=exif)))
    assert (loaded.gray.shape, loaded.ppi) == ((WIDTH, HEIGHT), 200.0)


@given(st.sampled_from([8, 10, 12, 14, 16]))
def test_scale_to_bytes_finds_the_depth(bits: int) -> None:
    values = np.array([[0, 2**bits // 2, 2**bits - 1]], dtype=np.uint16)
    assert scale_to_bytes(values).tolist() == [[0, 128, 255]]


def three_frames(path: Path) -> Path:
    frames = [Image.new("L", (40, 30), 80 * number) for number in range(3)]
    return save(path, frames[0], save_all=True, append_images=frames[1:])


def test_frames_of_a_tiff(tmp_path: Path) -> None:
    path = three_frames(tmp_path / "p.tif")
    assert page_frames(path, "image") == (0, 1, 2)
    assert [int(load_page(page(path, frame)).gray[0, 0]) for frame in range(3)] == [0, 80, 160]


def test_thumbnail_in_a_tiff_is_no_page(tmp_path: Path) -> None:
    path = tmp_path / "p.tif"
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as file:
        for size, subfile_type in [((40, 30), 0), ((4, 3), 1), ((40, 30), 0)]:
            Image.new("L", size).save(file, format="TIFF", tiffinfo={254: subfile_type})
            file.newFrame()
    assert page_frames(path, "image") == (0, 2)


def test_frames_are_counted_against_the_limit(tmp_path: Path) -> None:
    path = three_frames(tmp_path / "p.tif")
    assert len(page_frames(path, "image", LoadParams(max_pages=1))) == 2


def test_one_pixel_is_a_small_page(tmp_path: Path) -> None:
    loaded = load_page(page(save(tmp_path / "p.png", Image.new("L", (1, 1), 7))))
    assert (loaded.gray.tolist(), loaded.ppi_assumed) == ([[7]], True)


def test_too_many_pixels_are_refused_unread(tmp_path: Path) -> None:
    path = save(tmp_path / "bomb.png", Image.new("1", (20_000, 20_000)))
    with pytest.raises(InputError, match=r"bomb\.png: 20000 x 20000 pixels .* load\.max_pixels"):
        load_page(page(path))


def test_budget_counts_for_every_frame(tmp_path: Path) -> None:
    small, large = Image.new("L", (10, 10)), Image.new("L", (100, 100))
    path = save(tmp_path / "p.tif", small, save_all=True, append_images=[large])
    params = LoadParams(max_pixels=1000)
    assert load_page(page(path, 0), params).width == 10
    with pytest.raises(InputError, match="100 x 100"):
        load_page(page(path, 1), params)


def test_stretching_stays_in_the_budget(tmp_path: Path) -> None:
    path = save(tmp_path / "p.png", Image.new("L", (100, 100)), dpi=(400, 100))
    assert load_page(page(path), LoadParams(max_pixels=20_000)).gray.shape == (100, 100)


SUFFIXES = (".jpg", ".png", ".tif", ".jp2", ".webp", ".bmp", ".heic", ".avif", ".pgm")
NOISE = np.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cut_short(tmp_path: Path, suffix: str, keep: float) -> None:
    path = save(tmp_path / f"page 7{suffix}", Image.fromarray(NOISE))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(InputError, match=rf"page 7\{suffix}: is (damaged|not an image).*again"):
        load_page(page(path))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bits_flipped(tmp_path: Path, suffix: str) -> None:
    """Whatever a decoder makes of it: pixels or an InputError, nothing else."""
    path = save(tmp_path / f"p{suffix}", Image.fromarray(NOISE))
    sound = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    random = np.random.default_rng(11)
    for _ in range(40):
        data = sound.copy()
        where = random.integers(0, min(len(data), random.choice([64, 4096])), 4)
        data[where] ^= random.integers(1, 256, 4, dtype=np.uint8)
        path.write_bytes(data.tobytes())
        try:
            loaded = load_page(page(path), LoadParams(max_pixels=1_000_000))
        except InputError as error:
            assert str(path) in str(error)
        else:
            assert loaded.gray.ndim == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"Dear diary, " * 99, "not an image that Inkfolio reads", id="text"),
        pytest.param(b"GIF89a" + bytes(200), "not an image", id="a decoder that is not wanted"),
    ],
)
def test_not_an_image(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "p.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_page(page(path))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png: is not there"):
        load_page(page(tmp_path / "gone.png"))


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_not_a_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "p.png")
    with pytest.raises(InputError, match="is not a file"):
        load_page(page(tmp_path / "p.png"))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_unreadable_file(tmp_path: Path) -> None:
    path = save(tmp_path / "p.png", rgb())
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        load_page(page(path))


def test_problem_found_earlier_is_said(tmp_path: Path) -> None:
    known = SourcePage(tmp_path / "p.tif", 0, "image", "p", 0, problem="too long; split it")
    for load in (load_page, load_picture):
        with pytest.raises(InputError, match="too long; split it"):
            load(known)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Brief 7 für Zoë.png", "Brief 7 für Zoë.png", id="ordinary"),
        pytest.param("a\nb\x1b[31m.png", r"a\nb\x1b[31m.png", id="control characters"),
        pytest.param("a\u202egpj.exe", r"a\u202egpj.exe", id="right to left"),
        pytest.param(os.fsdecode(b"caf\xe9"), r"caf\udce9", id="not UTF-8"),
    ],
)
def test_shown(name: str, expected: str) -> None:
    assert shown(Path(name)) == expected


def test_message_escapes_the_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_page(page(tmp_path / "line\nbreak.png"))
    assert "line\\nbreak.png" in str(caught.value)
    assert str(caught.value).isprintable()


def test_pages_travel_between_processes(tmp_path: Path) -> None:
    source = page(save(tmp_path / "p.png", rgb()))
    assert pickle.loads(pickle.dumps(source)) == source
    loaded = load_page(source)
    back: PageImage = pickle.loads(pickle.dumps(loaded))
    assert (back.gray == loaded.gray).all()
