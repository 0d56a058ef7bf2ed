"""Ways to do many independent tasks: one after the other, or in processes."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Protocol, TypeVar

logger = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Executor(Protocol):
    """Does tasks and yields their results as they come, in any order."""

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Iterable[Task],
        crashed: Callable[[Task], Result],
    ) -> Iterator[Result]:
        """Do `work` on every task; `crashed` makes the result of one whose process died."""
        ...


def serial(
    work: Callable[[Task], Result], tasks: Iterable[Task], crashed: Callable[[Task], Result]
) -> Iterator[Result]:
    """One task after the other, in this process."""
    return map(work, tasks)


class Processes:
    """Some processes of one thread each, with a bounded queue before them."""

    def __init__(self, jobs: int) -> None:
        """An executor with `jobs` processes."""
        self._jobs = jobs

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Iterable[Task],
        crashed: Callable[[Task], Result],
    ) -> Iterator[Result]:
        """Do all tasks; those in hand when a process dies are done again, each one alone."""
        remaining = iter(tasks)
        first = list(islice(remaining, 2 * self._jobs))
        while first:
            waiting: dict[Future[Result], Task] = {}
            try:
                yield from self._work_off(work, first, remaining, waiting)
            except BrokenProcessPool:
                suspects = list(waiting.values())
                logger.warning("a worker died; doing its %d pages again", len(suspects))
                for task in suspects:
                    yield self._alone(work, task, crashed)
            first = list(islice(remaining, 2 * self._jobs))

    def _work_off(
        self,
        work: Callable[[Task], Result],
        first: Iterable[Task],
        remaining: Iterator[Task],
        waiting: dict[Future[Result], Task],
    ) -> Iterator[Result]:
        """Results in the order of completion; `waiting` holds what is in hand if a worker dies."""
        pool = _pool(self._jobs)
        try:
            waiting.update({pool.submit(work, task): task for task in first})
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    del waiting[future]
                    for task in islice(remaining, 1):
                        waiting[pool.submit(work, task)] = task
                    yield result
        finally:
            pool.shutdown(cancel_futures=True)

    def _alone(
        self, work: Callable[[Task], Result], task: Task, crashed: Callable[[Task], Result]
    ) -> Result:
        pool = _pool(1)
        try:
            return pool.submit(work, task).result()
        except BrokenProcessPool:
            return crashed(task)
        finally:
            pool.shutdown()


def _pool(jobs: int) -> ProcessPoolExecutor:
    # Spawned, not forked: torch's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_one_thread)


def _one_thread() -> None:
    """Keep the libraries of a worker to one thread, so that N workers use N cores and not N²."""
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = "1"
