"""Folders and files into documents, their order and their names."""

from __future__ import annotations

import os
import pickle
import random
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import InputError
from pipeline.load import LoadParams, load_page
from pipeline.names import base_names, distinct, safe_name
from pipeline.sources import SourceDocument, find_documents, natural_order


def grow(root: Path, *names: str) -> Path:
    """Files by their names: a TIFF or PDF whose name ends in xN has N pages."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pages = int(path.stem.rpartition("x")[2]) if path.stem[-2:-1] == "x" else 1
        frames = [Image.new("L", (8, 8), number) for number in range(pages)]
        if path.suffix.lower() in (".tif", ".pdf"):
            frames[0].save(path, save_all=True, append_images=frames[1:])
        elif path.suffix.lower() in (".png", ".jpg"):
            frames[0].save(path)
        else:
            path.write_text("no image")
    return root


def names(documents: list[SourceDocument]) -> list[str]:
    return [document.name for document in documents]


def ids(document: SourceDocument) -> list[str]:
    return [page.id for page in document.pages]


def test_folder_is_a_document_in_natural_order(tmp_path: Path) -> None:
    grow(tmp_path / "letters", "p10.png", "p2.png", "P1.jpg", "p2b.png")
    (document,) = find_documents([tmp_path / "letters"])
    assert (document.name, document.path) == ("letters", tmp_path / "letters")
    assert ids(document) == ["P1", "p2", "p2b", "p10"]
    assert [page.index for page in document.pages] == [0, 1, 2, 3]


@given(st.permutations(list(range(1, 31))))
def test_any_order_of_creation_gives_natural_order(numbers: list[int]) -> None:
    files = [Path(f"scan {number}.png") for number in numbers]
    ordered = [file.stem for file in sorted(files, key=natural_order)]
    assert ordered == [f"scan {number}" for number in range(1, 31)]


def test_tree_is_mirrored(tmp_path: Path) -> None:
    grow(
        tmp_path / "scans",
        "cover.png",
        "1801/p1.png",
        "1801/p2.png",
        "1801/drafts/p1.png",
        "1802/will.pdf",
        "empty/notes.txt",
    )
    documents = find_documents([tmp_path / "scans"])
    assert names(documents) == ["scans", "scans/1801", "scans/1801/drafts", "scans/1802/will"]
    assert [len(document.pages) for document in documents] == [1, 2, 1, 1]


def test_pdf_and_long_tiff_are_documents_of_their_own(tmp_path: Path) -> None:
    grow(tmp_path / "a", "p1.png", "bookx3.tif", "single.tif", "vol.2x2.pdf")
    documents = find_documents([tmp_path / "a"])
    assert names(documents) == ["a", "a/bookx3", "a/vol.2x2"]
    assert [ids(document) for document in documents] == [
        ["p1", "single"],
        ["bookx3_0001", "bookx3_0002", "bookx3_0003"],
        ["vol.2x2_0001", "vol.2x2_0002"],
    ]
    assert [page.frame for page in documents[1].pages] == [0, 1, 2]
    assert {page.kind for page in documents[2].pages} == {"pdf"}
    assert [int(load_page(page).gray[0, 0]) for page in documents[1].pages] == [0, 1, 2]


def test_single_files(tmp_path: Path) -> None:
    grow(tmp_path, "id_0001.tif", "x.png", "bookx2.pdf")
    documents = find_documents([tmp_path / name for name in ("x.png", "id_0001.tif", "bookx2.pdf")])
    assert names(documents) == ["x", "id_0001", "bookx2"]
    assert [ids(document) for document in documents] == [
        ["x"],
        ["id_0001"],
        ["bookx2_0001", "bookx2_0002"],
    ]


def test_same_base_name_side_by_side(tmp_path: Path) -> None:
    grow(tmp_path / "a", "x.png", "x.tif", "X.jpg", "y.png", "x_png.png")
    (document,) = find_documents([tmp_path / "a"])
    assert sorted(ids(document)) == sorted(["x_tif", "X_jpg", "x_png_2", "x_png", "y"])
    assert {page.id: page.path.name for page in document.pages}["x_png"] == "x_png.png"


def test_pages_and_documents_of_a_folder_share_one_set_of_names(tmp_path: Path) -> None:
    grow(tmp_path / "a", "x.png", "x.pdf", "x/p1.png", "y.png")
    documents = find_documents([tmp_path / "a"])
    assert names(documents) == ["a", "a/x_pdf", "a/x"]
    assert ids(documents[0]) == ["x_png", "y"]


def test_same_name_in_two_folders(tmp_path: Path) -> None:
    grow(tmp_path, "a/letters/p.png", "b/letters/p.png", "a/x.png", "b/x.png", "b/x.tif")
    sources = ["a/letters", "b/letters", "a/x.png", "b/x.png", "b/x.tif"]
    documents = find_documents([tmp_path / source for source in sources])
    assert names(documents) == ["a/letters", "b/letters", "a/x", "b/x_png", "b/x_tif"]


def test_names_made_by_qualifying_collide_with_nothing(tmp_path: Path) -> None:
    grow(tmp_path, "q/a/x.pdf", "a/x.png", "b/x.png")
    documents = find_documents([tmp_path / source for source in ("q/a", "a/x.png", "b/x.png")])
    assert names(documents) == ["a/x", "a/x_2", "b/x"]


def test_reached_twice_counts_once(tmp_path: Path) -> None:
    grow(tmp_path / "a", "p1.png", "b/p1.png", "c.pdf")
    sources = [tmp_path / "a/p1.png", tmp_path / "a/b", tmp_path / "a", tmp_path / "a/c.pdf"]
    documents = find_documents([*sources, tmp_path / "a", tmp_path / "b/../a"])
    assert names(documents) == ["a", "a/c", "a/b"]


def test_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(grow(tmp_path / "letters", "p1.png"))
    assert names(find_documents([Path()])) == ["letters"]


def test_what_is_no_page_is_passed_over(tmp_path: Path) -> None:
    grow(tmp_path / "a", "p1.png", "p1.json", "notes.txt", "Thumbs.db", ".DS_Store", "._p1.png")
    grow(tmp_path / "a", ".hidden/p1.png", "@eaDir/p1.png", "__MACOSX/p1.png")
    os.mkfifo(tmp_path / "a/pipe.png")
    (document,) = find_documents([tmp_path / "a"])
    assert ids(document) == ["p1"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        pytest.param("atlas.djvu", "a DjVu", id="DjVu"),
        pytest.param("IMG_1.CR2", "a camera's raw picture", id="raw"),
    ],
)
def test_a_picture_of_a_kind_that_is_not_read_is_told_of(
    tmp_path: Path, name: str, what: str
) -> None:
    grow(tmp_path / "a", "p1.png", name)
    (document,) = find_documents([tmp_path / "a"])
    failing = next(page for page in document.pages if page.path.name == name)
    with pytest.raises(InputError, match=rf"{name}: is {what}, .*; convert it to TIFF, JPEG or"):
        load_page(failing)


def test_a_raw_picture_beside_its_jpeg_is_left_alone(tmp_path: Path) -> None:
    grow(tmp_path / "a", "IMG_1.CR2", "IMG_1.jpg")
    (document,) = find_documents([tmp_path / "a"])
    assert [page.path.name for page in document.pages] == ["IMG_1.jpg"]


def test_excluded_folder_is_not_entered(tmp_path: Path) -> None:
    grow(tmp_path / "a", "p1.png", "out/a.pdf")
    documents = find_documents([tmp_path / "a"], exclude=[tmp_path / "a/out"])
    assert names(documents) == ["a"]


def test_a_file_named_outright_is_taken_whatever_its_name(tmp_path: Path) -> None:
    grow(tmp_path, "p.png", "b.pdf")
    (tmp_path / "p.png").rename(tmp_path / "scan")
    (tmp_path / "b.pdf").rename(tmp_path / ".book.bak")
    documents = find_documents([tmp_path / "scan", tmp_path / ".book.bak"])
    assert [document.pages[0].kind for document in documents] == ["image", "pdf"]
    assert [load_page(document.pages[0]).width > 0 for document in documents] == [True, True]


@pytest.mark.parametrize("name", ["gone", "gone.png", "new\nline.pdf"])
def test_missing_source_is_named(tmp_path: Path, name: str) -> None:
    grow(tmp_path, "p.png")
    with pytest.raises(InputError, match="is not there") as caught:
        find_documents([tmp_path / "p.png", tmp_path / name])
    assert name.replace("\n", "\\n") in str(caught.value)


@pytest.mark.parametrize("sources", [[], ["a"]], ids=["no source", "no page"])
def test_nothing_to_read(tmp_path: Path, sources: list[str]) -> None:
    grow(tmp_path, "a/notes.txt")
    with pytest.raises(InputError, match="no images and no PDFs"):
        find_documents([tmp_path / source for source in sources])


def test_damaged_files_become_pages_that_fail(tmp_path: Path) -> None:
    grow(tmp_path / "a", "good.png")
    for name in ("empty.tif", "empty.pdf", "broken.pdf", "broken.tif", "broken.png"):
        (tmp_path / "a" / name).write_bytes(b"" if name.startswith("empty") else b"II*\0 junk")
    (tmp_path / "a/lost.png").symlink_to(tmp_path / "nowhere.png")
    documents = find_documents([tmp_path / "a"])
    assert names(documents) == ["a", "a/broken_pdf", "a/empty_pdf"]
    pages = [page for document in documents for page in document.pages]
    for page in pages:
        if page.id == "good":
            assert load_page(page).width == 8
        else:
            with pytest.raises(InputError, match=page.path.name):
                load_page(page)
    assert len(pages) == 7


def test_too_many_pages_fail_in_one_piece(tmp_path: Path) -> None:
    grow(tmp_path, "bookx3.tif", "bookx4.pdf", "bookx2.tif")
    documents = find_documents(sorted(tmp_path.iterdir()), LoadParams(max_pages=2))
    assert [len(document.pages) for document in documents] == [2, 1, 1]
    for document in documents[1:]:
        with pytest.raises(InputError, match=r"more than 2 pages; split it or raise load\.max_pa"):
            load_page(document.pages[0])


def test_loops_of_links_end(tmp_path: Path) -> None:
    grow(tmp_path / "a", "p1.png", "b/p1.png")
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    (tmp_path / "a/self").symlink_to("self")
    (tmp_path / "a/ring.png").symlink_to("ring.png")
    documents = find_documents([tmp_path / "a"])
    assert names(documents) == ["a", "a/b"]
    assert ids(documents[0]) == ["p1", "ring"]
    with pytest.raises(InputError, match=r"ring\.png"):
        load_page(documents[0].pages[1])


def test_links_are_followed(tmp_path: Path) -> None:
    grow(tmp_path, "store/p1.png", "a/p2.png")
    (tmp_path / "a/p1.png").symlink_to(tmp_path / "store/p1.png")
    (tmp_path / "a/more").symlink_to(tmp_path / "store")
    documents = find_documents([tmp_path / "a"])
    assert names(documents) == ["a", "a/more"]
    assert ids(documents[0]) == ["p1", "p2"]


def test_folder_that_cannot_be_listed_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(tmp_path / "a", "p1.png", "locked/p1.png")
    scandir = os.scandir

    def guarded(path: Path) -> os._ScandirIterator[str]:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("pipeline.sources.os.scandir", guarded)
    documents = find_documents([tmp_path / "a"])
    assert names(documents) == ["a", "a/locked"]
    with pytest.raises(InputError, match=r"locked: cannot be listed \(Permission denied\)"):
        load_page(documents[1].pages[0])


def test_odd_names_become_safe_ones(tmp_path: Path) -> None:
    grow(tmp_path / "a", "line\nbreak.png", "tab\tbed/p1.png")
    grow(tmp_path / "a", os.fsdecode(b"caf\xe9.png"))
    first, second = find_documents([tmp_path / "a"])
    assert sorted(ids(first)) == ["caf_", "line_break"]
    assert second.name == "a/tab_bed"
    assert all(load_page(page).width == 8 for page in first.pages)


@example(["0", "0.\x1f"])  # the suffix that tells two names apart is not printable
@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=300)))
def test_base_names_are_safe_and_distinct(raw: list[str]) -> None:
    files = [Path(name) for name in dict.fromkeys(raw) if name not in (".", "..")]
    bases = base_names(files, taken=["taken", "a"])
    lowered = [base.casefold() for base in (*bases, "taken", "a")]
    assert len(set(lowered)) == len(bases) + 2
    for base in bases:
        assert base.isprintable()
        assert base not in (".", "..")
        assert len(base.encode()) <= 255
    again = base_names(files, taken=["taken", "a"])
    assert again == bases


@given(st.lists(st.sampled_from(["a", "A", "b", "a_2"])))
def test_distinct(wanted: list[str]) -> None:
    given_out = distinct(wanted)
    assert len({name.casefold() for name in given_out}) == len(wanted)


def test_names_stay_as_they_are_where_they_can() -> None:
    assert safe_name("Brief an Zoë, 3. Mai 1848 (2)") == "Brief an Zoë, 3. Mai 1848 (2)"
    assert safe_name("vol. 1. ") == "vol. 1"
    assert safe_name("...") == "unnamed"


def test_no_output_path_is_used_twice(tmp_path: Path) -> None:
    """Documents' files and pages' files never meet, whatever the tree."""
    dice = random.Random(13)
    for _ in range(60):
        folder = "/".join(dice.choice("xyzX") for _ in range(dice.randint(0, 3)))
        name = dice.choice(["x.png", "x.tif", "y.jpg", "x.pdf", "xx2.tif", "X.png", "x_png.png"])
        grow(tmp_path / "t", f"{folder}/{name}" if folder else name)
    roots = [tmp_path / "t", *(path for path in (tmp_path / "t").iterdir()), tmp_path / "t/x/x"]
    outputs = []
    for document in find_documents([root for root in roots if root.exists()]):
        outputs.append(document.name)
        outputs.extend(f"{document.name}/{page.id}" for page in document.pages)
    lowered = [output.casefold() for output in outputs]
    assert len(lowered) == len(set(lowered))


def test_documents_travel_between_processes(tmp_path: Path) -> None:
    documents = find_documents([grow(tmp_path / "a", "p1.png", "bx2.pdf")])
    assert pickle.loads(pickle.dumps(documents)) == documents
