"""Document -> its key phrases, by YAKE (Campos et al., Information Sciences 509, 2020)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from enrich.parts import need
from enrich.sentences import sentences
from enrich.spoken_language import spoken_language, two_letters
from enrich.tokens import Token, parts_of, region_tokens
from export.word_table import guarded
from pipeline.document import Document
from pipeline.mentions import MentionPart


@dataclass(frozen=True, slots=True)
class PhraseParams:
    """Settings of `key_phrases`: words a phrase at most, phrases a document and a page at most."""

    longest: int = 3
    document: int = 20
    page: int = 5


@dataclass(frozen=True, slots=True)
class Phrase:
    """A key phrase.

    Attributes:
        text: in the letters of one place where it stands.
        score: YAKE's, above 0; the lower, the more it tells.
        page: index of the page that it is a key phrase of; None if of the whole document.
        places: where it stands: index of the page, and parts line by line.
    """

    text: str
    score: float
    page: int | None
    places: tuple[tuple[int, tuple[MentionPart, ...]], ...]


def check_phrases() -> None:
    """Raise a DependencyError if YAKE is not installed."""
    need("yake", "yake", "key phrases")


def key_phrases(
    document: Document, language: str = "", params: PhraseParams = PhraseParams()
) -> list[Phrase]:
    """The key phrases of the document, then those of each page, best first.

    Args:
        document: its pages as read.
        language: ISO 639 code; if empty, guessed. YAKE has stop words for about 35 languages;
            in others, common words come in.
        params: see `PhraseParams`.

    Raises:
        DependencyError: if YAKE is not installed.
    """
    yake: Any = need("yake", "yake", "key phrases")
    code = two_letters(language or spoken_language(document))[:2]
    tokens = {
        page.index: [t for region in page.regions for t in region_tokens(region)]
        for page in document.pages
    }
    texts: dict[int, list[str]] = {index: [] for index in tokens}
    for sentence in sentences(document):
        texts[sentence.page].append(sentence.text)
    whole = "\n".join(text for own in texts.values() for text in own)

    def phrases(text: str, top: int, page: int | None) -> list[Phrase]:
        taken = yake.KeywordExtractor(lan=code, n=params.longest, top=top)
        pages = tokens if page is None else {page: tokens[page]}
        found = taken.extract_keywords(text) if text.strip() else []
        return [Phrase(said, float(score), page, _places(said, pages)) for said, score in found]

    of_pages = [
        phrase
        for index, own in texts.items()
        for phrase in phrases("\n".join(own), params.page, index)
    ]
    return phrases(whole, params.document, None) + of_pages


def _places(
    phrase: str, pages: dict[int, list[Token]]
) -> tuple[tuple[int, tuple[MentionPart, ...]], ...]:
    """Where a phrase stands, whatever its capitals and the signs between its words."""
    wanted = [part.casefold() for part in _words(phrase)]
    return tuple(
        (index, parts_of(found))
        for index, tokens in pages.items()
        for found in _runs(wanted, tokens)
    )


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text).split()


def _runs(wanted: Sequence[str], tokens: Sequence[Token]) -> list[Sequence[Token]]:
    spoken = [t for t in tokens if t.text[:1].isalnum()]
    folded: list[str] = []
    owners: list[list[Token]] = []
    for token in spoken:  # a broken word is one
        if owners and owners[-1][-1].text.endswith("¬"):
            folded[-1] = folded[-1].removesuffix("¬") + token.text.casefold()
            owners[-1].append(token)
        else:
            folded.append(token.text.casefold())
            owners.append([token])
    size = len(wanted)
    return [
        [token for own in owners[i : i + size] for token in own]
        for i in range(len(folded) - size + 1)
        if size and folded[i : i + size] == list(wanted)
    ]


def phrases_json(document: Document, phrases: Sequence[Phrase]) -> bytes:
    """The phrases as JSON in UTF-8; pages are counted from 1, boxes are in page pixels."""
    rows = [
        {
            "text": phrase.text,
            "score": round(phrase.score, 6),
            "of": "document" if phrase.page is None else phrase.page + 1,
            "places": [
                {
                    "page": index + 1,
                    "parts": [
                        {
                            "line": part.line_id,
                            "words": [part.first + 1, part.last + 1],
                            "box": [part.box.left, part.box.top, part.box.right, part.box.bottom],
                        }
                        for part in parts
                    ],
                }
                for index, parts in phrase.places
            ],
        }
        for phrase in phrases
    ]
    table = {"format": "inkfolio-phrases", "version": 1, "title": document.title, "phrases": rows}
    return json.dumps(table, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def phrases_csv(phrases: Sequence[Phrase]) -> str:
    """A row a phrase: of which page (empty for the document), text, score, times, first place."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("of_page", "text", "score", "times", "first_page", "first_line"))
    for phrase in phrases:
        first = phrase.places[0] if phrase.places else None
        where = (first[0] + 1, first[1][0].line_id) if first else ("", "")
        of = "" if phrase.page is None else phrase.page + 1
        row = (of, guarded(phrase.text), f"{phrase.score:.6f}", len(phrase.places), *where)
        writer.writerow(row)
    return file.getvalue()
