"""What files say about the databases and caches they run: image, arguments, environment, size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from novamodel import units
from novamodel.errors import UserError
from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.system import MAIN, Store, System
from novamodel.importers.kubernetes.read import Cluster
from novamodel.importers.names import image_tag
from novamodel.importers.node import Node
from novamodel.importers.postgres.memory import memory_said
from novamodel.importers.quantity import compose_memory, kubernetes_memory, whole
from novamodel.importers.report import Draft, Said

CALLED = {
    "mysql": "MySQL or MariaDB", "mongodb": "MongoDB", "sqlserver": "SQL Server", "oracle": "Oracle",
    "cassandra": "Cassandra",
    "cockroachdb": "CockroachDB", "couchdb": "CouchDB", "dynamodb": "DynamoDB", "neo4j": "Neo4j",
    "memcached": "memcached",
    "kafka": "Kafka", "rabbitmq": "RabbitMQ", "nats": "NATS", "activemq": "ActiveMQ", "sqs": "SQS",
    "beanstalkd": "beanstalkd",
}  # fmt: skip
_MAX_CONNECTIONS = {
    "mysql": (151, "documented: MySQL's default"),
    "mongodb": (65536, "documented: MongoDB's default of net.maxIncomingConnections"),
    "sqlserver": (32767, "documented: SQL Server's most user connections"),
}
_SETTING = re.compile(r"(?:^|\s)(?:-c\s*|--)([A-Za-z_][\w.-]*)(?:\s*=\s*|\s+)([^\s-][^\s]*)")
_CONNECTION_VARIABLES = (
    "POSTGRESQL_MAX_CONNECTIONS",
    "POSTGRES_MAX_CONNECTIONS",
    "MYSQL_MAX_CONNECTIONS",
    "MAX_CONNECTIONS",
)
_QUIET = {"port", "requirepass", "host", "bind_ip", "bind", "protected-mode", "dir", "loglevel", "config_file",
          "user", "password",
          "masterauth", "hba_file", "log_statement", "listen_addresses", "logging_collector", "dbpath", "auth",
          "character-set-server",
          "collation-server", "default-authentication-plugin", "replicaof", "slaveof", "replSet",
          "daemonize"}  # fmt: skip
"""Settings that say nothing about load or size."""


def path_of(store: Store) -> str:
    """Where a store stands in the scenario: ``database``, ``databases.NAME``, ``cache`` or ``caches.NAME``."""
    return store.what if store.name == MAIN else f"{store.what}s.{store.name}"


def say_stores(system: System, cluster: Cluster | None, draft: Draft) -> None:
    """Write the databases and caches that containers of the folder run, and name what stands in for what."""
    for store in system.databases.values():
        _stand_in(store, ("postgres",), "PostgreSQL", draft)
        for box in store.boxes[:1]:
            draft.say(Said("", None, box.file, box.line), path_of(store))
            _say_database(store, box, cluster, draft)
    for store in system.queues.values():
        _name_broker(store, system, draft)
    for store in system.caches.values():
        _stand_in(store, ("redis", "valkey"), "Redis", draft)
        for box in store.boxes[:1]:
            draft.say(Said("", None, box.file, box.line), path_of(store))
            _say_cache(store, box, draft)


def _name_broker(store: Store, system: System, draft: Draft) -> None:
    """Kafka is named as not modelled; a broker whose messages nobody puts in or takes is named too."""
    for box in store.boxes:
        for size in (one for one in size_of(box) if one is not None):
            draft.leave(
                size.file, size.line, f"{box.name} {size.path[-1]}: {size.text}", "a queue has no size of its own here"
            )
    if not store.users:
        return
    called = CALLED.get(store.program, store.program)
    place = store.boxes[0].image if store.boxes and store.boxes[0].image else store.place
    if store.program == "kafka":
        message = f"{called} is not modelled: no message of it reaches its consumers ({', '.join(store.users)})"
        draft.find("warning", "store-not-modelled", place.file, place.line, message, "write a queue with its consumers")
    elif not (system.takers(store.name) and system.givers(store.name)):
        what = "takes messages from" if system.givers(store.name) else "puts messages into"
        message = f"no file says who {what} {called} {store.name}: it is left out"
        draft.find(
            "note", "queue-one-sided", place.file, place.line, message, "write the queue, its publish and its consumer"
        )


def _stand_in(store: Store, modelled: Sequence[str], nearest: str, draft: Draft) -> None:
    if store.program in modelled:
        return
    called = CALLED.get(store.program, store.program)
    box = store.boxes[0] if store.boxes else None
    file, line = (box.image.file, box.image.line) if box and box.image else (store.place.file, store.place.line)
    message = (
        f"{called} is not modelled: {nearest} stands in for it, with what the files say about size and connections"
    )
    draft.find(
        "warning", "store-not-modelled", file, line, message, "measure its statements and write them into the scenario"
    )


def settings_of(box: Box) -> Iterator[tuple[str, str, Text]]:
    """Settings among a container's words: ``-c name=value``, ``--name=value``, ``--name value``."""
    words = [word for word in box.words if word.value]
    joined, places = "", []
    for word in words:
        places.append((len(joined), word))
        joined += f"{word.value} "
    for match in _SETTING.finditer(joined):
        place = next(word for at, word in reversed(places) if at <= match.start(2))
        yield match[1], match[2], place


