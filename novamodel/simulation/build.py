"""From a scenario to the state of a run: every component's state, in lists or in arrays."""

from __future__ import annotations

from typing import Any, NamedTuple, get_type_hints

from novamodel.components.columns import as_arrays
from novamodel.components.cpu.cpu_gate import NO_LIMIT, gate_state
from novamodel.components.fifo import fifo_state
from novamodel.components.gateway.gateway import gateway_state
from novamodel.components.nginx.limit_req import limit_req_state
from novamodel.components.nginx.upstream.round_robin import MOST_PEERS, Peer, upstream_state
from novamodel.components.node.node import node_state
from novamodel.components.pg_pool.connections import connections_state
from novamodel.components.postgres.cores import shared_cores_state
from novamodel.components.tokens import tokens_state
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.scenario.fargate import fargate_pod_size
from novamodel.scenario.service import Service
from novamodel.simulation import codes
from novamodel.simulation.build_edge import edge_upstream, empty_gateway, gateway_config, limit_columns, limit_state
from novamodel.simulation.build_source import caller_shares, request_source
from novamodel.simulation.recorder import recorder_state, with_shared_rows
from novamodel.simulation.routes import RouteBook, Routes, compile_routes
from novamodel.simulation.state import Config, Model, Reading, Ready, Replicas, Services, Stream, Timers, new_slots
from novamodel.workload.arrivals import Source

SLOTS = 4096
BLOCK = 8192
GOLDEN, OTHER = 0.6180339887498949, 0.7548776662466927
"""Steps between the phases of replicas and of services: as evenly spread as can be, whatever their number is."""
SPARE_REPLICAS = 8  # rows for pods that still drain while others start


class Plan(NamedTuple):
    """A scenario ready to run: the empty state, where requests come from, and the names behind numbers."""

    model: Model
    source: Source
    book: RouteBook
    rows: dict[str, tuple[int, int]]  # service -> first replica row, one past the last
    populations: tuple[str, ...]


def build(scenario: Scenario, *, arrays: bool) -> Plan:
    """The state at time 0 and the stream of requests from the start of the warm-up on."""
    book = compile_routes(scenario)
    rows = _replica_rows(scenario)
    count = max(end for _, end in rows.values())
    config = _config(scenario, book, rows)
    database = scenario.database
    readers = database.read_replicas.count if database.read_replicas else 0
    first_clients, shares = caller_shares(scenario)
    clients = int(first_clients[-1])
    threads = max(service.runtime.threads for service in scenario.services.values())
    model = Model(
        config=config,
        routes=book.table,
        services=Services(**limit_columns(scenario, clients), **_columns(rows)),
        stream=Stream(
            time=[0.0] * BLOCK,
            route=[0] * BLOCK,
            population=[0] * BLOCK,
            client=[0] * BLOCK,
            draw=[1.0] * (BLOCK * book.most_draws),
            at=[0],
            count=[0],
            number=[0],
        ),
        slots=new_slots(SLOTS, book.most_draws),
        ready=Ready([0] * SLOTS, [0], [0], [SLOTS]),
        replicas=Replicas(
            in_flight=[0] * count,
            most_in_flight=[0] * count,
            armed=[codes.NEVER] * count,
            pool_armed=[codes.NEVER] * (2 * count if readers else count),
            done=[codes.NONE] * (count * codes.INTERNAL_KINDS),
            lost=[0] * count,
        ),
        timers=Timers([codes.NEVER] * (1 + readers), [codes.NEVER] * 2, [0, 0], [codes.NONE], [0], [codes.NONE]),
        limit=limit_state(scenario, clients),
        gateway=empty_gateway(scenario, clients),
        edge=fifo_state(config.edge_workers),
        upstream=edge_upstream(scenario, rows),
        gate=_gates(scenario, rows),
        node=node_state(count, threads, SLOTS),
        pool=_pools(scenario, rows),
        connections=_connections(scenario, rows),
        bouncer=_server_pools(scenario),
        bouncer_cpu=fifo_state(1),
        cores=shared_cores_state([int(database.cores), *[database.replica_cores] * readers], SLOTS),
        volume=fifo_state(1 + readers),
        redis=fifo_state(1),
        reading=Reading([-codes.NEVER] * (clients if readers else 1), [0], [0]),
        record=recorder_state(len(book.names), len(scenario.traffic.populations)),
    )
    source = request_source(scenario, book.table, book, first_clients, shares)
    populations = tuple(scenario.traffic.populations)
    return Plan(_in_arrays(model) if arrays else model, source, book, rows, populations)


