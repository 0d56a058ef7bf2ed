"""Pages as segmented and read against ground truth: line boxes, baselines, characters, words.

Counts are pooled: they are added up over the pages of a corpus, a kind or the whole folder before
they are divided, so that a page weighs as much as it has lines.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Line
from pipeline.load import SourcePage
from pipeline.matching import LEAST_IOU, Boxes, boxes_of, matched, overlaps
from pipeline.page_truth import TruePage
from pipeline.settings import Settings
from pipeline.sources import kind_of
from pipeline.stages import LineReader, Stopwatch, open_page, read_page
from pipeline.true_pages import true_pages
from recognize.evaluate import Score, score, total
from segment.page import segment_page

logger = logging.getLogger(__name__)

LEAST_READ_IOU = 0.25  # the same for comparing texts: a loose box may be read well
STEP_PX = 5.0  # distance of the points at which baselines are compared
TOLERANCE = 0.25  # of the line spacing, see `baseline_tally`

Points = NDArray[np.float64]  # (N, 2): x, y


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of what was found is true, and of what is true was found; added with `+`."""

    right: float = 0.0  # of `found`
    found: int = 0
    recalled: float = 0.0  # of `truth`
    truth: int = 0

    def __add__(self, other: Tally) -> Tally:
        """The tally of both pages together."""
        return Tally(
            self.right + other.right,
            self.found + other.found,
            self.recalled + other.recalled,
            self.truth + other.truth,
        )

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 1 if nothing was."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the truth that was found; 1 if there was nothing to find."""
        return self.recalled / self.truth if self.truth else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, float]:
        """Rates rounded to four decimals, and the counts."""
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
            "found": self.found,
            "truth": self.truth,
        }


@dataclass(frozen=True, slots=True)
class PageScore:
    """How a page fared."""

    name: str
    corpus: str
    kind: str
    lines: Tally
    baselines: Tally
    seconds: float
    in_order: Score = Score()  # of the whole page's text, lines in reading order
    order_free: Score = Score()  # line by line, matched by geometry


def line_tally(found: Boxes, truth: Boxes, least_iou: float = LEAST_IOU) -> Tally:
    """Match boxes one to one, the best overlaps first.

    Args:
        found: float64 (N, 4).
        truth: float64 (M, 4).
        least_iou: smallest intersection over union that counts.

    Returns:
        The tally.
    """
    matches = len(matched(overlaps(found, truth), least_iou))
    return Tally(matches, len(found), matches, len(truth))


def baseline_tally(found: Sequence[Points], truth: Sequence[Points]) -> Tally:
    """Compare the courses of baselines, as at the ICDAR competitions on baseline detection.

    Diem et al., cBAD: ICDAR 2017 competition on baseline detection. A point counts in full
    within the tolerance, and less and less up to three times that. Recall compares a true
    baseline with all that were found, so that a line found in two pieces loses nothing there;
    precision compares each with the one it is matched to. The tolerance is a quarter of the
    page's line spacing.

    Args:
        found: baselines, each float64 (n, 2).
        truth: baselines, each float64 (n, 2).

    Returns:
        The tally; its counts of `right` and `recalled` are sums of shares.
    """
    if not found or not truth:
        return Tally(0.0, len(found), 0.0, len(truth))
    ours, theirs = [_resampled(line) for line in found], [_resampled(line) for line in truth]
    tolerance = TOLERANCE * _spacing(theirs)
    everything = np.concatenate(ours)
    recalled = sum(_coverage(line, everything, tolerance) for line in theirs)
    covered = np.array([[_coverage(a, b, tolerance) for b in theirs] for a in ours])
    right = sum(covered[i, j] for i, j in matched(covered, 1e-9))
    return Tally(float(right), len(ours), float(recalled), len(theirs))


def score_page(truth: TruePage, lines: Sequence[Line], seconds: float = 0.0) -> PageScore:
    """Score the lines found on a page."""
    boxes = line_tally(
        boxes_of(line.boundary for line in lines), boxes_of(line.boundary for line in truth.lines)
    )
    drawn = [np.asarray(line.baseline) for line in truth.lines if len(line.baseline) > 1]
    # Without true baselines there is nothing to compare, which is not to say all are wrong.
    baselines = baseline_tally([np.asarray(line.baseline) for line in lines], drawn)
    return PageScore(
        truth.name, truth.corpus, truth.kind, boxes, baselines if drawn else Tally(), seconds
    )


def score_text(truth: TruePage, lines: Sequence[Line]) -> tuple[Score, Score]:
    """Score what was read on a page, in reading order and whatever the order.

    Lines whose truth is not fit for scoring are left out on both sides. For the order-free score
    lines are matched one to one by their boxes: a line that was missed counts as deleted, one
    that is not there as inserted.

    Args:
        truth: the page's lines with their texts.
        lines: the lines as read.

    Returns:
        The score of the page's text as a whole, and the order-free score.
    """
    found_boxes = boxes_of(line.boundary for line in lines)
    true_boxes = boxes_of(line.boundary for line in truth.lines)
    pairs = dict(matched(overlaps(found_boxes, true_boxes), LEAST_READ_IOU))
    scored = [i for i in range(len(lines)) if i not in pairs or truth.lines[pairs[i]].readable]
    readable = [i for i, line in enumerate(truth.lines) if line.readable]
    in_order = score(
        "\n".join(truth.lines[i].text for i in readable), "\n".join(lines[i].text for i in scored)
    )
    missed = set(readable) - set(pairs.values())
    texts = [(truth.lines[pairs[i]].text if i in pairs else "", lines[i].text) for i in scored]
    texts += [(truth.lines[i].text, "") for i in sorted(missed)]
    return in_order, total(score(true, read) for true, read in texts)


