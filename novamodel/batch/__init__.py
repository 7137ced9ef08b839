"""Sweeps: many variants of a scenario, run by processes of this machine or a Dask cluster, kept and read as one table.

    run = nm.sweep("pools.yaml")            # or a dict; what is finished is not run again
    table = nm.batch.read("reports/sweeps/pools")

A sweep file says which override paths take which values. Its `Plan` is a lazy sequence of cases; the runner gives
them to any `concurrent.futures` executor and keeps each finished case under its content hash.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from novamodel.batch.forecasting import Forecast, forecast
    from novamodel.batch.plan import Case, Plan
    from novamodel.batch.processes import CaseTooLong, Processes, Serial, WorkerDied
    from novamodel.batch.reading import planned, planned_again
    from novamodel.batch.sensitivity import indices
    from novamodel.batch.store import Store
    from novamodel.batch.sweeping import SweepRun, clean, forget_failed, run_ready, status, sweep
    from novamodel.batch.table import failures, read, write_csv, write_parquet

_HOMES = {
    "Case": "plan",
    "CaseTooLong": "processes",
    "Forecast": "forecasting",
    "Plan": "plan",
    "Processes": "processes",
    "Serial": "processes",
    "Store": "store",
    "SweepRun": "sweeping",
    "WorkerDied": "processes",
    "clean": "sweeping",
    "failures": "table",
    "forecast": "forecasting",
    "forget_failed": "sweeping",
    "indices": "sensitivity",
    "planned": "reading",
    "planned_again": "reading",
    "read": "table",
    "run_ready": "sweeping",
    "status": "sweeping",
    "sweep": "sweeping",
    "write_csv": "table",
    "write_parquet": "table",
}

__all__ = [
    "Case",
    "CaseTooLong",
    "Forecast",
    "Plan",
    "Processes",
    "Serial",
    "Store",
    "SweepRun",
    "WorkerDied",
    "clean",
    "failures",
    "forecast",
    "forget_failed",
    "indices",
    "planned",
    "planned_again",
    "read",
    "run_ready",
    "status",
    "sweep",
    "write_csv",
    "write_parquet",
]


def __getattr__(name: str) -> Any:
    """Import a front door when it is first used, so that a worker process starts quickly."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"novamodel.batch.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'novamodel.batch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