def blank_model() -> Model:
    """The smallest state, in arrays: its column types are those of every run."""
    model = Model(
        config=Config(**{name: kind(1) for name, kind in get_type_hints(Config).items()}),
        routes=Routes([0], [0.0], [0.0], [0], [0], [0], [0.0], [0], [0], [0], [0], [0], [0.0]),
        services=Services([0], [0], [0], [0]),
        stream=Stream([0.0], [0], [0], [0], [0.0], [0], [0], [0]),
        slots=new_slots(1, 1),
        ready=Ready([0], [0], [0], [1]),
        replicas=Replicas([0], [0], [0.0], [0.0], [0], [0]),
        timers=Timers([0.0], [0.0], [0], [0], [0], [0]),
        limit=limit_req_state(1, [(1, 0, 0)]),
        gateway=gateway_state(1, 1.0),
        edge=fifo_state(1),
        upstream=upstream_state([([Peer()], [])]),
        gate=gate_state(1, 1.0, 1.0),
        node=node_state(1, 1, 1),
        pool=tokens_state(1, 1, 1.0, 1),
        connections=connections_state(1, 1, 1.0),
        bouncer=tokens_state(1, 1, 1.0, 1),
        bouncer_cpu=fifo_state(1),
        cores=shared_cores_state([1], 1),
        volume=fifo_state(1),
        redis=fifo_state(1),
        reading=Reading([0.0], [0], [0]),
        record=recorder_state(1, 1),
    )
    return _in_arrays(model)


def _in_arrays(model: Model) -> Model:
    parts = {name: as_arrays(part) for name, part in model._asdict().items() if name != "config"}
    return model._replace(**parts | {"record": with_shared_rows(parts["record"])})


def most_replicas(service: Service) -> int:
    """The most replicas that the autoscaler (or the fixed count) allows."""
    return max(service.replicas, service.autoscaler.max_replicas if service.autoscaler else 1)


def _replica_rows(scenario: Scenario) -> dict[str, tuple[int, int]]:
    rows, first = {}, 0
    for name, service in scenario.services.items():
        most = most_replicas(service)
        if most > MOST_PEERS:
            raise UserError(f"services.{name}: {most} replicas", valid=f"at most {MOST_PEERS} replicas of one service")
        spare = SPARE_REPLICAS + (2 * most if scenario.operations else 0)  # an update starts and drains a fleet
        rows[name] = (first, first + min(most + spare, MOST_PEERS))
        first = rows[name][1]
    return rows


def _columns(rows: dict[str, tuple[int, int]]) -> dict[str, list[int]]:
    return {"first": [first for first, _ in rows.values()], "end": [end for _, end in rows.values()]}


def _config(scenario: Scenario, book: RouteBook, rows: dict[str, tuple[int, int]]) -> Config:
    database, edge = scenario.database, scenario.edge
    bouncer, replicas = database.pgbouncer, database.read_replicas
    scale = 1.0 / scenario.platform.core_speed
    accepted = database.max_connections - database.reserved_connections
    return Config(
        edge_mean=edge.request_cpu.busy * scale,
        edge_workers=edge.workers,
        tls_new=1.0 / edge.requests_per_connection if edge.tls else 0.0,
        tls_resumed=edge.tls.resumed / edge.requests_per_connection if edge.tls else 0.0,
        tls_full_work=edge.tls.full_s * scale if edge.tls else 0.0,
        tls_resumed_work=edge.tls.resumed_s * scale if edge.tls else 0.0,
        **gateway_config(scenario),
        edge_network=edge.network / 2,
        database_network=database.network / 2,
        cache_network=scenario.cache.network / 2,
        connect_idle=database.connect.idle * scale,
        connect_busy=database.connect.busy * scale,
        connect_login=bouncer.login_cpu.busy * scale if bouncer else 0.0,
        has_bouncer=int(bouncer is not None),
        bouncer_query=bouncer.query_cpu.busy * scale if bouncer else 0.0,
        most_connections=bouncer.max_client_conn if bouncer else accepted,
        most_reading=database.replica_connections * (replicas.count if replicas else 0),
        readers=replicas.count if replicas else 0,
        lag=replicas.lag if replicas else 0.0,
        own_door=int(bouncer is None),
        replica_rows=max(end for _, end in rows.values()),
        pool_rows=max(end for _, end in rows.values()) * (2 if replicas else 1),
        io_time=1.0 / database.iops,
        io_latency=database.storage_latency,
        patience=scenario.traffic.caller.timeout,
        most_draws=book.most_draws,
        public_routes=len(book.names),
    )


