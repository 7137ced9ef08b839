"""Callers that wait for an answer with a time-out: who gives up next, and when.

One row a call site; a waiter is a request slot. All waiters of a site have the same time-out, so the one that joined
first is due first and one timer a site is enough. A slot waits at one site of a state at most; time must not go back
between two joins of a site.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.links import NONE, OUT, link_last, unlink
from novamodel.components.rule import rule

NEVER = 1e300


class Deadlines(NamedTuple):
    """Columns by site, and links by slot."""

    timeout: Column  # seconds; NEVER = for ever
    first: Column  # waits longest, or NONE
    last: Column
    waiting: Column
    next: Column  # by slot: the one that joined after it; OUT when it does not wait
    previous: Column  # by slot
    entered: Column  # by slot: when it began to wait


def deadlines_state(timeouts_s: Sequence[float], slots: int) -> Deadlines:
    """State in lists: nobody waits. One time-out a site in seconds, NEVER for none."""
    sites = len(timeouts_s)
    return Deadlines(
        timeout=[float(timeout) for timeout in timeouts_s],
        first=[NONE] * sites,
        last=[NONE] * sites,
        waiting=[0] * sites,
        next=[OUT] * slots,
        previous=[OUT] * slots,
        entered=[0.0] * slots,
    )


@rule
def deadline_waits(s: Deadlines, slot: int) -> bool:
    """Whether the slot waits, at whatever site."""
    return s.next[slot] != OUT


@rule
def deadline_join(s: Deadlines, site: int, slot: int, now: float) -> None:
    """Begin to wait; the slot must not wait yet."""
    s.entered[slot] = now
    link_last(s.first, s.last, s.next, s.previous, site, slot)
    s.waiting[site] += 1


@rule
def deadline_leave(s: Deadlines, site: int, slot: int) -> None:
    """The answer has come: wait no more. The slot must wait at this site."""
    unlink(s.first, s.last, s.next, s.previous, site, slot)
    s.waiting[site] -= 1


@rule
def deadline_due(s: Deadlines, site: int) -> float:
    """When the next waiter of a site gives up; NEVER when nobody waits or the site has no time-out."""
    slot = s.first[site]
    if slot == NONE or s.timeout[site] == NEVER:
        return NEVER
    return s.entered[slot] + s.timeout[site]


@rule
def deadline_take_first(s: Deadlines, site: int) -> int:
    """Take the one that waits longest out of the list, or NONE."""
    slot = s.first[site]
    if slot != NONE:
        deadline_leave(s, site, slot)
    return slot
