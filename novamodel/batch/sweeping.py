"""The front door: run a sweep, look at it, try failed cases again, clean up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from novamodel.batch import machine
from novamodel.batch.index_page import write_index
from novamodel.batch.plan import Plan
from novamodel.batch.processes import Processes, Serial
from novamodel.batch.progress import Tell, teller
from novamodel.batch.reading import Ready, planned
from novamodel.batch.render import run_notebook
from novamodel.batch.runner import Job, Tally, finished, run_jobs
from novamodel.batch.store import Store
from novamodel.batch.table import failures, read
from novamodel.batch.values import in_words, resolved
from novamodel.batch.work import Work, packed, prepare, run_case
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.showing import Shown, shows_itself

IN_FLIGHT = 2
"""Cases with the executor for each of its workers: one at work, one waiting."""
Source = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
@shows_itself
class SweepRun:
    """What a sweep left behind. ``before`` and ``failed_before`` are from earlier runs; ``corrupt`` were run again."""

    folder: Path
    total: int
    done: int
    failed: int
    before: int
    failed_before: int
    corrupt: tuple[str, ...]

    @property
    def all_failed(self) -> int:
        """Failed cases of this run and of earlier ones."""
        return self.failed + self.failed_before

    def read(self) -> pd.DataFrame:
        """The table, one row a case; parameters in SI units."""
        return read(self.folder)

    def failures(self) -> pd.DataFrame:
        """Failed cases with their overrides, error and log file."""
        return failures(self.folder)

    @property
    def text(self) -> str:
        """``1000 cases: 996 finished (40 before), 4 failed``."""
        finished, before = self.done + self.before, self.before + self.failed_before
        from_before = f" ({before} of all from before)" if before else ""
        again = f"; {len(self.corrupt)} damaged files set aside and run again" if self.corrupt else ""
        return f"{self.total} cases: {finished} finished, {self.all_failed} failed{from_before}{again}"

    def _shown(self) -> Shown:
        counts = (("cases", self.total), ("finished", self.done + self.before), ("failed", self.all_failed))
        return Shown(self.text, ("what", "cases"), [(name, str(count)) for name, count in counts], [str(self.folder)])


def sweep(
    source: Source,
    *,
    out: str | Path | None = None,
    serial: bool = False,
    workers: int | None = None,
    dask: str | None = None,
    progress: bool | Tell = True,
) -> SweepRun:
    """Run every case of a sweep that is not finished yet.

    ``source`` is a sweep file, a bundled sweep's name or a mapping of the same form. Results are kept in ``out``
    (default ``reports/sweeps/NAME``). Cases run in ``workers`` processes of this machine (default: one a core), in
    this process (``serial``), or on the Dask cluster at an address (``dask``); the results are the same. A case
    that fails is recorded with its error and the rest goes on. Whatever stops a sweep, the next call goes on from
    there. Mistakes in the sweep are a ``UserError`` before anything runs.
    """
    return run_ready(planned(source), out, serial, workers, dask, progress)


def run_ready(
    ready: Ready,
    out: str | Path | None = None,
    serial: bool = False,
    workers: int | None = None,
    dask: str | None = None,
    progress: bool | Tell = True,
) -> SweepRun:
    """`sweep` of a sweep that is already checked."""
    plan = ready.plan
    if workers is not None and workers < 1:
        raise UserError(f"workers {workers}: at least one is needed")
    store = Store(default_folder(plan) if out is None else out)
    tally = Tally(total=len(plan) + len(plan.rendered))
    blob = packed(_work(ready))
    with store.writing():
        store.save_plan(plan)
        with _executor(plan, blob, serial, workers, dask) as (executor, count):
            keep = _keeper(store, ready)
            run_jobs(_jobs(ready, blob, store, tally), executor, count, keep, tally, teller(progress))
        write_index(store, plan)
    return SweepRun(
        store.folder, tally.total, tally.done, tally.failed, tally.before, tally.failed_before, tuple(tally.corrupt)
    )


def default_folder(plan: Plan) -> Path:
    """Where a sweep's results are kept when nothing else is said."""
    return Path("reports") / "sweeps" / plan.sweep.name


def _work(ready: Ready) -> Work:
    sweep, basis = ready.plan.sweep, ready.plan.basis
    record = sweep.record
    paths = tuple(column.path for column in basis.columns)
    return Work(ready.base, paths, tuple(basis.units), record.cost, record.slo, sweep.replications, sweep.engine)


@contextmanager
def _executor(
    plan: Plan, blob: bytes, serial: bool, workers: int | None, dask: str | None
) -> Iterator[tuple[Executor, int]]:
    """The executor and how many cases it gets at a time; whatever ends the sweep early ends its workers."""
    executor: Executor
    if serial:
        executor, count = Serial(), 1
    elif dask is not None:
        from novamodel.batch.cluster import connected

        executor, count = connected(dask, plan.sweep.time_limit, blob, plan.basis.code)
    else:
        count = workers or machine.cores()
        executor = Processes(count, time_limit_s=plan.sweep.time_limit, prepare=prepare, arguments=(blob,))
    try:
        yield executor, count if serial else IN_FLIGHT * count
    except BaseException:
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    executor.shutdown(wait=True)


