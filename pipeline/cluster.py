"""An executor on many machines: tasks go to the workers of a Dask scheduler.

Workers and the one who starts the run see inputs and outputs under the same paths, as on a
cluster's shared disk. The ledger stays with the one who starts the run.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from pipeline.errors import DependencyError, UsageError
from pipeline.executor import Loss, one_page

logger = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")

UNIT = 4  # tasks that travel together: a page takes seconds, the scheduler some milliseconds
_UNITS_A_WORKER = 2  # one in hand and one at hand


@contextmanager
def open_cluster(
    address: str,
    jobs: int,
    version: Callable[[], str],
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Cluster]:
    """The workers of a scheduler, or some on this machine.

    Args:
        address: such as "tcp://scheduler:8786"; "local" starts `jobs` workers here.
        jobs: number of local workers.
        version: a function of a module that tells a program's version; all must have the same.
        stopping: whether to end with what is in hand.

    Raises:
        DependencyError: if Dask is not installed.
        UsageError: if the scheduler does not answer, or its workers cannot do the work.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise DependencyError("--cluster needs Dask; install inkfolio[cluster]") from error
    local = None
    if address == "local":
        local = LocalCluster(n_workers=max(1, jobs), threads_per_worker=1, dashboard_address=None)
    try:
        client = Client(local or address, timeout=30)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{address}: no Dask scheduler answers there ({error}); start one or check the address"
        ) from error
    try:
        _check(client, address, version)
        yield Cluster(client, stopping)
    finally:
        client.close()
        if local:
            local.close()


def _check(client: Any, address: str, version: Callable[[], str]) -> None:
    """Refuse workers that would not give the same bytes as this machine."""
    client.wait_for_workers(1, timeout=120)
    threads = client.nthreads()
    if any(count != 1 for count in threads.values()):
        raise UsageError(
            f"{address}: its workers have several threads; start them with --nthreads 1 "
            "and more --nworkers"
        )
    client.run(_one_thread)
    others = {found for found in client.run(version).values() if found != version()}
    if others:
        raise UsageError(
            f"{address}: its workers have another Inkfolio ({', '.join(sorted(others))}); "
            f"install {version()} there"
        )


class Cluster:
    """Tasks in units of a few, of which each worker has two, one of them in hand."""

    def __init__(self, client: Any, stopping: Callable[[], bool] = lambda: False) -> None:
        """An executor over a connected client."""
        self._client = client
        self._stopping = stopping

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Iterable[Task],
        lost: Callable[[Task, Loss], Result],
        size: Callable[[Task], int] = one_page,
    ) -> Iterator[Result]:
        """Do all tasks, as `Executor` says; a dead worker's are done by another one.

        Dask tries a unit on up to four workers. One that has killed them all is taken apart, and
        each of its tasks tried alone. How long a task takes is not limited here.
        """
        remaining = iter(tasks)
        suspects: list[Task] = []
        for unit, results in self._units(work, remaining, UNIT):
            if results is None:
                suspects.extend(unit)
            else:
                yield from results
        for unit, results in self._units(work, iter(suspects), 1):
            yield from results or (lost(task, "died") for task in unit)

    def _units(
        self, work: Callable[[Task], Result], tasks: Iterator[Task], size: int
    ) -> Iterator[tuple[list[Task], list[Result] | None]]:
        """Each unit of tasks with its results; None in their place if it killed its workers."""
        from distributed import wait

        waiting: dict[Any, list[Task]] = {}
        try:
            while True:
                room = max(1, _UNITS_A_WORKER * len(self._client.nthreads())) - len(waiting)
                for _ in range(room):
                    unit = [] if self._stopping() else list(islice(tasks, size))
                    if unit:
                        future = self._client.submit(partial(_do, work), unit, pure=False)
                        waiting[future] = unit
                if not waiting:
                    return
                done, _ = wait(list(waiting), return_when="FIRST_COMPLETED")
                for future in done:
                    yield waiting.pop(future), self._results(future)
        finally:
            self._client.cancel(list(waiting))

    def _results(self, future: Any) -> list[Any] | None:
        from distributed import KilledWorker

        try:
            results: list[Any] = future.result()
        except KilledWorker as error:
            logger.warning("some pages have killed their workers (%s)", error)
            return None
        return results


def _do(work: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    return [work(task) for task in tasks]


def _one_thread() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
