"""A model that reads to one that reads twice: the training of its reviser, in three steps.

It hears its own mistakes on training lines (recognize/rehearsal.py), learns languages letter by
letter from text alone, and then to put readings right, most of them of lines that nobody wrote.
Each step goes on where it was stopped.
"""

from __future__ import annotations

import logging
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pipeline.errors import InputError
from pipeline.processor import has_bfloat16, in_bfloat16
from pipeline.tables import to_table
from pipeline.team import Team
from pipeline.training import LOG, Schedule, Training, keeping
from recognize.alphabet import BLANK, Alphabet
from recognize.augment import AugmentParams
from recognize.ctc import Probabilities, decode_greedily
from recognize.curve import draw_curve
from recognize.dataset import LineSample, read_samples
from recognize.evaluate import pages_of, score_samples
from recognize.loading import Batches, LoadingParams, plan_batches
from recognize.model import LineNet
from recognize.prose import read_paragraphs
from recognize.reader import Reader, company_of
from recognize.rehearsal import (
    FirstReading,
    Repertoire,
    joined,
    read_lines,
    read_readings,
    write_readings,
)
from recognize.reviser import BESIDE, Gaps, Reviser, in_company, revise, stack_lines
from recognize.train import add_scores, ctc_per_letter
from recognize.weights import Card, load_model, save_model

