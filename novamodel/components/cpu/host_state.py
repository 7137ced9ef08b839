"""Columns of hosts that run the threads of their containers on shared cores.

Units: seconds. A thread's `v` is CPU time, a container's `cv` CPU time divided by its weight: the virtual run times
of the Linux scheduler. A burst's `end` is counted in the host's `progress`, the work that a thread running all
along would have had.
"""

from __future__ import annotations

from math import floor, log2
from typing import NamedTuple

from novamodel.components.columns import Column

NONE = -1
NEVER = 1e300
NO_LIMIT = 1e18
"""Quota of a container without a CPU limit."""

ASLEEP = 0
"""No work, and off the run queue."""
GHOST = 1
"""No work, but still on the run queue: had more than its share when it went to sleep (delayed dequeue)."""
WAITING = 2
"""Work, but no core."""
RUNNING = 3
"""On a core."""
ENDED = 4
"""On a core, its burst just over: it gets more work in this instant, or it sleeps."""

BASE_SLICE_S = 0.0007
"""Linux 6.6 and later: `sysctl_sched_base_slice` of kernel/sched/fair.c, times 1 + log2 of at most 8 CPUs."""
TICK_S = 0.004
"""CONFIG_HZ=250, as the measured kernel and most distributions have it."""


class Host(NamedTuple):
    """State of all hosts; links are row numbers or NONE."""

    # by host
    cores: Column
    first_core: Column  # row of its first core
    speed: Column  # work a second of a core whose sibling is idle
    sibling: Column  # speed of a core whose sibling is busy, relative; 1 = no hyperthreads
    slice: Column  # CPU seconds a thread may have before others are preferred
    tick: Column  # period of the timer interrupt, at which slices end
    tick_phase: Column  # instant of one tick
    tick_due: Column  # next one that matters
    last: Column  # instant up to which the host is accounted
    progress: Column
    rate: Column  # progress a second just now
    busy: Column  # cores with a thread
    core_seconds: Column  # used
    waiting: Column  # threads that wait for a core, those of throttled containers not counted
    pressed: Column  # seconds in which one did (PSI: cpu, some)
    ghosts: Column  # threads and containers on the run queue without work
    first_end: Column  # least `end` of the running threads
    end_due: Column  # instant at which it is reached
    due: Column  # when the host must act next
    ended: Column  # thread whose burst is just over, or NONE
    top: Column  # first container of the run queue (those on a core too)
    gated: Column  # first container whose quota is in use
    # by core
    thread: Column  # that it runs, or NONE
    since: Column  # instant up to which that thread's v is accounted
    keep: Column  # v of that thread below which it is not preempted
    keep_container: Column  # cv of its container below which it is not
    # by container
    home: Column  # host
    weight: Column
    quota: Column  # CPU seconds a period
    period: Column
    phase: Column  # start of period 0
    turn: Column  # number of the current period
    left: Column  # quota left in it
    shut: Column  # 1 = used up: the threads stand still until the next period
    gate_due: Column  # instant at which it is used up, or at which the next period begins if shut
    accounted: Column  # instant up to which the container is accounted
    running: Column  # threads on a core
    queued: Column  # threads that wait
    used: Column  # CPU seconds
    waited: Column  # thread seconds of waiting for a core (run delay), without those of `stalled`
    stalled: Column  # seconds in which threads stood still for want of quota
    throttled: Column  # periods in which they did (nr_throttled of cpu.stat)
    periods: Column  # periods in which they ran (nr_periods)
    met: Column  # number of the last of these, -1 = none yet
    throttled_s: Column  # seconds of all of them, one a core (throttled_usec: the kernel counts each CPU)
    cv: Column
    c_deadline: Column
    c_lag: Column
    on: Column  # on the run queue of its host: ASLEEP, GHOST or RUNNING (which is: has threads on it)
    listed: Column  # threads on its run queue that have no core
    first: Column  # first thread of its run queue (those on a core too)
    c_next: Column
    c_back: Column
    gate_next: Column
    gate_back: Column
    in_gate: Column  # 1 = in its host's list of quotas in use
    # by thread
    owner: Column  # container
    mode: Column  # ASLEEP, GHOST, WAITING, RUNNING or ENDED
    v: Column
    deadline: Column
    lag: Column  # how far behind its fair share it was when it went to sleep
    work: Column  # left, while it waits
    end: Column  # while it runs
    core: Column  # row of the core it had last, or NONE
    next: Column
    back: Column


def base_slice(cores: int) -> float:
    """Slice of a machine with that many CPUs, as Linux scales it by default (seconds)."""
    return BASE_SLICE_S * (1 + floor(log2(min(cores, 8))))


def host_state(
    cores: list[int], owner: list[int], containers: int, tick_s: float = TICK_S, sibling_speed: float = 1.0
) -> Host:
    """State in lists: idle hosts, containers of weight 1 without a limit on host 0, threads of the containers named."""
    h, k, c, t = len(cores), sum(cores), containers, len(owner)
    starts = [sum(cores[:i]) for i in range(h)]
    return Host(
        cores=list(cores),
        first_core=starts,
        speed=[1.0] * h,
        sibling=[sibling_speed] * h,
        slice=[base_slice(n) for n in cores],
        tick=[tick_s] * h,
        tick_phase=[0.0] * h,
        tick_due=[NEVER] * h,
        last=[0.0] * h,
        progress=[0.0] * h,
        rate=[1.0] * h,
        busy=[0] * h,
        core_seconds=[0.0] * h,
        waiting=[0] * h,
        pressed=[0.0] * h,
        ghosts=[0] * h,
        first_end=[NEVER] * h,
        end_due=[NEVER] * h,
        due=[NEVER] * h,
        ended=[NONE] * h,
        top=[NONE] * h,
        gated=[NONE] * h,
        thread=[NONE] * k,
        since=[0.0] * k,
        keep=[0.0] * k,
        keep_container=[0.0] * k,
        home=[0] * c,
        weight=[1.0] * c,
        quota=[NO_LIMIT] * c,
        period=[0.1] * c,
        phase=[0.0] * c,
        turn=[0] * c,
        left=[NO_LIMIT] * c,
        shut=[0] * c,
        gate_due=[NEVER] * c,
        accounted=[0.0] * c,
        running=[0] * c,
        queued=[0] * c,
        used=[0.0] * c,
        waited=[0.0] * c,
        stalled=[0.0] * c,
        throttled=[0] * c,
        periods=[0] * c,
        met=[-1] * c,
        throttled_s=[0.0] * c,
        cv=[0.0] * c,
        c_deadline=[0.0] * c,
        c_lag=[0.0] * c,
        on=[ASLEEP] * c,
        listed=[0] * c,
        first=[NONE] * c,
        c_next=[NONE] * c,
        c_back=[NONE] * c,
        gate_next=[NONE] * c,
        gate_back=[NONE] * c,
        in_gate=[0] * c,
        owner=list(owner),
        mode=[ASLEEP] * t,
        v=[0.0] * t,
        deadline=[0.0] * t,
        lag=[0.0] * t,
        work=[0.0] * t,
        end=[0.0] * t,
        core=[NONE] * t,
        next=[NONE] * t,
        back=[NONE] * t,
    )
