"""`simulate`: independent replications of a scenario, in parallel, as one result."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed

from novamodel.components.rule import is_kept
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.simulation.compiled import run as compiled_run
from novamodel.simulation.replication import Replication, pick_engine, replicate
from novamodel.simulation.result import Result
from novamodel.simulation.summarise import summarise

Progress = Callable[[float, str], None]
MOST_SEED = 2**63 - 1


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
    if workers <= 1:
        runs = []
        for number in range(count):
            share = number / count
            runs.append(
                replicate(
                    scenario,
                    number,
                    chosen,
                    keep_requests,
                    lambda part, s=share: tell(s + part / count, "simulating"),  # type: ignore[misc]
                )
            )
    else:
        runs = _in_parallel(scenario, chosen, keep_requests, workers, tell)
    return summarise(scenario, runs, chosen)


def _in_parallel(
    scenario: Scenario, engine: str, keep_requests: bool, workers: int, tell: Progress
) -> list[Replication]:
    """Compiled code runs beside itself in threads; SimPy needs processes."""
    count = scenario.run.replications
    with _executor(engine, workers) as executor:
        futures: dict[Future[Replication], int] = {
            executor.submit(replicate, scenario, number, engine, keep_requests): number for number in range(count)
        }
        try:
            for done, _ in enumerate(as_completed(futures), 1):
                tell(done / count, "simulating")
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _executor(engine: str, workers: int) -> Executor:
    if engine == "compiled":
        return ThreadPoolExecutor(workers)
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(method))
