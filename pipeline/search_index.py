"""A folder of outputs -> an SQLite index of its words -> the places where words stand.

The index is a table for full-text search (FTS5) in which accents and capitals do not count. A row
is a page, so that phrases run on over line ends; words broken at a line's end are whole. What the
decoder held possible besides has a column of its own, which only fuzzy queries ask.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Literal, get_args

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from export.hyphens import Lexicon, broken_words
from export.ids import word_ids
from pipeline.corrected import read_corrected
from pipeline.document import Document, Page
from pipeline.errors import InputError, UsageError
from pipeline.names import shown
from pipeline.sources import natural_order

INDEX_NAME = "search.sqlite"
JSON_SUFFIX, HOCR_SUFFIX, ALTO_SUFFIX = ".inkfolio.json", ".hocr", ".alto.xml"
OTHER_XML = (ALTO_SUFFIX, ".page2013.xml", ".tei.xml")
CONTEXT_WORDS = 5
MOST_LIKE = 40  # words of the index that a fuzzy query tries for each of its own
START, END = "\x02", "\x03"
SCHEMA = """
CREATE TABLE pages (
    id INTEGER PRIMARY KEY, document TEXT, number INTEGER, page TEXT, source TEXT, places TEXT,
    others_places TEXT, doubtful_places TEXT
);
CREATE VIRTUAL TABLE texts USING fts5(
    text, others, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
CREATE VIRTUAL TABLE terms USING fts5vocab(texts, 'col');
"""
QUERY = re.compile(r'"([^"]*)"(\*?)|([^\s"]+)')
TOKEN = re.compile(r"[^\W_]+")
DOUBTFUL = 0.8  # a word less certain than this may be misread
Match = Literal["read", "possible", "doubtful", "alike"]
MATCHES: tuple[Match, ...] = get_args(Match)

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom
Spot = tuple[str, Rectangle]  # a line's ID, and where on it


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an index holds: counts of documents, pages and words."""

    documents: int
    pages: int
    words: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a query's words stand.

    Attributes:
        document: name of the document, a path relative to the indexed folder.
        page: the page's number, from 1.
        page_id: base name of the page's files.
        source: name of the image's or PDF's file.
        line: ID of the line where it begins.
        before: some words before it.
        found: the words found.
        after: some words after it.
        boxes: one a line that it touches, in page pixels: left, top, right, bottom.
        match: "read" if a wanted word was read; of fuzzy queries also "possible" if the decoder
            held it possible, "doubtful" if a doubtful word resembles it, "alike" if a sure one.
    """

    document: str
    page: int
    page_id: str
    source: str
    line: str
    before: str
    found: str
    after: str
    boxes: tuple[Rectangle, ...]
    match: Match


@dataclass(frozen=True, slots=True)
class _Place:
    """A word of the index.

    Attributes:
        text: as read.
        spots: where it is, on two lines if it is broken.
        others: what else it may be.
        is_doubtful: whether it is likely to be misread.
    """

    text: str
    spots: tuple[Spot, ...]
    others: tuple[str, ...] = ()
    is_doubtful: bool = False


def index_folder(folder: Path) -> Indexed:
    """Index all documents below a folder, from their JSON, PAGE, ALTO or hOCR, in that order.

    The index is made anew and takes the old one's place when it is whole.

    Raises:
        InputError: if there is nothing to index.
    """
    documents = list(_documents(folder))
    if not documents:
        raise InputError(
            f"{shown(folder)}: holds no JSON, PAGE, ALTO or hOCR; "
            "convert with --to json, or name the folder of a run"
        )
    target = folder / INDEX_NAME
    partial = target.with_name(f"{INDEX_NAME}.partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial)) as base, base:
        base.executescript(SCHEMA)
        counts = [_add(base, name, document) for name, document in documents]
    partial.replace(target)
    pages = sum(len(document.pages) for _, document in documents)
    return Indexed(len(documents), pages, sum(counts))


def _documents(folder: Path) -> Iterator[tuple[str, Document]]:
    """Documents by name, each from the best of the formats that it is there in."""
    for name, files in sorted(_files_by_name(folder).items()):
        for corrected in read_corrected(files, skip_others=True):
            yield name, corrected.document


def _files_by_name(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for suffix in (JSON_SUFFIX, None, ALTO_SUFFIX, HOCR_SUFFIX):
        groups = _pages_below(folder, suffix) if suffix in (None, ALTO_SUFFIX) else {}
        if suffix in (JSON_SUFFIX, HOCR_SUFFIX):
            files = sorted(folder.rglob(f"*{suffix}"))
            groups = {str(p.relative_to(folder)).removesuffix(suffix): [p] for p in files}
        found = groups | found
    return found


def _pages_below(folder: Path, suffix: str | None) -> dict[str, list[Path]]:
    """Files of a page each, by their folder; None for plain .xml, which is PAGE."""
    files = sorted(folder.rglob(f"*{suffix or '.xml'}"), key=natural_order)
    kept = [path for path in files if suffix or not path.name.endswith(OTHER_XML)]
    kept = [path for path in kept if path.parent != folder]
    in_folders = sorted(kept, key=lambda path: str(path.parent))
    grouped = groupby(in_folders, lambda path: path.parent)
    return {parent.relative_to(folder).as_posix(): list(paths) for parent, paths in grouped}


def _add(base: sqlite3.Connection, name: str, document: Document) -> int:
    """Put a document into the index; the number of its words."""
    lexicon = Lexicon.of(document)
    count = 0
    for page in document.pages:
        places = list(_places(page, lexicon))
        count += len(places)
        others = [(at, other) for at, place in enumerate(places) for other in place.others]
        spots = json.dumps([place.spots for place in places], separators=(",", ":"))
        others_places = json.dumps([at for at, _ in others], separators=(",", ":"))
        doubtful = [at for at, place in enumerate(places) if place.is_doubtful]
        doubtful_places = json.dumps(doubtful, separators=(",", ":"))
        row = (name, page.index + 1, page.id, page.source, spots, others_places, doubtful_places)
        cursor = base.execute(
            "INSERT INTO pages"
            " (document, number, page, source, places, others_places, doubtful_places)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        texts = " ".join(place.text for place in places), " ".join(other for _, other in others)
        base.execute(
            "INSERT INTO texts (rowid, text, others) VALUES (?, ?, ?)", (cursor.lastrowid, *texts)
        )
    return count


def _places(page: Page, lexicon: Lexicon) -> Iterator[_Place]:
    """The page's words; one that a line's end has broken stands once, with both its boxes."""
    broken = broken_words(page, lexicon)
    first: _Place | None = None
    for line in page.lines:
        for word_id, word in zip(word_ids(line), line.words, strict=True):
            spot = (line.id, (word.box.left, word.box.top, word.box.right, word.box.bottom))
            part = broken.get(word_id)
            doubtful = word.confidence < DOUBTFUL
            if part and part.is_first:
                first = _Place(part.whole, (spot,), is_doubtful=doubtful)
            elif part and first:
                doubtful |= first.is_doubtful
                yield _Place(first.text, (*first.spots, spot), is_doubtful=doubtful)
                first = None
            else:
                others = ("".join(other.text.split()) for other in word.alternatives)
                yield _Place(word.text, (spot,), tuple(filter(None, others)), doubtful)


def search_index(folder: Path, query: str, *, fuzzy: bool = False, most: int = 100) -> list[Hit]:
    """Find words in an indexed folder.

    Args:
        folder: one that `index_folder` has indexed.
        query: words that must all stand on a page; "in quotes", in a row; with * at the end, the
            start of a word. Accents and capitals do not count.
        fuzzy: whether words that differ by a letter or two are found too, as misread ones do,
            and those of which the decoder held the wanted one possible.
        most: how many hits at most.

    Returns:
        Hits, in the order of `Match`; then the best pages first, in reading order within a page.

    Raises:
        InputError: if there is no index.
        UsageError: if there is no word in the query.
    """
    path = folder / INDEX_NAME
    if not path.is_file():
        raise InputError(f"{shown(folder)}: has no index; make one with inkfolio index")
    with closing(sqlite3.connect(f"file:{path.resolve().as_uri()[7:]}?mode=ro", uri=True)) as base:
        try:
            wanted = _expression(base, query, fuzzy)
            rows = base.execute(
                "SELECT document, number, page, source, places, others_places, doubtful_places,"
                " highlight(texts, 0, ?, ?), highlight(texts, 1, ?, ?)"
                " FROM texts JOIN pages ON pages.id = texts.rowid WHERE texts MATCH ?"
                " ORDER BY rank, pages.id",
                (START, END, START, END, wanted),
            )
            is_read = _is_read(query)
            hits = (hit for row in rows for hit in _hits(is_read, *row))
            if fuzzy:
                return sorted(hits, key=lambda hit: MATCHES.index(hit.match))[:most]
            return list(islice(hits, most))
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"{shown(path)}: cannot be searched ({error}); make it anew with inkfolio index"
            ) from error


def _expression(base: sqlite3.Connection, query: str, fuzzy: bool) -> str:
    """The query in FTS5's own terms; nothing in it is an operator but what we put there."""
    parts: list[str] = []
    for phrase, phrase_star, word in QUERY.findall(query):
        text = phrase or word.rstrip("*")
        if not any(char.isalnum() for char in text):
            continue
        star = "*" if phrase_star or word.endswith("*") else ""
        if fuzzy and word and not star:
            alike = [f"text : {_quoted(term)}" for term in (text, *_alike(base, text))]
            parts.append("(" + " OR ".join([*alike, f"others : {_quoted(text)}"]) + ")")
        else:
            parts.append(f"text : {_quoted(text)}{star}")
    if not parts:
        raise UsageError(f"{shown(query)}: holds no word to search for; give one")
    return " AND ".join(parts)


def _is_read(query: str) -> Callable[[str], bool]:
    """Tells texts that hold a word of the query, or the start of one, from others."""
    words: set[str] = set()
    starts: tuple[str, ...] = ()
    for phrase, phrase_star, word in QUERY.findall(query):
        tokens = TOKEN.findall(_folded(phrase or word))
        words.update(tokens)
        if tokens and (phrase_star or word.endswith("*")):
            starts += (tokens[-1],)
    return lambda text: any(
        token in words or token.startswith(starts) for token in TOKEN.findall(_folded(text))
    )


def _folded(text: str) -> str:
    """Without accents and capitals, as the index has its words."""
    letters = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _alike(base: sqlite3.Connection, text: str) -> Iterable[str]:
    """Words of the index that a misreading or two make of this one."""
    errors = 1 if len(text) < 6 else 2
    if len(text) < 3:
        return []
    terms = [term for (term,) in base.execute("SELECT term FROM terms WHERE col = 'text'")]
    distance = DamerauLevenshtein.distance
    near = process.extract(
        _folded(text), terms, scorer=distance, score_cutoff=errors, limit=MOST_LIKE
    )
    return [term for term, _, _ in near]


def _hits(
    is_read: Callable[[str], bool],
    document: str,
    number: int,
    page: str,
    source: str,
    places: str,
    others_places: str,
    doubtful_places: str,
    marked: str,
    marked_others: str,
) -> Iterator[Hit]:
    told = json.loads(places)
    words = marked.split(" ")
    plain = [word.replace(START, "").replace(END, "") for word in words]
    runs = set(_runs(words))
    known = {at for start, end in runs for at in range(start, end)}
    others = zip(json.loads(others_places), marked_others.split(" "), strict=False)
    possible = {at for at, other in others if START in other}
    runs |= {(at, at + 1) for at in possible - known}
    doubtful = set(json.loads(doubtful_places))
    for start, end in sorted(runs):
        spots = [spot for place in told[start:end] for spot in place]
        found = " ".join(plain[start:end])
        yield Hit(
            document=document,
            page=number,
            page_id=page,
            source=source,
            line=spots[0][0],
            before=" ".join(plain[max(start - CONTEXT_WORDS, 0) : start]),
            found=found,
            after=" ".join(plain[end : end + CONTEXT_WORDS]),
            boxes=tuple(_joined(spots)),
            match=_match(set(range(start, end)), possible, doubtful, is_read(found)),
        )


def _match(places: set[int], possible: set[int], doubtful: set[int], is_read: bool) -> Match:
    if is_read:
        return "read"
    if places & possible:
        return "possible"
    return "doubtful" if places & doubtful else "alike"


def _runs(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First word and last + 1 of each marked stretch."""
    start = 0
    open_ = False
    for index, word in enumerate(words):
        if not open_ and START in word:
            start, open_ = index, True
        if open_ and word.rfind(END) > word.rfind(START):
            yield start, index + 1
            open_ = False


def _joined(spots: Sequence[Spot]) -> Iterator[Rectangle]:
    """The boxes of words, those of one line made one."""
    for _, found in groupby(spots, lambda spot: spot[0]):
        lefts, tops, rights, bottoms = zip(*(box for _, box in found), strict=True)
        yield min(lefts), min(tops), max(rights), max(bottoms)
