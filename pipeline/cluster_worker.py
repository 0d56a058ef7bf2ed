"""What a Dask worker does with its units of tasks: a process of its own works on them.

That process loads the model once, keeps to the page's limits of time and memory, and may die:
then neither Dask's worker nor the other pages are lost.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from distributed import WorkerPlugin, get_worker

from pipeline.executor import Limits, Loss, Processes

Task = TypeVar("Task")
Result = TypeVar("Result")


class PageWorker(WorkerPlugin):
    """Gives a Dask worker its process; it starts with the first unit."""

    def __init__(self, name: str, limits: Limits, start: Callable[[], object]) -> None:
        """A plugin that a run knows by its name.

        Args:
            name: no other run's.
            limits: of a task.
            start: what the process does first, such as to load a model.
        """
        self.name = name
        self._limits = limits
        self._start = start

    def setup(self, worker: Any) -> None:
        """Be ready for units."""
        # Dask's workers are daemons, which may not have children; ours ends with its pipe.
        multiprocessing.current_process().daemon = False
        self.executor = Processes(1, self._limits, start=self._start)

    def teardown(self, worker: Any) -> None:
        """End the process."""
        self.executor.close()


def do_unit(
    plugin: str,
    work: Callable[[Task], Result],
    lost: Callable[[Task, Loss], Result],
    size: Callable[[Task], int],
    unit: Sequence[Task],
) -> list[Result]:
    """Do some tasks on a Dask worker that has the plugin."""
    found = cast(PageWorker, get_worker().plugins[plugin])
    return list(found.executor(work, unit, lost, size))
