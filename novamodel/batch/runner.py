"""Gives jobs to an executor, a bounded number at a time, and keeps what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from novamodel.batch.machine import clock_s
from novamodel.batch.processes import WorkerDied
from novamodel.batch.progress import Progress, Tell
from novamodel.batch.store import Store
from novamodel.errors import UserError

TRIES = 2
"""A case whose worker died is run once more; then it is recorded as failed."""
TELL_EVERY_S = 0.5


class Job(NamedTuple):
    """Something to run: the key of its record, the function and its arguments, and what is noted with the record."""

    key: str
    function: Callable[..., dict[str, Any]]
    arguments: tuple[Any, ...]
    note: dict[str, Any]


@dataclass
class Tally:
    """What became of the jobs of a sweep."""

    total: int
    before: int = 0  # finished by an earlier run
    done: int = 0
    failed: int = 0  # by this run
    failed_before: int = 0
    corrupt: list[str] = field(default_factory=list)  # keys of damaged files, whose cases run again


def finished(store: Store, key: str, tally: Tally) -> bool:
    """Whether there is a record already; a damaged file is set aside."""
    record = store.find(key)
    if record is None:
        if store.damaged(key):
            store.set_aside(key)
            tally.corrupt.append(key)
        return False
    if record["status"] == "done":
        tally.before += 1
    else:
        tally.failed_before += 1
    return True


Keep = Callable[[Job, dict[str, Any]], None]


def run_jobs(jobs: Iterable[Job], executor: Executor, in_flight: int, keep: Keep, tally: Tally, tell: Tell) -> None:
    """Run every job; ``keep`` is called with each outcome, in the caller's thread, as it comes.

    No more than ``in_flight`` jobs are with the executor at a time. Whatever ends this early (a full disk, Ctrl-C)
    leaves what was kept and drops what was in flight.
    """
    begin = clock_s()
    todo = iter(jobs)
    flying: dict[Future[dict[str, Any]], tuple[Job, int]] = {}

    def told() -> None:
        finished, failed = tally.done + tally.failed, tally.failed + tally.failed_before
        tell(Progress(finished, tally.before + tally.failed_before, failed, tally.total, clock_s() - begin))

    for future in _submitted(todo, executor, in_flight, flying, told):
        job, tries = flying.pop(future)
        record = _outcome(future)
        if record is None and tries < TRIES:
            flying[executor.submit(job.function, *job.arguments)] = (job, tries + 1)
            continue
        if record is None:
            record = _failed(f"{future.exception()}; tried {TRIES} times")
        if record["status"] == "done":
            tally.done += 1
        else:
            tally.failed += 1
        keep(job, {**record, **job.note})
        told()


def _submitted(
    todo: Iterator[Job],
    executor: Executor,
    in_flight: int,
    flying: dict[Future[dict[str, Any]], tuple[Job, int]],
    told: Callable[[], None],
) -> Iterator[Future[dict[str, Any]]]:
    """Keep the executor busy; each future as it is done."""
    while True:
        while len(flying) < in_flight and (job := next(todo, None)) is not None:
            flying[executor.submit(job.function, *job.arguments)] = (job, 1)
        if not flying:
            return
        done, _ = wait(flying, timeout=TELL_EVERY_S, return_when=FIRST_COMPLETED)
        if not done:
            told()
        yield from done


def _outcome(future: Future[dict[str, Any]]) -> dict[str, Any] | None:
    """The record of a job that is done; None where its worker died."""
    try:
        return future.result()
    except WorkerDied:
        return None
    except (BrokenExecutor, CancelledError) as problem:
        why = f"the executor broke off ({type(problem).__name__}: {problem}); every finished case is kept"
        raise UserError(why, valid="run the same sweep again: it goes on where it stopped") from None
    except Exception as problem:
        return _failed(f"{type(problem).__name__}: {problem}")


def _failed(error: str) -> dict[str, Any]:
    return {"status": "failed", "error": error, "log": error}
