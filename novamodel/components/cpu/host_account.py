"""Accounting of hosts and containers up to an instant, and the quota (CPU limit) of a container.

A quota is a gate, not a slower CPU: the threads of a container run at full speed until the quota of the period is
used up, then all stand still until the next boundary of a fixed grid, where the full quota is granted again (Linux
Documentation/scheduler/sched-bwc.rst).
"""

from __future__ import annotations

from novamodel.components.cpu.host_state import ENDED, NEVER, NO_LIMIT, NONE, RUNNING, Host
from novamodel.components.rule import handler, rule

LEAST = 1e-10
"""Quota, and work, that count as none: rounding of sums (CPU seconds)."""


@rule
def host_account(s: Host, h: int, now: float) -> None:
    """Bring progress, use and pressure of a host up to now."""
    passed = now - s.last[h]
    if passed <= 0.0:
        if now >= s.end_due[h]:
            s.progress[h] = s.first_end[h]
        return
    s.core_seconds[h] += s.busy[h] * passed
    if s.waiting[h] > 0:
        s.pressed[h] += passed
    if now >= s.end_due[h]:
        s.progress[h] = s.first_end[h]
    else:
        progress = s.progress[h] + passed * s.rate[h]
        s.progress[h] = progress if progress < s.first_end[h] else s.first_end[h]
    s.last[h] = now


@rule
def host_rate(s: Host, h: int) -> float:
    """Work a second of each busy core: with hyperthreads less, the more of them have a busy sibling.

    Threads spread over the physical cores first, and the loss is shared by all that run.
    """
    busy = s.busy[h]
    alone = 2 * (s.cores[h] - busy)
    if s.sibling[h] >= 1.0 or alone >= s.cores[h] or busy == 0:
        return s.speed[h]
    beside = busy - (s.cores[h] - busy)
    return s.speed[h] * ((s.cores[h] - busy) + beside * s.sibling[h]) / busy


@rule
def container_meets(s: Host, c: int, turn: int) -> None:
    """Threads ran from the current period on to the one of that number: these are periods that elapsed."""
    first = s.turn[c] if s.turn[c] > s.met[c] else s.met[c] + 1
    if first <= turn:
        s.periods[c] += turn - first + 1
        s.met[c] = turn


@rule
def container_account(s: Host, c: int, now: float) -> None:
    """Bring use, virtual run time and quota of a container up to now."""
    passed = now - s.accounted[c]
    if passed <= 0.0:
        return
    s.accounted[c] = now
    if s.shut[c] == 1:
        s.stalled[c] += passed
        s.throttled_s[c] += min(s.queued[c], s.cores[s.home[c]]) * passed
        return
    s.waited[c] += s.queued[c] * passed
    used = s.running[c] * passed
    s.used[c] += used
    s.cv[c] += used / s.weight[c]
    if s.quota[c] < NO_LIMIT:
        turn = gate_turn(s, c, now)
        if s.running[c] > 0:
            container_meets(s, c, turn)
        if turn > s.turn[c]:
            s.turn[c] = turn
            used = s.running[c] * (now - (s.phase[c] + turn * s.period[c]))
            s.left[c] = s.quota[c]
        left = s.left[c] - used
        s.left[c] = left if left > LEAST else 0.0


@rule
def gate_turn(s: Host, c: int, now: float) -> int:
    """Number of the quota's period that holds an instant."""
    turn = s.turn[c]
    if s.phase[c] + (turn + 1) * s.period[c] <= now:
        turn = int((now - s.phase[c]) / s.period[c])
        if s.phase[c] + (turn + 1) * s.period[c] <= now:
            turn += 1
        if s.phase[c] + turn * s.period[c] > now:
            turn -= 1
    return turn


@handler
def gate_plan(s: Host, c: int) -> None:
    """When the quota of a container will be used up (or granted again), if no thread comes or goes.

    The container must be accounted up to now.
    """
    if s.quota[c] >= NO_LIMIT:
        return
    now = s.accounted[c]
    end = s.phase[c] + (s.turn[c] + 1) * s.period[c]
    threads = s.running[c]
    if s.shut[c] == 1:
        s.gate_due[c] = end
    elif threads == 0:
        s.gate_due[c] = NEVER
    elif s.left[c] + LEAST < threads * (end - now):
        s.gate_due[c] = now + s.left[c] / threads
    elif s.quota[c] + LEAST < threads * s.period[c]:
        s.gate_due[c] = end + s.quota[c] / threads
    else:
        s.gate_due[c] = NEVER
    h = s.home[c]
    if s.gate_due[c] < NEVER and s.in_gate[c] == 0:
        s.in_gate[c] = 1
        s.gate_back[c] = NONE
        s.gate_next[c] = s.gated[h]
        if s.gated[h] != NONE:
            s.gate_back[s.gated[h]] = c
        s.gated[h] = c
    elif s.gate_due[c] == NEVER and s.in_gate[c] == 1:
        s.in_gate[c] = 0
        if s.gate_back[c] == NONE:
            s.gated[h] = s.gate_next[c]
        else:
            s.gate_next[s.gate_back[c]] = s.gate_next[c]
        if s.gate_next[c] != NONE:
            s.gate_back[s.gate_next[c]] = s.gate_back[c]


@rule
def thread_account(s: Host, t: int, now: float) -> None:
    """Bring the virtual run time of a thread up to now."""
    if s.mode[t] == RUNNING or s.mode[t] == ENDED:
        k = s.core[t]
        s.v[t] += now - s.since[k]
        s.since[k] = now


@rule
def renewed(v: float, deadline: float, rate: float, part: float, now: float, tick: float, phase: float) -> float:
    """Deadline of something that has run at a rate up to `v`: each tick that finds it passed grants a slice more.

    So the ticks need no event while nobody waits. `part` is a slice in units of v.
    """
    if v < deadline or rate <= 0.0:
        return deadline
    passed = now - (v - deadline) / rate
    count = int((passed - phase) / tick)
    at = phase + count * tick
    if at < passed:
        at += tick
    if at < now:
        steps = int(part / rate / tick)
        if steps * tick * rate < part:
            steps += 1
        at += int((now - at) / (steps * tick)) * (steps * tick)
        deadline = v - (now - at) * rate + part
        if v < deadline:
            return deadline
    return v + part
