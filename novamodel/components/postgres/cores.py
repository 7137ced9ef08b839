"""PostgreSQL's cores, shared by all running statements: processor sharing in virtual time.

With n statements on c cores each runs at speed min(1, c / n). Virtual time moves at that speed; a statement that
enters at v with w seconds of work is done when virtual time reaches v + w, so the next to finish is the smallest
tag and nothing is touched while nobody comes or goes. One row a server (the primary, then its read replicas); a job
is a request slot, its number breaks ties.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule

NEVER = 1e300


class SharedCores(NamedTuple):
    """Columns by server, and for each server a binary heap of jobs by (tag, number) from row server * size on."""

    cores: Column
    jobs: Column  # how many run
    virtual: Column  # virtual time
    last: Column  # instant up to which it is accounted
    due: Column  # when the next job ends, NEVER while none runs
    used: Column  # core seconds used
    size: Column  # one entry: rows of each heap
    tag: Column  # heap
    number: Column  # heap
    job: Column  # heap


def shared_cores_state(cores: list[int], jobs: int) -> SharedCores:
    """State in lists: a server for each entry of ``cores``, for that many jobs at most."""
    n = len(cores)
    zeros, floats = [0] * (n * jobs), [0.0] * (n * jobs)
    return SharedCores(
        list(cores), [0] * n, [0.0] * n, [0.0] * n, [NEVER] * n, [0.0] * n, [jobs], floats, zeros, list(zeros)
    )


@rule
def cores_speed(s: SharedCores, d: int) -> float:
    """Share of a core each job of a server gets."""
    return 1.0 if s.jobs[d] <= s.cores[d] else s.cores[d] / s.jobs[d]


@rule
def cores_account(s: SharedCores, d: int, now: float) -> float:
    """Core seconds used up to now."""
    passed = now - s.last[d]
    if passed > 0.0:
        if s.jobs[d] > 0:
            s.used[d] += passed * (s.jobs[d] if s.jobs[d] < s.cores[d] else s.cores[d])
            virtual = s.virtual[d] + passed * cores_speed(s, d)
            first = s.tag[d * s.size[0]]
            s.virtual[d] = virtual if virtual < first else first
        s.last[d] = now
    return s.used[d]


@rule
def cores_plan(s: SharedCores, d: int) -> None:
    """Work out when the next job ends. The server must be accounted up to now."""
    if s.jobs[d] == 0:
        s.due[d] = NEVER
        s.virtual[d] = 0.0
    else:
        s.due[d] = s.last[d] + (s.tag[d * s.size[0]] - s.virtual[d]) / cores_speed(s, d)


@rule
def cores_join(s: SharedCores, d: int, job: int, number: int, work: float, now: float) -> None:
    """A statement starts on server d."""
    cores_account(s, d, now)
    tag = s.virtual[d] + work
    base = d * s.size[0]
    i = s.jobs[d]
    s.jobs[d] = i + 1
    while i > 0:
        up = (i - 1) >> 1
        if s.tag[base + up] < tag or (s.tag[base + up] == tag and s.number[base + up] < number):
            break
        s.tag[base + i] = s.tag[base + up]
        s.number[base + i] = s.number[base + up]
        s.job[base + i] = s.job[base + up]
        i = up
    s.tag[base + i] = tag
    s.number[base + i] = number
    s.job[base + i] = job
    cores_plan(s, d)


@rule
def cores_finish(s: SharedCores, d: int, now: float) -> int:
    """The next job of server d is due: take it out and return it."""
    cores_account(s, d, now)
    base = d * s.size[0]
    s.virtual[d] = s.tag[base]
    done = s.job[base]
    n = s.jobs[d] - 1
    s.jobs[d] = n
    if n > 0:
        tag = s.tag[base + n]
        number = s.number[base + n]
        job = s.job[base + n]
        i = 0
        while True:
            down = 2 * i + 1
            if down >= n:
                break
            at = base + down
            if down + 1 < n and (
                s.tag[at + 1] < s.tag[at] or (s.tag[at + 1] == s.tag[at] and s.number[at + 1] < s.number[at])
            ):
                down += 1
                at += 1
            if tag < s.tag[at] or (tag == s.tag[at] and number < s.number[at]):
                break
            s.tag[base + i] = s.tag[at]
            s.number[base + i] = s.number[at]
            s.job[base + i] = s.job[at]
            i = down
        s.tag[base + i] = tag
        s.number[base + i] = number
        s.job[base + i] = job
    cores_plan(s, d)
    return done


@rule
def cores_replace(s: SharedCores, d: int, job: int, other: int) -> None:
    """Another job stands for one that runs on server d, as nobody waits for that any more."""
    at = d * s.size[0]
    while s.job[at] != job:
        at += 1
    s.job[at] = other
