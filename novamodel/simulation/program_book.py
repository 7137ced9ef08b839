"""From a scenario's routes to the table of programs.

First the entries (a route asked for from outside, through an edge or straight), then what is called, worked on and
called by nobody: in this order, so that the draws of an entry do not depend on what stands behind it.
"""

from __future__ import annotations

from typing import TypeVar

from novamodel.scenario import Scenario
from novamodel.scenario.backend import ConnectionLimit, Edge, RequestLimit
from novamodel.scenario.demand import walk_steps
from novamodel.scenario.graph import RouteOf, called
from novamodel.scenario.traffic import Source
from novamodel.simulation import codes
from novamodel.simulation.layout import DIRECT, Balance, Layout, Link, Site
from novamodel.simulation.program_writer import COLUMNS, ProgramWriter, law_row
from novamodel.simulation.programs import ProgramBook, Programs
from novamodel.workload.law_book import LawBook

Limit = TypeVar("Limit", RequestLimit, ConnectionLimit)


def asks_once(source: Source) -> bool:
    """Whether who asks neither comes back nor asks again: the request can stand for its caller."""
    return source.loop != "closed" and source.caller.plain


def write_programs(scenario: Scenario, layout: Layout, laws: LawBook) -> ProgramBook:
    """Write every program of a scenario."""
    writer = ProgramWriter(scenario, layout, laws)
    routes = scenario.entry_routes
    wanted = {(source.via, route): None for source in scenario.traffic.sources.values() for route in source.routes}
    targets = _targets(scenario)
    first = len(wanted)
    writer.callable = {target: first + number for number, target in enumerate(targets)}
    entries = {}
    for via, route in wanted:
        entries[(via, route)] = _entry(writer, via, route, routes.index(route))
    for target in targets:
        _target(writer, target)
    internal = {}
    for name, service in scenario.services.items():
        demands = (service.runtime.boot, service.health, service.health, service.runtime.scrape)
        for kind, demand in enumerate(demands):
            internal[(name, kind)] = writer.begin(f"{name}: job {kind}", name)
            writer.put(codes.DRAW)
            writer.slot(name)
            writer.demand(codes.CPU, demand, writer.scale)
            writer.put(codes.END, station=kind)
    work = {}
    for service_name, which in layout.groups:
        route = scenario.services[service_name].consumers[which].route
        work[(service_name, which)] = writer.begin(f"{service_name}.{route} (from a queue)", service_name)
        writer.put(codes.DRAW)
        writer.route(service_name, route)
        writer.close()
    messages = {}
    for name in layout.queues:
        messages[name] = writer.begin(f"queue {name}", None)
        writer.put(codes.END)
    links = {link: (_opening(writer, link, False), _opening(writer, link, True)) for link in layout.links}
    logins = {
        where: (_login(writer, *where, False), _login(writer, *where, True))
        for where in layout.servers
        if scenario.all_databases[where[0]].pgbouncer is not None
    }
    callers: dict[tuple[str, str], int] = {}
    for name, source in scenario.traffic.sources.items():
        if source.loop == "closed":
            callers[(name, "")] = _users(writer, name, source, entries, routes)
        elif not asks_once(source):
            for route in source.routes:
                callers[(name, route)] = _asker(writer, name, source, entries[(source.via, route)], route, routes)
    return _book(writer, layout, routes, entries, internal, work, callers, messages, links, logins)


def _targets(scenario: Scenario) -> list[RouteOf | str]:
    """Everything that some step calls."""
    steps = (
        step
        for service in scenario.services.values()
        for route in service.routes.values()
        for step in walk_steps(route)
    )
    return list(dict.fromkeys(called(scenario, step.call.to) for step in steps if step.call is not None))


