"""`simulate`: independent replications of a scenario, in parallel, as one result."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed

from novamodel.components.rule import is_kept
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.simulation.compiled import run as compiled_run
from novamodel.simulation.replication import Replication, pick_engine, replicate
from novamodel.simulation.result import Result
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
    """
    if not isinstance(scenario, Scenario):
        raise UserError(f"simulate needs a scenario, not {scenario!r}", valid="nm.simulate(nm.load(...))")
    changes = {"run.seed": seed, "run.replications": replications}
    scenario = scenario.override({path: value for path, value in changes.items() if value is not None})
    if scenario.run.seed > MOST_SEED:
        raise UserError(f"run.seed {scenario.run.seed} is too large", valid="0 to 2**63 - 1")
    chosen = pick_engine(engine)
    count = scenario.run.replications
    tell = progress or (lambda share, text: None)
    if chosen == "compiled" and not is_kept(compiled_run):
        tell(0.0, "compiling the model, once on this machine, some 10 s")
    workers = min(count, workers or os.cpu_count() or 1)
    if chosen == "compiled":
        runs = _in_threads(scenario, keep_requests, workers, tell)
    elif workers > 1:
        runs = _in_processes(scenario, keep_requests, workers, tell)
    else:
        shares = _Shares(count, tell)
        runs = [replicate(scenario, n, chosen, keep_requests, shares.of(n)) for n in range(count)]
    return summarise(scenario, runs, chosen)


class _Stopped(Exception):
    """The caller is gone; a replication in a thread ends here."""


class _Shares:
    """How far all replications are together."""

    def __init__(self, count: int, tell: Progress) -> None:
        self.shares = [0.0] * count
        self.tell = tell
        self.stopped = False

    def of(self, number: int) -> Callable[[float], None]:
        """What one replication calls with the share it has done."""

        def done(share: float) -> None:
            if self.stopped:
                raise _Stopped
            self.shares[number] = share
            self.tell(sum(self.shares) / len(self.shares), "simulating")

        return done


def _in_threads(scenario: Scenario, keep_requests: bool, workers: int, tell: Progress) -> list[Replication]:
    """Compiled code lets other threads run beside it."""
    count = scenario.run.replications
    shares = _Shares(count, tell)
    with ThreadPoolExecutor(workers) as executor:
        futures = [
            executor.submit(replicate, scenario, number, "compiled", keep_requests, shares.of(number))
            for number in range(count)
        ]
        try:
            return [future.result() for future in futures]
        except BaseException:
            shares.stopped = True
            executor.shutdown(wait=False, cancel_futures=True)
            raise


def _in_processes(scenario: Scenario, keep_requests: bool, workers: int, tell: Progress) -> list[Replication]:
    """SimPy needs a process for each replication at work."""
    count = scenario.run.replications
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as executor:
        futures = [executor.submit(replicate, scenario, number, "simpy", keep_requests) for number in range(count)]
        try:
            for done, _ in enumerate(as_completed(futures), 1):
                tell(done / count, "simulating")
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
