"""A virtual clock around the rules of PgBouncer: plays the clients and the server of one recorded timeline.

Seconds from the beginning; things at the same instant happen in the order in which they were scheduled, the events of
the case first. The janitor's rounds fall on whole thirds of a second.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from novamodel.components.pgbouncer import janitor, rules
from novamodel.components.pgbouncer import state as bouncer
from novamodel.components.pgbouncer.state import NEVER, NONE

CRASHED = "server conn crashed?"
FAILING = "server login has been failing, try again later (server_login_retry)"
FULL = "remaining connection slots are reserved for non-replication superuser connections"
TEXTS = {
    bouncer.WAIT_TIMEOUT: "query_wait_timeout",
    bouncer.LOGIN_TIMEOUT: "client_login_timeout (server down)",
    bouncer.QUERY_TIMEOUT: "query timeout",
    bouncer.QUERY_TIMEOUT_WAITING: "query_timeout",
    bouncer.IDLE_TRANSACTION: "idle transaction timeout",
}
SETTINGS = {
    "default_pool_size": "size",
    "reserve_pool_size": "reserve",
    "min_pool_size": "least",
    "reserve_pool_timeout_s": "reserve_timeout",
    "query_wait_timeout_s": "query_wait_timeout",
    "query_timeout_s": "query_timeout",
    "idle_transaction_timeout_s": "idle_transaction_timeout",
    "client_login_timeout_s": "client_login_timeout",
    "server_connect_timeout_s": "server_connect_timeout",
    "server_login_retry_s": "server_login_retry",
    "server_idle_timeout_s": "server_idle_timeout",
    "server_lifetime_s": "server_lifetime",
    "server_round_robin": "round_robin",
}
"""Settings of a case -> fields of `BouncerPool`."""
BESIDE = {"pool_mode", "max_db_connections", "max_user_connections"}


def pool_settings(settings: Mapping[str, Any], **more: Any) -> bouncer.BouncerPool:
    """One pool as a case sets it. Raises ``KeyError`` for a setting without a rule."""
    given = {SETTINGS[name]: value for name, value in settings.items() if name not in BESIDE}
    return bouncer.BouncerPool(**given | more)


class Query(NamedTuple):
    """One query event: its number, when it came, how long a server works on it, how long its client then dawdles."""

    number: int
    at: float
    service_s: float
    dawdles_s: float = 0.0


class Client:
    """A client connection: what it runs, holds and still has to ask."""

    def __init__(self, number: int, pool: int) -> None:
        self.number, self.pool = number, pool
        self.logged_in = self.connected = False
        self.connecting: int | None = None  # number of the connect event
        self.began = 0.0
        self.running: Query | None = None
        self.asks: deque[Query] = deque()
        self.place = NONE


class Replay:
    """One timeline. ``pools`` by user (or by user and database)."""

    def __init__(self, pools: Sequence[bouncer.BouncerPool], clients: int, settings: Mapping[str, Any],
                 server: Mapping[str, Any]) -> None:  # fmt: skip
        databases, users = (max(getattr(one, name) for one in pools) + 1 for name in ("database", "user"))
        limits = [[settings.get(name, 0)] * count for name, count in
                  (("max_db_connections", databases), ("max_user_connections", users))]  # fmt: skip
        self.state = bouncer.bouncer_state(pools, clients, *limits)
        self.session = settings.get("pool_mode") == "session"
        self.login_s = server.get("login_s", 0.01)
        self.down: list[Mapping[str, float]] = list(server.get("down") or [])
        self.slots = list(server.get("free_slots") or [])
        self.now = 0.0
        self.calendar: list[tuple[float, int, Callable[[], None]]] = []
        self.armed = [NEVER] * len(pools)
        self.scheduled = 0
        self.clients: dict[Any, Client] = {}
        self.queries: list[dict[str, Any]] = []
        self.connects: list[float | None] = []
        self.numbers: dict[tuple[int, int], int] = {}  # server connection -> number in order of first release
        self.snapshots: list[int] = []
        self.closed: list[float] = []
        self.most = 0
        self.logins: list[tuple[float, int]] = []  # +1 accepted, -1 closed, since which free slots are counted
        for _ in range(server.get("open_at_start", 0)):
            _, place = rules.bouncer_launch(self.state, 0, False, 0.0)
            rules.bouncer_logged_in(self.state, 0, place, 0.0)
        if server.get("worked_before"):
            self.state.welcome[0] = 1
        for each in self.down:
            self.at(each["from_s"], self.crash)

    # the clock

    def at(self, t: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self.calendar, (t, self.scheduled, happen))
        self.scheduled += 1

    def run(self, until: float = NEVER) -> None:
        for b in range(self.state.pools[0]):
            self.arm(b)
        while self.calendar and self.calendar[0][0] <= until:
            self.now, _, happen = heapq.heappop(self.calendar)
            happen()
            self.turn()

    def turn(self) -> None:
        """A turn of the event loop: every pool sees to those who wait."""
        for b in range(self.state.pools[0]):
            while self.follow(b, *rules.bouncer_next(self.state, b, self.now)):
                pass
            self.arm(b)
        self.most = max(self.most, sum(self.state.open))

    def arm(self, b: int) -> None:
        due = janitor.bouncer_due(self.state, b, self.now)
        if due < self.armed[b]:
            self.armed[b] = due
            self.at(due, partial(self.round, b, due))

    def round(self, b: int, due: float) -> None:
        if due != self.armed[b]:
            return
        self.armed[b] = NEVER
        while self.follow(b, *janitor.bouncer_round(self.state, b, self.now)):
            pass

    def follow(self, b: int, code: int, who: int) -> bool:
        """Do what a rule has answered; false for nothing."""
        if code == bouncer.GRANTED:
            self.granted(self.by_number(self.state.client[who]), who)
        elif code == bouncer.WELCOMED:
            self.welcomed(self.by_number(who))
        elif code == bouncer.LOGS_IN:
            self.log_in(b, who)
        elif code in (bouncer.EVICTED, bouncer.CLOSED):
            self.gone()
        elif code in (bouncer.QUERY_TIMEOUT, bouncer.IDLE_TRANSACTION):
            self.gone()
            self.failed(self.by_number(self.state.client[who]), TEXTS[code])
        elif code in TEXTS:
            self.failed(self.by_number(who), TEXTS[code])
        return code != bouncer.NOTHING

    # clients

    def by_number(self, number: int) -> Client:
        return next(client for client in self.clients.values() if client.number == number)

    def client(self, name: Any, pool: int) -> Client:
        return self.clients.setdefault(name, Client(len(self.clients), pool))

    def connect(self, client: Client, number: int | None) -> None:
        client.connected, client.connecting, client.began = True, number, self.now
        rules.bouncer_clients(self.state, client.pool, 1)
        if rules.bouncer_log_in(self.state, client.pool, client.number, self.now) == bouncer.WELCOMED:
            self.welcomed(client)

    def welcomed(self, client: Client) -> None:
        client.logged_in = True
        if client.connecting is not None:
            self.connects[client.connecting] = self.now - client.began
        self.ask(client)

    def query(self, client: Client, query: Query) -> None:
        client.asks.append(query)
        if not client.connected:
            self.connect(client, None)
        else:
            self.ask(client)

    def ask(self, client: Client) -> None:
        """Send the next query, if the client is logged in and has no other under way."""
        if client.running is not None or not client.asks or not client.logged_in:
            return
        client.running = client.asks.popleft()
        if client.place != NONE:
            rules.bouncer_resumes(self.state, client.pool, client.place, self.now)
            self.granted(client, client.place)
            return
        code, place = rules.bouncer_find(self.state, client.pool, client.number, self.now)
        if code == bouncer.GRANTED:
            self.granted(client, place)
        elif code == bouncer.FAST_FAILED:
            self.failed(client, FAILING)
            self.follow(client.pool, *rules.bouncer_launch(self.state, client.pool, True, self.now))

    def granted(self, client: Client, place: int) -> None:
        query = client.running
        assert query is not None
        client.place = place
        self.queries[query.number] |= {"wait_s": self.now - query.at, "server": (place, self.state.serial[place])}
        self.at(self.now + query.service_s, partial(self.answered, client, query))

    def answered(self, client: Client, query: Query) -> None:
        if client.running is not query:
            return
        if query.dawdles_s > 0:
            rules.bouncer_pauses(self.state, client.pool, client.place, self.now)
            client.running = query._replace(dawdles_s=0.0)
            self.at(self.now + query.dawdles_s, partial(self.answered, client, client.running))
            return
        self.done(client, query)

    def done(self, client: Client, query: Query) -> None:
        self.queries[query.number] |= {"outcome": "ok", "done_s": self.now}
        client.running = None
        if not self.session:
            self.release(client)
        else:
            rules.bouncer_rests(self.state, client.place)
        self.ask(client)

    def release(self, client: Client) -> None:
        place, client.place = client.place, NONE
        self.numbers.setdefault((place, self.state.serial[place]), len(self.numbers))
        code, who = rules.bouncer_release(self.state, client.pool, place, self.now)
        if code == bouncer.GRANTED:
            self.granted(self.by_number(who), place)
        elif code == bouncer.CLOSED:
            self.gone()

    def disconnect(self, client: Client) -> None:
        if client.connected:
            rules.bouncer_clients(self.state, client.pool, -1)
        if client.place != NONE:
            self.release(client)
        elif self.state.next[client.number] != bouncer.OUT:
            rules.bouncer_leave(self.state, client.pool, client.number)
        client.connected = client.logged_in = False
        client.running = None

    def failed(self, client: Client, text: str) -> None:
        """PgBouncer closes a client connection, and what it asked has failed."""
        query = client.running or (client.asks.popleft() if client.asks else None)
        if query is not None:
            told = {"outcome": text, "done_s": self.now}
            self.queries[query.number] |= told if "wait_s" in self.queries[query.number] else {
                **told, "wait_s": self.now - query.at}  # fmt: skip
        rules.bouncer_clients(self.state, client.pool, -1)
        client.connected = client.logged_in = False
        client.running, client.place = None, NONE

    # the server

    def is_down(self) -> bool:
        return any(each["from_s"] <= self.now < each["to_s"] for each in self.down)

    def log_in(self, b: int, place: int) -> None:
        serial = self.state.serial[place]
        takes = 0.0 if self.is_down() else self.login_s
        self.at(self.now + takes, partial(self.login_ends, b, place, serial))

    def login_ends(self, b: int, place: int, serial: int) -> None:
        if self.state.serial[place] != serial:
            return
        if self.is_down():
            rules.bouncer_login_failed(self.state, b, place, self.now)
        elif not self.has_slot():
            rules.bouncer_login_failed(self.state, b, place, self.now)
            while (client := rules.bouncer_refuse(self.state, b)) != NONE:
                self.failed(self.by_number(client), FULL)
        else:
            self.logins.append((self.now, 1))
            rules.bouncer_logged_in(self.state, b, place, self.now)

    def has_slot(self) -> bool:
        """Whether PostgreSQL accepts one more login."""
        said = [each for each in self.slots if each["from_s"] <= self.now]
        if not said:
            return True
        return sum(count for t, count in self.logins if t >= said[-1]["from_s"]) < int(said[-1]["slots"])

    def crash(self) -> None:
        """The server is gone: every connection to it breaks."""
        for place, was in enumerate(list(self.state.state)):
            b = place // self.state.depth[0]
            if was == bouncer.LOGIN:
                rules.bouncer_login_failed(self.state, b, place, self.now)
            elif was != bouncer.EMPTY:
                rules.bouncer_drop(self.state, place, self.now)
                self.gone()
            if was == bouncer.ACTIVE:
                self.failed(self.by_number(self.state.client[place]), CRASHED)

    def gone(self) -> None:
        self.closed.append(self.now)
        self.logins.append((self.now, -1))

    def snap(self) -> None:
        self.snapshots.append(sum(self.state.open))