def _say_database(store: Store, box: Box, cluster: Cluster | None, draft: Draft) -> None:
    below = path_of(store)
    if box.image and store.program == "postgres":
        version = re.search(r"(?:^|pg|-)(\d{1,2})(?:[.-]|$)", image_tag(box.image.value or ""))
        if version:
            draft.say(Said(f"{below}.version", version[1], box.image.file, box.image.line))
    said = False
    for name, value, place in settings_of(box):
        key = name.lower().replace("-", "_")
        if key in ("max_connections", "maxconns") and whole(value) != value:
            draft.say(Said(f"{below}.max_connections", whole(value), place.file, place.line))
            said = True
        elif store.program == "postgres" and (of_memory := memory_said(below, key, value, place.file, place.line)):
            draft.say(of_memory)
        elif key not in _QUIET and name not in _QUIET:
            draft.leave(place.file, place.line, f"{box.name} {name} = {value[:40]}", "read, not modelled")
    for name in _CONNECTION_VARIABLES:
        text = box.env.get(name)
        if text is not None and not said and isinstance(whole(text.value), int):
            draft.say(Said(f"{below}.max_connections", whole(text.value), text.file, text.line))
            said = True
    if not said and store.program in _MAX_CONNECTIONS and box.image:
        number, why = _MAX_CONNECTIONS[store.program]
        draft.say(Said(f"{below}.max_connections", number, box.image.file, box.image.line, why, "documented"))
    say_pod(below, box, draft)
    cores, memory = size_of(box)
    if cores is not None:
        _say_cores(below, cores, draft)
    if memory is not None:
        draft.say(Said(f"{below}.memory", _memory(memory), memory.file, memory.line))
    for volume in _volumes(box, cluster):
        if f"{below}.storage" not in draft.origins:
            draft.say(Said(f"{below}.storage", kubernetes_memory(volume.value), volume.file, volume.line))
        else:
            draft.leave(volume.file, volume.line, f"volume of {volume.text}", "one volume of a database is modelled")
    count = box.owner.at("spec", "replicas") if box.owner is not None and cluster is not None else None
    if count is not None and isinstance(whole(count.value), int) and whole(count.value) > 1:
        draft.leave(
            count.file, count.line, f"{count.text} replicas of {box.name}", "one server of a database takes requests"
        )
    for replica in store.replicas:
        draft.leave(
            replica.file, replica.line, f"{replica.name}, a replica of {box.name}", "no request is sent to it here"
        )


def _say_cores(below: str, cores: Node, draft: Draft) -> None:
    try:
        number = float(units.parse_cores(cores.value))
    except (UserError, ValueError, TypeError):
        return
    if number != int(number):
        draft.leave(
            cores.file, cores.line, f"{cores.text} CPU of a database", "a database has whole cores: taken as more"
        )
    draft.say(Said(f"{below}.cores", max(math.ceil(number), 1), cores.file, cores.line))


def size_of(box: Box) -> tuple[Node | None, Node | None]:
    """CPU and memory of a container: its limits, else what is set aside."""
    node = box.node
    if node is None:
        return None, None
    deploy, plain = node.at("deploy", "resources"), node["resources"]
    found = []
    for key, word, old in (("cpu", "cpus", "cpus"), ("memory", "memory", "mem_limit")):
        places = (
            plain["limits"][key],
            plain["requests"][key],
            deploy["limits"][word],
            node[old],
            deploy["reservations"][word],
        )
        found.append(next((place for place in places if place), None))
    return found[0], found[1]


