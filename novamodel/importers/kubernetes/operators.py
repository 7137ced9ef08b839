"""PostgreSQL and Redis that operators run, as the StatefulSet and the Services that the operator makes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from novamodel.importers.node import Node
from novamodel.importers.postgres.memory import MEMORY_SETTINGS
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft
from novamodel.yamlfile import Lines


class Made:
    """Builds an object whose values keep the lines of the one that they are read from."""

    def __init__(self, source: Node) -> None:
        self.source = source
        self.value: dict[str, Any] = {}
        self.lines: Lines = {}
        self.lines[("metadata", "name")] = source.at("metadata", "name").line
        self.put(("kind",), "StatefulSet", source["kind"])
        self.put(("metadata", "name"), source.at("metadata", "name").text, source.at("metadata", "name"))
        if source.at("metadata", "namespace"):
            self.put(("metadata", "namespace"), source.at("metadata", "namespace").text, source["metadata"])

    def put(self, path: tuple[str | int, ...], value: Any, place: Node) -> None:
        """Set a value with the line of a place, and those below it."""
        node: Any = self.value
        for word, after in itertools.pairwise(path):
            empty: Any = [] if isinstance(after, int) else {}
            if isinstance(word, int):
                while len(node) <= word:
                    node.append({})
                if not node[word]:
                    node[word] = empty
                node = node[word]
            else:
                node = node.setdefault(word, empty)
        node[path[-1]] = value
        self.lines[path] = place.line
        below = len(place.path)
        for other, line in place.lines.items():
            if len(other) > below and other[:below] == place.path:
                self.lines[(*path, *other[below:])] = line

    def node(self) -> Node:
        """The object."""
        return Node(self.value, self.source.file, self.lines)


_BOX = ("spec", "template", "spec", "containers", 0)


def as_stores(found: Node, draft: Draft) -> list[Node]:
    """The workload and the Services of an operator's database or cache; nothing for any other object."""
    group = found["apiVersion"].text.partition("/")[0]
    maker = _OPERATORS.get((group, found["kind"].text))
    return maker(found, draft) if maker is not None else []


def _store(found: Node, image: str, place: Node, size: Node, storage: Node, count: Node, draft: Draft) -> Made:
    made = Made(found)
    name = found.at("metadata", "name").text
    made.put((*_BOX, "name"), name, place)
    made.put((*_BOX, "image"), image, place)
    if size:
        made.put((*_BOX, "resources"), size.value, size)
    if storage:
        path = ("spec", "volumeClaimTemplates", 0, "spec", "resources", "requests", "storage")
        made.put(path, storage.value, storage)
    made.put(("spec", "template", "metadata", "labels"), {"novamodel.store": name}, found["metadata"])
    if count and isinstance(whole(count.value), int) and whole(count.value) > 1:
        made.put(("spec", "replicas"), whole(count.value), count)
    return made


def _services(found: Node, *ends: str) -> list[Node]:
    """The Services by which a store is reached."""
    name = found.at("metadata", "name").text
    result = []
    for end in ends:
        made = Made(found)
        made.put(("kind",), "Service", found["kind"])
        made.put(("metadata", "name"), f"{name}{end}", found.at("metadata", "name"))
        made.put(("spec", "selector"), {"novamodel.store": name}, found["metadata"])
        result.append(made.node())
    return result


def _parameters(made: Made, parameters: Node, draft: Draft) -> None:
    """PostgreSQL's parameters as its arguments."""
    words: list[str] = []
    for key, node in parameters.entries():
        if key == "max_connections" or key in MEMORY_SETTINGS:
            words += ["-c", f"{key}={node.text}"]
            made.put((*_BOX, "args"), words, node)
            for place in (len(words) - 2, len(words) - 1):
                made.lines[(*_BOX, "args", place)] = node.line
        elif node.text:
            draft.leave(node.file, node.line, f"{key} = {node.text[:60]}", "PostgreSQL parameter: no place for it")


def _cloud_native(found: Node, draft: Draft) -> list[Node]:
    spec = found["spec"]
    image = spec["imageName"]
    name = image.text if image else "postgres"
    made = _store(
        found, name, image or found["kind"], spec["resources"], spec.at("storage", "size"), spec["instances"], draft
    )
    _parameters(made, spec.at("postgresql", "parameters"), draft)
    for place in (spec.at("walStorage", "size"), spec.at("storage", "storageClass"), spec["maxSyncReplicas"]):
        if place:
            what = f"{'.'.join(str(word) for word in place.path[1:])}: {place.text}"
            draft.leave(place.file, place.line, what, "read, not modelled")
    return [made.node(), *_services(found, "-rw", "-ro", "-r")]


def _zalando(found: Node, draft: Draft) -> list[Node]:
    spec = found["spec"]
    version = spec.at("postgresql", "version")
    image = f"postgres:{version.text}" if version else "postgres"
    made = _store(
        found,
        image,
        version or found["kind"],
        spec["resources"],
        spec.at("volume", "size"),
        spec["numberOfInstances"],
        draft,
    )
    _parameters(made, spec.at("postgresql", "parameters"), draft)
    return [made.node(), *_services(found, "", "-repl")]


def _crunchy(found: Node, draft: Draft) -> list[Node]:
    spec = found["spec"]
    version, first = spec["postgresVersion"], spec["instances"][0]
    image = f"postgres:{version.text}" if version else "postgres"
    storage = first.at("dataVolumeClaimSpec", "resources", "requests", "storage")
    made = _store(found, image, version or found["kind"], first["resources"], storage, first["replicas"], draft)
    _parameters(made, spec.at("patroni", "dynamicConfiguration", "postgresql", "parameters"), draft)
    return [made.node(), *_services(found, "-primary", "-ha", "-replicas")]


def _failover(found: Node, draft: Draft) -> list[Node]:
    redis = found.at("spec", "redis")
    image = redis["image"]
    storage = redis.at("storage", "persistentVolumeClaim", "spec", "resources", "requests", "storage")
    made = _store(
        found, image.text or "redis", image or found["kind"], redis["resources"], storage, redis["replicas"], draft
    )
    return [made.node(), *_services(found, "", "-master", "-redis")]


def _redis(found: Node, draft: Draft) -> list[Node]:
    spec = found["spec"]
    box = spec["kubernetesConfig"]
    storage = spec.at("storage", "volumeClaimTemplate", "spec", "resources", "requests", "storage")
    count = spec["clusterSize"] or spec["size"]
    made = _store(
        found, box["image"].text or "redis", box["image"] or found["kind"], box["resources"], storage, count, draft
    )
    return [made.node(), *_services(found, "", "-leader", "-follower", "-master")]


_OPERATORS: dict[tuple[str, str], Callable[[Node, Draft], list[Node]]] = {
    ("postgresql.cnpg.io", "Cluster"): _cloud_native,
    ("acid.zalan.do", "postgresql"): _zalando,
    ("postgres-operator.crunchydata.com", "PostgresCluster"): _crunchy,
    ("databases.spotahome.com", "RedisFailover"): _failover,
    ("redis.redis.opstreelabs.in", "Redis"): _redis,
    ("redis.redis.opstreelabs.in", "RedisCluster"): _redis,
    ("redis.redis.opstreelabs.in", "RedisReplication"): _redis,
}
