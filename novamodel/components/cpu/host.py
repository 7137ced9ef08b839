"""A host: the runnable threads of all its containers share its cores by turns, as Linux gives them.

A thread that wakes takes an idle core; if there is none it waits, or preempts the thread on the core it had last by
the rule of `run_queue`. Slices end at the ticks of a timer and only if somebody waits. A container's threads stand
still while its quota is used up. Whoever owns the clock calls `host_step` when `host_due` has come, until it gets
NONE, and asks for `host_due` again after whatever it has done to a host.
"""

from __future__ import annotations

from novamodel.components.cpu.cores import (
    container_empties,
    container_opens,
    container_shuts,
    core_ends,
    core_preempted,
    core_takes,
    cores_fill,
    host_first,
)
from novamodel.components.cpu.host_account import LEAST, container_account, host_account, host_rate
from novamodel.components.cpu.host_state import ASLEEP, ENDED, NEVER, NONE, RUNNING, WAITING, Host
from novamodel.components.cpu.run_queue import container_join, thread_join
from novamodel.components.rule import handler, rule


@rule
def host_due(s: Host, h: int) -> float:
    """Instant at which the host must act next, NEVER while it is idle."""
    return s.due[h]  # type: ignore[no-any-return]


@handler
def host_plan(s: Host, h: int) -> None:
    """Work out when the host must act next. It must be accounted up to now."""
    if s.busy[h] == 0:
        s.progress[h] = 0.0
    s.rate[h] = host_rate(s, h)
    first = host_first(s, h)
    if first == NONE:
        s.first_end[h] = NEVER
        s.end_due[h] = NEVER
    else:
        s.first_end[h] = s.end[first]
        s.end_due[h] = s.last[h] + (s.first_end[h] - s.progress[h]) / s.rate[h]
    due = s.end_due[h]
    if s.waiting[h] > 0 or (s.ghosts[h] > 0 and s.busy[h] > 0):
        count = int((s.last[h] - s.tick_phase[h]) / s.tick[h])
        at = s.tick_phase[h] + count * s.tick[h]
        while at <= s.last[h]:
            count += 1
            at = s.tick_phase[h] + count * s.tick[h]
        s.tick_due[h] = at
        if at < due:
            due = at
    else:
        s.tick_due[h] = NEVER
    c = s.gated[h]
    while c != NONE:
        if s.gate_due[c] < due:
            due = s.gate_due[c]
        c = s.gate_next[c]
    s.due[h] = due if s.ended[h] == NONE else s.last[h]


@handler
def thread_wake(s: Host, t: int, work: float, now: float) -> None:
    """A thread gets `work` CPU seconds (of a core at speed 1): it wakes, or goes on if its burst ended just now."""
    c = s.owner[t]
    h = s.home[c]
    host_account(s, h, now)
    container_account(s, c, now)
    if s.mode[t] == ENDED:
        s.mode[t] = RUNNING
        s.end[t] = s.progress[h] + work
        if s.ended[h] == t:
            s.ended[h] = NONE
        host_plan(s, h)
        return
    news = s.mode[t] == ASLEEP
    thread_join(s, t, now)
    s.work[t] = work
    s.waiting[h] += 1
    if s.shut[c] == 1:
        s.waiting[h] -= 1
    elif s.left[c] <= 0.0:
        container_shuts(s, c, now)
        cores_fill(s, h, now)
    else:
        c_news = s.on[c] == ASLEEP
        container_join(s, c, now)
        first = s.first_core[h]
        core = s.core[t]
        if core < first or core >= first + s.cores[h]:
            core = first + t % s.cores[h]
        if s.busy[h] == s.cores[h]:
            core_preempted(s, h, core, t, now, news, c_news)
        else:
            if s.thread[core] != NONE:
                core = first
                while s.thread[core] != NONE:
                    core += 1
            core_takes(s, h, core, t, now, True)
    host_plan(s, h)


@rule
def thread_shorten(s: Host, t: int, most: float, now: float) -> float:
    """Leave a thread with work (its burst not over) at most so many CPU seconds; what it loses of its work."""
    h = s.home[s.owner[t]]
    host_account(s, h, now)
    left = s.work[t] if s.mode[t] == WAITING else s.end[t] - s.progress[h]
    if left <= most:
        return 0.0
    if s.mode[t] == WAITING:
        s.work[t] = most
    else:
        s.end[t] = s.progress[h] + most
        host_plan(s, h)
    return left - most


@handler
def host_step(s: Host, h: int, now: float) -> int:
    """Bring a host to now. Returns a thread whose burst has ended, NONE if nothing more is due at this instant.

    That thread sleeps from the next call on, unless `thread_wake` has given it more work.
    """
    host_account(s, h, now)
    t = s.ended[h]
    if t != NONE:
        s.ended[h] = NONE
        core_ends(s, h, s.core[t], now)
    t = host_first(s, h)
    if t != NONE and s.end[t] <= s.progress[h] + LEAST:
        s.mode[t] = ENDED
        s.ended[h] = t
        host_plan(s, h)
        return t  # type: ignore[no-any-return]
    c = s.gated[h]
    changed = False
    while c != NONE:
        following = s.gate_next[c]
        if s.gate_due[c] <= now:
            changed = True
            if s.shut[c] == 1:
                container_opens(s, c, now)
            else:
                container_shuts(s, c, now)
        c = following
    if changed or now >= s.tick_due[h]:
        cores_fill(s, h, now)
    host_plan(s, h)
    return NONE


@rule
def container_reset(s: Host, c: int, now: float) -> None:
    """All threads of a container are gone, whatever they did."""
    h = s.home[c]
    host_account(s, h, now)
    container_empties(s, c, now)
    cores_fill(s, h, now)
    host_plan(s, h)


@rule
def container_place(s: Host, c: int, h: int, now: float) -> None:
    """A container without runnable threads lives on host h from now on; its quota's first period begins now."""
    container_reset(s, c, now)
    s.home[c] = h
    s.phase[c] = now
    s.turn[c] = 0
    s.met[c] = -1
    s.left[c] = s.quota[c]


@rule
def host_used(s: Host, h: int, now: float) -> float:
    """Core seconds used up to now."""
    host_account(s, h, now)
    return s.core_seconds[h]  # type: ignore[no-any-return]


@rule
def host_pressure(s: Host, h: int, now: float) -> float:
    """Seconds up to now in which some thread waited for a core (PSI: cpu, some)."""
    host_account(s, h, now)
    return s.pressed[h]  # type: ignore[no-any-return]


@rule
def container_used(s: Host, c: int, now: float) -> float:
    """CPU seconds used up to now; `waited`, `stalled` and `throttled` are up to date, too."""
    container_account(s, c, now)
    return s.used[c]  # type: ignore[no-any-return]


@rule
def finds_idle(s: Host, t: int) -> bool:
    """Whether a thread that woke now would find its core idle: cold caches, and a core to be woken up."""
    h = s.home[s.owner[t]]
    core = s.core[t]
    if core < s.first_core[h] or core >= s.first_core[h] + s.cores[h]:
        return bool(s.busy[h] < s.cores[h])
    return bool(s.thread[core] == NONE)
