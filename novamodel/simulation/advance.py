"""A request follows its program until it has to wait, or has its answer."""

from __future__ import annotations

from typing import Any

from novamodel.components.rule import handler, rule
from novamodel.simulation import codes
from novamodel.simulation.balancing import do_choose
from novamodel.simulation.bouncing import do_welcome
from novamodel.simulation.calls import do_call, do_fork, do_join
from novamodel.simulation.edge import do_admit, do_edge, gateway_admits
from novamodel.simulation.finish import finish, record
from novamodel.simulation.holds import do_opened, give_back
from novamodel.simulation.logins import do_log_in, do_logged_in
from novamodel.simulation.queueing import publish
from novamodel.simulation.requests import add_time, call_key, clear_time, draw_all, drawn, fail
from novamodel.simulation.runtimes import do_by_use, do_slot
from novamodel.simulation.schedule import push
from novamodel.simulation.state import Model
from novamodel.simulation.steps import (
    do_acquire,
    do_cache,
    do_connect,
    do_cpu,
    do_external_in,
    do_external_out,
    do_sql,
    do_thread,
    do_wait,
)

NONE = codes.NONE


@handler
def do_publish(m: Model, q: Any, i: int, pc: int, now: float) -> bool:
    """Put a message into a queue; who publishes waits until it is there. True if that takes no time."""
    publish(m, q, i, m.programs.station[pc], now)
    m.requests.pc[i] = pc + 1
    seconds = m.programs.busy[pc]
    if seconds == 0.0:
        return True
    add_time(m, i, codes.OTHER, seconds)
    push(q, now + seconds, codes.STEP_DONE, m.requests.number[i], i)
    return False


@rule
def do_end(m: Model, q: Any, i: int, pc: int, now: float, outcome: int) -> None:
    """The program is at its end: the answer goes out, or an internal job leaves its mark."""
    s = m.requests
    if s.kind[i] == codes.INTERNAL and outcome == codes.SERVED:
        m.replicas.done[s.replica[i] * codes.INTERNAL_KINDS + m.programs.station[pc]] = s.serial[i]
    finish(m, q, i, outcome, now)


@handler
def do_begin(m: Model, i: int, pc: int, now: float) -> None:
    """Somebody outside begins a request."""
    s = m.requests
    s.arrived[i] = now
    s.in_flight[0] += 1
    m.record.arrived[m.programs.route[pc]] += 1
    clear_time(m, i)


@handler
def do_record(m: Model, i: int, pc: int, now: float) -> None:
    """Somebody outside has an answer, or has given up."""
    m.requests.replica[i] = m.requests.answered_by[i]
    record(m, i, m.programs.route[pc], m.requests.outcome[i], now)
    m.requests.replica[i] = NONE


@handler
def do_again(m: Model, i: int) -> None:
    """A user begins the next visit, with draws of its own."""
    s = m.requests
    s.key[i] = call_key(m, s.key[i], s.pc[i], 0)
    s.pc[i] = m.programs.start[s.program[i]]


@rule
def advance_request(m: Model, q: Any, i: int, now: float) -> None:
    """Follow the program."""
    s = m.requests
    while True:
        pc = s.pc[i]
        op = m.programs.op[pc]
        if op == codes.CPU:
            do_cpu(m, q, i, pc, now)
            return
        if op == codes.CACHE:
            do_cache(m, q, i, pc, now)
            return
        if op == codes.SQL:
            do_sql(m, q, i, pc, now)
            return
        if op == codes.END or op == codes.FAIL:
            do_end(m, q, i, pc, now, codes.SERVED if op == codes.END else s.outcome[i])
            return
        if op == codes.EDGE:
            do_edge(m, q, i, pc, now)
            return
        if op == codes.ADMIT:
            do_admit(m, q, i, pc, now)
            return
        if op == codes.CHOOSE:
            if not do_choose(m, q, i, pc, now):
                return
        elif op == codes.ACQUIRE:
            if not do_acquire(m, q, i, pc, now):
                return
        elif op == codes.RELEASE:
            give_back(m, q, i, False, now)
            s.pc[i] = pc + 1
        elif op == codes.THREAD:
            do_thread(m, q, i, pc, now)
            return
        elif op == codes.WAIT:
            do_wait(m, q, i, pc, now)
            return
        elif op == codes.CHANCE:
            taken = drawn(m, i, m.programs.draw[pc]) < m.programs.share[pc]
            s.pc[i] = pc + 1 if taken else m.programs.jump[pc]
        elif op == codes.CALL:
            do_call(m, q, i, pc, now)
            return
        elif op == codes.FORK:
            do_fork(m, i, pc, now)
        elif op == codes.JOIN:
            if not do_join(m, q, i, now):
                return
        elif op == codes.PUBLISH:
            if not do_publish(m, q, i, pc, now):
                return
        elif op == codes.GATE:
            if not gateway_admits(m, i, now):
                fail(m, i, codes.REJECTED)
                return
            s.pc[i] = pc + 1
        elif op == codes.EXTERNAL_IN:
            if not do_external_in(m, q, i, pc, now):
                return
        elif op == codes.EXTERNAL_OUT:
            if not do_external_out(m, q, i, pc, now):
                return
        elif op == codes.CONNECT:
            do_connect(m, q, i, pc, now)
            return
        elif op == codes.WELCOME:
            if not do_welcome(m, q, i, pc, now):
                return
        elif op == codes.LOG_IN:
            do_log_in(m, q, i, pc, now)
            return
        elif op == codes.LOGGED_IN:
            do_logged_in(m, q, i, now)
            s.pc[i] = pc + 1
        elif op == codes.OPENED:
            do_opened(m, q, i, now)
        elif op == codes.BY_USE:
            do_by_use(m, q, i, pc, now)
            return
        elif op == codes.SLOT:
            if not do_slot(m, q, i, pc, now):
                return
        elif op == codes.BEGIN:
            do_begin(m, i, pc, now)
            s.pc[i] = pc + 1
        elif op == codes.RECORD:
            do_record(m, i, pc, now)
            s.pc[i] = pc + 1
        elif op == codes.DRAW:
            draw_all(m, i)
            s.pc[i] = pc + 1
        else:
            do_again(m, i)
