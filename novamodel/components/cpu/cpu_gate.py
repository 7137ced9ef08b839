"""A CPU limit: the CFS quota is a gate, not a slower CPU.

The threads of a group run at full speed until the quota of the period is used up, then all stand still until
the next boundary of a fixed grid, where the full quota is granted again (Linux Documentation/scheduler/
sched-bwc.rst; checked against Node bursts under cgroup quotas). One row a group (container). Progress is one
virtual time a group: every running thread advances it at the same rate, so a burst that starts at progress v
with w seconds of work is done when progress reaches v + w.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule

NO_LIMIT = 1e18
"""Quota of a group without a CPU limit."""


class CpuGate(NamedTuple):
    """Columns by group; times in seconds."""

    quota: Column  # CPU seconds a period; NO_LIMIT = no limit
    period: Column  # length of a period
    phase: Column  # start of period 0
    turn: Column  # number of the current period
    left: Column  # quota left in it
    last: Column  # instant up to which the group is accounted
    progress: Column  # virtual time: CPU seconds that a thread running all along would have had
    running: Column  # threads that want the CPU
    used: Column  # CPU seconds used so far
    stalled: Column  # seconds in which threads wanted to run and stood still
    throttled: Column  # periods in which that happened (nr_throttled of cpu.stat)
    throttled_s: Column  # seconds of all threads that stood still (throttled_usec: the kernel counts each CPU)
    cut: Column  # number of the last of these, -1 = none yet
    periods: Column  # periods in which threads ran or stood still (nr_periods of cpu.stat)
    met: Column  # number of the last of these, -1 = none yet


def gate_state(groups: int, quota_s: float, period_s: float) -> CpuGate:
    """State in lists for equal groups, each with its full quota and a grid that starts at 0."""
    return CpuGate(
        quota=[quota_s] * groups,
        period=[period_s] * groups,
        phase=[0.0] * groups,
        turn=[0] * groups,
        left=[quota_s] * groups,
        last=[0.0] * groups,
        progress=[0.0] * groups,
        running=[0] * groups,
        used=[0.0] * groups,
        stalled=[0.0] * groups,
        throttled=[0] * groups,
        throttled_s=[0.0] * groups,
        cut=[-1] * groups,
        periods=[0] * groups,
        met=[-1] * groups,
    )


@rule
def gate_meets(s: CpuGate, g: int) -> None:
    """Threads want the CPU in the current period: it is one of those that elapsed."""
    if s.met[g] != s.turn[g]:
        s.met[g] = s.turn[g]
        s.periods[g] += 1


@rule
def gate_advance(s: CpuGate, g: int, now: float) -> None:
    """Account for the running threads up to now."""
    at = s.last[g]
    threads = s.running[g]
    s.last[g] = now
    if threads == 0 or now <= at:
        return
    if s.quota[g] >= NO_LIMIT:
        s.progress[g] += now - at
        s.used[g] += threads * (now - at)
        return
    work = threads * (now - at)
    if work <= s.left[g] and now < s.phase[g] + (s.turn[g] + 1) * s.period[g]:  # most often
        s.used[g] += work
        s.left[g] -= work
        s.progress[g] += now - at
        gate_meets(s, g)
        return
    while at < now:
        end = s.phase[g] + (s.turn[g] + 1) * s.period[g]
        until = end if end < now else now
        if until > at:
            runs = until - at
            gate_meets(s, g)
            if s.left[g] < threads * runs:
                if s.cut[g] != s.turn[g]:
                    s.cut[g] = s.turn[g]
                    s.throttled[g] += 1
                can = s.left[g] / threads
                s.stalled[g] += runs - can
                s.throttled_s[g] += threads * (runs - can)
                runs = can
                s.used[g] += s.left[g]
                s.left[g] = 0.0
            else:
                s.used[g] += threads * runs
                s.left[g] -= threads * runs
            s.progress[g] += runs
        if until >= end:
            s.turn[g] += 1
            s.left[g] = s.quota[g]
        at = until


@rule
def gate_wake(s: CpuGate, g: int, now: float) -> None:
    """One more thread wants the CPU. Call after gate_advance; an idle group may have slept over boundaries."""
    idle = s.running[g] == 0 and s.quota[g] < NO_LIMIT
    if idle and now >= s.phase[g] + (s.turn[g] + 1) * s.period[g]:
        turn = int((now - s.phase[g]) / s.period[g])
        if s.phase[g] + (turn + 1) * s.period[g] <= now:
            turn += 1
        if turn > s.turn[g]:
            s.turn[g] = turn
            s.left[g] = s.quota[g]
    s.running[g] += 1


@rule
def gate_rest(s: CpuGate, g: int) -> None:
    """One thread less wants the CPU. Call after gate_advance."""
    s.running[g] -= 1


@rule
def gate_due(s: CpuGate, g: int, work: float) -> float:
    """Instant at which a running thread has had that many more CPU seconds, if no thread comes or goes."""
    at = s.last[g]
    if s.quota[g] >= NO_LIMIT:
        return at + work
    threads = s.running[g]
    left = s.left[g]
    turn = s.turn[g]
    while True:
        end = s.phase[g] + (turn + 1) * s.period[g]
        runs = left / threads
        if end - at < runs:
            runs = end - at
        if work <= runs:
            return at + work
        work -= runs
        turn += 1
        at = end
        left = s.quota[g]
