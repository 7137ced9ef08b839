"""Faults that only show when files are read side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from novamodel.importers.kubernetes.read import Cluster
from novamodel.importers.kubernetes.routes import ANNOTATION
from novamodel.importers.nginx.read import Nginx, server_hosts
from novamodel.importers.node import Node
from novamodel.importers.pools.said import Row
from novamodel.importers.report import Draft, Workload

REDIS = {"REDIS_URL", "REDIS_HOST"}
"""Variables that name a cache."""


def upstream_hosts(nginx: Nginx, known: Collection[str], file: str, draft: Draft) -> None:
    """Upstream servers that are no compose service: nginx does not start."""
    for host, server in server_hosts(nginx):
        if host not in known:
            draft.find(
                "error",
                "upstream-host-unknown",
                server.file,
                server.line,
                f"upstream server {host} is no service of {file}: host not found, nginx does not start "
                "(read as a replica of the same service)",
                f"name a service of {file}: {', '.join(sorted(known))}",
            )


def scrape_targets(targets: Iterable[tuple[str, Node]], known: Collection[str], draft: Draft) -> None:
    """Scrape targets that no file deploys."""
    for host, place in targets:
        name = host.split(".")[0]
        if name not in known:
            draft.find(
                "warning",
                "scrape-target-unknown",
                place.file,
                place.line,
                f"scrape target {place.text} is no service of any file: it is down for ever",
                "deploy it, or correct the name",
            )


def rate_limits(nginx: Nginx | None, cluster: Cluster, draft: Draft) -> None:
    """Which limit stands at the edge of a cluster, and limits that differ between files."""
    if nginx is None or not nginx.zones or not cluster.of("Ingress"):
        return
    zone = next(iter(nginx.zones.values())).place
    ingress = cluster.of("Ingress")[0]
    draft.find(
        "warning",
        "nginx-conf-not-in-cluster",
        zone.file,
        zone.line,
        f"the ingress controller does not read {zone.file}: its limits are taken as what is meant at the edge",
        "write the limits as ingress annotations (limit-rps, limit-burst-multiplier)",
    )
    for key, note in ingress.at("metadata", "annotations").entries():
        if key == f"{ANNOTATION}rate-limit":
            window = ingress.at("metadata", "annotations", f"{ANNOTATION}rate-limit-window").text or "?"
            draft.find(
                "warning",
                "rate-limits-disagree",
                note.file,
                note.line,
                f"the ingress means {note.text} requests in {window} a client, {zone.file}:{zone.line} "
                f"{zone.option('rate')}: they are not the same limit",
                "decide on one",
            )


def environments(groups: dict[str, Iterable[Workload]], draft: Draft) -> None:
    """Variables that one platform gives a service and another leaves out (REDIS_URL above all)."""
    given = {w.name: set(w.environment) for w in groups.get("compose", ())}
    for kind in ("eks", "ecs"):
        for workload in groups.get(kind, ()):
            missing = sorted((given.get(workload.name, set()) - set(workload.environment)) & REDIS)
            if missing:
                draft.find(
                    "warning",
                    "environment-differs",
                    workload.file,
                    workload.line,
                    f"{workload.raw_name} is not given {', '.join(missing)}, which Docker Compose gives it: "
                    "it has no cache here",
                    f"add {missing[0]} to its environment",
                )


def pgbouncer(pool: Row, known: Collection[str], draft: Draft) -> None:
    """A pool that points at PgBouncer while nothing deploys one."""
    meant = "pgbouncer" in pool.host.lower() or pool.host.endswith(":6432")
    if meant and not any("pgbouncer" in name for name in known):
        draft.find(
            "error",
            "pgbouncer-not-deployed",
            pool.file,
            pool.line,
            f"the pool points at {pool.host.rstrip(':')}, and no file deploys PgBouncer: no connection "
            "is ever made (read as meant: PgBouncer with its defaults)",
            "deploy PgBouncer, or point the pool at the database",
        )
