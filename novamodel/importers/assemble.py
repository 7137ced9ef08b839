"""From a folder to an import report: read every file, choose the platform, say what its files say."""

from __future__ import annotations

from pathlib import Path

from novamodel.errors import UserError
from novamodel.importers import scripts
from novamodel.importers.aws import say as aws
from novamodel.importers.aws.estate import Estate
from novamodel.importers.compose import read as compose_files
from novamodel.importers.ecs import read as ecs
from novamodel.importers.findings import find_faults
from novamodel.importers.folder import KINDS, Found, find_files
from novamodel.importers.kubernetes import read as kubernetes
from novamodel.importers.kubernetes.ingress import ingress_edge, ingress_services
from novamodel.importers.names import is_infrastructure, match, short_name
from novamodel.importers.nginx.fields import say_edge
from novamodel.importers.nginx.read import read_nginx
from novamodel.importers.nodejs import pool
from novamodel.importers.pgbouncer import read as pgbouncer
from novamodel.importers.postgres import read as postgres
from novamodel.importers.prometheus import read as prometheus
from novamodel.importers.report import Draft, ImportReport, Said, Workload
from novamodel.importers.sources import Sources
from novamodel.importers.terraform.read import read_terraform, say_left
from novamodel.scenario import Tree

PLATFORMS = ("eks", "ecs", "compose")
_FILES_OF = {"eks": "kubernetes", "ecs": "ecs", "compose": "compose"}


def import_folder(folder: Path, platform: str | None = None) -> ImportReport:
    """Read the configuration files of a folder into the imported part of a scenario.

    ``platform`` (eks, ecs, compose) chooses whose files deploy the services; None takes Kubernetes manifests
    where there are any, else an ECS task definition, else Docker Compose, else whatever is there. A missing
    folder, a folder without a known file and a known file that is broken are a ``UserError`` with file and line.
    """
    if platform is not None and platform not in PLATFORMS:
        raise UserError(f"platform {platform!r} is not known", valid=PLATFORMS, given=platform)
    found = find_files(folder)
    draft = Draft()
    sources = _read(found, draft)
    kind = platform or _choose(sources)
    _say_platform(kind, platform is not None, sources, draft)
    _say_services(kind, sources, draft)
    services = list(draft.values.get("services", {}))
    if sources.nginx is not None:
        say_edge(sources.nginx, services, draft)
    elif kind == "eks":
        ingress_edge(sources.cluster, services, draft)
    _say_stores(kind, sources, services, draft)
    pgbouncer.say_pgbouncer(sources.pgbouncer, draft)
    cluster = sources.cluster if kind == "eks" else kubernetes.Cluster()
    pgbouncer.say_deployed(cluster, sources.compose if kind == "compose" else None, draft)
    for each in sorted(sources.pools, key=lambda p: not _pool_services(p, services)[1]):
        for service in _pool_services(each, services)[0]:
            pool.say_pool(each, service, draft)
        if pool.meant_pgbouncer(each):
            why = "evident intent: the pool points at PgBouncer"
            draft.say(Said("database.pgbouncer", None, each.file, each.line_of("host"), why))
    prometheus.say_monitoring(found.all("prometheus"), services, draft)
    scripts.say_backup([(path, found.relative(path)) for path in found.paths.get("script", [])], draft)
    postgres.say_settings(sources.settings, kind == "compose", draft)
    find_faults(sources, kind, draft)
    for name, why in found.not_read:
        draft.leave(name, None, "file not read", why)
    return ImportReport(draft.tree(), kind, found.files, draft.fields, draft.not_modelled)


def importer(folder: Path, platform: str | None = None) -> Tree:
    """The importer that ``scenario.load_scenario`` takes: the tree of ``import_folder``."""
    return import_folder(folder, platform).tree


def _read(found: Found, draft: Draft) -> Sources:
    def pairs(kind: str) -> list[tuple[Path, str]]:
        return [(path, found.relative(path)) for path in found.paths.get(kind, [])]

    cluster = kubernetes.read_cluster(found.all("kubernetes"), draft)
    chosen = compose_files.choose(found.all("compose"), draft)
    terraform = read_terraform(pairs("terraform"), found.text)
    say_left(terraform, draft)
    sources = Sources(
        found,
        cluster,
        chosen,
        Estate(terraform.resources, found.all("ecs")),
        terraform,
        read_nginx(pairs("nginx")) if found.paths.get("nginx") else None,
        [each for path, shown in pairs("pool") for each in pool.read_pools(path, shown)],
        postgres.read_settings(pairs("postgres")),
        pgbouncer.read_settings(pairs("pgbouncer")),
    )
    sources.workloads = {
        "eks": kubernetes.workloads(cluster, draft),
        "ecs": ecs.workloads(sources.estate, draft),
        "compose": compose_files.workloads(chosen, draft) if chosen else [],
    }
    _rename_targets(sources)
    return sources


