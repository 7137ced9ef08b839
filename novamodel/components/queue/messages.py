"""Message queues: publish, take, acknowledge, visible again after a time, dead after too many receives.

Rules of Amazon SQS (Developer Guide: visibility timeout, delay queues, dead-letter queues; API Reference:
DeleteMessage). A published message is hidden for the queue's delay, then visible. Taken, it is in flight: invisible to
others until it is deleted or its visibility time-out is over; then it is visible again, behind the others. Received
`most_receives` times and still not deleted, it goes to the dead-letter queue (SQS moves it at the next receive request,
here it goes at once). A delete needs the receipt of the latest receive; it then works even if the message has become
visible again; an older receipt deletes nothing. First in, first out here; an SQS standard queue only tries to.

One row a queue; a message is a slot. The engine keeps the times: two `deadlines` states, for delays (join on
HIDDEN, `queue_show` when due, leave never) and for visibility time-outs (join on take, leave on a delete of what was in
flight, `queue_return` when due).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.links import NONE, OUT, link_last, unlink
from novamodel.components.rule import handler, rule

NEVER = 1e300
NO_END = 2**62

# Where a message is.
NOWHERE = 0  # not published, deleted or dead
HIDDEN = 1  # published, its delay is not over
VISIBLE = 2
IN_FLIGHT = 3
DEAD = 4  # only as an answer: the message has left for the dead-letter queue


class QueuePolicy(NamedTuple):
    """One row; seconds. SQS: visibility 30 s unless said, delay 0 s, no dead-letter queue unless said (NO_END)."""

    visibility_s: float = 30.0
    delay_s: float = 0.0
    most_receives: int = NO_END


class Messages(NamedTuple):
    """Columns by queue, and by slot."""

    visibility: Column  # seconds; for the engine's deadlines
    delay: Column  # seconds; for the engine's deadlines
    most_receives: Column
    first: Column  # visible messages, oldest first
    last: Column
    hidden: Column  # how many now
    waiting: Column  # how many are visible now
    flying: Column  # how many are in flight now
    published: Column  # counters
    delivered: Column  # receives, repeated ones too
    redelivered: Column  # receives beyond each message's first
    acknowledged: Column  # deleted
    dead: Column
    waiting_area: Column  # integral of `waiting` over time, up to `since`
    flying_area: Column
    since: Column
    next: Column  # by slot: the visible message behind it
    previous: Column  # by slot
    place: Column  # by slot: NOWHERE, HIDDEN, VISIBLE or IN_FLIGHT
    receives: Column  # by slot: how often this message was received
    receipt: Column  # by slot: of the latest receive; never used again, not by the slot's next message either
    entered: Column  # by slot: when it last became visible


def messages_state(policies: Sequence[QueuePolicy], slots: int) -> Messages:
    """State in lists: empty queues. Negative times and fewer than one receive are a ``ValueError``."""
    if any(min(policy.visibility_s, policy.delay_s) < 0 or policy.most_receives < 1 for policy in policies):
        raise ValueError("a queue's times are not negative and its messages are received at least once")
    rows = len(policies)
    counts = {name: [0] * rows for name in _COUNTS}
    return Messages(
        visibility=[float(policy.visibility_s) for policy in policies],
        delay=[float(policy.delay_s) for policy in policies],
        most_receives=[policy.most_receives for policy in policies],
        first=[NONE] * rows,
        last=[NONE] * rows,
        **counts,
        waiting_area=[0.0] * rows,
        flying_area=[0.0] * rows,
        since=[0.0] * rows,
        next=[OUT] * slots,
        previous=[OUT] * slots,
        place=[NOWHERE] * slots,
        receives=[0] * slots,
        receipt=[0] * slots,
        entered=[0.0] * slots,
    )


_COUNTS = ("hidden", "waiting", "flying", "published", "delivered", "redelivered", "acknowledged", "dead")


@rule
def queue_account(s: Messages, q: int, now: float) -> None:
    """Bring the integrals of visible and in-flight messages up to now (message seconds)."""
    passed = now - s.since[q]
    s.waiting_area[q] += s.waiting[q] * passed
    s.flying_area[q] += s.flying[q] * passed
    s.since[q] = now


@handler
def _append(s: Messages, q: int, slot: int, now: float) -> None:
    s.place[slot] = VISIBLE
    s.entered[slot] = now
    link_last(s.first, s.last, s.next, s.previous, q, slot)
    s.waiting[q] += 1


@handler
def queue_publish(s: Messages, q: int, slot: int, now: float) -> int:
    """A new message: VISIBLE, or HIDDEN when the queue has a delay."""
    queue_account(s, q, now)
    s.published[q] += 1
    s.receives[slot] = 0
    if s.delay[q] > 0.0:
        s.place[slot] = HIDDEN
        s.hidden[q] += 1
        return HIDDEN
    _append(s, q, slot, now)
    return VISIBLE


@handler
def queue_show(s: Messages, q: int, slot: int, now: float) -> None:
    """The delay of a hidden message is over."""
    queue_account(s, q, now)
    s.hidden[q] -= 1
    _append(s, q, slot, now)


@handler
def queue_take(s: Messages, q: int, now: float) -> int:
    """Receive the oldest visible message, or NONE; its receipt is `receipt[slot]`."""
    slot = s.first[q]
    if slot == NONE:
        return NONE
    queue_account(s, q, now)
    unlink(s.first, s.last, s.next, s.previous, q, slot)
    s.waiting[q] -= 1
    s.flying[q] += 1
    s.place[slot] = IN_FLIGHT
    s.delivered[q] += 1
    if s.receives[slot] > 0:
        s.redelivered[q] += 1
    s.receives[slot] += 1
    s.receipt[slot] += 1
    return slot


@handler
def queue_acknowledge(s: Messages, q: int, slot: int, receipt: int, now: float) -> int:
    """Delete a message by the receipt of its latest receive: where it was (IN_FLIGHT, VISIBLE), NOWHERE = too late.

    Too late: it has been received again, deleted or declared dead since; nothing changes then.
    """
    place = s.place[slot]
    if (place != IN_FLIGHT and place != VISIBLE) or s.receives[slot] == 0 or receipt != s.receipt[slot]:
        return NOWHERE
    queue_account(s, q, now)
    if place == IN_FLIGHT:
        s.flying[q] -= 1
    else:
        unlink(s.first, s.last, s.next, s.previous, q, slot)
        s.waiting[q] -= 1
    s.place[slot] = NOWHERE
    s.acknowledged[q] += 1
    return place


@handler
def queue_return(s: Messages, q: int, slot: int, now: float) -> int:
    """A message in flight is given back, or its visibility time-out is over: VISIBLE again, or DEAD."""
    queue_account(s, q, now)
    s.flying[q] -= 1
    if s.receives[slot] >= s.most_receives[q]:
        s.place[slot] = NOWHERE
        s.dead[q] += 1
        return DEAD
    _append(s, q, slot, now)
    return VISIBLE
