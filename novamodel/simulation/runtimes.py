"""Replicas with request threads, processes or several event loops: who takes a request, and where its bursts run.

Their threads stand on a machine: one of the platform's that containers share, or one of their own.
"""

from __future__ import annotations

from typing import Any

from novamodel.components.cpu.host import container_reset, host_used
from novamodel.components.cpu.utilisation import core_use_at, curve_at
from novamodel.components.node.node import loop_busy_until, loop_join, thread_join
from novamodel.components.rule import handler
from novamodel.components.runtime.rules import (
    REFUSED,
    runtime_admit,
    runtime_adopt,
    runtime_burst,
    runtime_leave,
    runtime_reset,
)
from novamodel.simulation import codes
from novamodel.simulation.holds import arm_bursts
from novamodel.simulation.leaving import ask_next, leave_replica, may_ask_next
from novamodel.simulation.requests import add_time, drawn, fail, resume
from novamodel.simulation.shared import arm_host, begin, join_process, join_thread
from novamodel.simulation.state import Model

NONE = codes.NONE


@handler
def do_slot(m: Model, q: Any, i: int, pc: int, now: float) -> bool:
    """A request takes a thread or process of its replica; true if it goes on. What consumers do needs none."""
    s, r = m.requests, m.requests.replica[i]
    s.pc[i] = pc + 1
    if s.kind[i] == codes.WORK:
        runtime_adopt(m.runtime, r, i)
        return True
    code = runtime_admit(m.runtime, r, i, now)
    if code == REFUSED:
        b = s.balance[i]
        if may_ask_next(m, i, codes.NO_WORKER, False, now):
            leave_replica(m, i, codes.NO_WORKER, now)
            ask_next(m, q, i, b, codes.NO_WORKER, now)
        else:
            fail(m, i, codes.NO_WORKER)
    elif code == NONE:
        s.since[i] = now
        s.where[i] = codes.IN_LINE
    return code >= 0


@handler
def leave_runtime(m: Model, i: int, now: float) -> None:
    """A request is over: its thread or process takes the next in line. Branches and consumers held none."""
    s = m.requests
    if s.kind[i] == codes.BRANCH or s.kind[i] == codes.WORK:
        m.runtime.at[i] = NONE
        return
    starts = runtime_leave(m.runtime, i, now)
    if starts != NONE:
        s.where[starts] = codes.TIMED
        add_time(m, starts, codes.WORKER_WAIT, now - s.since[starts])
        resume(m, starts)


@handler
def join_runtime(m: Model, q: Any, i: int, r: int, idle: float, busy: float, aside: bool, now: float) -> None:
    """A burst of a request in its replica; ``aside``: work handed to a thread."""
    if m.runtime.at[i] == NONE:  # its process has died in this instant
        fail(m, i, codes.KILLED)
        return
    m.requests.where[i] = codes.ON_NODE
    begin(m, i, r, now)
    runtime_burst(m.runtime, m.host, i, aside, idle, busy, now)
    arm_host(m, q, m.host.home[r])


@handler
def do_by_use(m: Model, q: Any, i: int, pc: int, now: float) -> None:
    """A burst, or work for a thread, whose demand follows the utilisation of its core."""
    r = m.requests.replica[i]
    way, aside = m.replicas.way[r], m.programs.command[pc] == 1
    if way == codes.BY_QUOTA:
        used, cores = loop_busy_until(m.node, r, now), 1.0
    else:
        h = m.host.home[r]
        used, cores = host_used(m.host, h, now), m.host.cores[h] * 1.0
    use = core_use_at(m.core_use, r, used, cores, now)
    work = curve_at(m.core_use, m.programs.station[pc], use) * drawn(m, i, m.programs.draw[pc])
    if way == codes.BY_RUNTIME:
        join_runtime(m, q, i, r, work, work, aside, now)
    elif way == codes.ON_MACHINE and aside:
        join_thread(m, q, i, r, work, work, now)
    elif way == codes.ON_MACHINE:
        join_process(m, q, i, r, work, work, codes.ON_NODE, now)
    else:
        m.requests.since[i] = now
        m.requests.where[i] = codes.ON_NODE
        if aside:
            thread_join(m.node, m.gate, r, i, work, now)
        else:
            loop_join(m.node, m.gate, r, i, work, work, now)
        arm_bursts(m, q, r)


@handler
def end_runtime(m: Model, q: Any, r: int, now: float) -> None:
    """The processes of a replica are gone, and with them whatever its requests had of them."""
    s = m.requests
    for i in range(m.ready.size[0]):
        if s.replica[i] == r:
            m.runtime.at[i] = NONE
    runtime_reset(m.runtime, r, now)
    container_reset(m.host, r, now)
    arm_host(m, q, m.host.home[r])
