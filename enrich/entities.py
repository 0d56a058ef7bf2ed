"""Document -> the persons, places, organisations and dates that it mentions, with their places."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from enrich.dates import find_dates
from enrich.names_model import NamesModel, load_model
from enrich.spoken_language import three_letters
from enrich.tokens import Token, parts_of, passages, text_of
from enrich.whole_names import Name
from export.word_table import guarded
from pipeline.document import Document
from pipeline.errors import UsageError
from pipeline.mentions import Mention

KINDS = {"PER": "person", "LOC": "place", "ORG": "organisation"}
COLUMNS = (
    *("page", "page_id", "kind", "text", "normal", "confidence", "reading"),
    *("line", "first_word", "last_word", "left", "top", "right", "bottom"),
)


def find_mentions(document: Document, language: str = "") -> list[Mention]:
    """Find names and dates.

    Args:
        document: its pages as read.
        language: ISO 639 code or BCP 47 tag of the text; if empty, guessed page by page among
            the languages that are offered.

    Returns:
        The mentions, page by page in reading order; dates go before names where both claim a word.

    Raises:
        UsageError: if names are not offered in the language.
    """
    model = load_model()
    wanted = known_language(language, model)
    texts = {
        page.index: [tokens for region in page.regions for tokens in passages(region)]
        for page in document.pages
    }
    names = _names_by_page(texts, wanted, model)
    return [
        mention
        for page in document.pages
        for tokens, named in zip(texts[page.index], names[page.index], strict=True)
        for mention in _of_text(tokens, page.index, named)
    ]


def known_language(language: str, model: NamesModel) -> str:
    """The model's code of a language; empty for none.

    Raises:
        UsageError: if the model does not have it.
    """
    code = three_letters(language)
    if code and code not in model.languages:
        raise UsageError(
            f"names are not offered in {language}; give --lang as one of "
            f"{', '.join(model.languages)}, or leave it out"
        )
    return code


def _names_by_page(
    texts: Mapping[int, Sequence[Sequence[Token]]], language: str, model: NamesModel
) -> dict[int, list[list[Name]]]:
    """The names of each page's texts; all pages in a language together, as names come again."""
    spoken = {
        page: language or model.language_of(token.text for text in own for token in text)
        for page, own in texts.items()
    }
    found: dict[int, list[list[Name]]] = {page: [] for page in texts}
    for code in sorted(set(spoken.values())):
        pages = [page for page in texts if spoken[page] == code]
        words = [[token.text for token in text] for page in pages for text in texts[page]]
        owners = [page for page in pages for _ in texts[page]]
        for page, names in zip(owners, model.names(words, code), strict=True):
            found[page].append(names)
    return found


def _of_text(tokens: Sequence[Token], page: int, names: Sequence[Name]) -> Iterator[Mention]:
    """The dates and names of a text; dates go before names where both claim a word."""
    taken: set[int] = set()
    kept = []
    for first, last, mention in (*_dates(tokens, page), *_names(tokens, page, names)):
        if taken.isdisjoint(range(first, last)):
            taken.update(range(first, last))
            kept.append((first, mention))
    yield from (mention for _, mention in sorted(kept, key=lambda item: item[0]))


def _dates(tokens: Sequence[Token], page: int) -> Iterator[tuple[int, int, Mention]]:
    texts = [token.text for token in tokens]
    starts = list(accumulate((len(text) + 1 for text in texts), initial=0))[:-1]
    for date in find_dates(" ".join(texts)):
        inside = [i for i, start in enumerate(starts) if date.start <= start < date.end]
        first, last = inside[0], inside[-1] + 1
        yield first, last, _mention("date", tokens[first:last], page, 1.0, date.normal)


def _names(
    tokens: Sequence[Token], page: int, names: Sequence[Name]
) -> Iterator[tuple[int, int, Mention]]:
    for name in names:
        own, sure = tokens[name.first : name.end], round(name.probability, 4)
        yield name.first, name.end, _mention(KINDS[name.kind], own, page, sure)


def _mention(
    kind: str, tokens: Sequence[Token], page: int, confidence: float, normal: str = ""
) -> Mention:
    reading = min(token.confidence for token in tokens)
    return Mention(kind, text_of(tokens), page, parts_of(tokens), confidence, reading, normal)


def mentions_json(document: Document, mentions: Sequence[Mention]) -> bytes:
    """The mentions as JSON in UTF-8; pages are counted from 1, boxes are in page pixels."""
    pages = {page.index: page.id for page in document.pages}
    rows = [
        {
            "kind": mention.kind,
            "text": mention.text,
            **({"normal": mention.normal} if mention.normal else {}),
            "page": mention.page + 1,
            "page_id": pages[mention.page],
            "confidence": round(mention.confidence, 4),
            "reading": round(mention.reading, 4),
            "parts": [
                {
                    "line": part.line_id,
                    "words": [part.first + 1, part.last + 1],
                    "box": [part.box.left, part.box.top, part.box.right, part.box.bottom],
                }
                for part in mention.parts
            ],
        }
        for mention in mentions
    ]
    table = {"format": "inkfolio-entities", "version": 1, "title": document.title, "entities": rows}
    return json.dumps(table, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def mentions_csv(document: Document, mentions: Sequence[Mention]) -> str:
    """A row a mention and line under a row of names; what a spreadsheet would run is guarded."""
    pages = {page.index: page.id for page in document.pages}
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for mention in mentions:
        about = (mention.page + 1, guarded(pages[mention.page]), mention.kind)
        said = (guarded(mention.text), guarded(mention.normal))
        sure = (f"{mention.confidence:.4f}", f"{mention.reading:.4f}")
        for part in mention.parts:
            box = (part.box.left, part.box.top, part.box.right, part.box.bottom)
            where = (part.line_id, part.first + 1, part.last + 1)
            writer.writerow((*about, *said, *sure, *where, *box))
    return table.getvalue()
