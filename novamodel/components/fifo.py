"""Servers that take jobs in order of arrival and know each job's end when it comes.

An nginx worker's CPU, Redis's one thread, PgBouncer's one thread, a volume with an IOPS ceiling. One row a server.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule


class Fifo(NamedTuple):
    """Columns by server; seconds."""

    free_at: Column  # when it has done all that it has been given
    used: Column  # work given so far


def fifo_state(servers: int) -> Fifo:
    """State in lists: idle servers."""
    return Fifo(free_at=[0.0] * servers, used=[0.0] * servers)


@rule
def fifo_is_idle(s: Fifo, i: int, now: float) -> bool:
    """Whether a job that comes now starts at once."""
    return s.free_at[i] <= now


@rule
def fifo_join(s: Fifo, i: int, work: float, now: float) -> float:
    """Give it a job; when the job ends."""
    start = s.free_at[i]
    if start < now:
        start = now
    s.free_at[i] = start + work
    s.used[i] += work
    return s.free_at[i]


@rule
def fifo_used_until(s: Fifo, i: int, now: float) -> float:
    """Seconds of work done up to now (given, less what is still ahead)."""
    ahead = s.free_at[i] - now
    return s.used[i] - ahead if ahead > 0.0 else s.used[i]
