"""Faults that only show when files are read side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator

from novamodel.audit.form import NotChecked, Placed, fault, open_question
from novamodel.audit.names import is_elsewhere
from novamodel.audit.seen import Seen
from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.kubernetes.routes import ANNOTATION
from novamodel.importers.names import CACHE_NAMES
from novamodel.importers.quantity import whole
from novamodel.importers.report import Workload
from novamodel.scenario import Finding
from novamodel.units import parse_bytes

_CALLED = {"compose": "Docker Compose", "eks": "Kubernetes", "ecs": "ECS"}


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Everything that files say differently from each other."""
    yield from _rate_limits(seen)
    yield from _environments(seen)
    yield from _sizes(seen)
    yield from _pools(seen)
    yield from _open_metrics(seen)


def _rate_limits(seen: Seen) -> Iterator[Finding]:
    """Which limit stands at the edge of a cluster, and limits that differ between files."""
    nginx, ingresses = seen.sources.nginx, seen.sources.cluster.of("Ingress")
    if nginx is None or not nginx.zones or not ingresses:
        return
    zone = next(iter(nginx.zones.values())).place
    if any(shown == zone.file for shown in seen.sources.found.copies.values()):
        return  # a ConfigMap: a pod of the cluster reads it
    message = f"the ingress controller does not read {zone.file}: its limits are taken as what is meant at the edge"
    fix = "write the limits as ingress annotations (limit-rps, limit-burst-multiplier)"
    yield fault("nginx-conf-not-in-cluster", zone, message, fix)
    for ingress in ingresses:
        for key, note in ingress.at("metadata", "annotations").entries():
            if key == f"{ANNOTATION}rate-limit":
                window = ingress.at("metadata", "annotations", f"{ANNOTATION}rate-limit-window").text or "?"
                message = f"the ingress means {note.text} requests in {window} a client, {zone.file}:{zone.line} "
                message += f"{zone.option('rate')}: they are not the same limit"
                yield fault("rate-limits-disagree", note, message, "decide on one")


def _alike(seen: Seen) -> Iterator[tuple[str, Workload, Workload]]:
    """(kind, workload, the Compose service of the same name)."""
    given = {one.name: one for one in seen.sources.workloads.get("compose", ())}
    for kind in ("eks", "ecs"):
        for one in seen.sources.workloads.get(kind, ()):
            if one.name in given:
                yield kind, one, given[one.name]


def _box(seen: Seen, kind: str, workload: Workload) -> Box | None:
    return next((box for box in seen.sources.boxes.get(kind, []) if box.name == workload.raw_name), None)


def _hidden(box: Box | None) -> str:
    """Why a container may be given variables that its file does not name; empty where it names them all."""
    node = box.node if box is not None else None
    if node is None:
        return "its file is not read whole"
    for key in ("envFrom", "environmentFiles", "env_file"):
        if node[key]:
            return f"{key} gives it more"
    return ""


def _environments(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Variables that one platform gives a service and another leaves out (REDIS_URL above all)."""
    for kind, one, other in _alike(seen):
        theirs = set(other.environment) & CACHE_NAMES
        if not theirs or any("REDIS" in name or "CACHE" in name for name in one.environment):
            continue
        why = seen.unread or _hidden(_box(seen, kind, one))
        if why:
            yield open_question("environment-differs", one, f"whether {one.raw_name} is given {min(theirs)}: {why}")
            continue
        message = f"{one.raw_name} is not given {', '.join(sorted(theirs))}, which Docker Compose gives it: "
        yield fault("environment-differs", one, f"{message}it has no cache here", f"add {min(theirs)}")


def _sizes(seen: Seen) -> Iterator[Finding]:
    """One service, two platforms of production, two sizes."""
    kinds = [kind for kind in ("eks", "ecs") if seen.sources.workloads.get(kind)]
    if len(kinds) < 2:
        return
    sizes = {kind: {one.name: _memory(one) for one in seen.sources.workloads[kind]} for kind in kinds}
    for name in sizes["eks"].keys() & sizes["ecs"].keys():
        (one, place), (other, theirs) = sizes["eks"][name], sizes["ecs"][name]
        if one and other and place is not None and theirs is not None and one != other:
            message = f"{name} may hold {one / 2**20:g} MiB on Kubernetes and {other / 2**20:g} MiB on ECS "
            message += f"({theirs.file}:{theirs.line})"
            yield fault("sizes-disagree", place, f"{message}: what one runs well the other ends", "decide on one")


def _memory(one: Workload) -> tuple[float | None, Placed | None]:
    for path in ("resources.memory_limit", "fargate.memory", "resources.memory_request"):
        for said in one.said:
            if said.path == path and said.value is not None and said.file:
                try:
                    return parse_bytes(said.value), Text(None, said.file, said.line or 1)
                except ValueError:
                    return None, None
    return None, None


def _pools(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Pools that point where nothing listens, and variables that code reads and no file gives."""
    sections = {one.section for one in seen.sources.pgbouncer}
    known = seen.compose_hosts | seen.cluster_hosts | seen.other_projects.keys() | sections
    known |= {box.name for box in seen.boxes()}
    for pool in seen.sources.pools:
        meant = "pgbouncer" in pool.host.lower() or pool.host.endswith(":6432")
        if not meant or any("pgbouncer" in name for name in known):
            continue
        host = pool.host.rstrip(":")
        if is_elsewhere(host.rpartition(":")[0]) or seen.unread or not seen.boxes():
            why = seen.unread or "the name may be known elsewhere"
            yield open_question("pgbouncer-not-deployed", pool, f"whether PgBouncer runs at {host}: {why}")
            continue
        message = f"the pool points at {host}, and no file deploys PgBouncer: no connection is ever made "
        fix = "deploy PgBouncer, or point the pool at the database"
        yield fault("pgbouncer-not-deployed", pool, f"{message}(read as meant: PgBouncer with its defaults)", fix)


def _open_metrics(seen: Seen) -> Iterator[Finding]:
    """Metrics on the port that the proxy passes everything to are the world's to read."""
    nginx = seen.sources.nginx
    jobs = [job for one in seen.sources.found.all("prometheus") for job in one["scrape_configs"]]
    if nginx is None:
        return
    for job in jobs:
        path = job["metrics_path"].text or "/metrics"
        for target in job["static_configs"][0]["targets"]:
            host, _, port = target.text.partition(":")
            whole_site = [one for one in nginx.targets if one.path == "/" and _serves(seen, one.host, host, port)]
            closed = any(one.args and one.args[-1].startswith(path) for one in nginx.find("location"))
            guarded = nginx.find("allow") or nginx.find("auth_basic") or nginx.find("auth_request")
            if whole_site and not closed and not guarded:
                message = f"Prometheus reads {path} of {target.text}, nginx passes it on: the world reads it too"
                fix = f"location {path} {{ deny all; }}, or another port"
                yield fault("metrics-open", whole_site[0].location, message, fix)


def _serves(seen: Seen, upstream: str, host: str, port: str) -> bool:
    """Whether an upstream sends to the port that is scraped of the same service."""
    nginx = seen.sources.nginx
    servers = [server.args[0] for server in nginx.servers(upstream) if server.args] if nginx is not None else []
    names = [server for server in servers or [upstream] if server.partition(":")[2] == port and whole(port)]
    return any(re.sub(r"-\d+$", "", server.partition(":")[0]) == re.sub(r"-\d+$", "", host) for server in names)