def say_pod(below: str, box: Box, draft: Draft) -> None:
    """What is set aside for a container and its limits, as the scheduler takes them."""
    node = box.node
    if node is None:
        return
    deploy, plain = node.at("deploy", "resources"), node["resources"]
    places = {
        "cpu_request": (plain["requests"]["cpu"], deploy["reservations"]["cpus"]),
        "cpu_limit": (plain["limits"]["cpu"], deploy["limits"]["cpus"], node["cpus"]),
        "memory_request": (plain["requests"]["memory"], deploy["reservations"]["memory"], node["mem_reservation"]),
        "memory_limit": (plain["limits"]["memory"], deploy["limits"]["memory"], node["mem_limit"]),
    }
    said = {key: next((place for place in found if place), None) for key, found in places.items()}
    if not any(said.values()) and "containers" not in node.path:
        return
    draft.say(Said("pod", None, box.file, box.line), below)
    for kind in ("cpu", "memory"):
        for key in (f"{kind}_request", f"{kind}_limit"):
            place = said[key]
            derived = place is None and key.endswith("request")
            place = said[f"{kind}_limit"] if derived else place
            if place is not None:
                value = _memory(place) if kind == "memory" else whole(place.value)
                why, how = ("derived: without a request the limit is taken", "derived") if derived else ("", "file")
                draft.say(Said(f"{below}.pod.{key}", value, place.file, place.line, why, how))


def _memory(node: Node) -> Any:
    return kubernetes_memory(node.value) if "containers" in node.path else compose_memory(node.value)


def _volumes(box: Box, cluster: Cluster | None) -> list[Node]:
    """Sizes of the volumes that a pod claims."""
    owner = box.owner
    if owner is None or cluster is None:
        return []
    found = [claim.at("spec", "resources", "requests", "storage") for claim in owner.at("spec", "volumeClaimTemplates")]
    claims = {claim.at("metadata", "name").text: claim for claim in cluster.of("PersistentVolumeClaim")}
    for volume in owner.at("spec", "template", "spec", "volumes"):
        claim = claims.get(volume.at("persistentVolumeClaim", "claimName").text)
        if claim is not None:
            found.append(claim.at("spec", "resources", "requests", "storage"))
    return [size for size in found if size]


def _say_cache(store: Store, box: Box, draft: Draft) -> None:
    below = path_of(store)
    if store.program in ("redis", "valkey") and box.image:
        draft.say(Said(f"{below}.engine", store.program, box.image.file, box.image.line))
    settings = list(settings_of(box))
    synced = next((value for name, value, _ in settings if name.lower() == "appendfsync"), "everysec")
    for name, value, place in settings:
        if name.lower() == "appendonly":
            when = synced if value == "yes" and synced in ("always", "everysec") else "off"
            draft.say(Said(f"{below}.appendfsync", when, place.file, place.line))
        elif name.lower() == "maxmemory" and value.rstrip("bBkKmMgG") == "0":
            draft.leave(place.file, place.line, "maxmemory 0", "no limit: what is assumed holds")
        elif name.lower() == "maxmemory":
            draft.say(Said(f"{below}.memory", compose_memory(value), place.file, place.line))
        elif name.lower() in ("maxmemory-policy", "maxmemory-samples"):
            draft.say(Said(f"{below}.{name.lower().replace('-', '_')}", whole(value), place.file, place.line))
        elif name.lower() not in _QUIET:
            draft.leave(place.file, place.line, f"{box.name} {name} {value[:40]}", "read, not modelled")
    say_pod(below, box, draft)
    if store.program == "memcached":
        found = re.findall(r"(?:(?:^|\s)-m\s*|--memory-limit[= ])(\d+)", box.command)
        for size in found[:1]:
            place = next((word for word in box.words if size in (word.value or "")), box.words[0])
            draft.say(Said(f"{below}.memory", f"{size} MiB", place.file, place.line))
        joined = " ".join(word.value or "" for word in box.words)
        for match in re.finditer(r"(?:^|\s)-([ctIR])\s*(\d+\w?)(?=\s|$)", joined):
            place = next((word for word in box.words if match[2] in (word.value or "")), box.words[0])
            draft.leave(place.file, place.line, f"{box.name} -{match[1]} {match[2]}", "read, not modelled")
    _, memory = size_of(box)
    if memory is not None:
        why = "derived: no maxmemory is set: the memory of its container"
        draft.say(Said(f"{below}.memory", _memory(memory), memory.file, memory.line, why, "derived"))
    count = (
        box.owner.at("spec", "replicas")
        if box.owner is not None and "containers" in (box.node.path if box.node else ())
        else None
    )
    if store.replicas:
        first = store.replicas[0]
        number = 1 + len([one for one in store.replicas if "sentinel" not in one.name])
        draft.say(Said(f"{below}.nodes", number, first.file, first.line, "derived: one a container", "derived"))
    elif count and isinstance(whole(count.value), int) and whole(count.value) > 1:
        draft.say(Said(f"{below}.nodes", whole(count.value), count.file, count.line))
    elif box.image:
        draft.say(
            Said(f"{below}.nodes", 1, box.image.file, box.image.line, "derived: one container runs it", "derived")
        )
