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
def thread_join(s: Host, t: int, now: float) -> None:
    """A thread has work: place it on its container's queue, as far from the average as it was when it left."""
    c = s.owner[t]
    asleep = s.mode[t] == ASLEEP
    others = 0
    ahead = 0.0  # of t, summed
    i = s.first[c]
    while i != NONE:
        if i != t:
            thread_account(s, i, now)
            others += 1
            ahead += s.v[i] - s.v[t]
        i = s.next[i]
    if asleep:
        if others > 0:
            s.v[t] += ahead / others - s.lag[t] * (others + 1) / others
        s.deadline[t] = s.v[t] + s.slice[s.home[c]]
        s.listed[c] += 1
        thread_link(s, t)
    else:
        s.ghosts[s.home[c]] -= 1
        if ahead > 0.0:
            s.v[t] += ahead / others
            s.deadline[t] = s.v[t] + s.slice[s.home[c]]
    s.mode[t] = WAITING
    s.queued[c] += 1


@rule
def container_join(s: Host, c: int, now: float) -> None:
    """A container has threads to run: place it on its host's queue, as far from the average as when it left."""
    if s.on[c] == RUNNING:
        return
    h = s.home[c]
    weight = 0.0  # of the others
    ahead = 0.0
    i = s.top[h]
    while i != NONE:
        if i != c:
            container_account(s, i, now)
            weight += s.weight[i]
            ahead += s.weight[i] * (s.cv[i] - s.cv[c])
        i = s.c_next[i]
    if s.on[c] == ASLEEP:
        if weight > 0.0:
            s.cv[c] += ahead / weight - s.c_lag[c] * (weight + s.weight[c]) / weight
        s.c_deadline[c] = s.cv[c] + s.slice[h] / s.weight[c]
        container_link(s, c)
    else:
        s.ghosts[h] -= 1
        if ahead > 0.0:
            s.cv[c] += ahead / weight
            s.c_deadline[c] = s.cv[c] + s.slice[h] / s.weight[c]
    s.on[c] = RUNNING


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
    if ahead < 0.0:
        s.mode[t] = GHOST
        s.listed[c] += 1
        s.ghosts[s.home[c]] += 1
    else:
        lag = ahead / (others + 1)
        limit = lag_limit(s, s.home[c])
        s.lag[t] = lag if lag < limit else limit
        s.mode[t] = ASLEEP
        thread_unlink(s, t)


@rule
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
    if ahead < 0.0 and stays:
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


@handler
def pick_container(s: Host, h: int, k: int, own: int, now: float) -> int:
    """Container that core k should serve: its own while that keeps its slice, else the eligible one due first."""
    only = NONE
    number = 0
    weight = 0.0
    total = 0.0
    zero = 0.0
    i = s.top[h]
    while i != NONE:
        if i == own or s.listed[i] > 0 or s.on[i] == GHOST:
            container_account(s, i, now)
            if number == 0:
                zero = s.cv[i]
                only = i
            number += 1
            weight += s.weight[i]
            total += s.weight[i] * (s.cv[i] - zero)
        i = s.c_next[i]
    if number <= 1:
        return only
    own_may = own != NONE and (s.cv[own] - zero) * weight <= total
    if own_may and s.cv[own] < s.keep_container[k]:
        return own
    best = NONE
    least = NONE
    i = s.top[h]
    while i != NONE:
        if i != own and (s.listed[i] > 0 or s.on[i] == GHOST):
            if least == NONE or s.cv[i] < s.cv[least] or (s.cv[i] == s.cv[least] and i < least):
                least = i
            if (s.cv[i] - zero) * weight <= total and (
                best == NONE
                or s.c_deadline[i] < s.c_deadline[best]
                or (s.c_deadline[i] == s.c_deadline[best] and i < best)
            ):
                best = i
        i = s.c_next[i]
    if own_may and (best == NONE or s.c_deadline[own] < s.c_deadline[best]):
        return own
    return best if best != NONE else least


@handler
def pick_thread(s: Host, c: int, k: int, now: float) -> int:
    """Thread of container c that core k should run, by the same rule."""
    own = s.thread[k]
    if own != NONE and s.owner[own] != c:
        own = NONE
    only = NONE
    number = 0
    total = 0.0
    zero = 0.0
    i = s.first[c]
    while i != NONE:
        if i == own or s.mode[i] == WAITING or s.mode[i] == GHOST:
            if number == 0:
                thread_account(s, i, now)
                zero = s.v[i]
                only = i
            number += 1
            total += s.v[i] - zero
        i = s.next[i]
    if number <= 1:
        return only
    own_may = own != NONE and (s.v[own] - zero) * number <= total
    if own_may and s.v[own] < s.keep[k]:
        return own
    best = NONE
    least = NONE
    i = s.first[c]
    while i != NONE:
        if s.mode[i] == WAITING or s.mode[i] == GHOST:
            if least == NONE or s.v[i] < s.v[least] or (s.v[i] == s.v[least] and i < least):
                least = i
            if (s.v[i] - zero) * number <= total and (
                best == NONE or s.deadline[i] < s.deadline[best] or (s.deadline[i] == s.deadline[best] and i < best)
            ):
                best = i
        i = s.next[i]
    if own_may and (best == NONE or s.deadline[own] < s.deadline[best]):
        return own
    return best if best != NONE else least


@rule
def pick(s: Host, h: int, k: int, served: int, now: float) -> int:
    """Thread that core k should run, NONE if there is none; ghosts that are chosen leave the queue.

    `served` is the container that it has served up to now, NONE if it was idle.
    """
    if s.thread[k] != NONE:
        thread_account(s, s.thread[k], now)
    while True:
        own = served
        if served != NONE and s.thread[k] == NONE and (s.listed[served] == 0 or s.on[served] != RUNNING):
            own = NONE
        c = pick_container(s, h, k, own, now)
        if c == NONE:
            return NONE
        if s.on[c] == GHOST:
            s.ghosts[h] -= 1
            s.c_lag[c] = 0.0
            s.on[c] = ASLEEP
            container_unlink(s, c)
            continue
        t = pick_thread(s, c, k, now)
        if s.mode[t] != GHOST:
            return t
        s.ghosts[h] -= 1
        s.listed[c] -= 1
        s.lag[t] = 0.0
        s.mode[t] = ASLEEP
        thread_unlink(s, t)
        if s.first[c] == NONE:
            container_leave(s, c, now, True)
