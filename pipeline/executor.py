"""Ways to do many independent tasks: one after the other here, or in processes that may die."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Literal, Protocol, TypeVar

logger = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")
Loss = Literal["died", "late"]

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a task may take before its process is ended; 0 for no limit.

    Attributes:
        seconds: for a task as large as one page.
        memory_bytes: of the process; what is mapped from files does not count.
    """

    seconds: float = 600.0
    memory_bytes: int = 0


def one_page(task: object) -> int:
    """How many pages' time a task may take, where all tasks are pages."""
    return 1


class Executor(Protocol):
    """Does tasks and yields their results as they come, in any order."""

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Iterable[Task],
        lost: Callable[[Task, Loss], Result],
        size: Callable[[Task], int] = one_page,
    ) -> Iterator[Result]:
        """Do `work` on every task, drawing them as they are needed.

        Args:
            work: a function of a module, which must not raise.
            tasks: what to do; an iterator may depend on the results so far.
            lost: makes the result of a task whose process died or was ended for being late.
            size: how many pages' time a task may take.
        """
        ...


def serial(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    lost: Callable[[Task, Loss], Result],
    size: Callable[[Task], int] = one_page,
) -> Iterator[Result]:
    """One task after the other, in this process and without limits."""
    return map(work, tasks)


@contextmanager
def open_executor(
    jobs: int, limits: Limits = Limits(), stopping: Callable[[], bool] = lambda: False
) -> Iterator[Executor]:
    """Processes, or this process if `jobs` is 0; ended with the block."""
    if not jobs:
        yield serial
        return
    processes = Processes(jobs, limits, stopping)
    try:
        yield processes
    finally:
        processes.close()


class Processes:
    """Some processes of one thread each; each has one task in hand and no queue.

    A process that dies, or that is ended for taking too long, costs only its task. The task is
    done once more when all others are, alone, in case that it was for want of memory.
    """

    def __init__(
        self,
        jobs: int,
        limits: Limits = Limits(),
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """An executor with `jobs` processes, which start when there is work.

        Args:
            jobs: most processes at a time.
            limits: of a task.
            stopping: whether to end with what is in hand.
        """
        self._jobs = jobs
        self._limits = limits
        self._stopping = stopping
        self._workers: list[_Worker] = []

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Iterable[Task],
        lost: Callable[[Task, Loss], Result],
        size: Callable[[Task], int] = one_page,
    ) -> Iterator[Result]:
        """Do all tasks, as `Executor` says."""
        remaining = iter(tasks)
        suspects: list[Task] = []
        try:
            while self._hand_out(work, remaining, size):
                for task, answer in self._answers():
                    if isinstance(answer, _Lost):
                        suspects.append(task)
                    else:
                        yield answer
            for task in suspects:
                if self._stopping():
                    return
                yield self._do_alone(work, task, lost, size)
        finally:
            self._dismiss([worker for worker in self._workers if worker.is_busy])

    def close(self) -> None:
        """End the processes."""
        self._dismiss(list(self._workers))

    def _hand_out(
        self, work: Callable[[Task], Result], tasks: Iterator[Task], size: Callable[[Task], int]
    ) -> bool:
        """Give each idle worker a task; say whether any has one now."""
        idle = self._jobs - sum(worker.is_busy for worker in self._workers)
        for _ in range(idle):
            if self._stopping():
                break
            for task in tasks:
                self._give(work, task, size(task))
                break
        return any(worker.is_busy for worker in self._workers)

    def _give(self, work: Callable[[Task], Result], task: Task, size: int) -> None:
        seconds = self._limits.seconds * size
        for worker in [worker for worker in self._workers if not worker.is_busy]:
            if worker.give(work, task, seconds):
                return
            self._dismiss([worker])  # it was killed while it had nothing to do
        worker = _Worker(self._limits.memory_bytes)
        self._workers.append(worker)
        worker.give(work, task, seconds)

    def _answers(self) -> Iterator[tuple[Any, Any]]:
        """Wait until some workers have answered, died or become late: their tasks, the answers."""
        busy = [worker for worker in self._workers if worker.is_busy]
        first_deadline = min(worker.deadline for worker in busy)
        timeout = None
        if first_deadline < float("inf"):
            timeout = max(0.0, first_deadline - time.monotonic())
        ready = wait([worker.connection for worker in busy], timeout)
        now = time.monotonic()
        for worker in busy:
            if worker.connection not in ready and worker.deadline > now:
                continue
            answer = worker.take() if worker.connection in ready else _Lost("late")
            task = worker.task
            worker.task = None
            worker.is_busy = False
            if isinstance(answer, _Lost):
                logger.info("a worker was lost (%s)", answer.loss)
                self._dismiss([worker])
            yield task, answer

    def _do_alone(
        self,
        work: Callable[[Task], Result],
        task: Task,
        lost: Callable[[Task, Loss], Result],
        size: Callable[[Task], int],
    ) -> Result:
        self._give(work, task, size(task))
        ((_, answer),) = self._answers()
        if isinstance(answer, _Lost):
            return lost(task, answer.loss)
        result: Result = answer
        return result

    def _dismiss(self, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            worker.end()
            self._workers.remove(worker)


@dataclass(frozen=True, slots=True)
class _Lost:
    """In place of an answer."""

    loss: Loss


class _Worker:
    """A process, from the side of the one that it works for."""

    def __init__(self, memory_bytes: int) -> None:
        # Spawned, not forked: torch's threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self.connection: Connection[Any, Any]
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, memory_bytes), daemon=True)
        self._process.start()
        theirs.close()  # so that the pipe breaks when the process dies
        self.is_busy = False
        self.task: Any = None
        self.deadline = float("inf")

    def give(self, work: Callable[[Any], Any], task: Any, seconds: float) -> bool:
        """Hand over a task; say whether there was somebody to take it."""
        try:
            self.connection.send((work, task))
        except OSError:
            return False
        self.is_busy, self.task = True, task
        self.deadline = time.monotonic() + seconds if seconds else float("inf")
        return True

    def take(self) -> Any:
        """The answer, or what tells that there will be none."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return _Lost("died")

    def end(self) -> None:
        """End the process: at once if it is at work, else when it sees that nobody wants it."""
        self.connection.close()
        if not self.is_busy:
            self._process.join(1)
        with suppress(OSError):
            self._process.kill()
        self._process.join()


def _serve(connection: Connection[Any, Any], memory_bytes: int) -> None:
    """Do what comes through the pipe, until it is closed or breaks."""
    # Ctrl-C reaches all processes of a terminal; whoever gave the work decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger().addHandler(logging.NullHandler())  # libraries' grumbling helps nobody
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = "1"  # so that N workers use N cores and not N²
    # oneDNN keeps a kernel for every shape of batch: a few are enough, and memory stays flat.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    if memory_bytes:
        _limit_memory(memory_bytes)
    with suppress(EOFError, OSError):
        while True:
            work, task = connection.recv()
            connection.send(work(task))


def _limit_memory(size: int) -> None:
    """Make allocations fail beyond a size, where the system can do so."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        # RLIMIT_DATA counts what a process really asks for; RLIMIT_AS also counts mapped files.
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
