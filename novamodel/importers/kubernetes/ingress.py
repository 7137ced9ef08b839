"""What an Ingress means for the edge: which services, and the limits that ingress-nginx really reads."""

from __future__ import annotations

from collections.abc import Collection

from novamodel.importers.kubernetes.findings import ANNOTATION, backends
from novamodel.importers.kubernetes.read import WORKLOADS, Cluster, name_of, namespace, service_name
from novamodel.importers.names import short_name
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said

BURST_MULTIPLIER = 5
_SOURCE = "documented: ingress-nginx defaults"


def ingress_services(cluster: Cluster) -> list[tuple[str, Node]]:
    """(service name, place) of every backend; the Deployment behind a Service gives the name where there is one."""
    return [
        (_backend_name(backend, ingress, cluster), backend["name"])
        for ingress in cluster.of("Ingress")
        for _, backend in backends(ingress)
        if backend["name"].text
    ]


def _backend_name(backend: Node, ingress: Node, cluster: Cluster) -> str:
    for service in cluster.of("Service"):
        if name_of(service) != backend["name"].text or namespace(service) != namespace(ingress):
            continue
        selector = service.at("spec", "selector").value
        for found in cluster.of(*WORKLOADS):
            labels = found.at("spec", "template", "metadata", "labels").value
            if isinstance(selector, dict) and isinstance(labels, dict) and selector.items() <= labels.items():
                return service_name(found, cluster)
    return short_name(backend["name"].text, cluster.prefixes)


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
        for name in dict.fromkeys(names):
            if name in services:
                _limit(notes, name, draft)


def _limit(notes: Node, name: str, draft: Draft) -> None:
    multiplier = whole(notes[f"{ANNOTATION}limit-burst-multiplier"].value) or BURST_MULTIPLIER
    for key, unit in (("limit-rps", "r/s"), ("limit-rpm", "r/m")):
        note = notes[f"{ANNOTATION}{key}"]
        rate = whole(note.value)
        if note and not isinstance(rate, int):
            message = f"{key} is {note.text!r}, no whole number: ingress-nginx ignores it, and nothing is limited"
            draft.find("error", "ingress-limit-unreadable", note.file, note.line, message, f'write {key}: "50"')
        if not isinstance(rate, int) or not isinstance(multiplier, int):
            continue
        below = f"edge.limits.{name}"
        if below in draft.origins:
            draft.leave(note.file, note.line, key, "one limit a service is modelled: limit-rps")
            continue
        draft.say(Said("", None, note.file, note.line), below)
        draft.say(Said("rate", f"{rate}{unit}", note.file, note.line), below)
        why = f"{_SOURCE}: burst is the rate times limit-burst-multiplier"
        draft.say(Said("burst", rate * multiplier, note.file, note.line, why, "documented"), below)
        draft.say(Said("delay", "nodelay", note.file, note.line, _SOURCE, "documented"), below)
        draft.say(Said("zone_size", "5 MiB", note.file, note.line, _SOURCE, "documented"), below)
