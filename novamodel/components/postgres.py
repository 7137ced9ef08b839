"""PostgreSQL's cores, shared by all running statements: processor sharing in virtual time.

With n statements on c cores each runs at speed min(1, c / n). Virtual time moves at that speed; a statement that
enters at v with w seconds of work is done when virtual time reaches v + w, so the next to finish is the smallest
tag and nothing is touched while nobody comes or goes. One server a state; a job is a request slot, its number
breaks ties.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule

NEVER = 1e300


class SharedCores(NamedTuple):
    """One-entry columns of the server, and a binary heap of jobs by (tag, number)."""

    cores: Column
    jobs: Column  # one entry: how many run
    virtual: Column  # one entry: virtual time
    last: Column  # one entry: instant up to which it is accounted
    due: Column  # one entry: when the next job ends, NEVER while none runs
    used: Column  # one entry: core seconds used
    tag: Column  # heap
    number: Column  # heap
    job: Column  # heap


def shared_cores_state(cores: int, jobs: int) -> SharedCores:
    """State in lists for that many jobs at most."""
    return SharedCores([cores], [0], [0.0], [0.0], [NEVER], [0.0], [0.0] * jobs, [0] * jobs, [0] * jobs)


@rule
def cores_speed(s: SharedCores) -> float:
    """Share of a core each job gets."""
    return 1.0 if s.jobs[0] <= s.cores[0] else s.cores[0] / s.jobs[0]


@rule
def cores_account(s: SharedCores, now: float) -> float:
    """Core seconds used up to now."""
    passed = now - s.last[0]
    if passed > 0.0:
        if s.jobs[0] > 0:
            s.used[0] += passed * (s.jobs[0] if s.jobs[0] < s.cores[0] else s.cores[0])
            virtual = s.virtual[0] + passed * cores_speed(s)
            s.virtual[0] = virtual if virtual < s.tag[0] else s.tag[0]
        s.last[0] = now
    return s.used[0]


@rule
def cores_plan(s: SharedCores) -> None:
    """Work out when the next job ends. The server must be accounted up to now."""
    if s.jobs[0] == 0:
        s.due[0] = NEVER
        s.virtual[0] = 0.0
    else:
        s.due[0] = s.last[0] + (s.tag[0] - s.virtual[0]) / cores_speed(s)


@rule
def cores_join(s: SharedCores, job: int, number: int, work: float, now: float) -> None:
    """A statement starts."""
    cores_account(s, now)
    tag = s.virtual[0] + work
    i = s.jobs[0]
    s.jobs[0] = i + 1
    while i > 0:
        up = (i - 1) >> 1
        if s.tag[up] < tag or (s.tag[up] == tag and s.number[up] < number):
            break
        s.tag[i] = s.tag[up]
        s.number[i] = s.number[up]
        s.job[i] = s.job[up]
        i = up
    s.tag[i] = tag
    s.number[i] = number
    s.job[i] = job
    cores_plan(s)


@rule
def cores_finish(s: SharedCores, now: float) -> int:
    """The next job is due: take it out and return it."""
    cores_account(s, now)
    s.virtual[0] = s.tag[0]
    done = s.job[0]
    n = s.jobs[0] - 1
    s.jobs[0] = n
    if n > 0:
        tag = s.tag[n]
        number = s.number[n]
        job = s.job[n]
        i = 0
        while True:
            down = 2 * i + 1
            if down >= n:
                break
            right = down + 1
            if right < n and (
                s.tag[right] < s.tag[down] or (s.tag[right] == s.tag[down] and s.number[right] < s.number[down])
            ):
                down = right
            if tag < s.tag[down] or (tag == s.tag[down] and number < s.number[down]):
                break
            s.tag[i] = s.tag[down]
            s.number[i] = s.number[down]
            s.job[i] = s.job[down]
            i = down
        s.tag[i] = tag
        s.number[i] = number
        s.job[i] = job
    cores_plan(s)
    return done
