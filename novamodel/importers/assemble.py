"""From a folder to an import report: read every file, choose the platform, say what its files say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from novamodel.errors import UserError
from novamodel.importers import scripts
from novamodel.importers.aws import say as aws
from novamodel.importers.aws.tasks import tasks_of
from novamodel.importers.capacity import say_capacity
from novamodel.importers.compose.asked import asked_of
from novamodel.importers.ecs import read as ecs
from novamodel.importers.folder import find_files
from novamodel.importers.graph.boxes import Text
from novamodel.importers.graph.idle import list_idle
from novamodel.importers.graph.roles import role_of
from novamodel.importers.graph.stores import say_stores
from novamodel.importers.graph.system import MAIN, adopt_declared
from novamodel.importers.imported import ImportReport
from novamodel.importers.kinds import KINDS
from novamodel.importers.kubernetes import read as kubernetes
from novamodel.importers.kubernetes.eksctl import say_nodes
from novamodel.importers.kubernetes.hpa import answered
from novamodel.importers.kubernetes.ingress import ingress_edge, ingress_services
from novamodel.importers.names import CACHE_NAMES, is_infrastructure
from novamodel.importers.nginx.fields import say_edge
from novamodel.importers.pgbouncer import read as pgbouncer
from novamodel.importers.postgres import read as postgres
from novamodel.importers.prometheus import read as prometheus
from novamodel.importers.reading import count_services, find_system_of, read_sources
from novamodel.importers.redis import say_redis
from novamodel.importers.report import Draft, Said, Workload
from novamodel.importers.sources import Sources
from novamodel.importers.unknown import list_unknown

_ASIDE = re.compile(r"(^|/)(tests?|e2e|specs?|docs?|examples?)/")
PLATFORMS = ("eks", "ecs", "compose")
_FILES_OF = {"eks": "kubernetes", "ecs": "ecs", "compose": "compose"}


def import_folder(
    folder: Path,
    platform: str | None = None,
    *,
    rendered: bool = False,
    files: Sequence[str] = (),
    profiles: Sequence[str] = (),
) -> ImportReport:
    """Read the configuration files of a folder into the imported part of a scenario.

    ``platform`` (eks, ecs, compose) chooses whose files deploy the services; None takes Kubernetes manifests
    where there are any, else an ECS task definition, else Docker Compose, else whatever is there. A missing
    folder and a folder without a known file are a ``UserError``; a file that cannot be read is a finding.
    ``rendered``: charts are rendered with ``helm``, where it is installed. ``files`` (Compose's -f: laid over each
    other in order, no override but them) and ``profiles`` choose the compose project; then it is what is read.
    """
    if platform is not None and platform not in PLATFORMS:
        raise UserError(f"platform {platform!r} is not known", valid=PLATFORMS, given=platform)
    found = find_files(folder, rendered)
    draft = Draft()
    sources = read_sources(found, draft, asked_of(folder, files, profiles))
    if files or profiles:
        platform = platform or "compose"
    kind = platform or _choose(sources)
    _say_platform(kind, platform is not None, sources, draft)
    sources.system = find_system_of(kind, sources, draft)
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
    say_capacity(sources, services, draft)
    prometheus.say_monitoring(found.all("prometheus"), services, draft)
    scripts.say_backup(found.pairs("script"), draft)
    own = any(store.boxes for store in sources.system.databases.values())
    mine, others = _settings_of(kind, sources)
    postgres.say_settings(mine, own or kind == "compose", draft)
    postgres.say_settings(others, False, draft)
    say_redis(sources.redis, sources.system, draft)
    _list_others(sources, draft)
    for name, line, why in found.broken:
        if "{{" in (found.text(name) or "") or "<%" in (found.text(name) or ""):
            draft.leave(name, line, "file not read", f"a template, not rendered ({why})")
            continue
        draft.leave(name, line, "file not read", why)
        if why.startswith("is larger than") or _ASIDE.search(name):
            continue
        message = f"{name} cannot be read: {why}"
        draft.find(
            "error", "file-not-read", name, line, f"{message} (left out)", "correct it, or leave it out of the folder"
        )
    list_unknown(found, draft)
    for name, why in found.not_read:
        draft.leave(name, None, "file not read", why)
    return ImportReport(
        draft.tree(), kind, found.files, draft.fields, sources, sources.system, _speaks_of_cache(sources, draft)
    )


def _list_others(sources: Sources, draft: Draft) -> None:
    """Files that are read for the audit and say nothing to the scenario."""
    found = sources.found
    for task in tasks_of(sources.estate):
        for box in task.node["containerDefinitions"]:
            if not box["healthCheck"]:
                draft.leave(box.file, box["name"].line, "no healthCheck", "the default readiness probe is assumed")
    prometheus.list_dashboards(found.all("grafana"), draft)
    for _, shown in found.pairs("script"):
        draft.leave(shown, 1, "script", "read, not modelled")
    for document in found.all("workflow"):
        draft.leave(document.file, 1, "workflow", "read, not modelled")


def _speaks_of_cache(sources: Sources, draft: Draft) -> bool:
    """Whether a file declares, deploys, configures or names a cache, whichever platform it is for."""
    if draft.values.keys() & {"cache", "caches"} or sources.redis:
        return True
    boxes = [box for group in sources.boxes.values() for box in group]
    named = [workload.environment for group in sources.workloads.values() for workload in group]
    return any(role_of(box).what == "cache" for box in boxes) or any(CACHE_NAMES & set(names) for names in named)


def _settings_of(kind: str, sources: Sources) -> tuple[list[tuple[str, int, str]], list[tuple[str, int, str]]]:
    """PostgreSQL's settings of the project that is taken, and those that lie outside of its folder."""
    if kind != "compose" or sources.compose is None or "/" not in sources.compose.file:
        return sources.settings, []
    folder = sources.compose.file.rpartition("/")[0] + "/"
    return (
        [one for one in sources.settings if one[0].startswith(folder)],
        [one for one in sources.settings if not one[0].startswith(folder)],
    )


