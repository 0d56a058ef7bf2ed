"""Pages made by hand, for the tests of the exports."""

from __future__ import annotations

from dataclasses import replace

from pipeline.document import Alternative, Box, Document, Line, Page, Region, Step, Word

ADVANCE_PX = 20
HEIGHT_PX = 40


def line(line_id: str, text: str, left: int, baseline: int, gap: int = 20) -> Line:
    """A level line, each character 20 px wide, 40 px high above the baseline."""
    words, x = [], left
    for token in text.split():
        width = ADVANCE_PX * len(token)
        words.append(Word(token, Box(x, baseline - HEIGHT_PX, x + width, baseline), 0.9))
        x += width + gap
    right, top = max(x - gap, left + 1), baseline - HEIGHT_PX
    boundary = ((left, top), (right, top), (right, baseline + 10), (left, baseline + 10))
    return Line(line_id, boundary, ((left, baseline), (right, baseline)), tuple(words), 0.8)


def page(
    *texts: str, index: int = 0, width: int = 1000, height: int = 1400, ppi: float = 100.0
) -> Page:
    """A page of one region of level lines, 100 px apart."""
    lines = tuple(line(f"r1l{i}", text, 100, 100 + 100 * i) for i, text in enumerate(texts, 1))
    box = Box(90, 90, width - 90, height - 90)
    regions = (Region("r1", "text", box.polygon(), lines),) if lines else ()
    return Page(f"p{index + 1}", index, width, height, ppi, source="scan.png", regions=regions)


def document(*pages: Page) -> Document:
    """A document of these pages, with one step of provenance."""
    step = Step("recognize", "0.1.0", {"beam": 1, "weights": "abc"})
    return Document("Lettres – 1914", pages, (step,))


def two_regions() -> Page:
    body = page("Ma chère mère,", '𝒜 e̊x <&> "q"', index=3)
    margin = Region("r2", "margin", Box(5, 5, 90, 90).polygon(), (line("r2l1", "vu", 10, 50),))
    odd = Region("r3", "stamp", Box(500, 5, 600, 90).polygon())
    return replace(body, id="id 0001;é", skew=-1.25, regions=(margin, *body.regions, odd))


def with_alternatives(made: Page, *others: Alternative) -> Page:
    """The page, whose first word may be something else."""
    region = made.regions[0]
    line = region.lines[0]
    word = replace(line.words[0], alternatives=others)
    line = replace(line, words=(word, *line.words[1:]))
    return replace(made, regions=(replace(region, lines=(line, *region.lines[1:])),))


def doubted() -> Page:
    """A page with a word that may be something else."""
    return with_alternatives(page("Ma mère"), Alternative("Na", 0.25), Alternative("<Ma>", 0.125))


def unread() -> Page:
    made = page("a")
    empty = replace(made.regions[0].lines[0], words=(), confidence=0.0)
    return replace(made, regions=(replace(made.regions[0], lines=(empty,)),))


def crooked() -> Page:
    """Geometry that a schema or a viewer would refuse."""
    made = page("a")
    bad = replace(
        made.regions[0].lines[0],
        boundary=((-5.5, 10), (50, 60), (50, 10), (-5.5, 60)),
        baseline=((7.2, 7.1), (7.4, 7.3)),
        words=(Word("a\x00\ud800b\ufffe", Box(990, 1390, 1010, 1500), 1.7),),
    )
    return replace(made, regions=(replace(made.regions[0], boundary=((3, 3),), lines=(bad,)),))
