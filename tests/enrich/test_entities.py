from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from enrich.agreement import agreeing
from enrich.crf import (
    marginals,
    possible_steps,
    with_ends,
)
from enrich.entities import find_mentions, mentions_csv, mentions_json
from enrich.misreading import Misreader
from enrich.tokens import passages, region_tokens, text_of
from export.alto import alto, read_alto
from export.tei import NAMESPACE, tei
from pipeline.document import Box, Region
from pipeline.errors import UsageError
from tests.export.pages import document, line, page
from tests.export.test_tei import schema as relax_ng

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = f"{{{NAMESPACE}}}placeName"
LETTER = page(
    "My dear Mr. William Hooker, I was in Paris", "with Joseph Hook-", "er, ye 3d of Jany 1785."
)


def test_tokens_are_words_and_signs_with_broken_words_marked() -> None:
    tokens = region_tokens(LETTER.regions[0])
    texts = [token.text for token in tokens]
    assert texts[2:5] == ["Mr", ".", "William"]
    assert "Hook¬" in texts
    assert text_of(tokens).endswith("with Joseph Hooker, ye 3d of Jany 1785.")


def test_no_name_goes_on_in_the_next_cell_or_row() -> None:
    # "Havre" ends a row and "1" begins the next one; the cells of a row stand beside one another.
    lines = [line("a", "Jean", 100, 100), line("b", "Havre", 600, 100), line("c", "Paul", 100, 200)]
    region = Region("r1", "text", Box(0, 0, 900, 300).polygon(), tuple(lines))
    assert [[t.text for t in cell] for cell in passages(region)] == [["Jean"], ["Havre"], ["Paul"]]


def test_the_text_goes_on_in_the_next_column() -> None:
    lines = [line("a", "the end of", 100, 900), line("b", "a column", 600, 100)]
    region = Region("r1", "text", Box(0, 0, 900, 999).polygon(), tuple(lines))
    assert len(passages(region)) == 1


def test_a_date_over_words_has_its_box() -> None:
    found = [m for m in find_mentions(document(LETTER), "eng") if m.kind == "date"]
    assert [(m.text, m.normal, m.page) for m in found] == [("3d of Jany 1785", "1785-01-03", 0)]
    ((part,),) = [m.parts for m in found]
    words = LETTER.regions[0].lines[2].words
    assert (part.line_id, part.first, part.last) == ("r1l3", 2, 5)
    assert (part.box.left, part.box.right) == (words[2].box.left, words[5].box.right)


def test_names_of_a_letter() -> None:
    found = {(m.kind, m.text) for m in find_mentions(document(LETTER), "en-GB")}
    assert ("place", "Paris") in found
    assert any(kind == "person" and "Hooker" in text for kind, text in found)


def test_a_language_that_is_not_offered_is_refused() -> None:
    with pytest.raises(UsageError, match="not offered in spa; give --lang as one of"):
        find_mentions(document(LETTER), "spa")


def test_json_and_csv_say_the_same_places() -> None:
    made = document(LETTER)
    found = find_mentions(made, "eng")
    table = json.loads(mentions_json(made, found))["entities"]
    rows = list(csv.DictReader(io.StringIO(mentions_csv(made, found))))
    boxes = [part["box"] for row in table for part in row["parts"]]
    assert boxes == [[int(r[k]) for k in ("left", "top", "right", "bottom")] for r in rows]
    assert {row["page"] for row in table} == {1}


def test_alto_has_tags_and_is_valid(shared: Path) -> None:
    mentions = find_mentions(document(LETTER), "eng")
    data = alto(LETTER, (), CREATED, mentions=mentions)
    schema = etree.XMLSchema(file=str(next((shared / "schemas").glob("alto*.xsd"))))
    schema.assertValid(etree.fromstring(data))
    assert data.count(b"<NamedEntityTag") == len(mentions)
    assert [line.text for line in read_alto(data)[0].lines] == [line.text for line in LETTER.lines]


def tei_of_a_letter() -> etree._Element:
    made = document(LETTER)
    return etree.fromstring(tei(made, CREATED, "en", find_mentions(made, "eng")))


def tei_of_a_word_of_two_names() -> etree._Element:
    """Paris-Lyon is one word of ours with two names in it."""
    mention = find_mentions(document(page("in Paris")), "eng")[-1]
    part = replace(mention.parts[0], first=0, last=0)
    twice = [replace(mention, parts=(part,))] * 2
    return etree.fromstring(tei(document(page("Paris-Lyon")), CREATED, "en", twice))