def _jobs(ready: Ready, blob: bytes, store: Store, tally: Tally) -> Iterator[Job]:
    """Whatever is not finished: the plain cases, then those that are rendered."""
    plan = ready.plan
    for case in plan:
        key = plan.key(case)
        if not finished(store, key, tally):
            yield Job(key, run_case, (blob, case), {"overrides": case.overrides, "seed": case.seed})
    for number in plan.rendered:
        assert ready.notebook is not None
        assert plan.sweep.notebooks is not None
        case = plan[number]
        key = plan.notebook_key(case)
        if finished(store, key, tally):
            continue
        parameters = {
            **plan.sweep.notebooks.parameters,
            "scenario": _target(plan),
            "overrides": _all_overrides(plan, case.overrides),
            "seed": case.seed,
        }
        title = f"{ready.base.heading}: {in_words(case.overrides)}"
        arguments = (ready.notebook.text, title, parameters, plan.sweep.time_limit)
        yield Job(key, run_notebook, arguments, {"overrides": case.overrides, "seed": case.seed})


def _target(plan: Plan) -> str:
    """The scenario as a notebook elsewhere finds it."""
    beside = (plan.file.parent if plan.file else Path()) / plan.sweep.scenario
    return str(beside.absolute()) if beside.exists() else plan.sweep.scenario


def _all_overrides(plan: Plan, overrides: dict[str, Any]) -> dict[str, Any]:
    more = {} if plan.sweep.replications is None else {"run.replications": plan.sweep.replications}
    return {**plan.sweep.fixed, **more, **overrides}


def _keeper(store: Store, ready: Ready) -> Any:
    """What the runner calls with each outcome. A notebook's files are there before its record is."""

    def keep(job: Job, record: dict[str, Any]) -> None:
        if record["status"] != "done":
            record["parameters"] = _alone(ready, record["overrides"])
        if "notebook" in record:
            folder = store.notebook_folder(job.key)
            store.write(folder / "notebook.ipynb", record.pop("notebook").encode())
            store.write(folder / "notebook.html", record.pop("html").encode())
        store.save(job.key, record)

    return keep


def _alone(ready: Ready, overrides: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a case that has failed, perhaps because they do not go together: each on its own."""
    found = {}
    for column in ready.plan.basis.columns:
        changes = {column.path: overrides[column.path]} if column.path in overrides else {}
        found[column.path] = _resolved_or_none(ready.base, changes, column.path)
    return found


def _resolved_or_none(base: Scenario, changes: dict[str, Any], path: str) -> Any:
    try:
        return resolved((base.override(changes) if changes else base).paths_beside([path]), path)
    except UserError:
        return None


class Status(NamedTuple):
    """How far a store's sweep is, notebooks counted as cases."""

    name: str
    total: int
    finished: int
    failed: int
    damaged: int

    @property
    def waiting(self) -> int:
        """Cases that a next run would run."""
        return self.total - self.finished - self.failed


def plan_keys(plan: Plan) -> Iterator[str]:
    """The key of every case, rendered ones last."""
    for case in plan:
        yield plan.key(case)
    for number in plan.rendered:
        yield plan.notebook_key(plan[number])


def status(folder: str | Path) -> Status:
    """How far the sweep of a store is."""
    store = Store(folder)
    plan = store.plan()
    finished = failed = damaged = 0
    for key in plan_keys(plan):
        record = store.find(key)
        if record is None:
            damaged += store.damaged(key)
        elif record["status"] == "done":
            finished += 1
        else:
            failed += 1
    return Status(plan.sweep.name, len(plan) + len(plan.rendered), finished, failed, damaged)


def forget_failed(folder: str | Path) -> int:
    """Forget the failed cases of a store, so that the next run tries them again; how many there were."""
    store, count = Store(folder), 0
    plan = store.plan()
    with store.writing():
        for key in plan_keys(plan):
            record = store.find(key)
            if record is not None and record["status"] != "done":
                store.forget(key)
                count += 1
    return count


def clean(folder: str | Path, *, everything: bool = False) -> int:
    """Remove what the store's plan does not need (other plans' and older code's cases, damaged files); how many cases.

    ``everything`` removes the whole folder; ``UserError`` where it is no store.
    """
    store = Store(folder)
    plan = store.plan()
    needed = set() if everything else {key[:32] for key in plan_keys(plan)}
    count = 0
    with store.writing():
        for key in list(store.keys()):
            if key[:32] not in needed:
                store.forget(key)
                shutil.rmtree(store.notebook_folder(key), ignore_errors=True)
                count += 1
        shutil.rmtree(store.folder / "corrupt", ignore_errors=True)
        if everything:
            shutil.rmtree(store.folder)
    return count
