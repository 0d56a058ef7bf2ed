from __future__ import annotations

import csv
import io
import json

import pytest

from enrich.sentences import sentences
from enrich.summary import summary, summary_text
from pipeline.errors import DependencyError, UsageError
from tests.export.pages import document, page

LETTER = page(
    "The botanical garden of Kew was opened. Mr. Hooker loved",
    "the botanical gar-",
    "den very much. It is a wonderful garden of plants!",
    "The weather was terrible and sad.",
)


def test_sentences_end_at_stops_but_not_after_titles() -> None:
    texts = [sentence.text for sentence in sentences(document(LETTER))]
    assert texts == [
        "The botanical garden of Kew was opened.",
        "Mr. Hooker loved the botanical garden very much.",
        "It is a wonderful garden of plants!",
        "The weather was terrible and sad.",
    ]


def test_a_sentence_knows_its_lines() -> None:
    second = sentences(document(LETTER))[1]
    assert [part.line_id for part in second.parts] == ["r1l1", "r1l2", "r1l3"]


def test_phrases_have_their_places() -> None:
    pytest.importorskip("yake")
    from enrich.phrases import key_phrases, phrases_csv, phrases_json

    made = document(LETTER)
    found = key_phrases(made, "eng")
    garden = next(p for p in found if p.page is None and p.text.lower() == "botanical garden")
    assert [[part.line_id for part in parts] for _, parts in garden.places] == [
        ["r1l1"],
        ["r1l2", "r1l3"],
    ]
    table = json.loads(phrases_json(made, found))["phrases"]
    rows = list(csv.DictReader(io.StringIO(phrases_csv(found))))
    assert [row["text"] for row in table] == [row["text"] for row in rows]
    assert {row["of"] for row in table} == {"document", 1}


def test_a_summary_is_the_text_s_own_sentences_in_order() -> None:
    found = summary(document(LETTER), 2)
    texts = [sentence.text for sentence in sentences(document(LETTER))]
    places = [texts.index(sentence.text) for sentence in found]
    assert len(found) == 2 and places == sorted(places)
    assert "garden" in found[0].text
    assert summary_text(found).count("[1]\n") == 2


def test_tone_of_english() -> None:
    pytest.importorskip("vaderSentiment")
    from enrich.sentiment import sentiment_csv, sentiment_json, tones

    made = document(LETTER)
    found = tones(made, "en")
    scores = [tone.score or 0.0 for tone in found]
    assert scores[2] > 0.3 > -0.3 > scores[3]
    assert json.loads(sentiment_json(made, found))["pages"][0]["tone"] is not None
    assert len(sentiment_csv(found).splitlines()) == 5


def test_no_tone_of_other_languages() -> None:
    pytest.importorskip("vaderSentiment")
    from enrich.sentiment import check_sentiment, tones

    with pytest.raises(UsageError, match="English only, not for fra"):
        check_sentiment("fra")
    french = page("Je suis très heureux de te voir, ma chère mère, et de ton bonheur.")
    assert [tone.score for tone in tones(document(french))] == [None]


def test_a_missing_yake_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from enrich.phrases import check_phrases

    monkeypatch.setitem(sys.modules, "yake", None)
    with pytest.raises(DependencyError, match="key phrases need yake"):
        check_phrases()
