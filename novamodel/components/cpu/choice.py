"""Which thread a core should run: the earliest eligible virtual deadline, first among containers, then their threads.

On several cores the queue is one: a core chooses among the threads that wait and its own.
"""

from __future__ import annotations

from novamodel.components.cpu.host_account import container_account, thread_account
from novamodel.components.cpu.host_state import ASLEEP, GHOST, NONE, RUNNING, WAITING, Host
from novamodel.components.cpu.run_queue import INSTANT, container_leave, container_unlink, thread_unlink
from novamodel.components.rule import handler, rule


@handler
def pick_container(s: Host, h: int, k: int, own: int, now: float, later: float) -> int:
    """Container that core k should serve: its own while that keeps its slice, else the eligible one due first.

    ``later`` is the CPU time that the running thread will have had more when the choice counts.
    """
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
    own_may = own != NONE and (s.cv[own] - zero) * weight + later <= total
    if own_may and s.cv[own] < s.keep_container[k]:
        return own
    best = NONE
    least = NONE
    i = s.top[h]
    while i != NONE:
        if i != own and (s.listed[i] > 0 or s.on[i] == GHOST):
            if least == NONE or s.cv[i] < s.cv[least] or (s.cv[i] == s.cv[least] and i < least):
                least = i
            if (s.cv[i] - zero) * weight <= total + INSTANT and (
                best == NONE
                or s.c_deadline[i] < s.c_deadline[best]
                or (s.c_deadline[i] == s.c_deadline[best] and i < best)
            ):
                best = i
        i = s.c_next[i]
    if own_may and (best == NONE or s.c_deadline[own] < s.c_deadline[best] - INSTANT / s.weight[best]):
        return own
    return best if best != NONE else least


@handler
def pick_thread(s: Host, c: int, k: int, now: float, later: float) -> int:
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
    own_may = own != NONE and (s.v[own] - zero + later) * number <= total
    if own_may and s.v[own] < s.keep[k]:
        return own
    best = NONE
    least = NONE
    i = s.first[c]
    while i != NONE:
        if s.mode[i] == WAITING or s.mode[i] == GHOST:
            if least == NONE or s.v[i] < s.v[least] or (s.v[i] == s.v[least] and i < least):
                least = i
            if (s.v[i] - zero - INSTANT) * number <= total and (
                best == NONE or s.deadline[i] < s.deadline[best] or (s.deadline[i] == s.deadline[best] and i < best)
            ):
                best = i
        i = s.next[i]
    if own_may and (best == NONE or s.deadline[own] < s.deadline[best] - INSTANT):
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
        c = pick_container(s, h, k, own, now, INSTANT)
        if c == NONE:
            return NONE
        if s.on[c] == GHOST:
            s.ghosts[h] -= 1
            s.c_lag[c] = 0.0
            s.on[c] = ASLEEP
            container_unlink(s, c)
            continue
        t = pick_thread(s, c, k, now, INSTANT)
        if s.mode[t] != GHOST:
            return t
        s.ghosts[h] -= 1
        s.listed[c] -= 1
        s.lag[t] = 0.0
        s.mode[t] = ASLEEP
        thread_unlink(s, t)
        if s.first[c] == NONE:
            container_leave(s, c, now, True)