def _entry(writer: ProgramWriter, via: str, route: str, number: int) -> int:
    scenario, layout = writer.scenario, writer.layout
    service = scenario.service_of(route)
    program = writer.begin(route, service, number)
    edge = scenario.all_edges.get(via)
    if edge is not None:
        place = layout.places.setdefault((via, route), len(layout.places))
        writer.program.laws.append(law_row(writer.laws, edge.request_cpu))
        writer.put(codes.EDGE, station=place)
        if limits_at(scenario, edge.connection_limits, route) is not None:
            writer.put(codes.ADMIT, station=place)
    if scenario.gateway is not None:
        writer.put(codes.GATE)
    choose = writer.put(codes.CHOOSE, station=layout.balances[Balance(via, service)])
    writer.program.choose = choose
    writer.program.repeats = int(route in scenario.services[service].repeatable)
    writer.route(service, route)
    if edge is not None:
        _edge_draws(writer, edge, choose)
    writer.close()
    return program


def _edge_draws(writer: ProgramWriter, edge: Edge, choose: int) -> None:
    """These draws are the last, so that all others keep their places with and without them."""
    start = writer.program.start
    if edge.tls is not None:
        writer.ops[start]["other_draw"] = writer.unit_draw()
    rejection = writer.draw(edge.reject_cpu)
    for op in writer.ops[start:choose]:
        if op["op"] in (codes.EDGE, codes.ADMIT):
            op["draw"] = rejection
    if edge.connect_cpu.busy > 0:
        writer.ops[choose]["draw"] = writer.draw(edge.connect_cpu)


def limits_at(scenario: Scenario, limits: dict[str, Limit], route: str) -> Limit | None:
    """The limit that a route meets: its own, or that of its service."""
    return limits.get(route) or limits.get(scenario.service_of(route))


def _target(writer: ProgramWriter, target: RouteOf | str) -> None:
    scenario, layout = writer.scenario, writer.layout
    if isinstance(target, RouteOf):
        writer.begin(str(target), target.service)
        writer.put(codes.DRAW)
        writer.put(codes.CHOOSE, station=layout.balances[Balance(DIRECT, target.service)])
        writer.route(target.service, target.route)
    else:
        external, number = scenario.externals[target], layout.externals.index(target)
        writer.begin(target, None)
        writer.put(codes.DRAW)
        writer.put(codes.EXTERNAL_IN, station=number)
        writer.demand(codes.WAIT, external.latency, 1.0)
        draw = writer.unit_draw() if external.failures > 0 else codes.NONE
        writer.put(codes.EXTERNAL_OUT, station=number, share=external.failures, draw=draw)
        writer.put(codes.END)
    writer.close()


def _opening(writer: ProgramWriter, link: Link, refused: bool) -> int:
    """A connection set-up: three ways over the network before and behind the server's work; four until a refusal."""
    database = writer.scenario.all_databases[link.database]
    program = writer.begin(f"{link.service}: {'refused ' if refused else ''}connection to {link.database}", None)
    way = database.network / 2
    writer.put(codes.DRAW)
    writer.put(codes.WAIT, busy=(4.0 if refused else 3.0) * way)
    if not refused:
        demand = database.pgbouncer.login_cpu if database.pgbouncer is not None else database.connect
        writer.put(codes.CONNECT, draw=writer.draw(demand))
        welcome = writer.put(codes.WELCOME) if database.pgbouncer is not None else None
        writer.put(codes.WAIT, busy=3.0 * way)
        if welcome is not None:
            writer.ops[welcome]["jump"] = len(writer.ops)
    writer.put(codes.OPENED)
    writer.put(codes.END)
    return program


def _login(writer: ProgramWriter, name: str, reads: bool, refused: bool) -> int:
    """PgBouncer's login to its server: the server's work, or nothing of it."""
    which = "read replicas" if reads else "primary"
    program = writer.begin(f"{'refused ' if refused else ''}login of PgBouncer to {name}, {which}", None)
    writer.put(codes.DRAW)
    if not refused:
        writer.put(codes.LOG_IN, draw=writer.draw(writer.scenario.all_databases[name].connect))
    writer.put(codes.LOGGED_IN)
    writer.put(codes.END)
    return program


