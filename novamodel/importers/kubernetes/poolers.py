"""PgBouncer that an operator of PostgreSQL runs, as the Deployment and the Service that the operator makes of it."""

from __future__ import annotations

from typing import Any

from novamodel.importers.kubernetes.operators import Made
from novamodel.importers.node import Node

_BOX = ("spec", "template", "spec", "containers", 0)


def as_pooler(found: Node) -> list[Node]:
    """The Deployment of PgBouncer and its Service; nothing for an object that asks for none."""
    group, spec = found["apiVersion"].text.partition("/")[0], found["spec"]
    name = found.at("metadata", "name").text
    match group, found["kind"].text:
        case "postgresql.cnpg.io", "Pooler":
            part = spec["pgbouncer"]
            settings = [("pool_mode", part["poolMode"]), *part["parameters"].entries()]
            size = spec.at("template", "spec", "containers", 0, "resources")
            host = f"{spec.at('cluster', 'name').text}-{spec['type'].text or 'rw'}"
            return _made(found, name, spec["instances"], settings, size, Node("pgbouncer", found.file, {}), host)
        case "acid.zalan.do", "postgresql":
            part = spec["connectionPooler"]
            if not part and spec["enableConnectionPooler"].value is not True:
                return []
            settings = [("pool_mode", part["mode"]), ("max_db_connections", part["maxDBConnections"])]
            return _made(found, f"{name}-pooler", part["numberOfInstances"], settings, part["resources"],
                         part["dockerImage"], name)  # fmt: skip
        case "postgres-operator.crunchydata.com", "PostgresCluster":
            part = spec.at("proxy", "pgBouncer")
            settings = part.at("config", "global").entries()
            return _made(found, f"{name}-pgbouncer", part["replicas"], settings, part["resources"], part["image"],
                         f"{name}-primary") if part else []  # fmt: skip
    return []


def _made(found: Node, name: str, count: Node, settings: list[tuple[str, Node]], size: Node, image: Node,
          host: str) -> list[Node]:  # fmt: skip
    """Settings become the variables by which images of PgBouncer are told."""
    made = Made(found)
    place = found.at("metadata", "name")
    made.put(("kind",), "Deployment", found["kind"])
    made.put(("metadata", "name"), name, place)
    made.put(("spec", "template", "metadata", "labels"), {"novamodel.pooler": name}, found["metadata"])
    made.put((*_BOX, "name"), "pgbouncer", place)
    made.put((*_BOX, "image"), _image(image), image if image else place)
    if count:
        made.put(("spec", "replicas"), count.value, count)
    if size:
        made.put((*_BOX, "resources"), size.value, size)
    said = [(key, node) for key, node in settings if node.text]
    values = [_variable("DB_HOST", host), *(_variable(key.upper(), node.text) for key, node in said)]
    made.put((*_BOX, "env"), values, place)
    made.lines |= {(*_BOX, "env", number): node.line for number, (_, node) in enumerate(said, 1)}
    service = Made(found)
    service.put(("kind",), "Service", found["kind"])
    service.put(("metadata", "name"), name, place)
    service.put(("spec", "selector"), {"novamodel.pooler": name}, found["metadata"])
    return [made.node(), service.node()]


def _image(image: Node) -> str:
    """The image where it is said to be PgBouncer's own, else a name that says so."""
    return image.text if "pgbouncer" in image.text.rpartition("/")[2] else "pgbouncer"


def _variable(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "value": value}
