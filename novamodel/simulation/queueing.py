"""Messages: put into a queue, handed out to consumers, delivered again when nobody acknowledges them in time."""

from __future__ import annotations

from typing import Any

from novamodel.components.deadlines import deadline_due, deadline_join, deadline_leave, deadline_take_first
from novamodel.components.queue.consumers import consumers_pick, consumers_release
from novamodel.components.queue.messages import (
    DEAD,
    HIDDEN,
    IN_FLIGHT,
    NOWHERE,
    queue_acknowledge,
    queue_publish,
    queue_return,
    queue_show,
    queue_take,
)
from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.recorder import OUTCOMES
from novamodel.simulation.requests import (
    adopt,
    call_key,
    free_request,
    next_serial,
    parent_of,
    resume,
    take_request,
)
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model

NONE = codes.NONE
NEVER = codes.NEVER


@rule
def arm_queue(m: Model, q: Any, queue: int) -> None:
    """See to it that the calendar has an event when a delay or a visibility time-out of the queue is over."""
    due = min(deadline_due(m.delays, queue), deadline_due(m.visibility, queue))
    if due < m.timers.queue[queue]:
        m.timers.queue[queue] = due
        push(q, due, codes.QUEUE_TIMER, queue, queue)


@handler
def publish(m: Model, q: Any, i: int, queue: int, now: float) -> None:
    """A request puts a message into a queue."""
    s = m.requests
    message = take_request(m, codes.MESSAGE, next_serial(m), m.queues.message[queue], now)
    s.population[message] = s.population[i]
    s.client[message] = s.client[i]
    s.key[message] = call_key(m, s.key[i], s.pc[i], 0)
    s.where[message] = codes.IN_QUEUE
    if queue_publish(m.messages, queue, message, now) == HIDDEN:
        deadline_join(m.delays, queue, message, now)
    hand_out(m, q, queue, now)
    arm_queue(m, q, queue)


@handler
def hand_out(m: Model, q: Any, queue: int, now: float) -> None:
    """Give visible messages to consumers that are free; groups that share a queue take turns."""
    left = codes.DISPATCHES
    count = m.queues.groups[queue]
    missed = 0
    while missed < count and m.messages.waiting[queue] > 0:
        if left <= 0:  # the rest in an event of its own: room in the tables is seen to between events
            if now < m.timers.queue[queue]:
                m.timers.queue[queue] = now
                push(q, now, codes.QUEUE_TIMER, queue, queue)
            return
        group = m.queues.group[queue] + m.queues.turn[queue]
        m.queues.turn[queue] = (m.queues.turn[queue] + 1) % count
        member = consumers_pick(m.consumers, group, now)
        if member == NONE:
            missed += 1
            continue
        missed = 0
        left -= begin_work(m, queue, group, member, now)


@handler
def begin_work(m: Model, queue: int, group: int, member: int, now: float) -> int:
    """A consumer takes a batch of messages and begins with the first; how many."""
    s = m.requests
    replica = m.queues.first_replica[group] + member - m.consumers.start[group]
    before = NONE
    taken = 0
    while taken < m.queues.batch[group]:
        message = queue_take(m.messages, queue, now)
        if message == NONE:
            break
        deadline_join(m.visibility, queue, message, now)
        work = take_request(m, codes.WORK, next_serial(m), m.queues.program[group], now)
        adopt(m, work, message)
        s.key[work] = call_key(m, s.key[message], m.messages.receives[message], 0)
        s.serial[work] = m.messages.receipt[message]
        s.member[work] = member
        s.held[work] = NONE
        s.replica[work] = replica
        m.replicas.in_flight[replica] += 1
        m.replicas.begun[replica] += 1
        if before == NONE:
            resume(m, work)
        else:
            s.held[before] = work
            s.where[work] = codes.IN_QUEUE
        before = work
        taken += 1
    if m.replicas.in_flight[replica] > m.replicas.most_in_flight[replica]:
        m.replicas.most_in_flight[replica] = m.replicas.in_flight[replica]
    return taken


@handler
def end_work(m: Model, q: Any, i: int, outcome: int, now: float) -> None:
    """A consumer is done with a message: acknowledged if all went well; then the next of its batch, or of the queue."""
    s = m.requests
    message = parent_of(m, i)
    member = s.member[i]
    queue = m.queues.queue[m.consumers.group[member]]
    if message != NONE and outcome == codes.SERVED:
        place = queue_acknowledge(m.messages, queue, message, s.serial[i], now)
        if place == IN_FLIGHT:
            deadline_leave(m.visibility, queue, message)
        if place != NOWHERE:
            m.record.ended[s.program[message] * OUTCOMES + codes.SERVED] += 1
            free_request(m, message)
    following = s.held[i]
    if following != NONE:
        s.where[following] = codes.TIMED
        resume(m, following)
        return
    consumers_release(m.consumers, member, now)
    hand_out(m, q, queue, now)


@handler
def on_queue_timer(m: Model, q: Any, queue: int, now: float) -> None:
    """Delays and visibility time-outs that are over, one of each; the rest when the timer comes again."""
    if now != m.timers.queue[queue]:
        return
    m.timers.queue[queue] = NEVER
    if deadline_due(m.delays, queue) <= now:
        queue_show(m.messages, queue, deadline_take_first(m.delays, queue), now)
    if deadline_due(m.visibility, queue) <= now:
        message = deadline_take_first(m.visibility, queue)
        if queue_return(m.messages, queue, message, now) == DEAD:
            m.record.ended[m.requests.program[message] * OUTCOMES + codes.ABANDONED] += 1
            free_request(m, message)
    hand_out(m, q, queue, now)
    arm_queue(m, q, queue)
