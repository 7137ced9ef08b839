"""A scenario's routes as one table of operations that both planes walk."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.analytic.cache import hit_ratio
from novamodel.components.columns import Column
from novamodel.scenario import Scenario
from novamodel.scenario.demand import Demand, Step
from novamodel.scenario.read_replicas import may_read_elsewhere, writes
from novamodel.simulation import codes
from novamodel.workload.laws import DETERMINISTIC, LAW_CODES


class Routes(NamedTuple):
    """Columns by operation, by route, and by draw of a route (route * most_draws + draw)."""

    op: Column
    idle: Column  # mean seconds of a burst that finds its core idle
    busy: Column  # mean seconds of one that does not
    draw: Column  # which of the request's draws multiplies it, NONE = none
    target: Column
    reads: Column  # storage operations
    hit: Column  # hit ratio of a cache get; share of an acquire that goes to a read replica; 0 for others
    start: Column  # by route: first operation
    service: Column  # by route: service number
    draws: Column  # by route: how many draws it needs
    handshake: Column  # by route: its draw of the TLS handshake
    law: Column  # by draw
    parameter: Column  # by draw


class RouteBook(NamedTuple):
    """The table and the names behind its numbers."""

    table: Routes
    names: tuple[str, ...]  # public routes, in the order of the mix
    services: tuple[str, ...]
    most_draws: int
    internal: dict[tuple[str, int], int]  # (service, kind of internal job) -> route
    keyspaces: dict[int, str]  # operation of a cache get -> its keyspace


class _Writer:
    """Collects operations and draws of one route after the other."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.ops: list[tuple[int, float, float, int, int, int, float]] = []
        self.laws: list[list[tuple[int, float]]] = []
        self.keyspaces: dict[int, str] = {}
        self.elsewhere: frozenset[int] = frozenset()  # steps of the present route that a read replica may answer

    def begin(self) -> int:
        edge = self.scenario.edge.request_cpu
        self.laws.append([(LAW_CODES[edge.law], edge.sigma)])
        return len(self.ops)

    def draw(self, law: int, parameter: float) -> int:
        if law == DETERMINISTIC:
            return codes.NONE
        self.laws[-1].append((law, parameter))
        return len(self.laws[-1]) - 1

    def demand(self, op: int, demand: Demand, scale: float, target: int = 0, reads: int = 0) -> None:
        draw = self.draw(LAW_CODES[demand.law], demand.sigma)
        self.ops.append((op, demand.idle * scale, demand.busy * scale, draw, target, reads, 0.0))

    def plain(self, op: int, target: int = 0) -> None:
        self.ops.append((op, 0.0, 0.0, codes.NONE, target, 0, 0.0))


def compile_routes(scenario: Scenario) -> RouteBook:
    """Write the table: the public routes of the mix, then the internal jobs of every service."""
    writer = _Writer(scenario)
    services = tuple(scenario.services)
    starts, owners, handshakes = [], [], []
    scale = 1.0 / scenario.platform.core_speed
    for name in scenario.traffic.mix:
        owner = scenario.service_of(name)
        starts.append(writer.begin())
        owners.append(services.index(owner))
        steps = scenario.services[owner].routes[name]
        if scenario.database.read_replicas is not None:
            writer.elsewhere = may_read_elsewhere(scenario.database.statements, steps)
        _write_steps(writer, list(steps), scale)
        writer.plain(codes.END)
        # These two are the last, so that all others keep their places with and without them.
        handshakes.append(writer.draw(codes.UNIFORM, 0.0) if scenario.edge.tls is not None else codes.NONE)
        if writer.elsewhere:
            _send_elsewhere(writer, starts[-1])
    internal = {}
    for number, (name, service) in enumerate(scenario.services.items()):
        demands = (service.runtime.boot, service.health, service.health, service.runtime.scrape)
        for kind, demand in enumerate(demands):
            internal[(name, kind)] = len(starts)
            starts.append(writer.begin())
            owners.append(number)
            writer.demand(codes.CPU, demand, scale)
            writer.plain(codes.END, kind)
    most = max(len(laws) for laws in writer.laws)
    flat = [laws[i] if i < len(laws) else (DETERMINISTIC, 0.0) for laws in writer.laws for i in range(most)]
    op, idle, busy, draw, target, reads, hit = (list(column) for column in zip(*writer.ops, strict=True))
    table = Routes(
        op=op,
        idle=idle,
        busy=busy,
        draw=draw,
        target=target,
        reads=reads,
        hit=hit,
        start=starts,
        service=owners,
        draws=[len(laws) for laws in writer.laws],
        handshake=handshakes + [codes.NONE] * len(internal),
        law=[law for law, _ in flat],
        parameter=[float(parameter) for _, parameter in flat],
    )
    return RouteBook(table, tuple(scenario.traffic.mix), services, most, internal, writer.keyspaces)