def _asker(writer: ProgramWriter, name: str, source: Source, entry: int, route: str, routes: tuple[str, ...]) -> int:
    """Somebody who asks again when an attempt has failed: with the draws of the request itself."""
    program = writer.begin(f"{name} asks for {route}", None)
    writer.program.laws.extend(writer.programs[entry].laws)
    _ask(writer, source, entry, routes.index(route))
    writer.put(codes.END)
    return program


def _users(
    writer: ProgramWriter, name: str, source: Source, entries: dict[tuple[str, str], int], routes: tuple[str, ...]
) -> int:
    """Users who think, ask and wait for the answer, visit after visit."""
    program = writer.begin(f"users of {name}", None)
    writer.put(codes.DRAW)
    writer.demand(codes.WAIT, source.think, 1.0)
    visits = [(one.share, one.routes) for one in source.sessions.values()]
    if not visits:
        visits = [(share, (route,)) for route, share in source.mix.items()]
    left = 1.0
    for number, (share, visit) in enumerate(visits):
        last = number == len(visits) - 1
        skip = None if last else writer.put(codes.CHANCE, share=min(1.0, share / left), draw=writer.unit_draw())
        left -= share
        for step, route in enumerate(visit):
            if step:
                writer.demand(codes.WAIT, source.think, 1.0)
            _ask(writer, source, entries[(source.via, route)], routes.index(route))
        writer.put(codes.AGAIN)
        if skip is not None:
            writer.ops[skip]["jump"] = len(writer.ops)
    return program


def _ask(writer: ProgramWriter, source: Source, entry: int, route: int) -> None:
    repeats = source.loop != "closed"
    start = writer.programs[entry].start
    if not repeats:  # a user's request is drawn when it is sent
        stub = writer.put(codes.CHANCE, share=-1.0, jump=len(writer.ops) + 3)
        start = writer.put(codes.DRAW)
        writer.put(codes.CHANCE, share=-1.0, jump=writer.programs[entry].start)
        assert writer.ops[stub]["jump"] == len(writer.ops)
    writer.layout.sites.append(
        Site(writer.program.name, writer.programs[entry].name, entry, start, source.caller, 0.0, True, repeats)
    )
    writer.put(codes.BEGIN, route=route)
    writer.put(codes.CALL, station=len(writer.layout.sites) - 1)
    writer.put(codes.RECORD, route=route)


def _book(
    writer: ProgramWriter,
    layout: Layout,
    routes: tuple[str, ...],
    entries: dict[tuple[str, str], int],
    internal: dict[tuple[str, int], int],
    work: dict[tuple[str, str], int],
    callers: dict[tuple[str, str], int],
    messages: dict[str, int],
    links: dict[Link, tuple[int, int]],
    logins: dict[tuple[str, bool], tuple[int, int]],
) -> ProgramBook:
    programs = writer.programs
    most = max(1, *(len(program.laws) for program in programs))
    constant = writer.laws.add("deterministic")
    law = [row for p in programs for row in [*p.laws, *[constant] * (most - len(p.laws))]]
    table = Programs(
        **{name: [op[name] for op in writer.ops] for name in COLUMNS},
        start=[program.start for program in programs],
        service=[program.service for program in programs],
        entry=[program.entry for program in programs],
        choose=[program.choose for program in programs],
        repeats=[program.repeats for program in programs],
        draws=[len(program.laws) for program in programs],
        law=law,
    )
    return ProgramBook(
        table=table,
        most_draws=most,
        names=tuple(program.name for program in programs),
        routes=routes,
        entries=entries,
        services=layout.services,
        internal=internal,
        work=work,
        callers=callers,
        messages=messages,
        links=links,
        logins=logins,
        demands={key: draw for key, draw in writer.demands.items() if draw != codes.NONE},
        first_hit={key: draw for key, draw in writer.first_hit.items() if draw != codes.NONE},
        keyspaces=writer.keyspaces,
        statements=writer.statements,
        curves=writer.curves,
    )
