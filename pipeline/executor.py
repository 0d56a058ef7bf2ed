"""Ways to do many independent tasks: one after the other here, or in processes that may die."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Literal, Protocol, TypeVar

from pipeline.memory import keep_few_kernels, limit

logger = logging.getLogger(__name__)

Task = TypeVar("Task")
Result = TypeVar("Result")
Loss = Literal["died", "late"]

_LAST_SECONDS = 10.0
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a task may take before its process is ended; 0 for no limit.

    Attributes:
        seconds: for a task as large as one page.
        memory_bytes: of the process once it has started; what is mapped from files does not count.
        start_seconds: for the start of a process, before its first task's time begins.
    """

    seconds: float = 600.0
    memory_bytes: int = 0
    start_seconds: float = 300.0


def one_page(task: object) -> int:
    """How many pages' time a task may take, where all tasks are pages."""
    return 1


def nothing() -> None:
    """What a process has to do before its first task, if there is nothing."""


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
    jobs: int,
    limits: Limits = Limits(),
    stopping: Callable[[], bool] = lambda: False,
    start: Callable[[], object] = nothing,
) -> Iterator[Executor]:
    """Processes, or this process if `jobs` is 0; ended with the block."""
    if not jobs:
        yield serial
        return
    processes = Processes(jobs, limits, stopping, start)
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
        start: Callable[[], object] = nothing,
    ) -> None:
        """An executor with `jobs` processes, which start when there is work.

        Args:
            jobs: most processes at a time.
            limits: of a task.
            stopping: whether to end with what is in hand.
            start: what each process does first, such as to load a model; must not raise.
        """
        self._jobs = jobs
        self._limits = limits
        self._stopping = stopping
        self._start = start
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
        worker = _Worker(self._limits, self._start)
        self._workers.append(worker)
        worker.give(work, task, seconds)  # dead already? Then it answers so

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
            if isinstance(answer, _Started):
                continue
            task = worker.task
            if isinstance(answer, _Lost):
                logger.info("a worker was lost (%s)", answer.loss)
                self._dismiss([worker])
            worker.task = None
            worker.is_busy = False
            yield task, answer

    def _do_alone(
        self,
        work: Callable[[Task], Result],
        task: Task,
        lost: Callable[[Task, Loss], Result],
        size: Callable[[Task], int],
    ) -> Result:
        self.close()  # alone, and in a process that nothing has befallen
        self._give(work, task, size(task))
        answers: list[tuple[Any, Any]] = []
        while not answers:
            answers.extend(self._answers())
        ((_, answer),) = answers
        if isinstance(answer, _Lost):
            return lost(task, answer.loss)
        result: Result = answer
        return result

    def _dismiss(self, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            if worker in self._workers:  # else it has been dismissed meanwhile
                self._workers.remove(worker)
                worker.end()


@dataclass(frozen=True, slots=True)
class _Lost:
    """In place of an answer."""

    loss: Loss


@dataclass(frozen=True, slots=True)
class _Started:
    """What a process says before its first answer, as soon as it can begin to work."""


class _Worker:
    """A process, from the side of the one that it works for."""

    def __init__(self, limits: Limits, start: Callable[[], object]) -> None:
        # Spawned, not forked: torch's threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self.connection: Connection[Any, Any]
        self.connection, theirs = context.Pipe()
        arguments = theirs, limits.memory_bytes, start
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()  # so that the pipe breaks when the process dies
        self.is_busy = False
        self.task: Any = None
        self._seconds = 0.0
        self._start_seconds = limits.start_seconds
        self.deadline = float("inf")

    def give(self, work: Callable[[Any], Any], task: Any, seconds: float) -> bool:
        """Hand over a task; say whether there was somebody to take it."""
        self.is_busy, self.task, self._seconds = True, task, seconds
        self._begin(self._start_seconds)
        try:
            with self._ended_when_late():
                self.connection.send((work, task))
        except OSError:
            return False
        return True

    def take(self) -> Any:
        """The answer, or what tells that there will be none or that there is none yet."""
        try:
            with self._ended_when_late():
                answer = self.connection.recv()
        except (EOFError, OSError):
            return _Lost("late" if time.monotonic() >= self.deadline else "died")
        if isinstance(answer, _Started):
            self._start_seconds = 0.0
            self._begin()
        return answer

    def _begin(self, more_seconds: float = 0.0) -> None:
        """Let the task's time run from now."""
        seconds = self._seconds + more_seconds
        self.deadline = time.monotonic() + seconds if self._seconds else float("inf")

    @contextmanager
    def _ended_when_late(self) -> Iterator[None]:
        """End the process at the deadline, which breaks the pipe.

        One that has been stopped, or hangs in its disk, neither reads nor writes what is larger
        than the pipe, and whoever waits at the other end would hang too.
        """
        if self.deadline == float("inf"):
            yield
            return
        seconds = max(0.0, self.deadline - time.monotonic())
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def end(self) -> None:
        """End the process: at once if it is at work, else when it sees that nobody wants it."""
        self.connection.close()
        if not self.is_busy:
            self._process.join(1)
        with suppress(OSError):
            self._process.kill()
        self._process.join(_LAST_SECONDS)  # one that hangs in its disk dies when that answers


def _serve(
    connection: Connection[Any, Any], memory_bytes: int, start: Callable[[], object]
) -> None:
    """Do what comes through the pipe, until it is closed or breaks."""
    # Ctrl-C reaches all processes of a terminal; whoever gave the work decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger().addHandler(logging.NullHandler())  # libraries' grumbling helps nobody
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = "1"  # so that N workers use N cores and not N²
    keep_few_kernels()
    start()
    if memory_bytes:  # of the tasks: what the start takes is no task's fault
        limit(memory_bytes)
    with suppress(EOFError, OSError):
        connection.send(_Started())
        while True:
            work, task = connection.recv()
            connection.send(work(task))
