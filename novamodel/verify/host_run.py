"""Jobs on one host, outside any scenario: what theory and recorded runs are compared with.

A group of threads (an event loop is a group of one) serves its jobs first come, first served.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from novamodel.components.columns import Column, as_arrays
from novamodel.components.cpu.host import host_due, host_step, thread_wake
from novamodel.components.cpu.host_state import NONE, Host, host_state
from novamodel.components.pointers import addresses, view_maker
from novamodel.components.rule import COMPILED, entry, handler

ENDLESS = 1e9
"""Work that never ends (CPU seconds)."""


class Run(NamedTuple):
    """A host and its jobs in order of arrival."""

    host: Host
    group: Column  # by job
    arrival: Column
    work: Column
    wake: Column  # by group: CPU that a job costs more which finds its thread asleep
    end: Column
    line: Column  # next job that waits for the same group
    first_thread: Column  # by group, and one row more
    head: Column  # by group: first and last job that wait
    tail: Column
    job: Column  # by thread


def serve(
    host: Host, threads: list[int], group: Any, arrival: Any, work: Any, wake: Any = None
) -> tuple[np.ndarray, Host]:
    """Instant at which each job ends (NaN if it never does), and the host after the last one.

    ``threads``: number of threads of each group, in order of rows. Work of ENDLESS or more is served as long as there
    are other jobs. ``wake``: CPU seconds by group that a job costs more which finds its thread asleep (default none).
    """
    run = _run(as_arrays(host), threads, group, arrival, work, np.zeros(len(threads)) if wake is None else wake)
    jobs = int((run.work < ENDLESS).sum())
    if COMPILED:
        _serve_compiled(addresses(run, _PROTOTYPE), len(run.work), jobs)
    else:
        _serve(run, len(run.work), jobs)
    return run.end, run.host


def _run(host: Host, threads: list[int], group: Any, arrival: Any, work: Any, wake: Any) -> Run:
    groups, jobs = len(threads), len(arrival)
    return Run(
        host,
        np.asarray(group, np.int64),
        np.asarray(arrival, np.float64),
        np.asarray(work, np.float64),
        np.asarray(wake, np.float64),
        np.full(jobs, np.nan),
        np.full(jobs, NONE),
        np.concatenate(([0], np.cumsum(threads))).astype(np.int64),
        np.full(groups, NONE),
        np.full(groups, NONE),
        np.full(sum(threads), NONE),
    )


_PROTOTYPE = _run(as_arrays(host_state([1], [0], 1)), [1], [0], [0.0], [0.0], [0.0])
_view: Any = view_maker(_PROTOTYPE) if COMPILED else None


@entry
def _serve_compiled(where: Any, jobs: int, ending: int) -> None:
    _serve(_view(where), jobs, ending)


@handler
def _serve(r: Run, jobs: int, ending: int) -> None:
    s = r.host
    came = 0
    while ending > 0:
        if came < jobs and r.arrival[came] < host_due(s, 0):
            g = r.group[came]
            free = NONE
            for t in range(r.first_thread[g], r.first_thread[g + 1]):
                if r.job[t] == NONE:
                    free = t
                    break
            if free != NONE:
                r.job[free] = came
                thread_wake(s, free, r.work[came] + r.wake[g], r.arrival[came])
            else:
                if r.head[g] == NONE:
                    r.head[g] = came
                else:
                    r.line[r.tail[g]] = came
                r.tail[g] = came
            came += 1
            continue
        now = host_due(s, 0)
        t = host_step(s, 0, now)
        while t != NONE:
            r.end[r.job[t]] = now
            ending -= 1
            g = r.group[r.job[t]]
            i = r.head[g]
            r.job[t] = i
            if i != NONE:
                r.head[g] = r.line[i]
                thread_wake(s, t, r.work[i], now)
            t = host_step(s, 0, now)
