"""A virtual clock around the rules of a node-postgres pool: plays one recorded case.

Things at the same instant happen in the order in which they were scheduled, the ops first. So each timer of
pg-pool has an event of its own here; with ``one_timer`` there is one event for the whole pool, as in a run, which
differs only where two things fall on the same instant.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from novamodel.components.pg_pool import rules, timers
from novamodel.components.pg_pool import state as pool
from novamodel.components.pg_pool.state import NEVER, NONE

Case = dict[str, Any]

QUEUE_TIMEOUT = "timeout exceeded when trying to connect"
CONNECT_TIMEOUT = "Connection terminated due to connection timeout"
AFTER_END = "Cannot use a pool after calling end on the pool"
END_TWICE = "Called end on pool more than once"


def pool_settings(options: Case, old: bool = False) -> pool.PoolSettings:
    """The options as pg-pool reads them (milliseconds); 0 means the default or no limit. 3.6 knows no min."""
    idle = options.get("idleTimeoutMillis", 10_000)
    return pool.PoolSettings(
        size=options.get("max") or options.get("poolSize") or 10,
        least=0 if old else options.get("min") or 0,
        idle_timeout=idle or NEVER,
        patience=options.get("connectionTimeoutMillis") or NEVER,
        lifetime=(options.get("maxLifetimeSeconds") or 0) * 1000 or NEVER,
        most_uses=options.get("maxUses") or pool.UNLIMITED,
    )


class Replay:
    """One case: the virtual clock, the server behind the pool, and its callers."""

    def __init__(self, case: Case, old: bool, one_timer: bool) -> None:
        self.case = case
        self.old = old
        self.one_timer = one_timer
        self.asked = [op for op in case["ops"] if op["op"] in ("acquire", "query")]
        self.asking = [op["id"] for op in case["ops"] if op["op"] in ("acquire", "query", "end")]
        self.number = {op["id"]: i for i, op in enumerate(self.asked)}
        self.state = pool.pool_state([pool_settings(case.get("options") or {}, old)], len(self.asked))
        self.now = 0.0
        self.armed = NEVER
        self.scheduled = 0
        self.calendar: list[tuple[float, int, Callable[[], None]]] = []
        self.in_place: dict[int, str] = {}
        self.held: dict[int, int] = {}  # waiter -> place
        self.ending = NONE
        self.results: dict[str, Case] = {}
        self.clients: dict[str, Case] = {}
        self.snapshots: list[Case] = []

    def run(self) -> Case:
        for i, op in enumerate(self.case["ops"]):
            self.at(op["t"], partial(getattr(self, "op_" + op["op"]), i, op))
        until = self.case.get("until", NEVER)
        while self.calendar and self.calendar[0][0] <= until:
            self.now, _, happen = heapq.heappop(self.calendar)
            happen()
            self.arm()
        outcomes = list(self.results.values())
        summary = {
            "got_client": sum(x["outcome"] == "client" for x in outcomes),
            "ok": sum(x["outcome"] == "ok" for x in outcomes),
            "errors": dict(Counter(x["error"] for x in outcomes if x["outcome"] == "error")),
            "clients_created": len(self.clients),
            "unanswered": [i for i in self.asking if i not in self.results],
        }
        return {
            "summary": summary,
            "clients": self.clients,
            "results": self.results,
            "snapshots": self.snapshots,
        }

    # the clock

    def at(self, t: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self.calendar, (t, self.scheduled, happen))
        self.scheduled += 1

    def after(self, ms: float, happen: Callable[[], None]) -> None:
        self.at(self.now + ms, happen)

    def timer(self, t: float, happen: Callable[[], None]) -> None:
        """One of pg-pool's own timers."""
        if not self.one_timer and t < NEVER:
            self.at(t, happen)

    def arm(self) -> None:
        """With one event for all timers: see to it that it comes in time."""
        due = timers.pool_due(self.state, 0)
        if self.one_timer and due < self.armed:
            self.armed = due
            self.at(due, self.fire)

    def fire(self) -> None:
        if self.now != self.armed:
            return
        self.armed = NEVER
        while True:
            code, who = timers.pool_fire(self.state, 0, self.now)
            if code == pool.CLOSED:
                self.closed(who)
            elif code == pool.ABORTED:
                self.failed(who, "connect_aborted", CONNECT_TIMEOUT)
            elif code in (pool.TIMED_OUT, pool.DESERTED):
                self.answer(who, outcome="error", error=QUEUE_TIMEOUT)
            else:
                return

    # what callers do

    def op_acquire(self, _: int, op: Case) -> None:
        waiter = self.number[op["id"]]
        code, place = rules.pool_acquire(self.state, 0, waiter, self.now)
        if code == pool.GRANTED:
            self.granted(waiter, place)
        elif code == pool.CONNECT:
            self.connect(place)
        elif code == pool.REFUSED:
            self.answer(waiter, outcome="error", error=AFTER_END)
        else:
            self.timer(self.now + self.state.patience[0], lambda: self.give_up(waiter))

    op_query = op_acquire

    def op_release(self, _: int, op: Case) -> None:
        waiter = self.number[op["id"]]
        self.release(waiter, bool(op.get("release_error") or self.asked[waiter].get("release_error")))

    def op_snap(self, _: int, op: Case) -> None:
        s = self.state
        counts = {"total": s.open[0], "idle": s.idle[0], "waiting": s.waiting[0], "expired": sum(s.aged)}
        self.snapshots.append({"t": op["t"], **counts})

    def op_idle_error(self, _: int, op: Case) -> None:
        for place, name in self.in_place.items():
            if name == op["client"] and self.state.state[place] == pool.IDLE:
                rules.pool_close_idle(self.state, 0, place, self.now)
                self.clients[name]["end_called"] = self.rounded()

    def op_end(self, i: int, op: Case) -> None:
        if self.state.stage[0] != pool.OPEN:
            self.results[op["id"]] = {"outcome": "error", "t": self.rounded(), "error": END_TWICE}
            return
        self.ending = i
        for place in self.state.stack[: self.state.idle[0]]:
            self.clients[self.in_place[place]]["end_called"] = self.rounded()
        rules.pool_end(self.state, 0, self.now)
        self.pulse()

    # what becomes of them

    def answer(self, waiter: int, **result: Any) -> None:
        op = self.asked[waiter]
        self.results[op["id"]] = {"outcome": result.pop("outcome"), "t": self.rounded(), **result}

    def granted(self, waiter: int, place: int) -> None:
        op = self.asked[waiter]
        self.held[waiter] = place
        if op["op"] == "query":
            self.after(op.get("ms", 0), lambda: self.query_done(waiter))
            return
        self.answer(waiter, outcome="client", client=self.in_place[place])
        if "hold_ms" in op:
            self.after(op["hold_ms"], lambda: self.release(waiter, bool(op.get("release_error"))))

    def query_done(self, waiter: int) -> None:
        error = self.asked[waiter].get("error")
        self.release(waiter, error is not None)
        self.answer(waiter, **({"outcome": "error", "error": error} if error is not None else {"outcome": "ok"}))

    def release(self, waiter: int, failed: bool) -> None:
        place = self.held.pop(waiter, NONE)
        if place == NONE:
            return
        op = self.asked[waiter]
        if op["op"] == "acquire":
            self.results[op["id"]]["released"] = self.rounded()
        self.returned(place, *rules.pool_release(self.state, 0, place, failed, self.now))

    def returned(self, place: int, code: int, waiter: int) -> None:
        if code == pool.HANDED:
            self.granted(waiter, place)
        elif code == pool.CLOSED:
            self.closed(place)
        elif self.state.due[place] < NEVER:
            due = self.state.due[place]
            self.timer(due, lambda: self.idle_too_long(place, due))

    def give_up(self, waiter: int) -> None:
        """The connection time-out of a caller who queued."""
        s = self.state
        if s.first[0] == waiter:
            rules.pool_leave_first(s, 0)
        elif waiter in s.user:
            timers.pool_desert(s, s.user.index(waiter))
        else:
            return
        self.answer(waiter, outcome="error", error=QUEUE_TIMEOUT)

    # the server behind the pool

    def connect(self, place: int) -> None:
        serial = self.state.serial[place]
        made = len(self.clients)
        plan = self.case.get("connects") or []
        takes = plan[made] if made < len(plan) else self.case.get("connect_ms", 0)
        self.in_place[place] = f"c{made + 1}"
        self.clients[self.in_place[place]] = {"created": self.rounded()}
        self.timer(self.state.due[place], lambda: self.attempt_too_long(place, serial))
        if isinstance(takes, dict):
            self.after(takes["ms"], lambda: self.attempt_failed(place, serial, takes["fail"]))
        else:
            self.after(takes, lambda: self.attempt_done(place, serial))

    def attempt_done(self, place: int, serial: int) -> None:
        s = self.state
        if s.serial[place] != serial:
            return
        self.clients[self.in_place[place]]["connected"] = self.rounded()
        if s.lifetime[0] < NEVER:
            self.timer(self.now + s.lifetime[0], lambda: self.lifetime_over(place, serial))
        code, waiter = rules.pool_opened(s, 0, place, self.now)
        if code == pool.GRANTED:
            self.granted(waiter, place)
        else:
            self.returned(place, code, waiter)

    def attempt_failed(self, place: int, serial: int, text: str) -> None:
        if self.state.serial[place] == serial:
            self.failed(place, "connect_failed", text)

    def attempt_too_long(self, place: int, serial: int) -> None:
        if self.state.serial[place] == serial and self.state.state[place] == pool.OPENING:
            self.failed(place, "connect_aborted", CONNECT_TIMEOUT)

    def failed(self, place: int, how: str, text: str) -> None:
        self.clients[self.in_place[place]][how] = self.rounded()
        user = rules.pool_open_failed(self.state, 0, place, self.now)
        self.pulse()
        if user != NONE:
            self.answer(user, outcome="error", error=text)

    def idle_too_long(self, place: int, due: float) -> None:
        s = self.state
        if s.state[place] == pool.IDLE and s.due[place] == due and timers.pool_idle_timer(s, 0, place, self.now):
            self.closed(place)

    def lifetime_over(self, place: int, serial: int) -> None:
        s = self.state
        if s.serial[place] == serial and timers.pool_lifetime_timer(s, 0, place, self.now):
            self.closed(place)

    def closed(self, place: int) -> None:
        """The pool closes a connection; waiters are served when that is done (3.6: at once)."""
        self.clients[self.in_place[place]]["end_called"] = self.rounded()
        takes = self.case.get("end_ms") or 0
        if takes > 0 and not self.old:
            self.after(takes, self.pulse)
        else:
            self.pulse()

    def pulse(self) -> None:
        code, place = rules.pool_pulse(self.state, 0, self.now)
        if code == pool.CONNECT:
            self.connect(place)
        elif code == pool.FINISHED:
            self.results[self.case["ops"][self.ending]["id"]] = {"outcome": "ended", "t": self.rounded()}

    def rounded(self) -> float:
        return round(self.now, 3)
