"""All formats of one document, read back: the same IDs and the same text in each."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pypdfium2
import pytest
from PIL import Image

from export.alto import read_alto
from export.hocr import read_hocr
from export.ids import id_in_page, word_ids
from export.json_document import read_json_document
from export.line_parts import whole_line
from export.page_source import ImageSource
from export.page_xml import read_page_xml
from export.tei import NAMESPACE as TEI
from export.word_table import unguarded
from pipeline.document import Alternative, Box, Document, Line, Page, Region, Step
from pipeline.stages import WRITERS, Finished, outputs_of
from tests.export.pages import document, line, page, with_alternatives

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Parts = list[list[tuple[str, list[tuple[str, str]]]]]  # pages of lines: ID, then words: ID, text


def letters() -> Document:
    """Two read pages and a blank one, a margin, signs that formats trip over; no broken words."""
    first = page("Ma chère mère, 𝒜", '=1 <&> "q" l’œuf *x*')
    margin = Region("m1", "margin", Box(5, 5, 90, 90).polygon(), (line("m1l1", "vu -", 10, 50),))
    second = page("fin", index=2)
    return document(
        replace(first, id="page 1", regions=(*first.regions, margin)),
        replace(page(index=1), id="page 2"),
        replace(second, id="page 3"),
    )


def from_folder(folder: Path) -> Document:
    """The ground truth of real pages; words spread along their lines."""
    files = sorted(folder.glob("*.json"))
    pages = (ground_truth(json.loads(file.read_text()), i) for i, file in enumerate(files))
    return document(*pages)


def ground_truth(table: dict[str, Any], index: int) -> Page:
    found = (
        whole_line(
            f"r1l{i}",
            [(x, y) for x, y in entry["polygon"]],
            [(x, y) for x, y in entry["baseline"]],
            text=entry["text"],
            confidence=0.75,
        )
        for i, entry in enumerate(table["lines"], start=1)
    )
    lines = tuple(line for line in found if line and line.words)
    around = Box(0, 0, table["width"], table["height"]).polygon()
    regions = (Region("r1", "text", around, lines),)
    size = (table["width"], table["height"])
    name = str(table["image"])
    return Page(Path(name).stem, index, *size, 150.0, source=name, regions=regions)


def parts_of(pages: Iterator[Page] | tuple[Page, ...] | list[Page]) -> Parts:
    return [[told(line) for line in made.lines] for made in pages]


def told(line: Line) -> tuple[str, list[tuple[str, str]]]:
    words = zip(word_ids(line), line.words, strict=True)
    return line.id, [(word_id, word.text) for word_id, word in words]


def from_page(files: dict[str, bytes]) -> Parts:
    return parts_of([read_page_xml(data) for data in files.values()])


def from_alto(files: dict[str, bytes]) -> Parts:
    return parts_of([made for data in files.values() for made in read_alto(data)])


def from_hocr(files: dict[str, bytes]) -> Parts:
    return parts_of(read_hocr(next(iter(files.values()))))


def from_json(files: dict[str, bytes]) -> Parts:
    return parts_of(read_json_document(next(iter(files.values()))).pages)


def from_tei(files: dict[str, bytes]) -> Parts:
    root = ElementTree.fromstring(next(iter(files.values())))
    pages: Parts = []
    for element in root.find(f".//{{{TEI}}}body").iter():
        aim = id_in_page(element.get("facs", "").removeprefix("#"))
        if element.tag == f"{{{TEI}}}pb":
            pages.append([])
        elif element.tag == f"{{{TEI}}}lb":
            pages[-1].append((aim, []))
        elif element.tag == f"{{{TEI}}}w":
            pages[-1][-1][1].append((aim, element.text or ""))
    return pages


def from_table(separator: str) -> Callable[[dict[str, bytes]], Parts]:
    def read(files: dict[str, bytes]) -> Parts:
        text = next(iter(files.values())).decode()
        pages: dict[str, dict[str, list[tuple[str, str]]]] = {}
        for row in csv.DictReader(io.StringIO(text), delimiter=separator):
            words = pages.setdefault(row["page"], {}).setdefault(row["line"], [])
            words.append((row["word"], unguarded(row["text"])))
        return [list(lines.items()) for lines in pages.values()]

    return read


def from_html(files: dict[str, bytes]) -> Parts:
    text = next(data for name, data in files.items() if name.endswith("index.html")).decode()
    pages: Parts = []
    for section in text.split("<section ")[1:]:
        lines = []
        for piece in section.split('<span class="line" id="')[1:]:
            found = re.findall(r'<span class="w" id="([^"]+)"[^>]*>(.*?)</span>', piece)
            words = [(id_in_page(part), html.unescape(word)) for part, word in found]
            lines.append((id_in_page(piece.partition('"')[0]), words))
        pages.append(lines)
    return pages


WITH_IDS: dict[str, Callable[[dict[str, bytes]], Parts]] = {
    "page": from_page,
    "page2013": from_page,
    "alto": from_alto,
    "hocr": from_hocr,
    "html": from_html,
    "json": from_json,
    "tei": from_tei,
    "csv": from_table(","),
    "tsv": from_table("\t"),
}


def from_manifest(files: dict[str, bytes]) -> list[list[tuple[str, str]]]:
    """Pages of lines: ID and text."""
    text = next(data for name, data in files.items() if name.endswith("manifest.json"))
    pages = []
    for canvas in json.loads(text)["items"]:
        lines = [line for page in canvas.get("annotations", []) for line in page["items"]]
        pages.append([(line["id"].rpartition("/")[2], line["body"]["value"]) for line in lines])
    return pages


def pdf_words(files: dict[str, bytes]) -> list[str]:
    with pypdfium2.PdfDocument(next(iter(files.values()))) as pdf:
        return " ".join(pdf[i].get_textpage().get_text_range() for i in range(len(pdf))).split()


def text_words(files: dict[str, bytes]) -> list[str]:
    return next(iter(files.values())).decode().split()


def markdown_words(files: dict[str, bytes]) -> list[str]:
    lines = next(iter(files.values())).decode().replace("\\", "").splitlines()
    return [word for line in lines if line[:1] != "#" for word in line.removeprefix("> ").split()]


def docx_words(files: dict[str, bytes]) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(next(iter(files.values())))) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    _title, *texts = [e.text or "" for e in root.iter() if e.tag.endswith("}t")]
    return " ".join(texts).split()


WITH_WORDS: dict[str, Callable[[dict[str, bytes]], list[str]]] = {
    "pdf": pdf_words,
    "txt": text_words,
    "reading": text_words,
    "md": markdown_words,
    "docx": docx_words,
}


def written(made: Document, folder: Path, name: str) -> dict[str, bytes]:
    Image.new("L", (1000, 1400), 255).save(folder / "scan.png")
    sources = (ImageSource(folder / "scan.png"),) * len(made.pages)
    done = Finished("letters", made, sources, CREATED, "fr")
    files = {}
    for _, output in outputs_of(done, [name]):
        target = io.BytesIO()
        output.write(target)
        files[str(output.path)] = target.getvalue()
    return files


def test_no_format_is_forgotten() -> None:
    assert {*WITH_IDS, *WITH_WORDS, "iiif", "mets"} == set(WRITERS), "METS has no text"


def test_no_two_formats_write_the_same_file(tmp_path: Path) -> None:
    names = [name for format_ in WRITERS for name in written(letters(), tmp_path, format_)]
    assert len(names) == len({name.casefold() for name in names})


@pytest.mark.parametrize("name", WITH_IDS)
def test_ids_and_texts_are_the_same(tmp_path: Path, name: str) -> None:
    made = letters()
    expected = parts_of(made.pages)
    if name in ("csv", "tsv"):
        expected = [lines for lines in expected if lines]
    assert WITH_IDS[name](written(made, tmp_path, name)) == expected


def test_ids_and_texts_of_lines_are_the_same_in_iiif(tmp_path: Path) -> None:
    made = letters()
    expected = [[(line.id, line.text) for line in part.lines] for part in made.pages]
    assert from_manifest(written(made, tmp_path, "iiif")) == expected


@pytest.mark.parametrize("name", WITH_WORDS)
def test_words_are_the_same(tmp_path: Path, name: str) -> None:
    made = letters()
    words = [word.text for part in made.pages for line in part.lines for word in line.words]
    assert WITH_WORDS[name](written(made, tmp_path, name)) == words


@pytest.mark.parametrize(
    "name", ["page", "page2013", "alto", "hocr", "tei", "json", "iiif", "mets"]
)
def test_it_tells_version_weights_and_settings(tmp_path: Path, name: str) -> None:
    step = Step("read", "9.8.7", {"sha256": "c0ffee", "window": 0.25})
    made = replace(letters(), steps=(step,))
    for path, data in written(made, tmp_path, name).items():
        if not path.endswith(".jpg"):
            told = data.decode()
            assert all(part in told for part in ("read", "9.8.7", "c0ffee", "window", "0.25"))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("page", lambda data: [read_page_xml(data)]),
        ("alto", read_alto),
        ("json", lambda data: read_json_document(data).pages),
    ],
)
def test_alternatives_survive(
    tmp_path: Path, name: str, read: Callable[[bytes], list[Page]]
) -> None:
    others = (Alternative("Na", 0.25), Alternative("<Ma>", 0.125))
    made = with_alternatives(page("Ma mère"), *others)
    (data,) = written(document(made), tmp_path, name).values()
    found = [word.alternatives for word in next(read(data)[0].lines).words]
    if name == "alto":  # which has no place for their confidence
        others = tuple(replace(other, confidence=0.0) for other in others)
    assert found == [others, ()]


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_IDS)
def test_real_pages_too(tmp_path: Path, name: str, shared: Path) -> None:
    made = from_folder(shared / "data" / "pages" / "val")
    assert sum(len(line.words) for part in made.pages for line in part.lines) > 10_000
    assert WITH_IDS[name](written(made, tmp_path, name)) == parts_of(made.pages)
