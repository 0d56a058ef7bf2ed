"""Document -> its tone, sentence by sentence, by VADER (Hutto and Gilbert, ICWSM 2014).

English only: there is no lexicon for French, German or Swedish here that was validated on prose
like this, and one made up would only look like an answer.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from enrich.names_model import load_model
from enrich.parts import need
from enrich.sentences import Sentence, sentences
from enrich.spoken_language import three_letters
from export.word_table import guarded
from pipeline.document import Document
from pipeline.errors import UsageError


@dataclass(frozen=True, slots=True)
class Tone:
    """A sentence with its tone: -1 for the worst, 1 for the best, None if not English."""

    sentence: Sentence
    score: float | None


def check_sentiment(language: str) -> None:
    """Refuse other languages, and a missing VADER.

    Raises:
        UsageError: if the language is given and is not English.
        DependencyError: if VADER is not installed.
    """
    if language and three_letters(language) != "eng":
        raise UsageError(f"the tone of a text is offered for English only, not for {language}")
    need("vaderSentiment.vaderSentiment", "vaderSentiment", "the tones of texts")


def tones(document: Document, language: str = "") -> list[Tone]:
    """The tone of each sentence; pages that are guessed not to be English have none.

    Raises:
        UsageError, DependencyError: as `check_sentiment`.
    """
    check_sentiment(language)
    vader: Any = need("vaderSentiment.vaderSentiment", "vaderSentiment", "the tones of texts")
    analyzer = vader.SentimentIntensityAnalyzer()
    found = sentences(document)
    english = {
        page.index
        for page in document.pages
        if language or load_model().language_of(_words(found, page.index)) == "eng"
    }
    return [
        Tone(s, float(analyzer.polarity_scores(s.text)["compound"]) if s.page in english else None)
        for s in found
    ]


def _words(found: Sequence[Sentence], page: int) -> list[str]:
    return [word.strip(".,;:!?") for s in found if s.page == page for word in s.text.split()]


def _mean(scores: Sequence[Tone]) -> float | None:
    known = [tone.score for tone in scores if tone.score is not None]
    return round(sum(known) / len(known), 4) if known else None


def sentiment_json(document: Document, found: Sequence[Tone]) -> bytes:
    """Means of the document and of its pages, JSON in UTF-8; null where it is not offered."""
    pages = [
        {
            "page": page.index + 1,
            "tone": _mean([tone for tone in found if tone.sentence.page == page.index]),
        }
        for page in document.pages
    ]
    table = {
        **{"format": "inkfolio-sentiment", "version": 1, "title": document.title},
        **{"method": "VADER, English only", "tone": _mean(found), "pages": pages},
    }
    return json.dumps(table, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def sentiment_csv(found: Sequence[Tone]) -> str:
    """A row a sentence: page, first line, tone, text."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("page", "line", "tone", "text"))
    for tone in found:
        said, score = tone.sentence, tone.score
        shown = "" if score is None else f"{score:.4f}"
        writer.writerow((said.page + 1, said.parts[0].line_id, shown, guarded(said.text)))
    return file.getvalue()
