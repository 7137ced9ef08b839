"""The demand of one visit of a route, as amounts at each tier, and the sums of several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from novamodel.scenario.demand import MAIN
from novamodel.scenario.graph import RouteOf


class Visit(NamedTuple):
    """A call that a route makes with probability ``weight``: of a route, or of an external by name."""

    to: RouteOf | str
    weight: float
    optional: bool
    timeout_s: float


class Fork(NamedTuple):
    """Branches side by side, taken with probability ``weight``."""

    weight: float
    branches: tuple[RouteDemand, ...]


@dataclass(frozen=True)
class RouteDemand:
    """Means of one visit; CPU in seconds on the platform's cores (Redis: on the reference core).

    ``share`` is visits per request of the main source, ``entry`` the share of all requests from outside that ask for
    the route. ``*_busy`` is the demand when the core is found busy, ``*_idle`` when it is found idle. ``*_squares``
    sum the second moments of the bursts (s^2). Amounts at the main database and cache stand here, those at further
    ones in ``databases`` and ``caches``. Steps of all branches are in; ``sequential`` is the same without them.
    """

    service: str
    share: float = 0.0
    loop_bursts: float = 0.0
    loop_busy: float = 0.0
    loop_idle: float = 0.0
    loop_squares_busy: float = 0.0
    loop_squares_idle: float = 0.0
    thread_jobs: float = 0.0
    thread_s: float = 0.0
    statements: float = 0.0
    database_busy: float = 0.0
    database_idle: float = 0.0
    database_squares: float = 0.0
    storage_operations: float = 0.0
    reading_busy: float = 0.0  # what read replicas answer is here and not in the four above
    reading_idle: float = 0.0
    reading_operations: float = 0.0
    transactions: float = 0.0
    reading_transactions: float = 0.0  # those of them on read replicas
    held_bursts: float = 0.0  # bursts of the event loop while a connection is held
    held_busy: float = 0.0
    held_idle: float = 0.0
    cache_trips: float = 0.0
    cache_busy: float = 0.0
    cache_idle: float = 0.0
    wait_s: float = 0.0  # delays, and publishing
    own_variance: float = 0.0  # of the demands' laws, s^2
    entry: float = 0.0
    databases: Mapping[str, RouteDemand] = field(default_factory=dict)
    caches: Mapping[str, RouteDemand] = field(default_factory=dict)
    externals: Mapping[str, float] = field(default_factory=dict)  # calls
    messages: Mapping[str, float] = field(default_factory=dict)  # published, by queue
    through: Mapping[str, float] = field(default_factory=dict)  # requests by edge, per request of the main source
    parts: tuple[Visit | Fork, ...] = ()
    apart: RouteDemand | None = None

    @property
    def on_primary(self) -> float:
        """Transactions on the primary."""
        return self.transactions - self.reading_transactions

    @property
    def sequential(self) -> RouteDemand:
        """The steps outside of branches."""
        return self.apart or self

    def at_database(self, name: str) -> RouteDemand:
        """What goes to one database."""
        return self if name == MAIN else self.databases.get(name, RouteDemand(self.service))

    def at_cache(self, name: str) -> RouteDemand:
        """What goes to one cache."""
        return self if name == MAIN else self.caches.get(name, RouteDemand(self.service))

    def plus(self, weight: float, **amounts: float) -> RouteDemand:
        """This demand with ``weight`` times each amount added."""
        return replace(self, **{name: getattr(self, name) + weight * value for name, value in amounts.items()})


def of_services(demands: Mapping[str, RouteDemand], services: Iterable[str]) -> dict[str, RouteDemand]:
    """Mean demand of one visit of each service over its routes; ``share`` is its visits per request."""
    own: dict[str, list[RouteDemand]] = {}
    for demand in demands.values():
        own.setdefault(demand.service, []).append(demand)
    return {name: _mean_of(name, own.get(name, [])) for name in services}


def _mean_of(service: str, own: list[RouteDemand]) -> RouteDemand:
    share = sum(demand.share for demand in own)
    return summed(service, [(d.share / share if share > 0 else 0.0, d) for d in own], share)


def route_key(routes: Mapping[str, RouteDemand], at: RouteOf) -> str:
    """What a route is called among the demands."""
    short = routes.get(at.route)
    return at.route if short is not None and short.service == at.service else str(at)


NOT_SUMMED = {"service", "share", "entry", "through", "parts", "apart", "databases", "caches", "externals", "messages"}
"""Fields that are no plain amounts."""
SUMMED = tuple(f.name for f in fields(RouteDemand) if f.name not in NOT_SUMMED)


def summed(service: str, parts: Iterable[tuple[float, RouteDemand]], share: float) -> RouteDemand:
    """Demands added up with their weights."""
    parts = list(parts)
    amounts: dict[str, Any] = dict.fromkeys(SUMMED, 0.0)
    for weight, demand in parts:
        for name in SUMMED:
            amounts[name] += weight * getattr(demand, name)
    return RouteDemand(
        service,
        share,
        **amounts,
        databases=_inner([(w, d.databases) for w, d in parts], service),
        caches=_inner([(w, d.caches) for w, d in parts], service),
        externals=_counts([(w, d.externals) for w, d in parts]),
        messages=_counts([(w, d.messages) for w, d in parts]),
    )


def _inner(parts: list[tuple[float, Mapping[str, RouteDemand]]], service: str) -> dict[str, RouteDemand]:
    names = dict.fromkeys(name for _, inner in parts for name in inner)
    return {n: summed(service, [(w, inner[n]) for w, inner in parts if n in inner], 0.0) for n in names}


def _counts(parts: list[tuple[float, Mapping[str, float]]]) -> dict[str, float]:
    names = dict.fromkeys(name for _, counts in parts for name in counts)
    return {n: sum(w * counts.get(n, 0.0) for w, counts in parts) for n in names}
