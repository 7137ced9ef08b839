"""All findings of a folder, whichever platform is chosen: each format's own, then those across files."""

from __future__ import annotations

from novamodel.importers import consistency, scripts
from novamodel.importers import workflow as workflows
from novamodel.importers.aws import say as aws
from novamodel.importers.aws.stores import DATABASE
from novamodel.importers.compose import read as compose
from novamodel.importers.ecs import faults as ecs
from novamodel.importers.kubernetes import findings as kubernetes
from novamodel.importers.nginx import faults as nginx_faults
from novamodel.importers.nginx import fields as nginx_fields
from novamodel.importers.postgres import read as postgres
from novamodel.importers.prometheus import read as prometheus
from novamodel.importers.report import Draft
from novamodel.importers.sources import Sources
from novamodel.importers.terraform.references import find_undeclared


def find_faults(sources: Sources, kind: str, draft: Draft) -> None:
    """Note what every file gets wrong."""
    found = sources.found
    nginx = sources.nginx
    kubernetes.find_faults(sources.cluster, draft)
    _compose(sources, draft)
    ecs.find_faults(sources.estate, draft)
    named = any(consistency.REDIS & set(w.environment) for group in sources.workloads.values() for w in group)
    aws.find_faults(sources.estate, named, draft)
    find_undeclared(sources.terraform, draft)
    if nginx is not None:
        nginx_fields.find_faults(nginx, kind != "compose", draft)
        nginx_faults.find_limit_and_upstream_faults(nginx, draft)
    limits_503 = nginx is not None and bool(nginx.find("limit_req")) and not nginx.find("limit_req_status")
    prometheus.note_dashboards(found.all("grafana"), limits_503, draft)
    if sources.known_names:
        targets = prometheus.targets(found.all("prometheus"))
        consistency.scrape_targets(targets, sources.known_names, draft)
    pairs = [(path, found.relative(path)) for path in found.paths.get("script", [])]
    scripts.find_faults(pairs, "--requirepass" in _commands(sources), draft)
    postgres.find_faults(sources.settings, _has_replica(sources), draft)
    workflows.find_faults(found.all("workflow"), sources.workloads["ecs"], sources.workloads["eks"], draft)
    consistency.rate_limits(nginx, sources.cluster, draft)
    consistency.environments(dict(sources.workloads), draft)
    for pool in sources.pools:
        consistency.pgbouncer(pool, sources.known_names | {each.section for each in sources.pgbouncer}, draft)


def _compose(sources: Sources, draft: Draft) -> None:
    if sources.compose is None:
        return
    compose.find_faults(sources.compose, sources.found.names, sources.idle, draft)
    if sources.nginx is not None:
        known = {name for name, _ in sources.compose["services"].entries()}
        consistency.upstream_hosts(sources.nginx, known, sources.compose.file, draft)


def _commands(sources: Sources) -> str:
    services = sources.compose["services"].entries() if sources.compose is not None else []
    return " ".join(str(service["command"].value) for _, service in services)


def _has_replica(sources: Sources) -> bool:
    names = compose.postgres_services(sources.compose) if sources.compose is not None else []
    replicas = [bool(one.body["replicate_source_db"]) for one in sources.estate.of(DATABASE)]
    return len(names) > 1 or any(replicas)
