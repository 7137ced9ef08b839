"""A counted resource with a FIFO queue: the places of an external. One row a pool; a waiter is a request slot."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule

NONE = -1


class Tokens(NamedTuple):
    """Columns by pool, and links by waiter."""

    size: Column  # tokens in all
    busy: Column  # tokens held
    first: Column  # first waiter, or NONE
    last: Column
    waiting: Column
    area: Column  # integral of busy over time, up to `since`
    since: Column
    next: Column  # by waiter: link to the one behind


def tokens_state(pools: int, size: int, waiters: int) -> Tokens:
    """State in lists: equal pools, all tokens free."""
    return Tokens(
        size=[size] * pools,
        busy=[0] * pools,
        first=[NONE] * pools,
        last=[NONE] * pools,
        waiting=[0] * pools,
        area=[0.0] * pools,
        since=[0.0] * pools,
        next=[NONE] * waiters,
    )


@rule
def tokens_account(s: Tokens, p: int, now: float) -> float:
    """Integral of the tokens held over time, up to now (token seconds)."""
    s.area[p] += s.busy[p] * (now - s.since[p])
    s.since[p] = now
    return s.area[p]


@rule
def tokens_free(s: Tokens, p: int) -> bool:
    """Whether a token is free."""
    return s.busy[p] < s.size[p]


@rule
def tokens_take(s: Tokens, p: int, now: float) -> None:
    """Take a free token."""
    tokens_account(s, p, now)
    s.busy[p] += 1


@rule
def tokens_wait(s: Tokens, p: int, waiter: int) -> None:
    """Queue behind the others."""
    s.next[waiter] = NONE
    if s.first[p] == NONE:
        s.first[p] = waiter
    else:
        s.next[s.last[p]] = waiter
    s.last[p] = waiter
    s.waiting[p] += 1


@rule
def tokens_leave_first(s: Tokens, p: int) -> int:
    """Take the head out of the queue, or NONE when nobody waits."""
    waiter = s.first[p]
    if waiter != NONE:
        s.first[p] = s.next[waiter]
        s.waiting[p] -= 1
    return waiter


@rule
def tokens_release(s: Tokens, p: int, now: float) -> int:
    """Give a token back: to the first waiter, who is returned and holds it now, or to the pool (NONE)."""
    waiter = tokens_leave_first(s, p)
    if waiter == NONE:
        tokens_account(s, p, now)
        s.busy[p] -= 1
    return waiter
