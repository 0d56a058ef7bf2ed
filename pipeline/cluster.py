"""An executor on many machines: tasks go to the workers of a Dask scheduler.

Workers and the one who starts the run see inputs and outputs under the same paths, as on a
cluster's shared disk. The ledger stays with the one who starts the run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from pipeline.errors import ClusterError, DependencyError, UsageError
from pipeline.executor import Limits, Loss, nothing, one_page

logger = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")

UNIT = 4  # tasks that travel together: a page takes seconds, the scheduler some milliseconds
_UNITS_A_WORKER = 2  # one in hand and one at hand
_GONE = (OSError, CancelledError, RuntimeError)  # what Dask raises when its scheduler has gone
_ANSWER_SECONDS = 30.0  # that a scheduler has to answer, or to come back, before it is gone
_LOOK_SECONDS = 10.0  # between two looks at whether there are workers at all


@contextmanager
def open_cluster(
    address: str,
    jobs: int,
    version: Callable[[], str],
    stopping: Callable[[], bool] = lambda: False,
    limits: Limits = Limits(),
    start: Callable[[], object] = nothing,
) -> Iterator[Cluster]:
    """The workers of a scheduler, or some on this machine.

    Args:
        address: such as "tcp://scheduler:8786"; "local" starts `jobs` workers here.
        jobs: number of local workers.
        version: a function of a module that tells a program's version; all must have the same.
        stopping: whether to end with what is in hand.
        limits: of a task.
        start: what each worker's process does first, such as to load a model.

    Raises:
        DependencyError: if Dask is not installed.
        UsageError: if the scheduler does not answer, or its workers cannot do the work.
    """
    try:
        from distributed import Client, LocalCluster

        from pipeline.cluster_worker import PageWorker
    except ImportError as error:
        raise DependencyError("--cluster needs Dask; install inkfolio[cluster]") from error
    local = None
    if address == "local":
        local = LocalCluster(n_workers=max(1, jobs), threads_per_worker=1, dashboard_address=None)
    try:
        client = Client(local or address, timeout=_ANSWER_SECONDS)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{address}: no Dask scheduler answers there ({error}); start one or check the address"
        ) from error
    try:
        _check(client, address, version)
        plugin = f"inkfolio-{client.id}"
        client.register_plugin(PageWorker(plugin, limits, start))
        try:
            yield Cluster(client, plugin, stopping)
        finally:
            with suppress(*_GONE):
                client.unregister_worker_plugin(plugin)
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
    others = {found for found in client.run(version).values() if found != version()}
    if others:
        raise UsageError(
            f"{address}: its workers have another Inkfolio ({', '.join(sorted(others))}); "
            f"install {version()} there"
        )


class Cluster:
    """Tasks in units of a few, of which each worker has two, one of them in hand."""

    def __init__(
        self, client: Any, plugin: str, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """An executor over a connected client whose workers have a plugin."""
        self._client = client
        self._plugin = plugin
        self._stopping = stopping

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Iterable[Task],
        lost: Callable[[Task, Loss], Result],
        size: Callable[[Task], int] = one_page,
    ) -> Iterator[Result]:
        """Do all tasks, as `Executor` says; a dead worker's are done by another one.

        A task that kills its process costs only itself, as on one machine. Dask tries a unit on
        up to four workers; one whose workers have all died is taken apart, and each of its tasks
        tried alone.
        """
        from pipeline.cluster_worker import do_unit  # needs Dask

        remaining = iter(tasks)
        suspects: list[Task] = []
        do = partial(do_unit, self._plugin, work, lost, size)
        for unit, results in self._units(do, remaining, UNIT):
            if results is None:
                suspects.extend(unit)
            else:
                yield from results
        for unit, results in self._units(do, iter(suspects), 1):
            yield from results or (lost(task, "died") for task in unit)

    def _units(
        self, do: Callable[[list[Task]], list[Result]], tasks: Iterator[Task], size: int
    ) -> Iterator[tuple[list[Task], list[Result] | None]]:
        """Each unit of tasks with its results; None in their place if it killed its workers."""
        waiting: dict[Any, list[Task]] = {}
        try:
            while True:
                room = max(1, _UNITS_A_WORKER * len(self._client.nthreads())) - len(waiting)
                for _ in range(room):
                    unit = [] if self._stopping() else list(islice(tasks, size))
                    if unit:
                        waiting[self._client.submit(do, unit, pure=False)] = unit
                if not waiting:
                    return
                for future in self._ended(list(waiting)):
                    yield waiting.pop(future), self._results(future)
        except (CancelledError, OSError) as error:
            raise ClusterError(
                "the Dask scheduler is gone; start one, and start again to go on"
            ) from error
        finally:
            with suppress(*_GONE):
                self._client.cancel(list(waiting))

    def _ended(self, futures: list[Any]) -> list[Any]:
        """Those that have ended, as soon as one has."""
        from distributed import wait

        while True:
            with suppress(TimeoutError):
                return list(wait(futures, _LOOK_SECONDS, "FIRST_COMPLETED").done)
            if self._client.nthreads():
                continue
            if self._stopping():
                raise KeyboardInterrupt
            logger.warning("the cluster has no workers; waiting for some")

    def _results(self, future: Any) -> list[Any] | None:
        from distributed import KilledWorker

        try:
            results: list[Any] = future.result()
        except KilledWorker as error:
            logger.warning("some pages have killed their workers (%s)", error)
            return None
        return results