_PART = 150  # batches of lines whose readings are kept in one file
_POOL = 1500  # lines that are sorted by length before they become batches
_NOTHING = -100  # a place in a text of which nothing is foretold
_FEWEST = 2000  # letters that a language's text has at least
_SEEN_COLUMNS = 14_000  # of a batch of line images
_SURENESS = 0.65  # at which the calibration error of words is least on val
_AMID = 0.8  # of new lines that have text before them, or after them
_ENDS = 20  # letters of it, of which a reviser is shown some
_EAGER = (0.4, 1.0)  # what it says while it learns is held back by so much before it is read again
_HELD = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4)  # shares of what it has learnt to say, tried on val

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe(Schedule):
    """Everything that decides what a training makes of given corpora and texts.

    Attributes:
        hidden: units of the reviser's BiLSTMs in a direction.
        grams: rows of its table of runs of letters, a power of 2; 0 does without.
        gaps: the same for what is between letters.
        goes_on: whether the training begins with the reviser that the model has.
        kept: share of its weights in those that come of the training, if it does.
        plain, masked: of the lines that are read first, as in the recipe of the model itself.
        shares: corpus, and how much more often its readings are used than its size says.
        texts: language and a file of its prose.
        prose: share of the new lines that is prose; the others say what other lines say.
        rows, letters: of a batch of text.
        text_rows: of text that are read in all before readings are revised.
        lines: that are revised in all.
        real: share of them that somebody wrote, at the beginning and at the end; in the others a
            letter's mistakes know nothing of the words around it, as they do in lines.
        again: share of the batches that are read a second time, as in use.
        max_columns: of a batch of readings.
        foretelling: weight of the letters' neighbours in the loss.
    """

    hidden: int = 256
    grams: int = 262_144
    gaps: int = 262_144
    goes_on: bool = False
    kept: float = 0.0
    plain: float = 0.3
    masked: float = 0.3
    shares: tuple[tuple[str, float], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    prose: float = 0.6
    rows: int = 160
    letters: int = 96
    text_rows: int = 520_000
    lines: int = 600_000
    real: tuple[float, float] = (0.3, 0.9)
    again: float = 0.5
    max_columns: int = 3_000
    foretelling: float = 0.2
    evaluate_lines: int = 1_800  # of val, spread evenly over it


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """Some readings, or texts as if they were read.

    Attributes:
        probabilities: float32 (T, N, labels).
        columns: of each line, int64 (N,).
        targets: labels of all lines one after the other, int64.
        lengths: labels of each line, int64 (N,).
        following, preceding: int64 (T, N), the label after and before a letter at its last and its
            first column; `_NOTHING` elsewhere.
    """

    probabilities: Tensor
    columns: Tensor
    targets: Tensor
    lengths: Tensor
    following: Tensor
    preceding: Tensor

    def __len__(self) -> int:
        """Number of lines."""
        return len(self.lengths)

    def to(self, device: torch.device) -> ReadingBatch:
        """The batch as it is: revisers are trained on the CPU."""
        return self


def batch_of(readings: Sequence[FirstReading], labels: int) -> ReadingBatch:
    """Readings in one batch, for an alphabet of so many labels."""
    length = max(len(one.kinds) for one in readings)
    following = np.full((length, len(readings)), _NOTHING)
    preceding = following.copy()
    for place, one in enumerate(readings):
        cuts, text = np.array(one.cuts), np.array(one.labels)
        seen = cuts[1:] > cuts[:-1]  # a letter that the network missed has no columns
        following[cuts[1:][seen] - 1, place] = np.append(text[1:], BLANK)[seen]
        preceding[cuts[:-1][seen], place] = np.append(BLANK, text[:-1])[seen]
    return ReadingBatch(
        stack_lines([one.probabilities(labels) for one in readings], length),
        torch.tensor([len(one.kinds) for one in readings]),
        torch.tensor([label for one in readings for label in one.labels]),
        torch.tensor([len(one.labels) for one in readings]),
        torch.from_numpy(following),
        torch.from_numpy(preceding),
    )


class Texts:
    """What lines may say, as labels: prose, and other lines' transcripts, by language."""

    def __init__(
        self,
        prose: Mapping[str, Iterable[str]],
        transcripts: Mapping[str, Iterable[str]],
        alphabet: Alphabet,
    ) -> None:
        """Texts of languages by their ISO 639-3 codes.

        Raises:
            InputError: if there is too little of any.
        """
        self.space = alphabet.space
        self.prose = self._encoded(prose, alphabet)
        self.transcripts = self._encoded(transcripts, alphabet)
        if not self.prose and not self.transcripts:
            raise InputError(
                f"less than {_FEWEST} letters of any language; name texts in the recipe"
            )

    def _encoded(
        self, texts: Mapping[str, Iterable[str]], alphabet: Alphabet
    ) -> dict[str, tuple[NDArray[np.int_], NDArray[np.int_]]]:
        """The labels of each language's text, and where in them words begin."""
        found = {}
        for language, parts in texts.items():
            labels = np.array(alphabet.encode(" ".join(_as_transcribed(part) for part in parts)))
            if len(labels) >= _FEWEST:
                found[language] = labels, np.flatnonzero(labels == self.space) + 1
        return found

    def draw(
        self, language: str, length: int, prose: float, rng: np.random.Generator
    ) -> NDArray[np.int_] | None:
        """Whole words of a language, `length` labels or some more; None if it has no text."""
        sources = [self.prose, self.transcripts]
        if rng.random() >= prose:
            sources.reverse()
        for source in sources:
            if language in source:
                text, starts = source[language]
                start = starts[int(rng.integers(np.searchsorted(starts, len(text) - length)))]
                end = np.searchsorted(starts, start + length, side="right")
                return text[start : starts[end] - 1] if end < len(starts) else text[start:]
        return None

    def rows(
        self, rng: np.random.Generator, rows: int, letters: int, prose: float
    ) -> NDArray[np.int_]:
        """Rows of text of all languages, int (letters, rows): of prose alike, else by size."""
        found = []
        for _ in range(rows):
            likes_prose = rng.random() < prose
            source = (
                (self.prose if likes_prose else self.transcripts) or self.transcripts or self.prose
            )
            names = list(source)
            sizes = np.array(
                [1.0 if source is self.prose else len(source[n][0]) ** 0.7 for n in names]
            )
            text, starts = source[names[rng.choice(len(names), p=sizes / sizes.sum())]]
            start = starts[int(rng.integers(np.searchsorted(starts, len(text) - letters)))]
            found.append(_kept_apart(text[start : start + letters])[:letters])
        return np.stack(found, axis=1)


def _kept_apart(text: NDArray[np.int_]) -> NDArray[np.int_]:
    """Labels with a blank between two that are alike, as a network reads them."""
    return np.insert(text, np.flatnonzero(text[1:] == text[:-1]) + 1, BLANK)


def _as_transcribed(text: str) -> str:
    """Prose with the quotation marks that transcribers write."""
    return text.replace("’", "'").replace("“", '"').replace("”", '"')


def misread_rows(text: NDArray[np.int_], labels: int, rng: np.random.Generator) -> ReadingBatch:
    """Text as if it were read, a column a letter: of each row some letters doubtful, up to 3 in 10.

    Args:
        text: int (T, N) labels, a blank between two that are alike.
        labels: in the alphabet.
        rng: seeded by the caller.
    """
    shape = text.shape
    doubtful = rng.random(shape) < rng.uniform(0, 0.3, shape[1])
    odds = np.where(doubtful, rng.random(shape), rng.uniform(0.8, 1, shape)).astype(np.float32)
    others = text.ravel()[rng.integers(0, text.size, shape)]
    others[rng.random(shape) < 0.2] = BLANK
    probabilities = torch.zeros(*shape, labels)
    for label, odd in ((text, odds), (others, 1 - odds)):
        probabilities.scatter_add_(
            2, torch.from_numpy(label)[..., None], torch.from_numpy(odd)[..., None]
        )
    following, preceding = _following(text), _following(text[::-1])[::-1].copy()
    targets = torch.from_numpy(text.T.reshape(-1))
    rows = torch.full((shape[1],), shape[0])
    return ReadingBatch(
        *(probabilities, rows, targets, rows),
        *(torch.from_numpy(following), torch.from_numpy(preceding)),
    )


def _following(text: NDArray[np.int_]) -> NDArray[np.int_]:
    """Of text (T, N) the letter after each letter; `_NOTHING` for blanks and at the end."""
    longer = np.concatenate([text, np.full((2, text.shape[1]), _NOTHING)])
    after = np.where(longer[1:-1] == BLANK, longer[2:], longer[1:-1])
    after[text == BLANK] = _NOTHING
    return after


class ReviserTraining(Training[ReadingBatch]):
    """What both trainings of a reviser share."""

    net: Reviser
    average: Reviser

    def __init__(
        self,
        recipe: Recipe,
        texts: Texts,
        alphabet: Alphabet,
        folder: Path,
        examples: int,
        team: Team,
        begun: Reviser | None = None,
    ) -> None:
        """Begin with `begun`, or with a new reviser; or go on from the checkpoint in `folder`."""
        torch.manual_seed(recipe.seed)
        self.recipe, self.texts, self.alphabet = recipe, texts, alphabet
        sizes = len(alphabet), recipe.hidden, recipe.grams, recipe.gaps
        nets = Reviser(*sizes), Reviser(*sizes)
        if begun:
            nets[0].load_state_dict(begun.state_dict())
        if nets[0].gaps:
            nets[0].gaps.space.copy_(nets[0].gaps.names[texts.space])
        schedule = replace(recipe, epochs=1.0)
        where = torch.device("cpu")
        super().__init__(schedule, nets, examples, folder, where, alphabet.characters, team)
        torch.manual_seed(recipe.seed + self.team.rank)

    def rng(self, *place: int) -> np.random.Generator:
        """Of a place in the schedule, for this process alone."""
        return np.random.default_rng((self.recipe.seed, self.team.rank, *place))

    def foretelling_loss(self, states: Tensor, batch: ReadingBatch) -> Tensor:
        """How badly the letters after and before are foretold, a letter (nats)."""
        half = self.net.hidden
        losses = []
        for head, side, truth in (
            (self.net.next, slice(0, half), batch.following),
            (self.net.previous, slice(half, None), batch.preceding),
        ):
            told = truth != _NOTHING
            losses.append(cross_entropy(head(states[told][:, side]).float(), truth[told]))
        return torch.stack(losses).mean()


class LanguageTraining(ReviserTraining):
    """The reviser learns how texts go on, in either direction, and what stands in their gaps."""

    def batches(self, workers: int) -> Iterable[ReadingBatch]:
        """Rows of text with letters in doubt."""
        recipe = self.recipe
        while self.place < self.total:
            rng = self.rng(0, self.place)
            rows = self.texts.rows(rng, recipe.rows, recipe.letters, recipe.prose)
            yield misread_rows(rows, len(self.alphabet), rng)

    def loss(self, batch: ReadingBatch) -> Tensor:
        """How badly the letters after, before and between are foretold."""
        with in_bfloat16():
            states = self.net.read(batch.probabilities)
            loss = self.foretelling_loss(self.net.dropout(states), batch)
        return loss + self._gaps_loss(self.net.gaps, batch) if self.net.gaps else loss

    def _gaps_loss(self, gaps: Gaps, batch: ReadingBatch) -> Tensor:
        """How badly what stands in gaps is foretold, a column (nats)."""
        values = self.net.dropout(gaps.recall(batch.probabilities))
        text = batch.targets.view(len(batch), -1).T
        return cross_entropy(gaps.between(values).flatten(0, 1), text.flatten())

    def evaluate(self) -> dict[str, float]:
        """Nothing: the loss tells enough."""
        return {}


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a reviser learns to put right.

    Attributes:
        repertoires: readings of lines, by corpus.
        languages: of the corpora, ISO 639-3.
        texts: what lines may say.
        val: lines to try it on, as the network sees them, see `in_company`.
    """

    repertoires: Mapping[str, Repertoire]
    languages: Mapping[str, str]
    texts: Texts
    val: Sequence[tuple[LineSample, tuple[Probabilities, slice]]]


class RevisionTraining(ReviserTraining):
    """The reviser learns to put readings right."""

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        alphabet: Alphabet,
        folder: Path,
        team: Team,
        begun: Reviser | None = None,
    ) -> None:
        """Begin with `begun`, which knows languages; or go on from the checkpoint in `folder`."""
        self.material = material
        self._corpora = sorted(material.repertoires)
        shares = dict(recipe.shares)
        weights = np.array(
            [
                shares.get(name, 1.0) * len(material.repertoires[name].readings) ** 0.7
                for name in self._corpora
            ]
        )
        self._weights = weights / weights.sum()
        super().__init__(recipe, material.texts, alphabet, folder, recipe.lines, team, begun)

    def draw(self, rng: np.random.Generator, real_share: float) -> FirstReading:
        """A reading of a line of some corpus, or of a new one with its mistakes."""
        corpus = self._corpora[rng.choice(len(self._corpora), p=self._weights)]
        repertoire = self.material.repertoires[corpus]
        chosen = int(rng.integers(len(repertoire.readings)))
        real = repertoire.readings[chosen]
        if rng.random() >= real_share:
            language = self.material.languages[corpus]
            composed = self._compose(repertoire, language, len(real.labels), rng)
            if composed:
                return composed
        return self._in_company(repertoire.beside[chosen][0], real, repertoire.beside[chosen][1])

    def _compose(
        self, repertoire: Repertoire, language: str, length: int, rng: np.random.Generator
    ) -> FirstReading | None:
        """A new line of about so many letters, amid its text; None without text or columns."""
        some = [_ENDS if rng.random() < _AMID else 0 for _ in range(2)]
        text = self.texts.draw(language, length + sum(some), self.recipe.prose, rng)
        if text is None:
            return None
        parts = self._broken(text, *some)
        before, line, after = (
            repertoire.compose(part.tolist(), rng) if len(part) else None for part in parts
        )
        return self._in_company(before, line, after) if line and len(line.kinds) else None

    def _broken(
        self, text: NDArray[np.int_], before: int, after: int
    ) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.int_]]:
        """Text in three, broken between words behind so many labels, and before so many."""
        spaces = np.flatnonzero(text == self.texts.space)
        left, right = spaces[spaces >= before], spaces[spaces < len(text) - after]
        first = int(left[0]) if before and len(left) else -1
        last = int(right[-1]) if after and len(right) and right[-1] > first else len(text)
        return text[: max(0, first)], text[first + 1 : last], text[last + 1 :]

    def _in_company(
        self, before: FirstReading | None, line: FirstReading, after: FirstReading | None
    ) -> FirstReading:
        """A line with the ends of those beside it, as `in_company` shows them."""
        parts = [before and before.end(BESIDE), line, after and after.beginning(BESIDE)]
        return joined([part for part in parts if part and part.labels], self.texts.space)

    def batches(self, workers: int) -> Iterator[ReadingBatch]:
        """Readings of similar length, a pool of lines after the other."""
        for pool in range(self.place // _POOL, -(-self.total // _POOL)):
            rng = self.rng(1, pool)
            done = min(1.0, pool * _POOL * self.team.size / self.total)
            share = float(np.interp(done, (0, 1), self.recipe.real))
            drawn = (self.draw(rng, share) for _ in range(_POOL))
            lines = sorted(drawn, key=lambda one: len(one.kinds))
            groups = list(self._groups(lines))
            seen = pool * _POOL
            for number in rng.permutation(len(groups)):
                if self.place <= seen < self.total:
                    yield batch_of(groups[number], len(self.alphabet))
                seen += len(groups[number])

    def _groups(self, lines: Sequence[FirstReading]) -> Iterator[list[FirstReading]]:
        """Lines in the order of their length to batches of as many columns at most as asked."""
        group: list[FirstReading] = []
        for line in lines:
            if group and len(line.kinds) * (len(group) + 1) > self.recipe.max_columns:
                yield group
                group = []
            group.append(line)
        if group:
            yield group

    def loss(self, batch: ReadingBatch) -> Tensor:
        """CTC of the revised readings, and what letters foretell of each other."""
        with in_bfloat16():
            seen = self._seen(batch)
            states = self.net.read(seen)
            logits = self.net.revise(batch.probabilities, seen, states)
            foretold = self.foretelling_loss(states, batch)
        return ctc_per_letter(logits, batch) + self.recipe.foretelling * foretold

    def _seen(self, batch: ReadingBatch) -> Tensor:
        """What is read: of some batches what the average has made of them, as in use."""
        first = batch.probabilities
        rng = self.rng(2, self.place)
        if rng.random() >= self.recipe.again:
            return first
        with torch.no_grad():
            inside = torch.arange(len(first))[:, None] < batch.columns
            return self.average.seen_again(first, inside, float(rng.uniform(*_EAGER)))

    def evaluate(self) -> dict[str, float]:
        """The average's error rate on lines of val, and of each kind."""
        samples = [sample for sample, _ in self.material.val]
        shown = [probabilities for _, (probabilities, _) in self.material.val]
        revised = revise(self.average, shown, bfloat16=has_bfloat16())
        own = [one[place] for one, (_, (_, place)) in zip(revised, self.material.val, strict=True)]
        texts = [self.alphabet.decode(decode_greedily(one).labels) for one in own]
        scores = score_samples(samples, texts)
        kinds = {kind: one.cer for kind, one in scores["kind"].items()}
        return {"val_cer": scores["total"]["all"].cer, **kinds}

    def hold_back(self) -> float:
        """Weigh what the average adds to first readings as val likes it best; by how much.

        Those that it learns from are worse company than lines that nobody has seen: mistakes put
        in at random ask for more putting right.
        """
        learnt = deepcopy(self.average)
        found = {}
        for share in _HELD:
            hold(self.average, learnt, share)
            found[share] = self.evaluate()["val_cer"]
        best = min(_HELD, key=found.__getitem__)
        hold(self.average, learnt, best)
        return best


@torch.no_grad()
def hold(reviser: Reviser, learnt: Reviser, share: float) -> None:
    """Let a reviser say no more than a share of what another has learnt to say.

    What both say together is weakened, so that it is as sure as it may be. The other way: see
    `as_learnt`.
    """
    reviser.trust.fill_(_SURENESS)
    for mine, theirs in zip(_says(reviser), _says(learnt), strict=True):
        mine.copy_(_SURENESS * share / learnt.trust * theirs)


def _says(reviser: Reviser) -> list[nn.Parameter]:
    """What decides how loud it says what it has to say."""
    return [*reviser.head.parameters(), *([reviser.gaps.share] if reviser.gaps else [])]


@torch.no_grad()
def as_learnt(reviser: Reviser, held: float, sizes: Sequence[int]) -> Reviser:
    """A reviser as it was before it was held back, to go on learning.

    Args:
        reviser: as published.
        held: the share that it was held back to.
        sizes: of the one returned; tables that it has more say nothing yet.
    """
    begun = Reviser(*sizes)
    begun.load_state_dict(reviser.state_dict(), strict=False)
    for said in _says(begun):
        said.div_(_SURENESS * held)
    begun.trust.fill_(1.0)
    return begun


def train_reviser(
    recipe: Recipe, corpora: Sequence[Path], folder: Path, *, start: str, team: Team | None = None
) -> Path | None:
    """Give a model a reviser, from its readings of Parquet files of lines.

    Args:
        recipe: decides what the training makes of the corpora and its texts.
        corpora: files of line images.
        folder: of the run; gone on from if it exists.
        start: the model, by its name or as a .safetensors file.
        team: the processes that train together, all called so; the first of them writes.

    Returns:
        The safetensors file written, whose card tells the error rates on val; None if another
        process writes.

    Raises:
        InputError: if a corpus, a text or the model cannot be read.
    """
    team = team or Team()
    net, alphabet, card = load_model(start)
    begun = _begun(recipe, net, alphabet, card) if recipe.goes_on else None
    net.reviser = None  # what it learns from are first readings
    lines = read_samples(corpora, "train")
    parts = _rehearse(recipe, net, alphabet, lines, folder / "readings", team)
    texts = _texts(recipe, lines, alphabet)
    language = LanguageTraining(
        recipe, texts, alphabet, folder / "language", recipe.text_rows, team, begun
    )
    _run(language)
    material = Material(
        _repertoires(parts, lines),
        {line.corpus: line.lang for line in lines},
        texts,
        _look_at_val(recipe, net, alphabet, corpora) if team.leads else [],
    )
    training = RevisionTraining(
        recipe, material, alphabet, folder / "revision", team, language.average
    )
    _run(training)
    if begun:
        training.average = keeping(training.average, begun.state_dict(), recipe.kept)
    return _publish(training, net, card, folder, corpora) if team.leads else None


def _begun(recipe: Recipe, net: LineNet, alphabet: Alphabet, card: Card) -> Reviser:
    told = card.training.get("reviser")
    held = told.get("held") if isinstance(told, dict) else None
    if not net.reviser or not isinstance(held, float):
        raise InputError(f"{card.name}: no reviser to go on from; leave goes_on out of the recipe")
    sizes = len(alphabet), recipe.hidden, recipe.grams, recipe.gaps
    try:
        return as_learnt(net.reviser, held, sizes)
    except RuntimeError as error:
        raise InputError(
            f"{card.name}: its reviser has other sizes than the recipe; make them the same"
        ) from error


def _texts(recipe: Recipe, lines: Sequence[LineSample], alphabet: Alphabet) -> Texts:
    prose = {language: read_paragraphs(Path(path)) for language, path in recipe.texts}
    transcripts: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines:
        transcripts[line.lang].append(line.text)
    return Texts(prose, transcripts, alphabet)


def _repertoires(parts: Sequence[Path], lines: Sequence[LineSample]) -> dict[str, Repertoire]:
    found = {place: reading for part in parts for place, reading in read_readings(part)}
    by_corpus: defaultdict[str, list[int]] = defaultdict(list)
    for place in found:
        by_corpus[lines[place].corpus].append(place)

    def on_page(place: int, other: int) -> FirstReading | None:
        if other not in found:
            return None
        one, two = lines[place], lines[other]
        return found[other] if (one.corpus, one.page) == (two.corpus, two.page) else None

    return {
        name: Repertoire(
            [found[place] for place in places],
            [(on_page(place, place - 1), on_page(place, place + 1)) for place in places],
        )
        for name, places in by_corpus.items()
    }


def _look_at_val(
    recipe: Recipe, net: LineNet, alphabet: Alphabet, corpora: Sequence[Path]
) -> list[tuple[LineSample, tuple[Probabilities, slice]]]:
    """Some pages' lines of val and what a reviser is shown of them."""
    lines = read_samples(corpora, "val")
    reader = Reader(net, alphabet)
    found = []
    for page in pages_of(lines)[:: max(1, len(lines) // recipe.evaluate_lines)]:
        sights = reader.look([line.pixels() for line in page])
        for line, sight, beside in zip(page, sights, company_of(sights), strict=True):
            found.append((line, in_company(sight.probabilities, *beside, alphabet.space)))
    return found


def _run(training: ReviserTraining) -> None:
    if training.seen < training.total:
        training.run()


def _rehearse(
    recipe: Recipe,
    net: LineNet,
    alphabet: Alphabet,
    lines: Sequence[LineSample],
    folder: Path,
    team: Team,
) -> list[Path]:
    """The files of all lines' first readings; those that lack are made, each by one process."""
    params = LoadingParams(
        seed=recipe.seed,
        model=net.params,
        max_columns=_SEEN_COLUMNS,
        plain=recipe.plain,
        augment=AugmentParams(),
    )
    endless = plan_batches(lines, params, 0, sys.maxsize)
    plan = list(takewhile(lambda key: key[0] == 0, endless))
    paths = [folder / f"{n:03}.npz" for n in range(-(-len(plan) // _PART))]
    batches = Batches(lines, alphabet, params)
    for part in range(team.rank, len(paths), team.size):
        if not paths[part].exists():
            some = plan[part * _PART : (part + 1) * _PART]
            places, readings = zip(*read_lines(net, batches, some, recipe.masked), strict=True)
            write_readings(paths[part], places, readings)
            logger.info("read %s", paths[part])
    if team.size > 1:
        team.gather(0.0)  # until all are there
    return paths


def _publish(
    training: RevisionTraining, net: LineNet, card: Card, folder: Path, corpora: Sequence[Path]
) -> Path:
    """The model with its reviser, measured on val."""
    recipe = training.recipe
    sizes = replace(net.params, revised=recipe.hidden, grams=recipe.grams, gaps=recipe.gaps)
    model = LineNet(len(training.alphabet), sizes)
    model.load_state_dict(net.state_dict(), strict=False)
    assert model.reviser
    held = training.hold_back()
    model.reviser.load_state_dict(training.average.state_dict())
    learnt = {"recipe": to_table(recipe), "hours": round(training.hours, 2), "held": held}
    path = folder / f"{card.name}.safetensors"
    written = replace(
        card,
        version=recipe.version,
        model=model.params,
        training={**card.training, "reviser": learnt},
    )
    save_model(model, path, written)
    draw_curve(training.folder / LOG, folder / "curve.png")
    add_scores(path, corpora)
    return path
