"""Where an Ingress, a route of the Gateway API, of Traefik or of Istio sends requests."""

from __future__ import annotations

from novamodel.importers.node import Node

ANNOTATION = "nginx.ingress.kubernetes.io/"


def backends(route: Node) -> list[tuple[str, Node]]:
    """(host, the node that holds the name of the Service) of every path of a route."""
    spec = route["spec"]
    match route["kind"].text:
        case "HTTPRoute" | "GRPCRoute":
            host = spec["hostnames"][0].text
            refs = [ref for rule in spec["rules"] for ref in rule["backendRefs"]]
            return [(host, ref["name"]) for ref in refs if ref["kind"].text in ("", "Service")]
        case "IngressRoute":
            services = [service for rule in spec["routes"] for service in rule["services"]]
            return [("", service["name"]) for service in services if service["kind"].text in ("", "Service")]
        case "VirtualService":
            to = [part for rule in spec["http"] for part in rule["route"]]
            return [(spec["hosts"][0].text, part.at("destination", "host")) for part in to]
    result = []
    for rule in spec["rules"]:
        for path in rule.at("http", "paths"):
            result.append((rule["host"].text, _service(path["backend"])))
    default = spec["defaultBackend"] or spec["backend"]
    return [*result, *([("", _service(default))] if default else [])]


def _service(backend: Node) -> Node:
    """In networking.k8s.io/v1, or as extensions/v1beta1 wrote it."""
    return backend.at("service", "name") or backend["serviceName"]
