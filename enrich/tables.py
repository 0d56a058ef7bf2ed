"""Page with lines -> a table: columns by rulings or gaps, rows by what stands level.

In registers an entry takes several lines of its widest column, but one in the first: where the
first column is sparse, what stands in it opens a row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import median

from enrich.rulings import Ruling
from export.word_table import guarded
from pipeline.document import Line, Page, Word


@dataclass(frozen=True, slots=True)
class TableParams:
    """Settings of `find_table`.

    Attributes:
        more: gaps bound the columns where they make that many times as many as the rulings do, some
            of which were not found then.
        narrowest: width of the narrowest column, as a share of the page's.
        crossed: share of the runs of words that may cross a gap between columns that are not ruled.
        ragged: share of the page's width by which a run's ends may stick into such a gap, though
            never more than a quarter of the run at either end.
        level: two pieces are level if their feet are closer than that share of a line's pitch.
        dense: a first column that is filled in more of the lines than that opens no rows.
        head: where the head must end at the latest, as a share of the table's height.
        head_ruled: share of the table's width that the ruling under the head must have.
        space: between columns there is more than that, in heights of the line's words.
        within: a line with that share of its length in one column is all in it.
    """

    more: float = 1.5
    narrowest: float = 0.02
    crossed: float = 0.045
    ragged: float = 0.01
    level: float = 0.45
    dense: float = 0.75
    head: float = 0.17
    head_ruled: float = 0.7
    within: float = 0.8
    space: float = 2.0


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a row and column.

    Attributes:
        text: its lines, joined by newlines; empty for an empty cell.
        confidence: the least of its words, probability in [0, 1]; 1 for an empty cell.
        line_ids: of the lines that it has words of, in reading order.
    """

    text: str = ""
    confidence: float = 1.0
    line_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells each.

    Attributes:
        page: index of the page, from 0.
        bounds: left ends of the columns and the right end of the last, in page pixels.
        head: the cells above the ruling under the head; empty without one.
        rows: top to bottom.
    """

    page: int
    bounds: tuple[float, ...]
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The words of a line within a column; `foot` is its baseline's height, skew taken out."""

    column: int
    foot: float
    left: float
    line_id: str
    words: tuple[Word, ...]


def find_table(
    page: Page,
    upright: Sequence[Ruling] = (),
    level: Sequence[Ruling] = (),
    params: TableParams = TableParams(),
) -> Table | None:
    """Put a page's words into rows and columns.

    Args:
        page: as read; a line may run across columns.
        upright: its upright rulings; without two or more, or where they make far fewer columns,
            gaps between words bound the columns.
        level: its level rulings, for the head.
        params: see `TableParams`.

    Returns:
        The table; None if the page has fewer than two columns or no words.
    """
    lines = [line for line in page.lines if line.words]
    top, bottom = _extent(upright, page)
    slope = _slope(lines)
    lines = [line for line in lines if top <= _foot(line, slope) <= bottom]
    bounds = _bounds(lines, upright, page, params)
    if len(bounds) < 3:
        return None
    pieces = [piece for line in lines for piece in _pieces(line, bounds, slope, params)]
    edge = _head_end(level, bounds, top, bottom, params)
    head = [piece for piece in pieces if piece.foot <= edge]
    body = _bands([piece for piece in pieces if piece.foot > edge], params)
    columns = len(bounds) - 1
    rows = tuple(_row(group, columns) for group in _grouped(body, params))
    return Table(page.index, bounds, _row(_bands(head, params), columns) if head else (), rows)


def _extent(upright: Sequence[Ruling], page: Page) -> tuple[float, float]:
    """The height that most rulings share; the page's without rulings."""
    if len(upright) < 2:
        return 0.0, float(page.height)
    starts, ends = [r.start for r in upright], [r.end for r in upright]
    slack = 0.02 * page.height
    return median(starts) - slack, median(ends) + slack