@pytest.mark.slow  # libxml2 takes 20 s to load tei_all
@pytest.mark.parametrize("make", [tei_of_a_letter, tei_of_a_word_of_two_names])
def test_tei_with_names_is_valid(make: Callable[[], etree._Element], shared: Path) -> None:
    relax_ng(shared / "schemas" / "tei_all.rng").assertValid(make())


def test_tei_has_names() -> None:
    root = tei_of_a_letter()
    date = root.find(".//{*}body//{*}date")
    assert (date.get("when"), len(date)) == ("1785-01-03", 4)
    names = root.findall(".//{*}body//{*}placeName")
    assert "Paris" in {"".join(name.itertext()).strip(" ,") for name in names}


def test_marginals_are_those_of_all_paths() -> None:
    """Against a sum over every path, by hand."""
    rng = np.random.default_rng(1)
    scores, steps = rng.normal(size=(1, 3, 2)), rng.normal(size=(2, 2))
    weights = {
        (a, b, c): np.exp(
            scores[0, 0, a] + scores[0, 1, b] + scores[0, 2, c] + steps[a, b] + steps[b, c]
        )
        for a in (0, 1)
        for b in (0, 1)
        for c in (0, 1)
    }
    total = sum(weights.values())
    places, pairs, log_total = marginals(scores, np.array([3]), steps)
    assert log_total == pytest.approx(np.log(total))
    assert places[0, 1, 1] == pytest.approx(sum(w for p, w in weights.items() if p[1] == 1) / total)
    assert pairs.sum() == pytest.approx(2)


def test_sequences_of_unlike_length_do_not_touch() -> None:
    rng = np.random.default_rng(2)
    scores, steps = rng.normal(size=(2, 4, 3)), rng.normal(size=(3, 3))
    places, _, log_total = marginals(scores, np.array([4, 2]), steps)
    alone, _, log_alone = marginals(scores[1:, :2], np.array([2]), steps)
    first = marginals(scores[:1], np.array([4]), steps)[2]
    assert places[1, :2] == pytest.approx(alone[0])
    assert not places[1, 2:].any()
    assert log_total == pytest.approx(first + log_alone)


def test_names_have_ends() -> None:
    labels = ["B-PER", "I-PER", "B-PER", "O", "B-LOC", "I-LOC", "I-LOC"]
    ends = ["B-PER", "E-PER", "S-PER", "O", "B-LOC", "I-LOC", "E-LOC"]
    assert with_ends(labels) == ends


def test_what_has_begun_must_end() -> None:
    labels = ("O", "B-PER", "I-PER", "E-PER", "S-PER", "S-LOC")
    assert possible_steps(labels)[1].tolist() == [False, False, True, True, False, False]
    assert possible_steps(labels)[3].tolist() == [True, True, False, False, True, True]


def test_a_word_is_what_it_is_elsewhere() -> None:
    """Of three places with Runeberg two are sure of a person, the third is in doubt."""
    labels = ("O", "B-PER", "B-LOC")
    words = [["Runeberg", "och"], ["Runeberg"], ["skald", "Runeberg", "Åbo"]]
    scores = [np.zeros((len(text), 3)) for text in words]
    sure = [np.full((len(text), 3), 1 / 3) for text in words]
    sure[0][0] = sure[1][0] = [0.05, 0.9, 0.05]
    moved = agreeing(words, scores, sure, labels)
    assert moved[2][1].argmax() == 1
    assert not moved[2][[0, 2]].any()
    assert not moved[0][1].any()
    assert scores[2][1].tolist() == [0, 0, 0]


def test_misreading_is_as_frequent_as_asked() -> None:
    misreader = Misreader({"a": {"o": 3, "": 1}})
    read = misreader.misread("a" * 2000, 0.1, random.Random(1))
    assert 120 < 2000 - read.count("a") < 280
    assert set(read) == {"a", "o"}
    assert misreader.misread("a", 1.0, random.Random(0)) != ""


def test_a_word_of_two_names_stands_once_within_both() -> None:
    (word,) = tei_of_a_word_of_two_names().findall(".//{*}body//{*}w")
    assert word.text == "Paris-Lyon"
    assert [name.tag for name in word.iterancestors("{*}placeName")] == [PLACE, PLACE]