def _gates(scenario: Scenario, rows: dict[str, tuple[int, int]]) -> Any:
    period = scenario.platform.cfs_period
    state = gate_state(0, 0.0, period)
    for number, (name, (first, end)) in enumerate(rows.items()):
        limit = cpu_limit(scenario, name)
        part = gate_state(end - first, limit * period if limit else NO_LIMIT, period)
        spread = [-period * ((number * OTHER + (r + 1) * GOLDEN) % 1.0) for r in range(end - first)]
        state = type(state)(*(a + b for a, b in zip(state, part._replace(phase=spread), strict=True)))
    return state


def cpu_limit(scenario: Scenario, name: str) -> float | None:
    """Cores that a replica may use. On EKS with Fargate a pod has its Fargate size, whatever its limit says."""
    resources = scenario.services[name].resources
    if scenario.platform.kind == "eks" and scenario.platform.compute == "fargate":
        size = fargate_pod_size(resources.cpu_request, resources.memory_request / 1024**3)
        return min(size.vcpu, resources.cpu_limit or size.vcpu)
    return resources.cpu_limit


def _pools(scenario: Scenario, rows: dict[str, tuple[int, int]]) -> Any:
    state = tokens_state(0, 0, 0.0, SLOTS)
    for name, (first, end) in rows.items():
        pool = scenario.services[name].pool
        patience = pool.connection_timeout if pool and pool.connection_timeout > 0 else codes.NEVER
        part = tokens_state(end - first, pool.max if pool else 1, patience, 0)
        state = type(state)(*(a + b for a, b in zip(state, part, strict=True)))
    if scenario.database.read_replicas is not None:  # a second pool in each replica, with the same settings
        twice = {name: column * 2 for name, column in state._asdict().items() if name not in ("next", "entered")}
        state = state._replace(**twice)
    return state


def _connections(scenario: Scenario, rows: dict[str, tuple[int, int]]) -> Any:
    deepest = max((s.pool.max for s in scenario.services.values() if s.pool), default=1)
    count = max(end for _, end in rows.values())
    sides = 1 if scenario.database.read_replicas is None else 2
    state = connections_state(sides * count, deepest, codes.NEVER)
    for name, (first, end) in rows.items():
        pool = scenario.services[name].pool
        for side in range(sides):
            for p in range(side * count + first, side * count + end):
                state.idle_timeout[p] = pool.idle_timeout if pool and pool.idle_timeout > 0 else codes.NEVER
    return state


def _server_pools(scenario: Scenario) -> Any:
    """PgBouncer's pools to the primary and to the read replicas, as far as these accept its connections."""
    database, bouncer = scenario.database, scenario.database.pgbouncer
    state = tokens_state(2, 1, _patience(bouncer), SLOTS)
    if bouncer is not None:
        replicas = database.read_replicas.count if database.read_replicas else 0
        accepted = (
            database.max_connections - database.reserved_connections,
            database.replica_connections * replicas,
        )
        state.size[:] = [max(1, min(bouncer.default_pool_size, most)) for most in accepted]
    return state


def _patience(bouncer: Any) -> float:
    return bouncer.query_wait_timeout if bouncer and bouncer.query_wait_timeout > 0 else codes.NEVER
