"""Pages -> what a remote reader says of them, kept in a ledger, so that nothing is asked twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from pipeline.errors import FileAccessError
from pipeline.keys import answer_key
from pipeline.ledger import Ledger, look_into
from pipeline.load import LoadParams, SourcePage
from pipeline.names import shown
from pipeline.remote_reader import RemoteError, RemoteParams, RemoteReader
from pipeline.worker import Pictured, PictureTask

logger = logging.getLogger(__name__)

LOOK_S = 0.5  # how soon a wish to stop is seen


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
                yield PictureTask(page, key)

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
        waiting: dict[Future[str], Pictured] = {}
        try:
            for one in pictures:
                if one.picture:
                    waiting[pool.submit(self._remote.read, one.picture)] = one
                while len(waiting) >= at_once:
                    self._take(waiting, stopping)
            while waiting:
                self._take(waiting, stopping)
        finally:
            if waiting:  # interrupted
                self._remote.halt()
            pool.shutdown(wait=False, cancel_futures=True)

    def _take(self, waiting: dict[Future[str], Pictured], stopping: Callable[[], bool]) -> None:
        """Keep the answers that have come."""
        done, _ = wait(waiting, LOOK_S, FIRST_COMPLETED)
        if stopping():
            self._remote.halt()
        for future in done:
            task = waiting.pop(future).task
            try:
                self._ledger.record_answer(task.key, future.result())
            except RemoteError as error:
                self._reasons[task.key] = str(error)
                logger.warning("%s: %s; our own reading is kept", shown(task.page.id), error)

    def _key(self, page: SourcePage) -> str:
        return answer_key(self._remote.params.asked, self._load, page)


def plan_requests(
    pages: Sequence[SourcePage], folder: Path, load: LoadParams, params: RemoteParams
) -> str:
    """Say what asking for pages would send; nothing is sent.

    Args:
        pages: that would be asked for.
        folder: whose ledger may hold answers.
        load: settings of loading.
        params: how the endpoint is asked.
    """
    keys = {answer_key(params.asked, load, page) for page in pages}
    known = _answered(keys, folder)
    new = len(keys) - known
    most = min(params.max_requests, new * params.tries)
    return (
        f"{len(keys)} different pages, {known} answered before; {new} to be sent to {params.host}, "
        f"in at most {most} requests of at most {params.max_tokens} tokens"
    )


def _answered(keys: Iterable[str], folder: Path) -> int:
    try:
        with look_into(folder) as ledger:
            return sum(ledger.answer(key) is not None for key in keys)
    except FileAccessError:  # no run has written there
        return 0
