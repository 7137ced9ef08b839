"""Every reader over its files; a file that a reader cannot read is left out, and the rest goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from novamodel.errors import UserError
from novamodel.importers.aws.estate import Estate
from novamodel.importers.aws.registry import as_resources
from novamodel.importers.aws.tasks import tasks_of
from novamodel.importers.cloudformation.read import read_templates
from novamodel.importers.compose import read as compose_files
from novamodel.importers.compose.asked import documents_asked
from novamodel.importers.compose.boxes import project_boxes
from novamodel.importers.compose.built import with_built
from novamodel.importers.compose.project import NOT_ASKED, Asked, choose
from novamodel.importers.dockerfile import read_dockerfile
from novamodel.importers.dotenv import read_environment_files
from novamodel.importers.ecs import read as ecs
from novamodel.importers.ecs.copilot import read_manifests
from novamodel.importers.ecs.params import read_params
from novamodel.importers.ecs.services import read_services
from novamodel.importers.folder import Found
from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.deployed import cluster_boxes, task_boxes
from novamodel.importers.graph.links import Link, known_hosts, links_of
from novamodel.importers.graph.roles import role_of
from novamodel.importers.graph.sources import proxied, source_links
from novamodel.importers.graph.system import Entry, System, find_system
from novamodel.importers.kubernetes import read as kubernetes
from novamodel.importers.kubernetes.charts import list_charts
from novamodel.importers.kubernetes.embedded import embedded_files
from novamodel.importers.kubernetes.environments import one_environment
from novamodel.importers.kubernetes.ingress import ingress_services
from novamodel.importers.kubernetes.kustomize import apply
from novamodel.importers.names import short_name
from novamodel.importers.nginx.files import list_limits, read_files
from novamodel.importers.nginx.read import Nginx, read_nginx, server_host
from novamodel.importers.node import Node
from novamodel.importers.pgbouncer import read as pgbouncer
from novamodel.importers.pools.code import read_source
from novamodel.importers.pools.settings import read_settings_file
from novamodel.importers.postgres import read as postgres
from novamodel.importers.redis import read_redis
from novamodel.importers.report import Draft
from novamodel.importers.sources import Sources
from novamodel.importers.terraform.folders import rank
from novamodel.importers.terraform.plan import read_plans
from novamodel.importers.terraform.read import read_terraform, say_left
from novamodel.importers.usage import read_usage

T = TypeVar("T")


def read_sources(found: Found, draft: Draft, asked: Asked = NOT_ASKED) -> Sources:
    """Everything that the files of a folder say, by format; ``asked``: compose files and profiles to take."""
    roots = {one.file.rpartition("/")[0]: one for one in found.all("kustomization")}
    manifests = one_environment(apply(roots, found.all("kubernetes"), found.documents_of, draft), draft)
    cluster = kubernetes.read_cluster(manifests, draft)
    list_charts(found.unrendered, found.documents_of, found.names, draft)
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(embedded_files(cluster)):
            copy = Path(folder) / f"{number}-{one.name}"
            copy.write_text(one.text, encoding="utf-8")
            found.copies[copy] = one.shown
            found.paths.setdefault(one.kind, []).append(copy)
        sources = _read(found, cluster, draft, asked)
    for kind, paths in found.paths.items():
        found.paths[kind] = [path for path in paths if path not in found.copies]
    return sources


def _read(found: Found, cluster: kubernetes.Cluster, draft: Draft, asked: Asked) -> Sources:
    dotenv = dict(_each(found, "environment", lambda pair: list(read_environment_files([pair]).items())))
    built = dict(_each(found, "settings", _dockerfile))
    project = choose(documents_asked(found, asked), dotenv, draft, asked)
    terraform = read_terraform(found.pairs("terraform"), found.text)
    say_left(terraform, draft)
    region = next((one.text("region") for one in terraform.of("provider") if one.name == "aws"), None)
    made = [each for one in terraform.resources for each in (as_resources(one) if one.type == "module" else [one])]
    declared = [*made, *read_plans(found.all("plan"), bool(terraform.resources), draft)]
    declared += read_templates(found.all("cloudformation"), region, draft)
    declared += read_manifests(found.all("copilot"), draft)
    declared += read_params(found.all("ecs-params"), project.whole if project else None)
    declared += read_services(found.all("ecs-service"))
    declared += read_usage(found.all("usage"), declared, draft)
    estate = Estate(declared, sorted(found.all("ecs"), key=lambda task: rank(task.file)))
    estate.link()
    sources = Sources(
        found,
        cluster,
        project.whole if project else None,
        estate,
        terraform,
        None,
        [*_each(found, "pool", read_source), *_each(found, "settings", read_settings_file)],
        _each(found, "postgres", lambda pair: postgres.read_settings([pair])),
        _each(found, "pgbouncer", lambda pair: pgbouncer.read_settings([pair])),
    )
    sources.boxes = {
        "eks": cluster_boxes(cluster),
        "ecs": task_boxes([task.node for task in tasks_of(estate)]),
        "compose": project_boxes(project, dotenv, built) if project else [],
    }
    if not declared and not any(map(_serves, (box for boxes in sources.boxes.values() for box in boxes))):
        project = with_built(project, built, found.text("Procfile"), draft)
        sources.boxes["compose"] = project_boxes(project, dotenv, built) if project else []
    sources.workloads = {
        "eks": kubernetes.workloads(cluster, draft),
        "ecs": ecs.workloads(estate, draft),
        "compose": compose_files.workloads(project, draft) if project else [],
    }
    sources.compose = project.whole if project else None
    sources.nginx = _nginx(found, sources, draft)
    sources.redis = _each(found, "redis", read_redis)
    sources.project = project
    sources.dotenv = dotenv
    return sources


def _serves(box: Box) -> bool:
    """Whether a container is one of our own, or one that the host shows to others and that is no store."""
    what = role_of(box).what
    return what in ("service", "worker") or (what in ("tool", "proxy") and box.published is not None)


def _each(found: Found, kind: str, read: Callable[[tuple[Path, str]], Sequence[T]]) -> list[T]:
    """What a reader finds in each file of a kind; a file that it cannot read is left out."""
    result: list[T] = []
    for pair in found.pairs(kind):
        try:
            result += read(pair)
        except UserError as problem:
            found.leave_out(pair[1], problem)
            found.paths[kind] = [path for path in found.paths[kind] if path != pair[0]]
    return result


def _nginx(found: Found, sources: Sources, draft: Draft) -> Nginx | None:
    """All nginx files as one configuration; templates are filled in with the variables of proxies."""
    environment = {
        name: text.value
        for boxes in sources.boxes.values()
        for box in boxes
        if role_of(box).what == "proxy" or "nginx" in box.name
        for name, text in box.env.items()
        if text.value is not None
    }
    root = read_files(found.pairs("nginx"), environment, found.leave_out, draft.leave)
    return read_nginx(root) if root is not None else None


def _dockerfile(pair: tuple[Path, str]) -> list[tuple[str, Node]]:
    name = pair[0].name.lower()
    return [(pair[1], read_dockerfile(*pair))] if name.startswith("dockerfile") or name.endswith(".dockerfile") else []


def _rename_targets(kind: str, sources: Sources) -> None:
    """Give what nginx passes requests to the names that the services have in the scenario."""
    nginx = sources.nginx
    if nginx is None:
        return
    known = {short_name(w.raw_name): w.name for group in sources.workloads.values() for w in group}
    by_host = {
        host.lower(): name
        for one in (*(other for other in sources.boxes if other != kind), kind)
        for box, name in _named(one, sources)
        for host in (box.name, *box.hosts)
    }
    targets = []
    for target in nginx.targets:
        hosts = [server_host(server) for server in nginx.servers(target.host)] or [target.host]
        deployed = list(dict.fromkeys(by_host[host.lower()] for host in hosts if host.lower() in by_host))
        short = known.get(target.service, short_name(target.service, sources.cluster.prefixes))
        targets += [target._replace(service=name) for name in deployed or [short]]
    nginx.targets = targets


def find_system_of(kind: str, sources: Sources, draft: Draft) -> System:
    """The system that the containers of one platform make."""
    _rename_targets(kind, sources)
    boxes = sources.boxes[kind]
    names = names_of(kind, sources)
    hints = []
    if sources.nginx is not None and names and not any(t.service in names.values() for t in sources.nginx.targets):
        _not_the_edge(sources.nginx, draft)
        sources.nginx = None
    if sources.nginx is not None:
        for target in sources.nginx.targets:
            place = Text(target.host, target.passed.file, target.passed.line)
            hints.append((target.service, Entry(place, "nginx sends requests there")))
    if kind == "eks":
        hints += [
            (name, Entry(Text(name, place.file, place.line), "the ingress sends requests there"))
            for name, place in ingress_services(sources.cluster)
        ]
    roles = {box.name: role_of(box) for box in boxes}
    fronts = {box.name for box in boxes if roles[box.name].what == "proxy" or "proxy" in box.name}
    for front, where in proxied(sources.found, known_hosts(boxes)) if fronts else ():
        if front in names and front not in fronts and roles[front].what in ("service", "worker"):
            hints.append((names[front], Entry(where, "a proxy's file sends requests there")))
    others = [(other, box, name) for other in sources.boxes if other != kind for box, name in _named(other, sources)]
    own = {name: raw for raw, name in reversed(names.items())}

    def further(box: Box, known: Mapping[str, str]) -> list[Link]:
        """Links of a container as another platform's files or its own source show them."""
        alike = [(other, one) for other, one, name in others if name == names[box.name]]
        links = [link for other, one in alike for link in _translated(other, one, box, own, sources)]
        seen = {name.lower(): raw for raw, name in names.items()} | dict(known)
        for one in (box, *(one for _, one in alike)):
            links = links or [link._replace(source=box.name) for link in source_links(one, sources.found, seen)]
        return [link for link in links if link.target != box.name]

    system = find_system(boxes, names, hints, further)
    sources.idle = {box.name for box in boxes if names.get(box.name) not in system.boxes}
    return system