def _slope(lines: Sequence[Line]) -> float:
    """How much the baselines fall from left to right, in pixels a pixel."""
    slopes = [
        (line.baseline[-1][1] - line.baseline[0][1]) / (line.baseline[-1][0] - line.baseline[0][0])
        for line in lines
        if line.baseline[-1][0] - line.baseline[0][0] > 50
    ]
    return median(slopes) if slopes else 0.0


def _foot(line: Line, slope: float) -> float:
    x = sum(x for x, _ in line.baseline) / len(line.baseline)
    y = sum(y for _, y in line.baseline) / len(line.baseline)
    return y - slope * x


def _bounds(
    lines: Sequence[Line], upright: Sequence[Ruling], page: Page, params: TableParams
) -> tuple[float, ...]:
    """Ends of the columns, by rulings or, where these make far fewer, by gaps."""
    ruled = _used([r.place for r in upright], lines, page, params) if len(upright) > 1 else ()
    gaps = _used(_gaps(lines, page, params), lines, page, params)
    return gaps if len(gaps) - 1 >= params.more * (len(ruled) - 1) else ruled


def _used(
    places: Sequence[float], lines: Sequence[Line], page: Page, params: TableParams
) -> tuple[float, ...]:
    """Ends of the columns that have words; narrow ones, of double rulings, are left out."""
    least = params.narrowest * page.width
    ends = [0.0, *places, float(page.width)]
    middles = [(w.box.left + w.box.right) / 2 for line in lines for w in line.words]
    used = [
        (a, b) for a, b in pairwise(ends) if b - a >= least and any(a <= x < b for x in middles)
    ]
    return (*(a for a, _ in used), used[-1][1]) if used else ()


def _gaps(lines: Sequence[Line], page: Page, params: TableParams) -> list[float]:
    """Middles of the strips that hardly a run of words crosses."""
    change = [0] * (page.width + 2)
    runs = [run for line in lines for run in _runs(line, params)]
    for start, end in runs:
        slack = round(min(params.ragged * page.width, (end - start) / 4))
        left, right = start + slack, end - slack
        change[min(max(left, 0), page.width)] += 1
        change[min(max(right, 0), page.width) + 1] -= 1
    most = params.crossed * len(runs)
    clear = [depth <= most for depth in accumulate(change)]
    edges = [x for x in range(1, len(clear)) if clear[x] != clear[x - 1]]
    # After the first column each strip begins where one ends and ends where the next begins.
    strips = (
        zip(edges[1::2], edges[2::2], strict=False)
        if clear[0]
        else zip(edges[::2], edges[1::2], strict=False)
    )
    return [(left + right) / 2 for left, right in strips]


def _runs(line: Line, params: TableParams) -> Iterator[tuple[int, int]]:
    """Words of a line with no more than usual between them: from where to where."""
    boxes = [word.box for word in line.words]
    widest = params.space * median(box.height for box in boxes)
    left = boxes[0].left
    for before, after in pairwise(boxes):
        if after.left - before.right > widest:
            yield left, before.right
            left = after.left
    yield left, boxes[-1].right


def _pieces(
    line: Line, bounds: Sequence[float], slope: float, params: TableParams
) -> Iterator[_Piece]:
    """The line's words column by column; a word is where its middle is."""
    foot = _foot(line, slope)
    home = _home(line, bounds, params)
    for column, (left, right) in enumerate(pairwise(bounds)):
        words = tuple(w for w in line.words if left <= (w.box.left + w.box.right) / 2 < right)
        if home is not None:
            words = line.words if column == home else ()
        if words:
            yield _Piece(column, foot, words[0].box.left, line.id, words)


def _home(line: Line, bounds: Sequence[float], params: TableParams) -> int | None:
    """The column that the line is in, but for flourishes; None if it runs across several."""
    start, end = line.words[0].box.left, line.words[-1].box.right
    shares = [
        (min(end, right) - max(start, left)) / max(end - start, 1)
        for left, right in pairwise(bounds)
    ]
    best = max(range(len(shares)), key=shares.__getitem__)
    return best if shares[best] >= params.within else None


