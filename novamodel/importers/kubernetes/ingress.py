"""What an Ingress means for the edge: which services, and the limits that ingress-nginx really reads."""

from __future__ import annotations

from collections.abc import Collection

from novamodel.importers.kubernetes.objects import (
    ROUTES,
    WORKLOADS,
    Cluster,
    name_of,
    service_name,
    template_of,
    together,
)
from novamodel.importers.kubernetes.routes import ANNOTATION, backends
from novamodel.importers.names import short_name
from novamodel.importers.nginx.limits import say_limit
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said

BURST_MULTIPLIER = 5
_TIMES = (("proxy-read-timeout", "edge.read_timeout"),)
_SOURCE = "documented: ingress-nginx defaults"
_ZONE = "documented: ingress-nginx has one zone for all paths of an Ingress"


def ingress_services(cluster: Cluster) -> list[tuple[str, Node]]:
    """(service name, place) of every backend; the workload behind a Service gives the name where there is one."""
    return [
        (_backend_name(name, route, cluster), name)
        for route in cluster.of(*ROUTES)
        for _, name in backends(route)
        if name.text
    ]


def _backend_name(name: Node, route: Node, cluster: Cluster) -> str:
    for service in cluster.of("Service"):
        if name_of(service) != name.text.split(".")[0] or not together(service, route):
            continue
        selector = service.at("spec", "selector").value
        for found in cluster.of(*WORKLOADS):
            labels = template_of(found).at("metadata", "labels").value
            if isinstance(selector, dict) and isinstance(labels, dict) and selector.items() <= labels.items():
                return service_name(found, cluster)
    return short_name(name.text.split(".")[0], cluster.prefixes)


def ingress_edge(cluster: Cluster, services: Collection[str], draft: Draft) -> None:
    """Write the edge of a cluster whose only reverse proxy is ingress-nginx."""
    for ingress in cluster.of("Ingress"):
        notes = ingress.at("metadata", "annotations")
        of_class = ingress.at("spec", "ingressClassName").text or notes["kubernetes.io/ingress.class"].text
        if of_class != "nginx":
            continue
        place = (ingress.file, ingress["kind"].line)
        draft.say(Said("edge.kind", "ingress-nginx", *place))
        draft.say(Said("edge.worker_connections", 16384, *place, _SOURCE, "documented"))
        names = [
            name for name, _ in ingress_services(Cluster({**cluster.objects, "Ingress": [ingress]}, cluster.sharing))
        ]
        for key, path in _TIMES:
            note = notes[f"{ANNOTATION}{key}"]
            if isinstance(whole(note.value), int):
                draft.say(Said(path, f"{note.text} s", note.file, note.line))
        for name in dict.fromkeys(names):
            if name in services:
                _limits(notes, name_of(ingress), name, draft)


def _limits(notes: Node, ingress: str, name: str, draft: Draft) -> None:
    """The limits of an Ingress at one of its services: all of them share the Ingress's zones, one count each."""
    multiplier = whole(notes[f"{ANNOTATION}limit-burst-multiplier"].value) or BURST_MULTIPLIER
    found = []
    for key, unit in (("limit-rps", "r/s"), ("limit-rpm", "r/m")):
        note, rate = notes[f"{ANNOTATION}{key}"], _number(notes, key, draft)
        if rate is not None and isinstance(multiplier, int):
            found.append(_request_limit(note, f"{ingress} {key}", f"{rate}{unit}", rate * multiplier))
    if found:
        say_limit(f"edge.limits.{name}", found, draft)
    note, most = notes[f"{ANNOTATION}limit-connections"], _number(notes, "limit-connections", draft)
    if most is not None:
        zone = Said("zone", f"{ingress} limit-connections", note.file, note.line, _ZONE, "documented")
        say_limit(f"edge.connection_limits.{name}", [[Said("limit", most, note.file, note.line), zone]], draft)


def _number(notes: Node, key: str, draft: Draft) -> int | None:
    """The whole number of an annotation; None where there is none, with a finding for anything else."""
    note = notes[f"{ANNOTATION}{key}"]
    value = whole(note.value)
    if note and not isinstance(value, int):
        message = f"{key} is {note.text!r}, no whole number: ingress-nginx ignores it, and nothing is limited"
        draft.find("error", "ingress-limit-unreadable", note.file, note.line, message, f'write {key}: "50"')
    return value if isinstance(value, int) else None


def _request_limit(note: Node, zone: str, rate: str, burst: int) -> list[Said]:
    place = (note.file, note.line)
    why = f"{_SOURCE}: burst is the rate times limit-burst-multiplier"
    return [
        Said("rate", rate, *place),
        Said("zone", zone, *place, _ZONE, "documented"),
        Said("burst", burst, *place, why, "documented"),
        Said("delay", "nodelay", *place, _SOURCE, "documented"),
        Said("zone_size", "5 MiB", *place, _SOURCE, "documented"),
    ]
