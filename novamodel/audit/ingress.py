"""What an Ingress, or a route of a gateway, sends where, and under which limits."""

from __future__ import annotations

from collections.abc import Iterator

from novamodel.audit.form import NotChecked, fault, open_question
from novamodel.audit.seen import Seen
from novamodel.errors import near
from novamodel.importers.kubernetes.objects import ROUTES, name_of, together
from novamodel.importers.kubernetes.routes import ANNOTATION, backends
from novamodel.importers.node import Node
from novamodel.scenario import Finding

_LIMITS = {
    "limit-rps", "limit-rpm", "limit-connections", "limit-burst-multiplier", "limit-rate", "limit-rate-after",
    "limit-whitelist", "limit-allowlist",
    "global-rate-limit", "global-rate-limit-window", "global-rate-limit-key", "global-rate-limit-ignored-cidrs",
}  # fmt: skip
"""Rate annotations of ingress-nginx (kubernetes/ingress-nginx: annotations/ratelimit, globalratelimit)."""


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of routes into the cluster."""
    for route in seen.sources.cluster.of(*ROUTES):
        for key, note in route.at("metadata", "annotations").entries():
            yield from _annotation(key, note)
        yield from _backends(route, seen)


def _annotation(key: str, note: Node) -> Iterator[Finding]:
    word = key.removeprefix(ANNOTATION)
    about_limits = "rate-limit" in word or word.startswith("limit-")
    if key.startswith(ANNOTATION) and about_limits and word not in _LIMITS:
        message = f"annotation {key} does not exist and is ignored in silence: it limits nothing "
        fix = (
            f'use {ANNOTATION}limit-rpm: "100" (its burst is 5 times that by default)'
            if "rate-limit" in word
            else f"one of {', '.join(sorted(_LIMITS))}"
        )
        yield fault("ingress-annotation-unknown", note, f"{message}(meant: {note.text or '?'})", fix)
    if key == "kubernetes.io/ingress.class":
        message = "the annotation kubernetes.io/ingress.class is deprecated"
        yield fault("ingress-class-annotation", note, message, f"write spec.ingressClassName: {note.text}")


def _backends(route: Node, seen: Seen) -> Iterator[Finding | NotChecked]:
    services = {name_of(found): found for found in seen.sources.cluster.of("Service") if together(found, route)}
    for _, name in backends(route):
        if not name.text or "." in name.text:
            continue
        if name.text in services:
            yield from _port(route, name, services[name.text])
            continue
        some = any(other.text in services for _, other in backends(route))
        beside = some or seen.deploys_beside(route.file) or near(name.text, services, cutoff=0.8)
        if seen.unread or seen.makers or not services or not beside:
            why = seen.unread or (f"a {seen.makers} may make it" if seen.makers else "no manifest beside it makes one")
            yield open_question("ingress-backend-missing", name, f"Service {name.text}: {why}")
            continue
        message = f"the ingress sends requests to Service {name.text}, which no manifest makes: they fail with 503"
        yield fault("ingress-backend-missing", name, message, f"add the Service {name.text} and its Deployment")


def _port(route: Node, name: Node, service: Node) -> Iterator[Finding]:
    """The port that an Ingress of networking.k8s.io/v1 names has to be one of the Service's."""
    if route["kind"].text != "Ingress" or "service" not in name.path:
        return
    node = Node(None, name.file, name.lines)
    for rule in route.at("spec", "rules"):
        for path in rule.at("http", "paths"):
            if path.at("backend", "service", "name").path == name.path:
                node = path.at("backend", "service", "port")
    asked = node["number"] or node["name"]
    ports = [port[key].text for port in service.at("spec", "ports") for key in ("port", "name") if port[key]]
    if asked.text and ports and asked.text not in ports and asked.text != "use-annotation":  # AWS's controller
        message = f"the ingress asks Service {name.text} at port {asked.text}, it has {', '.join(ports)}: 503"
        yield fault("ingress-port-unknown", asked, message, f"one of {', '.join(ports)}")