def _head_end(
    level: Sequence[Ruling],
    bounds: Sequence[float],
    top: float,
    bottom: float,
    params: TableParams,
) -> float:
    """Where the head ends: at the ruling in the upper part that has most room above it."""
    width = bounds[-1] - bounds[0]
    limit = top + params.head * (bottom - top)
    full = [r.place for r in level if r.inked >= params.head_ruled * width]
    inside = [top, *(place for place in full if top < place < limit)]
    rooms = [(below - above, below) for above, below in pairwise(inside)]
    return max(rooms)[1] if rooms else top


def _bands(pieces: Sequence[_Piece], params: TableParams) -> list[list[_Piece]]:
    """Pieces that stand level, top to bottom; left to right within."""
    ordered = sorted(pieces, key=lambda piece: piece.foot)
    near = params.level * _pitch(ordered)
    bands: list[list[_Piece]] = []
    for piece in ordered:
        taken = {other.column for other in bands[-1]} if bands else set()
        foot = sum(other.foot for other in bands[-1]) / len(bands[-1]) if bands else 0.0
        if (bands and piece.foot - foot <= near and piece.column not in taken) or (
            bands and piece.foot - foot <= near / 2
        ):
            bands[-1].append(piece)
        else:
            bands.append([piece])
    return [sorted(band, key=lambda piece: (piece.column, piece.left)) for band in bands]


def _pitch(pieces: Sequence[_Piece]) -> float:
    """From line to line in the fullest column."""
    columns: dict[int, list[float]] = {}
    for piece in pieces:
        columns.setdefault(piece.column, []).append(piece.foot)
    fullest = max(columns.values(), key=len, default=[])
    steps = [b - a for a, b in pairwise(fullest)]
    return median(steps) if steps else 0.0


def _grouped(bands: Sequence[list[_Piece]], params: TableParams) -> list[list[list[_Piece]]]:
    """The bands of each row."""
    firsts = [any(piece.column == 0 for piece in band) for band in bands]
    if sum(firsts) < 3 or sum(firsts) > params.dense * len(bands):
        return [[band] for band in bands]
    rows: list[list[list[_Piece]]] = []
    opened = False
    for band, is_first in zip(bands, firsts, strict=True):
        if is_first or not opened:
            rows.append([])
        opened = opened or is_first
        rows[-1].append(band)
    return rows


def _row(bands: Sequence[Sequence[_Piece]], columns: int) -> tuple[Cell, ...]:
    cells: list[list[list[_Piece]]] = [[] for _ in range(columns)]
    for band in bands:
        for column in range(columns):
            here = [piece for piece in band if piece.column == column]
            if here:
                cells[column].append(here)
    return tuple(_cell(lines) for lines in cells)


def _cell(lines: Sequence[Sequence[_Piece]]) -> Cell:
    if not lines:
        return Cell()
    texts = [" ".join(w.text for piece in line for w in piece.words) for line in lines]
    sure = min(w.confidence for line in lines for piece in line for w in piece.words)
    ids = tuple(piece.line_id for line in lines for piece in line)
    return Cell("\n".join(texts), sure, ids)


def table_rows(table: Table) -> Iterator[tuple[list[str], list[float]]]:
    """Texts and confidences row by row, the head first; a cell's lines are joined by spaces."""
    for row in (table.head, *table.rows) if table.head else table.rows:
        yield [cell.text.replace("\n", " ") for cell in row], [cell.confidence for cell in row]


def table_csv(table: Table) -> str:
    """The table as CSV, a last column with the least confidence of each row.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for texts, sure in table_rows(table):
        writer.writerow([*map(guarded, texts), f"{min(sure):.4f}"])
    return file.getvalue()
