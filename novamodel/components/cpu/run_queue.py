"""The run queue of a host: containers by weight, and under each its threads (Linux, earliest eligible deadline first).

Who has had no more than the average of those that compete is eligible; of these the one with the earliest deadline
(its virtual run time when it came or got its last slice, plus a slice) runs. Who sleeps keeps how far it was behind
or ahead of the average. Sources: kernel/sched/fair.c of Linux 6.18; Stoica and Abdel-Wahab, Earliest Eligible
Virtual Deadline First (1995). On several cores the queue is one: a core chooses among those that wait and its own.
"""

from __future__ import annotations

from novamodel.components.cpu.host_account import container_account, thread_account
from novamodel.components.cpu.host_state import ASLEEP, GHOST, NONE, RUNNING, WAITING, Host
from novamodel.components.rule import handler, rule

INSTANT = 1e-9
"""CPU seconds within which run times count as equal (the kernel counts nanoseconds)."""


@rule
def thread_link(s: Host, t: int) -> None:
    """Put a thread on its container's run queue."""
    c = s.owner[t]
    s.back[t] = NONE
    s.next[t] = s.first[c]
    if s.first[c] != NONE:
        s.back[s.first[c]] = t
    s.first[c] = t


@rule
def thread_unlink(s: Host, t: int) -> None:
    """Take a thread off its container's run queue."""
    if s.back[t] == NONE:
        s.first[s.owner[t]] = s.next[t]
    else:
        s.next[s.back[t]] = s.next[t]
    if s.next[t] != NONE:
        s.back[s.next[t]] = s.back[t]


@rule
def container_link(s: Host, c: int) -> None:
    """Put a container on its host's run queue."""
    h = s.home[c]
    s.c_back[c] = NONE
    s.c_next[c] = s.top[h]
    if s.top[h] != NONE:
        s.c_back[s.top[h]] = c
    s.top[h] = c


@rule
def container_unlink(s: Host, c: int) -> None:
    """Take a container off its host's run queue."""
    if s.c_back[c] == NONE:
        s.top[s.home[c]] = s.c_next[c]
    else:
        s.c_next[s.c_back[c]] = s.c_next[c]
    if s.c_next[c] != NONE:
        s.c_back[s.c_next[c]] = s.c_back[c]


@rule
def lag_limit(s: Host, h: int) -> float:
    """How far from the average a sleeper may stay (CPU seconds)."""
    return 2.0 * s.slice[h] if 2.0 * s.slice[h] > s.tick[h] else s.tick[h]


@rule
def other_threads(s: Host, t: int, now: float) -> tuple[int, float]:
    """Threads on the run queue of t's container without t itself, and the average of their v.

    Linux looks at a ghost before it accounts for the thread that runs; containers likewise.
    """
    others = 0
    zero = 0.0
    total = 0.0
    i = s.first[s.owner[t]]
    while i != NONE:
        if i != t:
            if s.mode[t] != GHOST:
                thread_account(s, i, now)
            if others == 0:
                zero = s.v[i]
            others += 1
            total += s.v[i] - zero
        i = s.next[i]
    return others, (zero + total / others if others > 0 else s.v[t])


@handler
def other_containers(s: Host, c: int, now: float) -> tuple[float, float]:
    """Weight of the containers on the run queue of c's host without c itself, and the average of their cv.

    On several cores a container with a core for each of its threads drifts from those that compete, as its weight does
    not say what it can use: it is brought near them first.
    """
    h = s.home[c]
    weight = 0.0
    zero = 0.0
    total = 0.0
    i = s.top[h]
    while i != NONE:
        if i != c and (s.listed[i] > 0 or s.cores[h] == 1):
            if s.on[c] != GHOST:
                container_account(s, i, now)
            if weight == 0.0:
                zero = s.cv[i]
            weight += s.weight[i]
            total += s.weight[i] * (s.cv[i] - zero)
        i = s.c_next[i]
    if s.cores[h] > 1:
        compete = weight
        average = zero + total / weight if weight > 0.0 else 0.0
        i = s.top[h]
        while i != NONE:
            if i != c and s.listed[i] == 0:
                container_account(s, i, now)
                if compete > 0.0:
                    container_nears(s, i, average)
                elif weight == 0.0:
                    zero = s.cv[i]
                weight += s.weight[i]
                total += s.weight[i] * (s.cv[i] - zero)
            i = s.c_next[i]
    return weight, (zero + total / weight if weight > 0.0 else s.cv[c])


