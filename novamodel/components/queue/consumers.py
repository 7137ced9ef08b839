"""Replicas that take messages from a queue: which of them gets the next one.

Consumers pull: a replica asks for a message whenever it has a free place, so that whoever has most free places has most
requests open and is the likeliest to get the next message. Here it gets it for sure, and those with equally many
take turns (an assumption: SQS does not say which open request a message answers). One row a group (all that
take from one queue) and one a member (a replica); a group's members are neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import handler, rule

NONE = -1


class Consumers(NamedTuple):
    """Columns by group, and by member."""

    start: Column  # by group: first member
    members: Column  # by group: how many, up or down
    free: Column  # by group: free places of the members that are up
    turn: Column  # by group: whose turn it is among equals, from 0
    group: Column  # by member
    concurrency: Column  # by member: messages at a time
    busy: Column  # by member: messages being worked on
    up: Column  # by member: 1 = takes messages
    area: Column  # by member: integral of busy over time, up to `since`
    since: Column  # by member


def consumers_state(members: Sequence[int], concurrency: Sequence[int]) -> Consumers:
    """State in lists: all members down. Members and places of each member, by group; not negative."""
    if min(*members, *concurrency, 0) < 0:
        raise ValueError("members and their places are not negative")
    groups = range(len(members))
    group = [g for g in groups for _ in range(members[g])]
    return Consumers(
        start=[sum(members[:g]) for g in groups],
        members=list(members),
        free=[0 for _ in groups],
        turn=[0 for _ in groups],
        group=group,
        concurrency=[concurrency[g] for g in group],
        busy=[0 for _ in group],
        up=[0 for _ in group],
        area=[0.0 for _ in group],
        since=[0.0 for _ in group],
    )


@rule
def consumer_account(s: Consumers, member: int, now: float) -> float:
    """Integral of the messages being worked on over time, up to now (message seconds)."""
    s.area[member] += s.busy[member] * (now - s.since[member])
    s.since[member] = now
    return s.area[member]


@handler
def consumers_pick(s: Consumers, g: int, now: float) -> int:
    """The member of a group that gets the next message, and is busier by one now; NONE when all are full or down.

    The one with most free places; among equals the next one after the member that was picked last.
    """
    if s.free[g] == 0:
        return NONE
    start = s.start[g]
    best = NONE
    most = 0
    member = start + s.turn[g]
    for _ in range(s.members[g]):
        if member == start + s.members[g]:
            member = start
        places = s.concurrency[member] - s.busy[member]
        if s.up[member] == 1 and places > most:
            best = member
            most = places
        member += 1
    s.turn[g] = (best - start + 1) % s.members[g]
    consumer_account(s, best, now)
    s.busy[best] += 1
    s.free[g] -= 1
    return best


@handler
def consumers_release(s: Consumers, member: int, now: float) -> None:
    """A member is done with a message; it may be down (it finishes what it has)."""
    consumer_account(s, member, now)
    s.busy[member] -= 1
    if s.up[member] == 1:
        s.free[s.group[member]] += 1


@handler
def consumer_set(s: Consumers, member: int, up: int) -> None:
    """A member takes messages (1) or takes no more (0); what it works on goes on. No change is fine, too."""
    if s.up[member] != up:
        places = s.concurrency[member] - s.busy[member]
        s.free[s.group[member]] += places if up == 1 else -places
        s.up[member] = up


@handler
def consumer_lose(s: Consumers, member: int, now: float) -> int:
    """The process is gone: down, and what it worked on is lost (how many); those messages return by their time-out."""
    consumer_account(s, member, now)
    consumer_set(s, member, 0)
    lost = s.busy[member]
    s.busy[member] = 0
    return lost
