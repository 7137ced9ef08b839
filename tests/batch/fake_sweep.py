"""Runs a fake sweep into a store as `novamodel.batch.sweeping` does; also a program that can be killed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import fake_cases as fakes

from novamodel.batch.model import Sweep
from novamodel.batch.plan import Basis, Column, Plan
from novamodel.batch.processes import Processes, Serial
from novamodel.batch.runner import Job, Tally, finished, run_jobs
from novamodel.batch.store import Store


def plan(count: int, **more: Any) -> Plan:
    """A grid of `count` cases over two parameters, without a scenario."""
    sweep = Sweep.model_validate(
        {
            "name": "fake",
            "scenario": "none",
            "vary": {"a": list(range(count // 10)), "b": {"from": 0.5, "to": 5.0, "steps": 10}},
            "record": {"metrics": ["p99"], "cost": False, "slo": False},
        }
        | more
    )
    columns = (Column("a", "int", ""), Column("b", "float", "s"))
    return Plan(sweep, Basis("hash", "code", (1,), columns, {"p99": "s"}))


def run(cases: Plan, folder: Path, function: Callable[..., Any], executor: Executor | None = None, *more: Any) -> Tally:
    """Every case that is not finished, through the store."""
    store, tally = Store(folder), Tally(total=len(cases))
    with store.writing():
        store.save_plan(cases)
        jobs = (
            Job(key, function, (*case, *more), {"overrides": case.overrides, "seed": case.seed})
            for case in cases
            for key in [cases.key(case)]
            if not finished(store, key, tally)
        )
        run_jobs(jobs, executor or Serial(), 4, lambda job, record: store.save(job.key, record), tally, lambda p: None)
    return tally


if __name__ == "__main__":
    with Processes(2) as processes:
        run(plan(int(sys.argv[2])), Path(sys.argv[1]) / "store", fakes.some_ms, processes, sys.argv[3])