@rule
def container_nears(s: Host, c: int, average: float) -> None:
    """Keep a container within the limit of lag from an average."""
    limit = lag_limit(s, s.home[c]) / s.weight[c]
    moved = 0.0
    if s.cv[c] < average - limit:
        moved = average - limit - s.cv[c]
    elif s.cv[c] > average + limit:
        moved = average + limit - s.cv[c]
    s.cv[c] += moved
    s.c_deadline[c] += moved


@rule
def thread_join(s: Host, t: int, now: float) -> None:
    """A thread has work: place it on its container's queue, as far from the average as it was when it left."""
    c = s.owner[t]
    h = s.home[c]
    others, average = other_threads(s, t, now)
    if s.mode[t] == GHOST:
        s.ghosts[h] -= 1
        if average > s.v[t] + INSTANT:
            s.v[t] = average
            s.deadline[t] = average + s.slice[h]
    else:
        s.v[t] = average - s.lag[t] * (others + 1) / others if others > 0 else average
        s.deadline[t] = s.v[t] + s.slice[h]
        s.listed[c] += 1
        thread_link(s, t)
    s.mode[t] = WAITING
    s.queued[c] += 1


@rule
def container_join(s: Host, c: int, now: float) -> None:
    """A container has threads to run: place it on its host's queue, as far from the average as when it left."""
    h = s.home[c]
    if s.on[c] == RUNNING:
        if s.listed[c] == 1 and s.cores[h] > 1:
            container_competes(s, c, now)
        return
    weight, average = other_containers(s, c, now)
    if s.on[c] == GHOST:
        s.ghosts[h] -= 1
        if average > s.cv[c] + INSTANT / s.weight[c]:
            s.cv[c] = average
            s.c_deadline[c] = average + s.slice[h] / s.weight[c]
    else:
        s.cv[c] = average - s.c_lag[c] * (weight + s.weight[c]) / weight if weight > 0.0 else average
        s.c_deadline[c] = s.cv[c] + s.slice[h] / s.weight[c]
        container_link(s, c)
    s.on[c] = RUNNING


@rule
def container_competes(s: Host, c: int, now: float) -> None:
    """A container that had a core for each of its threads competes for one."""
    container_account(s, c, now)
    weight, average = other_containers(s, c, now)
    if weight > 0.0:
        container_nears(s, c, average)


@rule
def thread_leave(s: Host, t: int, now: float) -> None:
    """A thread on a core goes to sleep; if it has had more than its share it stays on the queue as a ghost."""
    c = s.owner[t]
    thread_account(s, t, now)
    others = 0
    ahead = 0.0
    i = s.first[c]
    while i != NONE:
        if s.mode[i] == WAITING or s.mode[i] == GHOST:
            others += 1
            ahead += s.v[i] - s.v[t]
        i = s.next[i]
    if ahead < -INSTANT * (others + 1):
        s.mode[t] = GHOST
        s.listed[c] += 1
        s.ghosts[s.home[c]] += 1
    else:
        lag = ahead / (others + 1)
        limit = lag_limit(s, s.home[c])
        s.lag[t] = lag if lag < limit else limit
        s.mode[t] = ASLEEP
        thread_unlink(s, t)


@handler
def container_leave(s: Host, c: int, now: float, stays: bool) -> None:
    """A container has no threads to run; if it has had more than its share it may stay on the queue as a ghost."""
    h = s.home[c]
    container_account(s, c, now)
    weight = s.weight[c]
    ahead = 0.0
    i = s.top[h]
    while i != NONE:
        if i != c and (s.listed[i] > 0 or s.on[i] == GHOST):
            container_account(s, i, now)
            weight += s.weight[i]
            ahead += s.weight[i] * (s.cv[i] - s.cv[c])
        i = s.c_next[i]
    if ahead < -INSTANT and stays:
        s.on[c] = GHOST
        s.ghosts[h] += 1
        return
    lag = ahead / weight
    limit = lag_limit(s, h) / s.weight[c]
    if lag > limit:
        lag = limit
    s.c_lag[c] = lag if lag > -limit else -limit
    s.on[c] = ASLEEP
    container_unlink(s, c)
