"""Executors of this machine: processes that each run many cases and can be ended, or this very process.

`concurrent.futures.ProcessPoolExecutor` can neither end a job that never ends nor lose a worker without losing all
others, and runs the caller's script again in each worker. Here a thread stands for each worker: it starts the process,
hands it one job at a time, and ends it when a job takes too long.
"""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any

from novamodel.batch.worker import receive, send

LOG_CHARACTERS = 4000
STARTS = 5
"""A worker that dies before its first job is started so often, then the job takes the blame."""
KILLED = 9
"""Number of the signal that ends a process at once."""
Job = tuple[Future[Any], bytes]


class WorkerDied(Exception):
    """A worker process ended in the middle of a job."""


class CaseTooLong(Exception):
    """A job took longer than its time limit; its worker was ended."""


class Serial(Executor):
    """Runs each job in the caller as it is submitted. Nothing stands beside it to end a job that takes too long."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the job; its future is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as problem:
            future.set_exception(problem)
        return future


class Processes(Executor):
    """Worker processes, each with one thread. ``time_limit_s`` of a job counts from when a worker begins it.

    ``prepare`` is run (with ``arguments``) in each worker before its first job, without limit.
    """

    def __init__(
        self,
        workers: int,
        *,
        time_limit_s: float | None = None,
        prepare: Callable[..., Any] | None = None,
        arguments: tuple[Any, ...] = (),
    ) -> None:
        self.time_limit_s = time_limit_s
        self._prepare = pickle.dumps((prepare or bool, arguments))
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stopping = False
        self._workers: dict[int, _Worker] = {}
        self._threads = [threading.Thread(target=self._serve, args=(n,), daemon=True) for n in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a job for the next worker that is free; functions and arguments must pickle."""
        if kwargs or self._stopping:
            raise RuntimeError("Processes takes positional arguments, and nothing after its end")
        future: Future[Any] = Future()
        self._jobs.put((future, pickle.dumps((function, args))))
        return future

    def process_ids(self) -> list[int]:
        """Ids of the worker processes that are alive."""
        return [worker.process.pid for worker in list(self._workers.values()) if worker.process.poll() is None]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers: after what is queued, or with ``cancel_futures`` at once."""
        if cancel_futures:
            self._stopping = True
            for worker in list(self._workers.values()):
                worker.process.kill()  # its thread finds the pipe closed and tidies up
        for _ in self._threads:
            self._jobs.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _serve(self, number: int) -> None:
        """What the thread of a worker does."""
        while (job := self._jobs.get()) is not None:
            future, message = job
            if self._stopping:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                good, value = self._run(number, message)
            except (WorkerDied, CaseTooLong) as problem:
                self._workers.pop(number).end()
                good, value = False, problem
            except Exception as problem:  # an outcome that does not unpickle here
                good, value = False, problem
            if good:
                future.set_result(value)
            else:
                future.set_exception(value)
        if number in self._workers:
            self._workers.pop(number).end()

    def _run(self, number: int, message: bytes) -> tuple[bool, Any]:
        if number not in self._workers:
            self._start(number)
        if self._stopping:
            raise WorkerDied("ended")
        return self._workers[number].run(message, self.time_limit_s)

    def _start(self, number: int) -> None:
        """Start and prepare a worker; one that dies of that does so without a job, and is started anew."""
        for tries_left in reversed(range(STARTS)):
            self._workers[number] = _Worker()
            try:
                self._workers[number].run(self._prepare, None)
                return
            except WorkerDied:
                if not tries_left or self._stopping:
                    raise
                self._workers.pop(number).end()


class _Worker:
    """One process and its pipes."""

    def __init__(self) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by end)
        code = f"import sys; sys.path[:] = {sys.path!r}; from novamodel.batch.worker import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            start_new_session=True,  # Ctrl-C is for the parent, which ends its workers itself
        )

    def run(self, message: bytes, limit_s: float | None) -> tuple[bool, Any]:
        """What became of a job: (True, value) or (False, exception)."""
        too_long = threading.Event()

        def end() -> None:
            too_long.set()
            self.process.kill()

        timer = None if limit_s is None else threading.Timer(limit_s, end)
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            outcome = self._exchange(message)
        finally:
            if timer is not None:
                timer.cancel()
        if outcome is None:
            if too_long.is_set():
                raise CaseTooLong(f"it took longer than the time limit of {limit_s:g} s and was ended")
            raise WorkerDied(f"the worker process ended{self._how()}")
        good, value = pickle.loads(outcome)
        return good, value

    def _exchange(self, message: bytes) -> bytes | None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            send(self.process.stdin, message)
            return receive(self.process.stdout)
        except (OSError, ValueError):  # the pipe is broken or closed
            return None

    def _how(self) -> str:
        code = self.process.wait()
        if code == -KILLED:
            return " by signal 9 (killed, perhaps for want of memory)"
        how = f" by signal {-code}" if code < 0 else f" with exit code {code}"
        self.errors.seek(0)
        said = self.errors.read().decode("utf-8", "replace")[-LOG_CHARACTERS:].strip()
        return f"{how}: {said}" if said else how

    def end(self) -> None:
        """End the process; a second time does nothing."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was still to be written
                    pipe.close()
        self.errors.close()
