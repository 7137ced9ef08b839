"""What is priced although nobody has declared it, and what the deployment has and the bill leaves out, by name."""

from __future__ import annotations

from collections.abc import Iterator

from novamodel.scenario import Scenario
from novamodel.scenario.callers import Caller
from novamodel.scenario.demand import MAIN, walk_steps
from novamodel.workflows.month.compute import public_addresses
from novamodel.workflows.month.declared import HANDLERS, known_machine, rest
from novamodel.workflows.month.declared.network import carrier
from novamodel.workflows.month.stores import data_gib, used_stores

GIB = 1024**3
UNDECLARED = ("load_balancers", "nat_gateways", "secrets", "kms_keys", "registry", "alarms")
"""What `pricing` adds to the bill although no importer reads it from a file."""


COUNTED = {"secrets": rest.secret, "kms_keys": rest.key, "alarms": rest.alarm}
"""What the files' own resources count in the place of `pricing`."""


def assumed(scenario: Scenario) -> tuple[str, ...]:
    """Priced things that nobody has declared: each by its path, with the amount or what it was taken for."""
    found = []
    platform = scenario.platform
    if platform.on_machines and scenario.origin("platform.node_type").source.endswith("holds every pod"):
        found.append(f"platform.node_type {platform.node_type}: the smallest that holds every pod")
    for name in UNDECLARED:
        if name == "nat_gateways" and public_addresses(scenario):
            continue
        if name == "load_balancers" and carrier(scenario) is not None:
            continue
        path, amount = f"pricing.{name}", getattr(scenario.pricing, name)
        declared = name in COUNTED and any(HANDLERS.get(one.type) is COUNTED[name] for one in scenario.declared)
        if amount and not declared and scenario.origin(path).kind not in ("file", "override"):
            found.append(f"{path} {f'{amount / GIB:g} GiB' if name == 'registry' else amount}")
    if scenario.platform.kind != "compose":
        for name, database in scenario.databases.items():
            if database.instance_class is not None:
                data = f"{data_gib(scenario, name):.3g} GiB of data"
                found.append(f"databases.{name}: {data}, as full as the main database (pricing.database_used)")
        found += [f"queues.{name}: an SQS standard queue" for name in scenario.queues]
    for name, source in scenario.traffic.sources.items():
        if source.loop == "closed":
            path = "traffic" if name == MAIN else f"traffic.also.{name}"
            found.append(f"{path}: {source.most_per_s:.4g} requests/s, its users as if answers took no time")
    return tuple(found)


def missing(scenario: Scenario) -> tuple[str, ...]:
    """Main parts that the deployment must have and that have no price: a bill says so in its total."""
    found = [] if scenario.services else ["compute"]
    if scenario.platform.kind != "compose":
        used, _ = used_stores(scenario)
        found += ["the database"] if any(not _has_machine(scenario, name) for name in used) else []
    return tuple(found)


def _has_machine(scenario: Scenario, name: str) -> bool:
    """Whether a database is RDS, Aurora, declared under a class of its own, or stands on the nodes."""
    path = "database" if name == MAIN else f"databases.{name}"
    database = scenario.all_databases[name]
    if database.instance_class is not None or on_nodes(scenario, database.pod):
        return True
    stores = scenario.declared_of("aws_rds_cluster", "aws_db_instance", "kubernetes_pod")
    return any(
        (one.modelled == path or (name == MAIN and one.type != "kubernetes_pod")) and not known_machine(one)
        for one in stores
    )


def on_nodes(scenario: Scenario, pod: object) -> bool:
    """Whether a part stands in a pod on nodes that are on the bill."""
    return pod is not None and scenario.platform.on_machines


def carried(scenario: Scenario) -> list[str]:
    """Parts that cost nothing beside the nodes they stand on."""
    found = [f"{edge.kind}{_of(name)}" for name, edge in scenario.all_edges.items() if on_nodes(scenario, edge.pod)]
    for name, database in scenario.all_databases.items():
        bouncer = database.pgbouncer
        found += [f"PostgreSQL{_of(name)}"] if on_nodes(scenario, database.pod) else []
        found += [f"PgBouncer{_of(name)}"] if bouncer is not None and on_nodes(scenario, bouncer.pod) else []
    found += [f"Redis{_of(name)}" for name, cache in scenario.all_caches.items() if on_nodes(scenario, cache.pod)]
    return [f"{one}: a pod, the nodes carry it" for one in found]


def not_priced(scenario: Scenario) -> list[str]:
    """What the deployment has and this bill leaves out."""
    items = _machines(scenario) if scenario.platform.kind != "compose" else _on_the_host(scenario)
    if scenario.gateway is not None and scenario.gateway.kind == "kong":
        items.append("Kong: the pods or machine of the API gateway (its CPU is not modelled)")
    items += [f"external {name}: its own price, and data transfer of its calls" for name in scenario.externals]
    if any(caller.retries > 0 for caller in _callers(scenario)):
        items.append("what retries of callers add: requests are counted once")
    monitoring = scenario.monitoring
    if monitoring.prometheus == "self-hosted":
        items.append("Prometheus and Grafana: their CPU and memory (the disk of the samples is priced)")
    if monitoring.logs == "cloudwatch":
        items.append("a log stack of one's own, such as ELK (logs are priced as CloudWatch Logs)")
    items.append("support plan, taxes, people")
    return items


def _callers(scenario: Scenario) -> Iterator[Caller]:
    yield from (source.caller for source in scenario.traffic.sources.values())
    for service in scenario.services.values():
        for steps in service.routes.values():
            yield from (step.call.caller for step in walk_steps(steps) if step.call is not None)


def _of(name: str) -> str:
    return "" if name == MAIN else f" of {name}"


def _machines(scenario: Scenario) -> list[str]:
    items = []
    databases, caches = used_stores(scenario)
    for name, database in scenario.all_databases.items():
        if name not in databases:
            continue
        path = "database" if name == MAIN else f"databases.{name}"
        if database.instance_class is None and not _has_machine(scenario, name):
            items.append(f"PostgreSQL{_of(name)}: {path}.instance_class names no RDS class")
        elif database.instance_class is not None:
            copies = database.read_replicas
            if copies is not None and ".t" in (copies.instance_class or database.instance_class):
                items.append(f"CPU credits of the read replicas{_of(name)}: what they use beyond their baseline")
    for name, cache in scenario.all_caches.items():
        if name in caches and cache.node_type is None and not on_nodes(scenario, cache.pod):
            path = "cache" if name == MAIN else f"caches.{name}"
            items.append(f"Redis{_of(name)}: {path}.node_type names no ElastiCache node type")
    for name, database in scenario.all_databases.items():
        bouncer = database.pgbouncer
        if name in databases and bouncer is not None and not on_nodes(scenario, bouncer.pod):
            items.append(f"PgBouncer{_of(name)}: the pods, tasks or machine it runs on")
    come = {source.via for source in scenario.traffic.sources.values()}
    for name, edge in scenario.all_edges.items():
        if (name in come or name != MAIN) and not on_nodes(scenario, edge.pod):
            items.append(f"{edge.kind}{_of(name)}: the pods or machine of the reverse proxy")
    for name in scenario.queues:
        items.append(f"queue {name}: redeliveries, empty receives, payloads above 64 KiB")
    return items


def _on_the_host(scenario: Scenario) -> list[str]:
    """On one machine everything stands on it but queues, which may be anywhere."""
    return [f"queue {name}: whatever it runs on" for name in scenario.queues]
