"""Short service names, and which images are infrastructure rather than services of our own."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SUFFIX = re.compile(r"-(service|svc|deployment|deploy|hpa|\d+)$")
_GENERIC = {"app", "application", "main", "web", "server", "container", "service", "node", "backend"}
_INFRASTRUCTURE = re.compile(
    r"(^|[/-])(postgres|postgresql|postgis|timescaledb|pgvector|redis|valkey|keydb|nginx|pgbouncer|prometheus|grafana|"
    r"traefik|haproxy|envoy|caddy|kong|memcached|mysql|mariadb|mongo|mongodb|rabbitmq|kafka|zookeeper|elasticsearch|"
    r"opensearch|logstash|kibana|fluentd|fluent-bit|jaeger|loki|tempo|alertmanager|cadvisor|adminer|pgadmin4?|mailhog|"
    r"localstack|certbot|vault|consul|minio|oauth2-proxy|datadog)(-ingress|-exporter|-unprivileged)?$"
)


CACHE_NAMES = {"REDIS_URL", "REDIS_HOST"}
"""Variables that name a cache."""


def image_name(image: str) -> str:
    """``"registry:5000/team/redis:7-alpine"`` -> ``"team/redis"`` without tag and digest, registry kept."""
    bare = image.split("@")[0]
    head, slash, tail = bare.rpartition("/")
    return f"{head}{slash}{tail.split(':')[0]}"


def image_tag(image: str) -> str:
    """``"redis:7-alpine"`` -> ``"7-alpine"``; ``"latest"`` where none is given."""
    tail = image.split("@")[0].rpartition("/")[2]
    return tail.partition(":")[2] or "latest"


def is_infrastructure(image: str) -> bool:
    """Whether an image is a database, a cache, a proxy or a monitoring tool rather than a service to model."""
    name = image_name(image).rpartition("/")[2].lower()
    return bool(_INFRASTRUCTURE.search(name)) or name.endswith(("-exporter", "-sidecar"))


def is_image_of(image: str, *programs: str) -> bool:
    """Whether an image is one of the named programs, such as ``"postgres"``."""
    name = image_name(image).rpartition("/")[2].lower()
    return any(re.search(rf"(^|-){program}(ql)?(-|$)", name) for program in programs) and "exporter" not in name


def short_name(raw: str, prefixes: Iterable[str] = (), container: str = "") -> str:
    """The name a scenario gives a service.

    ``novabank-core-api`` becomes ``core-api`` where the namespace (or project) is ``novabank`` or its container is
    called ``core-api``; endings such as ``-service`` and ``-1`` fall away.
    """
    name = re.sub(r"[^a-z0-9-]+", "-", raw.lower()).strip("-")
    if container and container not in _GENERIC and name.endswith("-" + container):
        return container
    while _SUFFIX.search(name):
        name = _SUFFIX.sub("", name)
    for prefix in prefixes:
        if prefix and name.startswith(prefix + "-") and len(name) > len(prefix) + 1:
            name = name[len(prefix) + 1 :]
    if not name or (name in _GENERIC and container and container not in _GENERIC):
        name = container
    return name or "service"


def is_generic(name: str) -> bool:
    """Whether a container's name says nothing, such as ``app``."""
    return not name or name in _GENERIC


def match(raw: str, services: Iterable[str]) -> str | None:
    """The service that a name from another file means: equal, or the longest one it ends with."""
    name = short_name(raw)
    fits = [service for service in services if name == service or name.endswith("-" + service)]
    return max(fits, key=len, default=None)
