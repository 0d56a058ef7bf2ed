"""Segment a grey page into regions of text lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TypeVar

import cv2
import numpy as np

from pipeline.document import Line, Region
from pipeline.errors import SettingsError
from pipeline.frame import Frame
from segment.arrays import Gray, Ink, reduced, require_gray
from segment.binarize import BINARIZERS, BinarizeParams
from segment.clean import CleanPage, CleanParams, clean_page, find_surround, flatten
from segment.deskew import DESKEWERS, DeskewParams
from segment.gutters import GutterParams, part_at_gutters
from segment.layout import Block, LayoutParams, arrange, find_barriers
from segment.level import Level, LevelParams, level_page, text_size, unturned
from segment.lines import LineParams, TextLine, find_lines
from segment.orientation import Turn, TurnParams, judge_turn
from segment.other_sizes import OtherSizesParams, moved, other_size
from segment.plausible import PlausibleParams, drop_implausible
from segment.polygons import kept_inside, left_to_right
from segment.shade import ShadeParams, out_of_shade
from segment.texture import TextureParams, darker_ink
from segment.unclaimed import UnclaimedParams, claimed_by, unclaimed_lines

Stage = TypeVar("Stage")
# Tells of doubtful lines of a page, as they lie in its pixels, which are writing.
Judge = Callable[[Gray, Sequence[Line]], Sequence[bool]]


@dataclass(frozen=True, slots=True)
class SegmentParams:
    """Settings of `segment_page`: the stages' own, and which stage to use."""

    binarizer: str = "sauvola"
    deskewer: str = "profile"
    finder: str = "auto"  # of lines, see `FINDERS`
    orient: bool = True  # put turned pages upright; the trained finder alone can
    net: str = "lines"  # the trained finder: a shipped one's name or a safetensors file's path
    work_px: int = 1800  # long side of the image that is binarized
    clean: CleanParams = field(default_factory=CleanParams)
    binarize: BinarizeParams = field(default_factory=BinarizeParams)
    deskew: DeskewParams = field(default_factory=DeskewParams)
    level: LevelParams = field(default_factory=LevelParams)
    lines: LineParams = field(default_factory=LineParams)
    plausible: PlausibleParams = field(default_factory=PlausibleParams)
    layout: LayoutParams = field(default_factory=LayoutParams)
    gutters: GutterParams = field(default_factory=GutterParams)
    unclaimed: UnclaimedParams = field(default_factory=UnclaimedParams)
    turn: TurnParams = field(default_factory=TurnParams)
    shade: ShadeParams = field(default_factory=ShadeParams)
    texture: TextureParams = field(default_factory=TextureParams)
    other_sizes: OtherSizesParams = field(default_factory=OtherSizesParams)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What was found on a page, in pixels of the image given.

    Attributes:
        skew: degrees by which the text is turned counter-clockwise, in (-180, 180].
        regions: in reading order, their lines without words.
        ink: bool (H, W), the page's ink without surround and rulings.
        turn: the quarter turns in `skew`.
    """

    skew: float
    regions: tuple[Region, ...]
    ink: Ink
    turn: Turn = Turn()

    @property
    def lines(self) -> list[Line]:
        """All lines in reading order."""
        return [line for region in self.regions for line in region.lines]


def segment_page(
    gray: Gray,
    params: SegmentParams = SegmentParams(),
    turned: int | None = None,
    judge: Judge | None = None,
) -> Segmentation:
    """Find the turn, the ink, the skew, the regions and the text lines of a page.

    Args:
        gray: uint8 (H, W), dark ink on lighter paper.
        params: see `SegmentParams`.
        turned: degrees by which the text is turned counter-clockwise: 0, 90, 180 or 270; None
            if that is to be found out.
        judge: tells which doubtful lines are writing; without it none is.

    Returns:
        The segmentation; without regions for a blank page.

    Raises:
        ValueError: if `gray` is no grey image, or a stage's name is unknown.
    """
    find = _lookup(FINDERS, params.finder, "line finder")
    if turned:
        return _turned_back(gray, Turn(turned), params, judge)
    ink, skew, level = _lit_level_of(gray, params)
    if level is None:
        return Segmentation(0.0, (), _enlarged(ink, gray.shape))
    turn = Turn() if turned == 0 else _turn_of(gray, level, params)
    if turn.degrees:
        return _turned_back(gray, turn, params, judge)
    frame = level.frame.then(Frame.scaled(max(ink.shape) / max(gray.shape)))
    lines = find(level, params)
    sure = [line for line in lines if not line.doubtful]
    if judge:
        lines = lines + _of_other_size(gray, ink, skew, level, lines, params)
        doubtful = [line for line in lines if line.doubtful]
        doubtful += unclaimed_lines(level, lines, params.unclaimed, params.lines, params.layout)
        drawn = [_line("", line, frame, gray.shape) for line in doubtful]
        sure += compress(doubtful, judge(gray, drawn) if drawn else [])
    sure = part_at_gutters(sure, level.ink, level.x_height, params.gutters)
    inked = level.ink | level.across
    blocks = arrange(sure, level.down, level.x_height, params.layout, inked)
    regions = tuple(_region(i, b, frame, gray.shape) for i, b in enumerate(blocks, 1))
    plain = _enlarged(ink & ~unturned(level.across | level.down, level.frame, ink), gray.shape)
    return Segmentation(skew if regions else 0.0, regions, plain, turn)


def _turn_of(gray: Gray, level: Level, params: SegmentParams) -> Turn:
    if not params.orient or FINDERS[params.finder] is not net_lines:
        return Turn()
    from segment.net.finder import writing_by_turn  # slow: loads torch

    scores = writing_by_turn(level, params.net, params.turn.side_px)
    if max(scores) < params.turn.least:
        # Words in joined hand, lying, pass for tall letters, so that the page was made too small.
        *_, lying = _lit_level_of(np.ascontiguousarray(np.rot90(gray)), params)
        if lying is not None:
            last, *others = writing_by_turn(lying, params.net, params.turn.side_px)
            scores = [*others, last]
    return judge_turn(scores, params.turn)


def _turned_back(
    gray: Gray, turn: Turn, params: SegmentParams, judge: Judge | None
) -> Segmentation:
    """The segmentation of a page stood upright, in pixels of the page as it lies."""
    quarters = turn.degrees // 90
    found = segment_page(np.ascontiguousarray(np.rot90(gray, -quarters)), params, 0, judge)
    frame = Frame.upright(turn.degrees, gray.shape[1], gray.shape[0])
    regions = tuple(frame.region_to_page(region) for region in found.regions)
    skew = 180 - (180 - found.skew - turn.degrees) % 360
    ink = np.ascontiguousarray(np.rot90(found.ink, quarters))
    return Segmentation(skew if regions else 0.0, regions, ink, turn)


def _lit_level_of(gray: Gray, params: SegmentParams) -> tuple[Ink, float, Level | None]:
    """As `_seen_level_of`; what is written in shade, darker than half the paper, is seen, too."""
    if FINDERS[params.finder] is not net_lines:
        return level_of(gray, params)
    require_gray(gray)
    small = reduced(gray, params.work_px)
    surround = find_surround(small, params.clean)
    ink, skew, level = _seen_level_of(small, params, surround)
    if surround.mean() < params.shade.surround:
        return ink, skew, level
    from segment.net.finder import writing_on  # slow: loads torch

    if level is None:  # all that is written may be in shade
        ink, skew, _ = level_of(small, params, np.zeros_like(surround))
    unblanked = CleanPage(flatten(small, params.clean), surround)
    whole = level_page(unblanked, ink, skew, params.level)
    if whole is None:
        return ink, skew, level
    paper = out_of_shade(surround, whole, writing_on(whole, params.net), params.shade)
    return (ink, skew, level) if paper is surround else _seen_level_of(small, params, paper)


def _seen_level_of(
    gray: Gray, params: SegmentParams, surround: Ink
) -> tuple[Ink, float, Level | None]:
    """As `level_of`; where that sees the texture of the paper for letters, with darker ink alone.

    Texture makes a page's letters too small, so that no writing is seen on it.
    """
    clean = clean_page(gray, params.clean, surround)
    ink = _binarized(clean, params)
    plain = _levelled(clean, ink, params)
    darker = darker_ink(clean.gray, ink)
    usual = plain[-1].page_x_height if plain[-1] else 0.0
    if text_size(darker, params.level.rulings) < max(1.0, params.texture.larger * usual):
        return plain
    from segment.net.finder import writing_seen  # slow: loads torch

    other = _levelled(clean, darker, params)
    before, after = (writing_seen(level, params.net) for _, _, level in (plain, other))
    return other if after > params.texture.seen * before else plain


def _of_other_size(
    gray: Gray, ink: Ink, skew: float, level: Level, lines: list[TextLine], params: SegmentParams
) -> list[TextLine]:
    """Doubtful lines much smaller or larger than those found, see `segment.other_sizes`."""
    claimed = claimed_by(lines, level, params.unclaimed) | level.outside
    covered = unturned(claimed, level.frame, ink)
    rulings = unturned(level.across | level.down, level.frame, ink)
    # The level page has no letters many times as large as the usual, and thin ones count for more.
    left_of_letters = (level.ink & ~claimed).sum() / max(1, level.ink.sum())
    left_of_all = (ink & ~covered & ~rulings).sum() / max(1, ink.sum())
    if max(left_of_letters, left_of_all) < params.other_sizes.unclaimed:
        return []
    clean = clean_page(reduced(gray, params.work_px), params.clean, covered)
    left = _binarized(clean, params)
    size = text_size(left, params.level.rulings)
    if not other_size(size, level.page_x_height, params.other_sizes):
        return []
    again = level_page(clean, left, skew, params.level)
    if again is None:
        return []
    frame = again.frame.then(level.frame.inverse())
    found = _lookup(FINDERS, params.finder, "line finder")(again, params)
    return [replace(moved(line, frame), doubtful=True) for line in found]


def level_of(
    gray: Gray, params: SegmentParams = SegmentParams(), surround: Ink | None = None
) -> tuple[Ink, float, Level | None]:
    """Make a page level, as line finders want it.

    Args:
        gray: uint8 (H, W), dark ink on lighter paper.
        params: see `SegmentParams`.
        surround: bool, of the shape of the ink returned: what is outside the paper, if known.

    Returns:
        The ink of the page, reduced to `work_px`; degrees by which the text is turned
        counter-clockwise; and the level page, None if it is blank.

    Raises:
        ValueError: if `gray` is no grey image, or a stage's name is unknown.
    """
    require_gray(gray)
    clean = clean_page(reduced(gray, params.work_px), params.clean, surround)
    return _levelled(clean, _binarized(clean, params), params)


def _binarized(clean: CleanPage, params: SegmentParams) -> Ink:
    binarize = _lookup(BINARIZERS, params.binarizer, "binarizer")
    return binarize(clean.gray, params.binarize) & ~clean.surround


def _levelled(clean: CleanPage, ink: Ink, params: SegmentParams) -> tuple[Ink, float, Level | None]:
    find_skew = _lookup(DESKEWERS, params.deskewer, "deskewer")
    skew = find_skew(ink, params.deskew)
    return ink, skew, level_page(clean, ink, skew, params.level)


def profile_lines(level: Level, params: SegmentParams) -> list[TextLine]:
    """The lines of a level page by its profiles."""
    size = level.x_height
    barriers = find_barriers(level.ink, level.down, size, params.layout)
    lines = find_lines(level.ink, barriers, size, params.lines)
    return drop_implausible(lines, level, params.plausible)


def net_lines(level: Level, params: SegmentParams) -> list[TextLine]:
    """The lines of a level page by the trained network."""
    from segment.net.finder import find_lines_by_net  # slow: loads torch

    return find_lines_by_net(level, params.net)


# `auto` is whatever measures best on shared/data/pages/val, see docs/benchmarks.md.
FINDERS = {"profile": profile_lines, "net": net_lines, "auto": net_lines}


def check_finder(params: SegmentParams) -> None:
    """Refuse a line finder that there is not, or that lacks its weights.

    Raises:
        SettingsError: if the finder's name is unknown.
        InputError: if it is the trained one and its weights are missing.
    """
    if params.finder not in FINDERS:
        raise SettingsError(
            f"no line finder {params.finder!r}; choose one of: {', '.join(sorted(FINDERS))}"
        )
    if FINDERS[params.finder] is net_lines:
        from segment.net.weights import find_weights  # slow: loads torch

        find_weights(params.net)


def finder_weights(params: SegmentParams) -> dict[str, object]:
    """Name, version and hash of the weights that find lines; empty where none do.

    Raises:
        InputError: if they are missing or have no readable card.
    """
    if FINDERS[params.finder] is not net_lines:
        return {}
    from segment.net.weights import find_weights, read_card  # slow: loads torch

    card = read_card(find_weights(params.net).with_suffix(".json"))
    return {"net": card.name, "net_version": card.version, "net_sha256": card.sha256}


def _region(number: int, block: Block, frame: Frame, shape: tuple[int, ...]) -> Region:
    """A region of the page, its geometry mapped to the page and kept inside."""
    lines = tuple(
        _line(f"r{number}l{i}", line, frame, shape) for i, line in enumerate(block.lines, 1)
    )
    left = min(x for line in lines for x, _ in line.boundary)
    right = max(x for line in lines for x, _ in line.boundary)
    top = min(y for line in lines for _, y in line.boundary)
    bottom = max(y for line in lines for _, y in line.boundary)
    boundary = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Region(f"r{number}", block.kind, boundary, lines)


def _line(name: str, line: TextLine, frame: Frame, shape: tuple[int, ...]) -> Line:
    """A line of the page, its geometry mapped to the page and kept inside."""
    height, width = shape
    return Line(
        id=name,
        boundary=kept_inside(frame.to_page(line.boundary), width, height),
        baseline=left_to_right(frame.to_page(line.baseline), width, height),
    )


def _enlarged(ink: Ink, shape: tuple[int, ...]) -> Ink:
    if ink.shape == shape:
        return ink
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(ink.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)


def _lookup(table: dict[str, Stage], name: str, what: str) -> Stage:
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}; there are {', '.join(sorted(table))}")
    return table[name]
