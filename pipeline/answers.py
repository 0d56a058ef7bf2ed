"""Pages -> what a remote reader says of them, kept in a ledger, so that nothing is asked twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import FileAccessError
from pipeline.keys import answer_key, picture_key
from pipeline.ledger import Ledger, look_into
from pipeline.load import LoadParams, SourcePage
from pipeline.names import shown
from pipeline.remote_reader import RemoteError, RemoteParams, RemoteReader
from pipeline.spread import spread
from pipeline.worker import Pictured, PictureTask

logger = logging.getLogger(__name__)

SAMPLES = 5  # pages that a plan is judged by
LOOK_S = 0.5  # how soon a wish to stop is seen


@dataclass(frozen=True, slots=True)
class _Part:
    """A picture to be sent: a page, or one of its lines.

    Attributes:
        task: the page.
        keys: of the answers to all its pictures, in reading order.
        key: of the answer to this one.
        picture: a JPEG.
    """

    task: PictureTask
    keys: tuple[str, ...]
    key: str
    picture: bytes


class Answers:
    """The answers of one remote reader, by the content of pages."""

    def __init__(self, remote: RemoteReader, ledger: Ledger, load: LoadParams) -> None:
        """Answers kept in a ledger, of pages loaded with some settings."""
        self._remote, self._ledger, self._load = remote, ledger, load
        self._reasons: dict[str, str] = {}

    def of(self, page: SourcePage) -> str | None:
        """The text of a page; None if there was no answer."""
        return self._ledger.answer(self._key(page))

    def why_not(self, page: SourcePage) -> str:
        """Why there was no answer for a page."""
        return self._reasons.get(self._key(page), "its picture cannot be made")

    def questions(self, pages: Iterable[SourcePage]) -> Iterator[PictureTask]:
        """What is to be sent for pages that have no answer yet; equal pages once."""
        known = set()
        for page in pages:
            key = self._key(page)
            if key and key not in known and self._ledger.answer(key) is None:
                known.add(key)
                yield PictureTask(page, key, self._remote.params.by_line)

    def ask(
        self, pictures: Iterable[Pictured], stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """Ask for pages and keep the answers; what gets none is logged.

        Args:
            pictures: drawn as answers come; those without a picture are not asked for.
            stopping: whether to end with what has been sent.
        """
        at_once = self._remote.params.at_once
        pool = ThreadPoolExecutor(at_once)
        waiting: dict[Future[str], _Part] = {}
        try:
            for part in self._parts(pictures):
                waiting[pool.submit(self._remote.read, part.picture)] = part
                while len(waiting) >= at_once:
                    self._take(waiting, stopping)
            while waiting:
                self._take(waiting, stopping)
        finally:
            if waiting:  # interrupted
                self._remote.halt()
            pool.shutdown(wait=False, cancel_futures=True)

    def _parts(self, pictures: Iterable[Pictured]) -> Iterator[_Part]:
        """What is to be sent, of each page what has no answer yet."""
        for one in pictures:
            if one.pictures is None:
                continue
            keys = self._part_keys(one.task, one.pictures)
            for key, picture in zip(keys, one.pictures, strict=True):
                if self._ledger.answer(key) is None:
                    yield _Part(one.task, keys, key, picture)
            self._put_together(one.task, keys)

    def _part_keys(self, task: PictureTask, pictures: Sequence[bytes]) -> tuple[str, ...]:
        if not task.by_line:
            return (task.key,)
        return tuple(picture_key(self._remote.params.asked, picture) for picture in pictures)

    def _put_together(self, task: PictureTask, keys: Sequence[str]) -> None:
        """Keep the answer to a page if all its lines are answered."""
        if not task.by_line:
            return
        texts = [self._ledger.answer(key) for key in keys]
        told = [" ".join(text.split()) for text in texts if text is not None]
        if len(told) == len(keys):
            self._ledger.record_answer(task.key, "\n".join(told))

    def _take(self, waiting: dict[Future[str], _Part], stopping: Callable[[], bool]) -> None:
        """Keep the answers that have come."""
        done, _ = wait(waiting, LOOK_S, FIRST_COMPLETED)
        if stopping():
            self._remote.halt()
        for future in done:
            part = waiting.pop(future)
            task = part.task
            try:
                self._ledger.record_answer(part.key, future.result())
                self._put_together(task, part.keys)
            except RemoteError as error:
                self._reasons[task.key] = str(error)
                logger.warning("%s: %s; our own reading is kept", shown(task.page.id), error)

    def _key(self, page: SourcePage) -> str:
        return answer_key(self._remote.params.asked, self._load, page)


def plan_requests(
    pages: Sequence[SourcePage],
    folder: Path,
    load: LoadParams,
    params: RemoteParams,
    pictured: Callable[[Iterable[PictureTask]], Iterable[Pictured]],
) -> str:
    """Say what asking for pages would send; nothing is sent.

    Args:
        pages: that would be asked for.
        folder: whose ledger may hold answers.
        load: settings of loading.
        params: how the endpoint is asked.
        pictured: makes the pictures of some pages, for their lines to be counted.
    """
    keys = {answer_key(params.asked, load, page) for page in pages}
    known = _answered(keys, folder)
    new = len(keys) - known
    some = spread(pages, SAMPLES) if params.by_line and new else ()
    lines = [len(one.pictures or ()) for one in pictured(PictureTask(p, "", True) for p in some)]
    parts = round(new * sum(lines) / len(lines)) if lines else new
    most = min(params.max_requests, parts * params.tries)
    by_line = f" in about {parts} lines" if params.by_line else ""
    return (
        f"{len(keys)} different pages, {known} answered before; "
        f"{new} to be sent to {params.host}{by_line}, "
        f"in at most {most} requests of at most {params.max_tokens} tokens"
    )


def _answered(keys: Iterable[str], folder: Path) -> int:
    try:
        with look_into(folder) as ledger:
            return sum(ledger.answer(key) is not None for key in keys)
    except FileAccessError:  # no run has written there
        return 0
