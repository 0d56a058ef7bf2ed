"""The page to look at: what stands in it, and what a browser makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from export.html_view import html_view
from pipeline.document import Alternative, Document, Page
from tests.export.pages import document, page, two_regions, with_alternatives


def doubtful(made: Page, *confidences: float) -> Page:
    """The page, its first line's words as sure as given."""
    region = made.regions[0]
    line = region.lines[0]
    pairs = zip(line.words, confidences, strict=True)
    words = tuple(replace(word, confidence=confidence) for word, confidence in pairs)
    lines = (replace(line, words=words), *region.lines[1:])
    return replace(made, regions=(replace(region, lines=lines),))


def text_of(made: Document) -> str:
    return html_view(made, [f"pages/{p.id}.jpg" for p in made.pages], "fr").decode()


def test_signs_of_html_are_text() -> None:
    made = replace(document(page('<b> &amp; "x" </script>')), title="<i>")
    text = text_of(made)
    assert "<title>&lt;i&gt;</title>" in text
    words = re.findall(r'class="w"[^>]*>(.*?)</span>', text)
    assert words == ["&lt;b&gt;", "&amp;amp;", "&quot;x&quot;", "&lt;/script&gt;"]
    assert text.count("</script>") == 1


def test_doubtful_words_come_in_order_of_doubt() -> None:
    text = text_of(document(doubtful(page("un deux trois"), 0.7, 0.95, 0.2)))
    entries = re.findall(r'<a href="#(\w+)"><span lang="fr">(\w+)</span> <small>(\d+) %', text)
    assert entries == [("p1_r1l1w3", "trois", "20"), ("p1_r1l1w1", "un", "70")]


def test_a_doubtful_word_comes_with_what_else_it_may_be() -> None:
    made = with_alternatives(page("Ma"), Alternative("Na", 0.25), Alternative("<Ma>", 0.125))
    assert '<small>or <span lang="fr">Na, &lt;Ma&gt;</span></small></li>' in text_of(
        document(doubtful(made, 0.5))
    )


def tops_and_heights(made: Page) -> list[tuple[str, str]]:
    return re.findall(r"top:([\d.]+)%;--w:[\d.]+;--h:([\d.]+)", text_of(document(made)))


def with_boxes(made: Page, *rows: tuple[int, int]) -> Page:
    """The page, the words of its first line between these rows."""
    region = made.regions[0]
    line = region.lines[0]
    words = [
        replace(word, box=replace(word.box, top=top, bottom=bottom))
        for word, (top, bottom) in zip(line.words, rows, strict=True)
    ]
    return replace(made, regions=(replace(region, lines=(replace(line, words=tuple(words)),)),))


def test_words_of_a_line_stand_on_it_in_one_size() -> None:
    made = with_boxes(page("son père la"), (180, 200), (160, 210), (160, 200))
    ((top, height),) = set(tops_and_heights(made))
    assert float(top) == pytest.approx(100 * 160 / 1400, abs=0.1)
    assert float(height) == pytest.approx(100 * 48 / 1000, abs=0.2), "a tenth of them is left out"


def test_words_far_from_their_baseline_keep_their_boxes() -> None:
    made = with_boxes(page("un deux"), (300, 340), (310, 330))
    assert [float(height) for _, height in tops_and_heights(made)] == [4, 2]


def test_it_names_nothing_outside_its_folder() -> None:
    text = text_of(document(two_regions()))
    assert re.findall(r'(?:src|href)="(?!#)([^"]*)"', text) == ["pages/id 0001;é.jpg"]
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text


def wait_until(view: Any, expression: str) -> None:
    """Playwright's own waiting is what the page's policy forbids."""
    for _ in range(100):
        if view.evaluate(expression):
            return
        view.wait_for_timeout(50)
    raise TimeoutError(expression)


@pytest.fixture
def view(tmp_path: Path, browser: Any) -> Iterator[Any]:
    """A letter of two pages, opened from its folder with the network off."""
    first = doubtful(page("Ma chère mère, adieu", "seconde ligne"), 0.9, 0.9, 0.5, 0.9)
    made = document(first, page("chère MÈRE encore", index=1))
    (tmp_path / "pages").mkdir()
    for part in made.pages:
        Image.new("L", (1000, 1400), 250).save(tmp_path / "pages" / f"{part.id}.jpg")
    (tmp_path / "index.html").write_text(text_of(made), "utf-8")
    context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True)
    opened = context.new_page()
    trouble: list[str] = []
    opened.on("console", lambda message: trouble.append(message.text))
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.goto((tmp_path / "index.html").as_uri())
    wait_until(opened, "document.querySelector('.w').style.transform")
    yield opened
    context.close()
    assert trouble == []


PLACES = """() => [...document.querySelectorAll("#p1 .w")].map(word => {
    const sheet = word.closest(".sheet").getBoundingClientRect();
    const box = word.getBoundingClientRect();
    const scale = 1000 / sheet.width;
    return [box.left - sheet.left, box.top - sheet.top, box.width, box.height].map(n => n * scale);
})"""
SELECTED = """() => {
    const range = document.createRange();
    range.selectNodeContents(document.querySelector("#p1 .text"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return getSelection().toString();
}"""


@pytest.mark.slow
def test_words_lie_on_their_boxes_and_are_copied_with_spaces(view: Any) -> None:
    places = view.evaluate(PLACES)
    expected = [
        word.box
        for line in page("Ma chère mère, adieu", "seconde ligne").lines
        for word in line.words
    ]
    for (left, top, width, height), box in zip(places, expected, strict=True):
        assert abs(left - box.left) < 2 and abs(width - box.width) < 2
        assert abs(top - box.top) < 2 and abs(height - box.height) < 2
    assert view.evaluate(SELECTED).split("\n")[:2] == ["Ma chère mère, adieu", "seconde ligne"]
    shown = view.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert shown[0] == 1000, "the picture is there"


@pytest.mark.slow
def test_search_by_keyboard_folds_accents_and_capitals(view: Any) -> None:
    view.keyboard.press("/")
    view.keyboard.type("chere mer")
    wait_until(view, "document.querySelector('#count').textContent")
    assert view.inner_text("#count") == "2 places"
    assert "page 2" in view.inner_text("#found li:nth-child(2)")
    view.keyboard.press("Enter")
    assert view.evaluate("location.hash") == "#p1_r1l1w2"
    view.fill("#query", "chere en")
    wait_until(view, "document.querySelector('#count').textContent == '0 places'")


@pytest.mark.slow
def test_keys_turn_pages_and_boxes_shade(view: Any) -> None:
    view.keyboard.press("n")
    wait_until(view, "document.querySelector('#p2').getBoundingClientRect().top < 300")
    color = "getComputedStyle(document.querySelector('#p1_r1l1w3')).backgroundColor"
    assert view.evaluate(color) != "rgba(0, 0, 0, 0)"
    view.uncheck("#shade")
    assert view.evaluate(color) == "rgba(0, 0, 0, 0)"


@pytest.mark.slow
def test_dark_where_the_system_is(view: Any) -> None:
    color = "getComputedStyle(document.body).backgroundColor"
    light = view.evaluate(color)
    view.emulate_media(color_scheme="dark")
    assert view.evaluate(color) != light