def _rename_targets(sources: Sources) -> None:
    """Give what nginx passes requests to the name that the service has in the scenario."""
    if sources.nginx is None:
        return
    prefixes = sources.cluster.prefixes
    known = {short_name(w.raw_name): w.name for group in sources.workloads.values() for w in group}
    sources.nginx.targets = [
        target._replace(service=known.get(target.service, short_name(target.service, prefixes)))
        for target in sources.nginx.targets
    ]


def _choose(sources: Sources) -> str:
    for kind in PLATFORMS:
        if sources.found.paths.get(_FILES_OF[kind]) or (kind == "ecs" and sources.workloads[kind]):
            return kind
    return sources.estate.platform or "compose"


def _say_platform(kind: str, asked: bool, sources: Sources, draft: Draft) -> None:
    files = [sources.found.relative(path) for path in sources.found.paths.get(_FILES_OF[kind], [])]
    declared = [one.file for one in sources.workloads[kind]] if kind == "ecs" else []
    declared += sources.estate.files if kind == sources.estate.platform else []
    first = next(iter([*files, *declared]), None)
    if first is not None:
        what = KINDS[_FILES_OF[kind]] if files else "Terraform"
        why, said = f"derived: found in the folder: {what}", "derived"
    elif asked:
        why, said = "assumed: asked for; no file of the folder speaks of it", "assumed"
    else:
        why, said = "assumed: no file says where it runs", "assumed"
    draft.say(Said("platform.kind", kind, first, 1 if first else None, why, said))
    if kind == "ecs":
        ecs.say_compute(sources.estate, draft)
    for other in PLATFORMS:
        if other != kind:
            for path in sources.found.paths.get(_FILES_OF[other], []):
                shown = sources.found.relative(path)
                draft.leave(shown, 1, KINDS[_FILES_OF[other]], f"read for findings only: the platform is {kind}")


def _say_services(kind: str, sources: Sources, draft: Draft) -> None:
    deployed = sources.workloads[kind]
    for workload in deployed:
        below = f"services.{workload.name}"
        draft.say(Said("", None, workload.file, workload.line), below)
        for said in workload.said:
            draft.say(said, below)
    for name, place in _evident(kind, sources):
        if name not in draft.values.get("services", {}) and not is_infrastructure(name):
            _say_evident(name, place, deployed, kind, draft)
    if not draft.values.get("services"):
        for other in PLATFORMS:
            for workload in sources.workloads[other]:
                why = f"assumed: only a {KINDS[_FILES_OF[other]]} deploys it"
                draft.say(Said("", None, workload.file, workload.line), f"services.{workload.name}")
                replicas = Said("replicas", 1, workload.file, workload.line, why, "assumed")
                draft.say(replicas, f"services.{workload.name}")


def _evident(kind: str, sources: Sources) -> list[tuple[str, Said]]:
    """Services that requests are sent to, whether or not something deploys them."""
    found = []
    if sources.nginx is not None:
        for target in sources.nginx.targets:
            servers = sources.nginx.servers(target.host)
            first = servers[0] if servers else target.passed
            count = max(len(servers), 1)
            found.append((target.service, Said("replicas", count, first.file, first.line, "one a server line")))
    if kind == "eks":
        for name, place in ingress_services(sources.cluster):
            found.append((name, Said("replicas", 1, place.file, place.line, "the ingress sends requests there")))
    return found


def _say_evident(name: str, said: Said, deployed: list[Workload], kind: str, draft: Draft) -> None:
    below = f"services.{name}"
    if not deployed:
        draft.say(Said("", None, said.file, said.line), below)
        draft.say(said, below)
        return
    draft.say(Said("", None, said.file, said.line, "evident intent: requests are sent there"), below)
    why = f"assumed: requests are sent to {name}, and no file deploys it on {kind}"
    draft.say(said._replace(sentence=why, kind="assumed"), below)
    what = {"eks": "Deployment", "ecs": "task definition", "compose": "compose service"}[kind]
    draft.find(
        "error",
        "service-not-deployed",
        said.file,
        said.line,
        f"requests are sent to {name}, and there is no {what} for it (read as meant, with defaults)",
        f"add the {what}",
    )
    if kind == "ecs":
        size = [s for s in deployed[0].said if s.path.startswith("resources.") and s.value is not None]
        why = f"assumed: the size of {deployed[0].name}, the only task definition"
        for each in size:
            draft.say(each._replace(sentence=why, kind="assumed"), below)


def _say_stores(kind: str, sources: Sources, services: list[str], draft: Draft) -> None:
    if sources.compose is not None and kind == "compose":
        compose_files.say_stores(sources.compose, draft)
    on_rds = kind != "compose" or "database" not in draft.values
    aws.say(sources.estate, kind, services, on_rds, draft)
    if on_rds:
        return
    for path in sources.found.paths.get("terraform", []):
        shown = sources.found.relative(path)
        draft.leave(shown, 1, "Terraform", "its database is not taken: Docker Compose runs its own")


def _pool_services(each: pool.Pool, services: list[str]) -> tuple[list[str], bool]:
    """The services that a pool file belongs to, and whether its path names one of them."""
    for part in each.file.split("/"):
        named = match(part.split(".")[0], services)
        if named is not None:
            return [named], True
    return services, False