def _translated(kind: str, one: Box, box: Box, own: Mapping[str, str], sources: Sources) -> Iterator[Link]:
    """Links of a container of another platform as those of ours: services by their names, stores as ones elsewhere."""
    boxes = sources.boxes[kind]
    names = names_of(kind, sources)
    roles = {each.name: role_of(each) for each in boxes}
    for link in links_of(one, known_hosts(boxes)):
        role = roles.get(link.target)
        if link.outside is not None:
            yield link._replace(source=box.name)
        elif role is not None and role.what in ("database", "cache", "queue"):
            yield link._replace(source=box.name, target="", outside=(role.what, role.program), exact=True)
        elif names.get(link.target) in own:
            yield link._replace(source=box.name, target=own[names[link.target]])


def _not_the_edge(nginx: Nginx, draft: Draft) -> None:
    """An nginx that passes nothing on to a service that is deployed stands elsewhere; what it limits is listed."""
    draft.leave(
        nginx.root.file, nginx.root.line, "nginx configuration", "it passes no request to a service that is deployed"
    )
    list_limits(nginx.root.block, draft.leave)


def names_of(kind: str, sources: Sources) -> dict[str, str]:
    """The scenario's name of each container of a platform that may be a service."""
    if kind == "compose" and sources.project is not None:
        return compose_files.names_of(sources.project)
    return {each.raw_name: each.name for each in sources.workloads[kind]}


def _named(kind: str, sources: Sources) -> list[tuple[Box, str]]:
    """Containers of a platform with the names that they have in the scenario."""
    names = names_of(kind, sources)
    return [(box, names[box.name]) for box in sources.boxes[kind] if box.name in names]


def count_services(boxes: Sequence[Box]) -> int:
    """Containers of our own: services and workers."""
    return sum(role_of(box).what in ("service", "worker") for box in boxes)


def services_below(file: str, boxes: Sequence[Box], names: dict[str, str]) -> list[str]:
    """Services that are built from a folder around a file, the innermost folder first."""
    folders = [str(parent) for parent in PurePosixPath(file).parents if str(parent) != "."]
    for folder in folders:
        found = [names[box.name] for box in boxes if box.context == folder and box.name in names]
        if found:
            return list(dict.fromkeys(found))
    return []