def _write_steps(writer: _Writer, steps: list[Step], scale: float) -> None:
    position = 0
    while position < len(steps):
        step = steps[position]
        if step.cpu is not None:
            writer.demand(codes.CPU, step.cpu, scale)
        elif step.thread is not None:
            writer.demand(codes.THREAD, step.thread, scale)
        elif step.wait is not None:
            writer.demand(codes.WAIT, step.wait, 1.0)
        elif step.cache is not None:
            _write_cache(writer, step, scale)
        elif step.sql is not None:
            follower = steps[position + 1] if position + 1 < len(steps) else None
            _write_transaction(writer, step, follower, scale)
            if follower is not None and follower.cpu is not None:
                position += 1
        position += 1


def _write_cache(writer: _Writer, step: Step, scale: float) -> None:
    command = step.cache
    assert command is not None
    cpu = writer.scenario.cache.command_cpu
    hit = hit_ratio(writer.scenario, command.keyspace) if command.op == "get" else 0.0
    draw = writer.draw(codes.UNIFORM, 0.0) if hit > 0.0 else codes.NONE
    place = len(writer.ops)
    if command.op == "get":
        writer.keyspaces[place] = command.keyspace
    work = command.count * scale
    writer.ops.append((codes.CACHE, cpu.idle * work, cpu.busy * work, draw, 0, 0, hit))
    _write_steps(writer, list(command.on_miss), scale)
    op, idle, busy, draw, _, reads, hit = writer.ops[place]
    writer.ops[place] = (op, idle, busy, draw, len(writer.ops), reads, hit)


def _write_transaction(writer: _Writer, step: Step, follower: Step | None, scale: float) -> None:
    """ACQUIRE, the statements, then RELEASE: after the burst that reads the last answer, as Node does."""
    sql = step.sql or ()
    statements = writer.scenario.database.statements
    names = [position for position, inner in enumerate(sql) if isinstance(inner, str)]
    commit = codes.COMMITS_WRITES if writes(statements, sql) else codes.COMMITS
    writer.plain(codes.ACQUIRE, int(id(step) in writer.elsewhere))
    for position, inner in enumerate(sql):
        if isinstance(inner, str):
            statement = statements[inner]
            what = commit if position == names[-1] else codes.GOES_ON
            writer.demand(codes.SQL, statement.cpu, scale, what, statement.reads + statement.writes)
        elif inner.cpu is not None:
            writer.demand(codes.CPU, inner.cpu, scale)
    if follower is not None and follower.cpu is not None:
        writer.demand(codes.CPU, follower.cpu, scale)
    writer.plain(codes.RELEASE)


def _send_elsewhere(writer: _Writer, start: int) -> None:
    """One draw of a request says whether what it may read from a read replica comes from there, and from which."""
    replicas = writer.scenario.database.read_replicas
    assert replicas is not None
    draw = writer.draw(codes.UNIFORM, 0.0)
    for place in range(start, len(writer.ops)):
        op, idle, busy, _, target, reads, _ = writer.ops[place]
        if op == codes.ACQUIRE and target == 1:
            writer.ops[place] = (op, idle, busy, draw, target, reads, replicas.share)
