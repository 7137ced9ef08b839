"""From a scenario to the state of a run: every component's state, in lists or in arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from novamodel.components.columns import as_arrays
from novamodel.components.cpu.cpu_gate import NO_LIMIT, gate_state
from novamodel.components.cpu.utilisation import core_use_state
from novamodel.components.fifo import fifo_state
from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.build_balances import balances_state
from novamodel.simulation.build_caches import caches_state
from novamodel.simulation.build_calls import externals_state, queues_state, sites_state
from novamodel.simulation.build_edge import (
    edges_state,
    empty_gateway,
    gateway_config,
    places_state,
    silent_state,
)
from novamodel.simulation.build_runtimes import cpu_limit, ways_of
from novamodel.simulation.build_shared import host_rows, machines_state, phase
from novamodel.simulation.build_source import Feed, Users, client_count, feeds_of, users_of
from novamodel.simulation.build_stores import links_state, servers_state
from novamodel.simulation.growing import new_requests, room_needed
from novamodel.simulation.layout import Layout, layout_of
from novamodel.simulation.program_book import write_programs
from novamodel.simulation.programs import ProgramBook
from novamodel.simulation.recorder import recorder_state, with_shared_rows
from novamodel.simulation.start_state import begin_limits
from novamodel.simulation.state import BLOCK, Callers, Config, Model, Reading, Ready, Replicas, Stream, Timers
from novamodel.workload.arrivals import MOST_SOURCES, first_stream
from novamodel.workload.law_book import LawBook

REQUESTS = 4096


class Plan(NamedTuple):
    """A scenario ready to run: the empty state, where requests come from, and the names behind numbers."""

    model: Model
    feeds: list[Feed]
    users: list[Users]
    book: ProgramBook
    layout: Layout
    rows: dict[str, tuple[int, int]]  # service -> first replica row, one past the last
    populations: tuple[str, ...]
    hosts: dict[str, range]  # node group -> rows of its machines; empty where machines are not shared


def build(scenario: Scenario, *, arrays: bool, replication: int = 0) -> Plan:
    """The state at time 0 and the sources of requests from the start of the warm-up on."""
    layout = layout_of(scenario)
    laws = LawBook()
    book = write_programs(scenario, layout, laws)
    clients = client_count(scenario)
    count, ways = layout.replica_count, ways_of(scenario, layout)
    threads = max(one.runtime.all_threads if one.runtime.kind == "node" else 1 for one in scenario.services.values())
    queues = queues_state(scenario, layout, book, REQUESTS)
    members = queues.pop("members")
    servers = servers_state(scenario, layout, REQUESTS)
    places, limit, conn = places_state(scenario, layout, clients)
    begin_limits(scenario, layout, places, limit)
    balances = balances_state(scenario, layout)
    sources = max(1, len(scenario.traffic.sources))
    links = links_state(scenario, layout, book, clients, REQUESTS)
    read_from = sum(database.read_replicas is not None for database in scenario.all_databases.values())
    stream = first_stream(replication, MOST_SOURCES - 1)
    workers = sum(edge.workers for edge in scenario.all_edges.values())
    model = Model(
        config=Config(
            seed=scenario.run.seed,
            stream=stream,
            most_draws=book.most_draws,
            room=room_needed(book.table),
            shared=int(any(ways)),
            **gateway_config(scenario),
        ),
        programs=book.table,
        laws=laws.table(),
        stream=_stream(sources, book.most_draws),
        callers=Callers(_patience(scenario)),
        requests=new_requests(REQUESTS, book.most_draws, balances["upstream"].words[0]),
        ready=Ready([0] * REQUESTS, [0], [0], [REQUESTS]),
        replicas=Replicas(
            in_flight=[0] * count,
            most_in_flight=[0] * count,
            begun=[0] * count,
            armed=[codes.NEVER] * count,
            done=[codes.NONE] * (count * codes.INTERNAL_KINDS),
            lost=[0] * count,
            way=ways,
            member=[sum(len(one) for one in members[:r]) for r in range(count)],
            members=[len(one) for one in members],
        ),
        timers=Timers(
            pool=[codes.NEVER] * len(links["pool"].size),
            cores=[codes.NEVER] * len(servers["cores"].cores),
            server=[codes.NEVER] * len(links["bouncer"].size),
            queue=[codes.NEVER] * max(1, len(layout.queues)),
            outage=[0] * len(servers["cores"].cores),
            dying=[codes.NONE],
            now=[0.0],
            victim=[codes.NONE],
        ),
        edges=edges_state(scenario),
        places=places,
        limit=limit,
        conn=conn,
        silent=silent_state(scenario, REQUESTS),
        gateway=empty_gateway(scenario, clients),
        workers=fifo_state(workers),
        **balances,
        gate=_gates(scenario, layout.rows),
        **machines_state(scenario, layout, threads, REQUESTS),
        core_use=core_use_state(count, book.curves),
        **links,
        **servers,
        redis=fifo_state(layout.cache_servers),
        **caches_state(scenario, layout, stream, arrays),
        **sites_state(layout, book, REQUESTS),
        **externals_state(scenario, REQUESTS),
        **queues,
        reading=Reading([-codes.NEVER] * max(1, clients * read_from), [0], [0]),
        record=recorder_state(len(book.routes), len(layout.populations), len(book.names)),
    )
    model = _in_arrays(model) if arrays else model
    feeds = feeds_of(scenario, book, laws.arrays())
    return Plan(
        model,
        feeds,
        users_of(scenario, book),
        book,
        layout,
        layout.rows,
        layout.populations,
        host_rows(scenario, layout),
    )


def _stream(sources: int, most_draws: int) -> Stream:
    size = sources * BLOCK
    return Stream(
        time=[0.0] * size,
        program=[0] * size,
        population=[0] * size,
        client=[0] * size,
        draw=[1.0] * (size * most_draws),
        at=[0] * sources,
        count=[0] * sources,
        number=[0] * sources,
        used_up=[codes.NONE],
    )


def _patience(scenario: Scenario) -> list[float]:
    """By population: when who asks once gives up."""
    return [
        float(source.caller.timeout) if source.caller.timeout > 0 else codes.NEVER
        for source in scenario.traffic.sources.values()
        for _ in source.populations
    ]


def _in_arrays(model: Model) -> Model:
    parts = {name: as_arrays(part) for name, part in model._asdict().items() if name != "config"}
    floats = ("parameter", "weight", "value")
    parts["laws"] = model.laws._replace(
        **{n: np.array(c, dtype=np.float64 if n in floats else np.int64) for n, c in model.laws._asdict().items()}
    )
    return model._replace(**parts | {"record": with_shared_rows(parts["record"])})


def _gates(scenario: Scenario, rows: dict[str, tuple[int, int]]) -> Any:
    period = scenario.platform.cfs_period
    state = gate_state(0, 0.0, period)
    for number, (name, (first, end)) in enumerate(rows.items()):
        limit = cpu_limit(scenario, name)
        part = gate_state(end - first, limit * period if limit else NO_LIMIT, period)
        spread = [phase(period, number, r) for r in range(end - first)]
        state = type(state)(*(a + b for a, b in zip(state, part._replace(phase=spread), strict=True)))
    return state


def column_kinds(model: Any) -> Any:
    """The same state with columns of one entry: what compiled code is made for."""
    if isinstance(model, tuple):
        return type(model)(*(column_kinds(part) for part in model))
    return model[:1] if isinstance(model, np.ndarray) else model


__all__ = ["BLOCK", "Plan", "build", "column_kinds", "cpu_limit"]