def _choose(sources: Sources) -> str:
    """The platform whose files deploy the services; Compose before another that deploys only a few of its services."""
    counts = {kind: count_services(sources.boxes[kind]) for kind in PLATFORMS}
    if counts["compose"] > 2 * max(counts["eks"], counts["ecs"]) + 1:
        return "compose"
    if counts["ecs"] > 2 * counts["eks"] + 1 or (counts["ecs"] and not counts["eks"]):
        return "ecs"
    for kind in PLATFORMS:
        if counts[kind]:
            return kind
    for kind in PLATFORMS:
        if sources.found.paths.get(_FILES_OF[kind]) or (kind == "ecs" and sources.workloads[kind]):
            return kind
    return sources.estate.platform or "compose"


def _say_platform(kind: str, asked: bool, sources: Sources, draft: Draft) -> None:
    files = [sources.found.relative(path) for path in sources.found.paths.get(_FILES_OF[kind], [])]
    declared = [one.file for one in sources.workloads[kind]] if kind == "ecs" else []
    declared += sources.estate.files if kind == sources.estate.platform else []
    composed = kind == "compose" and sources.compose is not None and bool(sources.found.all("compose"))
    files = [sources.compose.file, *files] if composed and sources.compose is not None else files
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
    system = sources.system
    deployed = [
        each for each in sources.workloads[kind] if each.name in system.boxes or each.raw_name not in sources.idle
    ]
    list_idle(system, kind, draft)
    for workload in deployed:
        below = f"services.{workload.name}"
        draft.say(Said("", None, workload.file, workload.line), below)
        takes = any(workload.name in system.takers(queue) for queue in system.worked())
        pools = not system.evident or bool(system.used(workload.name, system.databases))
        for said in answered(workload.said, takes, pools, draft):
            draft.say(said, below)
    for name, place in _evident(kind, sources):
        if name not in draft.values.get("services", {}) and name not in sources.idle and not is_infrastructure(name):
            _say_evident(name, place, deployed, kind, draft)
    if not draft.values.get("services"):
        for other in PLATFORMS:
            for workload in sources.workloads[other]:
                if workload.raw_name in sources.idle:
                    continue
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
            why = "derived: one a server line"
            found.append((target.service, Said("replicas", count, first.file, first.line, why, "derived")))
    if kind == "eks":
        for name, place in ingress_services(sources.cluster):
            why = "derived: the ingress sends requests there"
            found.append((name, Said("replicas", 1, place.file, place.line, why, "derived")))
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
    if kind == "eks":
        say_nodes(sources.cluster, draft)
    say_stores(sources.system, sources.cluster if kind == "eks" else None, draft)
    on_rds = "database" not in draft.values
    on_aws = kind != "compose" or not sources.workloads["compose"]
    aws.say(sources.estate, kind, services, on_rds, draft, on_aws)
    adopt_declared(sources.system, _declared(draft))
    if on_rds:
        return
    for path in sources.found.paths.get("terraform", []):
        shown = sources.found.relative(path)
        draft.leave(shown, 1, "Terraform", f"its database is not taken: the files of {kind} run their own")


def _declared(draft: Draft) -> list[tuple[str, str, Text]]:
    """Databases and caches that any file has said something of, with their places."""
    found = [(what, MAIN, what) for what in ("database", "cache") if draft.values.get(what)]
    for what in ("database", "cache"):
        found += [(what, name, f"{what}s.{name}") for name in draft.values.get(f"{what}s", {})]
    rows = []
    for what, name, path in found:
        places = [one for at, one in draft.origins.items() if at == path or at.startswith(f"{path}.")]
        place = next((one for one in places if one.file), None)
        rows.append((what, name, Text(None, place.file or "", place.line or 1) if place else Text(None, "", 1)))
    return rows
