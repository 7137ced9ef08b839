"""What a worker does with a plain case: simulate, price, judge, and keep what the sweep records."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from novamodel.batch.machine import clock_s
from novamodel.batch.plan import Case
from novamodel.batch.values import resolved
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.simulation import Result, simulate
from novamodel.workflows.month import bill


class Work(NamedTuple):
    """What all cases of a sweep share."""

    base: Scenario
    paths: tuple[str, ...]  # of the table's parameter columns
    metrics: tuple[str, ...]
    cost: bool
    slo: bool
    replications: int | None
    engine: str


def packed(work: Work) -> bytes:
    """The work as bytes: it goes to every worker with every case, and is unpacked once."""
    return pickle.dumps(work)


@lru_cache(maxsize=4)
def _unpacked(blob: bytes) -> Work:
    work: Work = pickle.loads(blob)
    return work


def prepare(blob: bytes) -> None:
    """Load (or compile, once on a machine) what the first case needs, outside of its time limit."""
    with suppress(Exception):  # what is wrong will be told by the case itself
        base, engine = _unpacked(blob).base, _unpacked(blob).engine
        short = base.override({"run.duration": "0.1 s", "run.warm_up": "0 s", "run.precision": None})
        simulate(short, replications=1, engine=engine, workers=1)


def run_case(blob: bytes, case: Case) -> dict[str, Any]:
    """The result of a case as plain JSON values; a case that fails gives its error and log."""
    begin = clock_s()
    work = _unpacked(blob)
    return {**guarded(lambda: _result(work, case)), "took_s": clock_s() - begin}


def guarded(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``run`` gives, or the error and log of what went wrong."""
    try:
        return {"status": "done", **run()}
    except UserError as problem:
        return {"status": "failed", "error": str(problem), "log": traceback.format_exc()}
    except (Exception, SystemExit) as problem:
        return {"status": "failed", "error": f"{type(problem).__name__}: {problem}", "log": traceback.format_exc()}


def _result(work: Work, case: Case) -> dict[str, Any]:
    scenario = work.base.override(case.overrides, said_by="sweep")
    result = simulate(scenario, seed=case.seed, replications=work.replications, engine=work.engine, workers=1)
    known = scenario.paths_beside(work.paths)
    found: dict[str, Any] = {
        "parameters": {path: resolved(known, path) for path in work.paths},
        "estimates": _estimates(result, work.metrics),
        "replications": result.replications,
        "digest": result.digest,
        "warnings": list(result.warnings),
    }
    if work.slo:
        missed = [slo.text for slo in result.slo() if not slo.met]
        found |= {"met": not missed, "missed": missed}
    if work.cost:
        cost = bill(result.scenario, result)
        found["cost"] = [float(part.total) for part in (cost.mid, cost.low, cost.high)]
    return found


def _estimates(result: Result, names: tuple[str, ...]) -> dict[str, list[float | None]]:
    """Value, low and high of each recorded metric; None where there is none (nothing served, no interval)."""
    rows = result.estimates
    known = {
        f"{metric}({of})" if of else metric: (value, low, high)
        for metric, of, value, low, high in zip(
            rows["metric"], rows["of"], rows["value"], rows["low"], rows["high"], strict=True
        )
    }
    nothing = (float("nan"),) * 3
    return {name: [None if x != x else float(x) for x in known.get(name, nothing)] for name in names}