def pool(scores: Sequence[PageScore]) -> dict[str, Any]:
    """Add scores up: total, by kind, by corpus; and name the pages on which no line was found.

    Args:
        scores: of any pages.

    Returns:
        What `inkfolio evaluate pages --json` prints.
    """
    groups: dict[str, dict[str, list[PageScore]]] = {
        "kinds": defaultdict(list),
        "corpora": defaultdict(list),
    }
    for one in scores:
        if one.kind:
            groups["kinds"][one.kind].append(one)
        groups["corpora"][one.corpus].append(one)
    return {
        "total": _sums(scores),
        **{
            name: {key: _sums(group[key]) for key in sorted(group)}
            for name, group in groups.items()
        },
        "pages": {one.name: _sums([one]) for one in scores},
        "empty": [s.name for s in scores if s.lines.found == 0 and s.lines.truth > 0],
    }


def evaluate_folder(
    folder: Path,
    settings: Settings = Settings(),
    reader: LineReader | None = None,
    images: Path | None = None,
) -> dict[str, Any]:
    """Segment, and read, the pages of a folder and score them.

    Args:
        folder: ground truth, see `true_pages`.
        settings: how to segment.
        reader: reads the lines; without one only the segmentation is scored.
        images: folder of the pages' images, see `true_pages`.

    Returns:
        See `pool`.

    Raises:
        InputError: if the folder holds no ground truth, or what is damaged.
    """
    pages = true_pages(folder, images, settings.load)
    return pool([_evaluated(truth, settings, reader) for truth in pages])


def _evaluated(truth: TruePage, settings: Settings, reader: LineReader | None) -> PageScore:
    kind = kind_of(truth.image) or "image"
    source = SourcePage(truth.image, truth.frame, kind, truth.name, 0)
    image = open_page(source, settings)
    if reader is None:
        start = time.perf_counter()
        found = segment_page(image.gray, settings.segment)
        seconds = time.perf_counter() - start
        one = score_page(truth, [line for r in found.regions for line in r.lines], seconds)
    else:
        watch = Stopwatch()
        lines = list(read_page(source, image, settings, reader, watch).lines)
        in_order, order_free = score_text(truth, lines)
        one = score_page(truth, lines, watch.seconds["segment"])
        one = replace(one, in_order=in_order, order_free=order_free)
    logger.info("%s: line F1 %.3f, CER %.3f", one.name, one.lines.f1, one.in_order.cer)
    return one


def table_of(scores: dict[str, Any]) -> str:
    """The scores of `evaluate_folder` as lines for people; error rates only where it was read."""
    rows = [f"{'':28} {'pages':>5} {'line F1':>8} {'baseline':>8} {'CER':>7} {'no order':>8}"]
    groups = {"all": scores["total"], **scores["kinds"], **scores["corpora"]}
    for name, one in groups.items():
        rows.append(
            f"{name:28} {one['pages']:5} {one['lines']['f1']:8.4f} {one['baselines']['f1']:8.4f} "
            f"{_rate(one['text']):>7} {_rate(one['text_order_free']):>8}"
        )
    rows += [f"no line found: {name}" for name in scores["empty"]]
    return "\n".join(rows)


def _rate(text: dict[str, Any]) -> str:
    return f"{text['cer']:.4f}" if text["characters"] else "-"


def _sums(scores: Sequence[PageScore]) -> dict[str, Any]:
    return {
        "pages": len(scores),
        "lines": sum((one.lines for one in scores), Tally()).as_dict(),
        "baselines": sum((one.baselines for one in scores), Tally()).as_dict(),
        "text": total(one.in_order for one in scores).as_dict(),
        "text_order_free": total(one.order_free for one in scores).as_dict(),
        "median_seconds": round(float(np.median([s.seconds for s in scores])), 4) if scores else 0,
    }


def _resampled(line: Points) -> Points:
    """Points along a line at even distances of about `STEP_PX`."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, lengths[-1], max(2, round(lengths[-1] / STEP_PX) + 1))
    return np.stack([np.interp(at, lengths, line[:, k]) for k in (0, 1)], axis=1)


def _coverage(line: Points, others: Points, tolerance: float) -> float:
    """Share of a line's points that are near any of the others, with a soft edge."""
    low, high = line.min(axis=0) - 3 * tolerance, line.max(axis=0) + 3 * tolerance
    near = others[((others >= low) & (others <= high)).all(axis=1)]
    if not len(near):
        return 0.0
    distance = np.hypot(*(line[:, None] - near[None]).transpose(2, 0, 1)).min(axis=1)
    return float(np.clip((3 * tolerance - distance) / (2 * tolerance), 0, 1).mean())


def _spacing(lines: Sequence[Points]) -> float:
    """Median distance of a baseline to the nearest other that it shares columns with."""
    left = np.array([line[:, 0].min() for line in lines])
    right = np.array([line[:, 0].max() for line in lines])
    height = np.array([np.median(line[:, 1]) for line in lines])
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    apart = np.abs(height[:, None] - height)
    apart[(shared < 0.3 * (right - left)[:, None]) | (apart < 2)] = np.inf
    nearest = apart.min(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    # A single line says nothing of spacing: take a usual line's at a usual scan's size.
    return float(np.median(nearest)) if nearest.size else 60.0
