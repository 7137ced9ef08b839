"""`simulate`: independent replications of a scenario, in parallel, as one result."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from novamodel.components.rule import is_kept
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.simulation.compiled import run as compiled_run
from novamodel.simulation.precision import first_count, until_precise
from novamodel.simulation.replication import Replication, pick_engine, replicate
from novamodel.simulation.result import Result
from novamodel.simulation.settling import with_warm_up
from novamodel.simulation.summarise import summarise

Progress = Callable[[float, str], None]
MOST_SEED = 2**63 - 1
PR_SET_PDEATHSIG = 1
"""Option of Linux's prctl: the signal this process gets when its parent dies."""


def simulate(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    engine: str = "auto",
    keep_requests: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Simulate a scenario's window.

    ``seed`` and ``replications`` replace those of the scenario. ``engine`` is auto, simpy or compiled; both
    engines give the same requests. ``workers`` replications run at a time (default: one a core). ``progress`` is
    told the share done and what is being done. Same scenario and seed, same result, whatever the workers.
    A warm-up that is ``auto`` is worked out first; with ``run.precision`` replications are added until it is met.
    """
    if not isinstance(scenario, Scenario):
        raise UserError(f"simulate needs a scenario, not {scenario!r}", valid="nm.simulate(nm.load(...))")
    changes = {"run.seed": seed, "run.replications": replications}
    scenario = scenario.override({path: value for path, value in changes.items() if value is not None})
    if scenario.run.seed > MOST_SEED:
        raise UserError(f"run.seed {scenario.run.seed} is too large", valid="0 to 2**63 - 1")
    chosen = pick_engine(engine)
    tell = progress or (lambda share, text: None)
    if chosen == "compiled" and not is_kept(compiled_run):
        tell(0.0, "compiling the model, once on this machine, 10 to 15 s")
    scenario = with_warm_up(scenario, chosen)
    rounds = _Rounds(scenario, chosen, keep_requests, workers or os.cpu_count() or 1, tell)
    runs = until_precise(scenario, rounds.run(range(first_count(scenario)), "simulating"), rounds.run)
    return summarise(scenario, runs, chosen)


@dataclass
class _Rounds:
    """Runs ranges of replications; each round takes half of what is left of the bar, all where there is but one."""

    scenario: Scenario
    engine: str
    keep_requests: bool
    workers: int
    tell: Progress
    done: float = 0.0

    def run(self, numbers: range, text: str) -> list[Replication]:
        """The replications of a range, in order."""
        begin, width = self.done, (1.0 - self.done) * (1.0 if self.scenario.run.precision is None else 0.5)
        self.done = begin + width

        def tell(share: float) -> None:
            self.tell(begin + width * share, text)

        workers = min(len(numbers), self.workers)
        if self.engine == "compiled":
            return _in_threads(self.scenario, numbers, self.keep_requests, workers, tell)
        if workers > 1:
            return _in_processes(self.scenario, numbers, self.keep_requests, workers, tell)
        shares = _Shares(numbers, tell)
        return [replicate(self.scenario, n, self.engine, self.keep_requests, shares.of(n)) for n in numbers]


class _Stopped(Exception):
    """The caller is gone; a replication in a thread ends here."""


class _Shares:
    """How far all replications are together."""

    def __init__(self, numbers: range, tell: Callable[[float], None]) -> None:
        self.first = numbers.start
        self.shares = [0.0] * len(numbers)
        self.tell = tell
        self.stopped = False

    def of(self, number: int) -> Callable[[float], None]:
        """What one replication calls with the share it has done."""

        def done(share: float) -> None:
            if self.stopped:
                raise _Stopped
            self.shares[number - self.first] = share
            self.tell(sum(self.shares) / len(self.shares))

        return done


def _in_threads(
    scenario: Scenario, numbers: range, keep_requests: bool, workers: int, tell: Callable[[float], None]
) -> list[Replication]:
    """Compiled code lets other threads run beside it."""
    shares = _Shares(numbers, tell)
    with ThreadPoolExecutor(workers) as executor:
        futures = [
            executor.submit(replicate, scenario, number, "compiled", keep_requests, shares.of(number))
            for number in numbers
        ]
        try:
            return [future.result() for future in futures]
        except BaseException:
            shares.stopped = True
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _in_processes(
    scenario: Scenario, numbers: range, keep_requests: bool, workers: int, tell: Callable[[float], None]
) -> list[Replication]:
    """SimPy needs a process for each replication at work."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as executor:
        futures = [executor.submit(replicate, scenario, number, "simpy", keep_requests) for number in numbers]
        try:
            for done, _ in enumerate(as_completed(futures), 1):
                tell(done / len(numbers))
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            for process in (getattr(executor, "_processes", None) or {}).values():
                process.terminate()  # what runs would go on to its end otherwise
            raise
    return [future.result() for future in futures]


def _end_with_parent() -> None:
    """A worker whose parent is killed ends too (Linux; elsewhere it ends with its replication)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
