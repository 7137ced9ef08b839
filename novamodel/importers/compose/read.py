"""Docker Compose: services with replicas and limits, the database and cache beside them, and their faults."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath
from typing import Any

from novamodel.importers.compose.project import Project
from novamodel.importers.names import image_tag, is_image_of, is_infrastructure, short_name
from novamodel.importers.node import Node
from novamodel.importers.quantity import compose_memory, duration, whole
from novamodel.importers.report import Draft, Said, Workload


def image_of(service: Node) -> str:
    """Image of a compose service; empty where it is built."""
    return service["image"].text


def names_of(project: Project) -> dict[str, str]:
    """The scenario's name of each service: numbered ones (core-api-1, core-api-2) are replicas of one."""
    called = project.whole["name"].text
    raws = [raw for raw, _ in project.whole["services"].entries()]
    short = {raw: short_name(_without_number(raw, project), [called]) for raw in raws}
    alike = {raw: {re.sub(r"[-_]?\d{1,9}$", "", other) for other in raws if short[other] == short[raw]} for raw in raws}
    return {raw: short[raw] if len(alike[raw]) == 1 else re.sub(r"[^a-z0-9-]+", "-", raw.lower()) for raw in raws}


def _without_number(raw: str, project: Project) -> str:
    """``web1`` and ``web2`` of one image, or built from one folder, are replicas of ``web``."""
    services, stem = project.whole["services"], re.sub(r"[-_]?\d{1,9}$", "", raw)
    mine = (services[raw]["image"].value, services[raw]["build"].value)
    alike = [
        other
        for other, one in services.entries()
        if re.fullmatch(rf"{re.escape(stem)}[-_]?\d+", other) and _same(mine, one)
    ]
    return stem if len(alike) > 1 and stem and stem not in dict(services.entries()) else raw


def _same(one: tuple[Any, Any], other: Node) -> bool:
    """The same image; without one, the same folder."""
    image, build = one
    return image == other["image"].value if image else bool(build) and build == other["build"].value


def workloads(project: Project, draft: Draft) -> list[Workload]:
    """The services of our own; numbered ones are replicas of one."""
    groups: dict[str, list[tuple[str, Node]]] = {}
    names = names_of(project)
    for raw, service in project.whole["services"].entries():
        groups.setdefault(names[raw], []).append((raw, service))
    return [_workload(name, members, project, draft) for name, members in groups.items()]


def _workload(name: str, members: list[tuple[str, Node]], project: Project, draft: Draft) -> Workload:
    raw, first = members[0]
    counts = [_replicas(service, project, draft) for _, service in members]
    said = []
    places = [place for _, place in counts if place is not None]
    if places or len(members) > 1:
        numbers = [number for number, _ in counts]
        total: Any = (
            sum(numbers) if all(isinstance(n, int) and not isinstance(n, bool) for n in numbers) else numbers[0]
        )
        line = places[0].line if places else first.line
        said.append(Said("replicas", total, first.file, line))
    grace = first["stop_grace_period"]
    if grace:
        said.append(Said("termination_grace", duration(str(project.value(grace))), grace.file, grace.line))
    _list_others(raw, first, draft)
    return Workload(
        name,
        raw,
        first.file,
        first.line,
        tuple(said + _resources(first, project, draft) + _health(first, project)),
        _port(first),
        image_of(first),
        tuple(environment(first)),
    )


_OTHERS = (
    ("deploy", "mode"), ("deploy", "update_config", "parallelism"), ("deploy", "update_config", "delay"),
    ("deploy", "update_config", "order"),
    ("deploy", "resources", "limits", "pids"), ("cpu_shares",), ("cpuset",), ("pids_limit",),
    ("shm_size",), ("memswap_limit",),
    ("ulimits", "nofile"), ("ulimits", "nofile", "soft"), ("ulimits", "nproc"), ("sysctls", "net.core.somaxconn"),
)  # fmt: skip
"""What limits a container beside its CPU and memory."""


def _list_others(raw: str, service: Node, draft: Draft) -> None:
    for words in _OTHERS:
        place = service.at(*words)
        if place.text:
            draft.leave(place.file, place.line, f"{raw} {'.'.join(words)}: {place.text[:60]}", "read, not modelled")


def _replicas(service: Node, project: Project, draft: Draft) -> tuple[Any, Node | None]:
    for place in (service.at("deploy", "replicas"), service["scale"]):
        if place:
            value = project.value(place, draft)
            return (whole(value), place) if value is not None else (1, None)
    return 1, None


def _resources(service: Node, project: Project, draft: Draft) -> list[Said]:
    part = service.at("deploy", "resources")
    said: list[Said] = []
    for key, old, old_reserved, plain in (
        ("cpu", "cpus", "", whole),
        ("memory", "mem_limit", "mem_reservation", compose_memory),
    ):
        word = "cpus" if key == "cpu" else "memory"
        limit = part["limits"][word] or service[old]
        request = part["reservations"][word] or (service[old_reserved] if old_reserved else limit)
        for node, what in ((request, "request"), (limit, "limit")):
            value = plain(project.value(node, draft)) if node else None
            if value is None:
                continue
            derived = what == "request" and node.path == limit.path
            why = "derived: without a reservation the limit is taken" if derived else ""
            kind = "derived" if derived else "file"
            said.append(Said(f"resources.{key}_{what}", value, node.file, node.line, why, kind))
        if key == "memory" and limit and not part["reservations"][word] and not service[old_reserved]:
            value = plain(project.value(limit, draft))
            if value is not None:
                why = "derived: without a reservation the limit is taken"
                said.append(Said("resources.memory_request", value, limit.file, limit.line, why, "derived"))
    if said:
        said.insert(0, Said("resources", None, service.file, (part["limits"] or part or service).line))
    return said


_HEALTH = (("interval", "period"), ("timeout", "timeout"), ("start_period", "initial_delay"), ("retries", "failures"))


def _health(service: Node, project: Project) -> list[Said]:
    check = service["healthcheck"]
    off = check["disable"].value is True or [word.text for word in check["test"]] == ["NONE"]
    if check and not off:
        said = [Said("readiness", None, check.file, check.line)]
        for key, path in _HEALTH:
            if check[key]:
                value = (
                    whole(project.value(check[key])) if key == "retries" else duration(str(project.value(check[key])))
                )
                said.append(Said(f"readiness.{path}", value, check.file, check[key].line))
        for key, path, usual in (
            ("interval", "period", "30 s"),
            ("timeout", "timeout", "30 s"),
            ("start_period", "initial_delay", "0 s"),
        ):
            if not check[key]:
                why = f"documented: Docker's default {key}"
                said.append(Said(f"readiness.{path}", usual, check.file, check.line, why, "documented"))
        return said
    why = "documented: Docker Compose asks no container whether it is ready without a healthcheck"
    return [Said("readiness", None, service.file, service.line, why, "documented")]


def _port(service: Node) -> int | None:
    for name, node in environment(service).items():
        port = whole(node)
        if name == "PORT" and isinstance(port, int):
            return port
    return None


def environment(service: Node) -> dict[str, Any]:
    """Environment variables of a service, whether written as a mapping or as a list."""
    part = service["environment"]
    result = {name: node.value for name, node in part.entries()}
    for entry in part:
        name, _, value = entry.text.partition("=")
        result[name] = value
    return result


def postgres_services(compose: Node) -> list[str]:
    """Names of the services that run PostgreSQL."""
    entries = compose["services"].entries()
    return [raw for raw, service in entries if is_image_of(service["image"].text, "postgres")]


def _words(command: Node) -> list[str]:
    parts = [entry.text for entry in command] if isinstance(command.value, list) else [command.text]
    return " ".join(parts).split()


def find_faults(compose: Node, names: Iterable[str], idle: Collection[str], draft: Draft) -> None:
    """Note what Docker Compose would refuse, ignore or do differently from what is meant; ``idle``: no services."""
    services = dict(compose["services"].entries())
    if compose["version"]:
        message = "the top-level key version is obsolete and ignored"
        draft.find("note", "compose-version", compose.file, compose["version"].line, message, "remove it")
    for raw, service in services.items():
        _depends(raw, service, services, draft)
        _container_name(raw, service, draft)
        _postgres(raw, service, draft)
        _redis(raw, service, draft)
        _mounts(service, set(names), draft)
        image = service["image"]
        floating = image_tag(image.text) in ("latest", "alpine", "stable") or ":" not in image.text
        if image and floating and not service["build"] and "$" not in image.text:
            draft.find(
                "note",
                "image-floating",
                image.file,
                image.line,
                f"image {image.text} names no version: what runs changes with the day it is pulled",
                "name a version",
            )
        limited = service.at("deploy", "resources", "limits") or service["mem_limit"] or service["cpus"]
        if not limited and raw not in idle and not (image and is_infrastructure(image.text)):
            draft.find(
                "warning",
                "no-limits",
                service.file,
                service.line,
                f"{raw} has no CPU or memory limit: it can starve everything else on the machine",
                "add deploy.resources.limits",
            )


def _depends(raw: str, service: Node, services: dict[str, Node], draft: Draft) -> None:
    needed = service["depends_on"]
    wanted = [(node.text, node) for node in needed] + needed.entries()
    for name, node in wanted:
        if name and name not in services:
            draft.find(
                "error",
                "depends-on-unknown",
                node.file,
                node.line,
                f"{raw} depends on {name}, which is no service here: the project is invalid",
                f"name one of {', '.join(services)}",
            )


def _container_name(raw: str, service: Node, draft: Draft) -> None:
    replicas = whole(service.at("deploy", "replicas").value)
    if service["container_name"] and isinstance(replicas, int) and replicas > 1:
        place = service["container_name"]
        draft.find(
            "error",
            "container-name-with-replicas",
            place.file,
            place.line,
            f"{raw} has a container_name and {replicas} replicas: names must be unique, the project is invalid",
            "leave container_name out",
        )


def _postgres(raw: str, service: Node, draft: Draft) -> None:
    if not is_image_of(service["image"].text, "postgres"):
        return
    part = service["environment"]
    names = [(name, part[name].line) for name, _ in part.entries()]
    names += [(node.text.partition("=")[0], node.line) for node in part]
    for name, line in names:
        if name.startswith("POSTGRES_REPLICATION_"):
            draft.find(
                "warning",
                "postgres-variable-unread",
                part.file,
                line,
                f"{name} is no variable of the postgres image: nothing reads it, no replication user is made",
                "create the role in an init script",
            )


def _redis(raw: str, service: Node, draft: Draft) -> None:
    command = _words(service["command"])
    follows = "--slaveof" in command or "--replicaof" in command
    if is_image_of(service["image"].text, "redis", "valkey") and follows and "--masterauth" not in command:
        place = service["command"]
        draft.find(
            "error",
            "redis-replica-without-masterauth",
            place.file,
            place.line,
            f"{raw} follows a master that wants a password and has no --masterauth: replication is refused for ever, "
            "the replica answers from an empty data set",
            "add --masterauth with the master's password",
        )


def _mounts(service: Node, names: set[str], draft: Draft) -> None:
    base = PurePosixPath(service.file).parent
    for volume in service["volumes"]:
        source = volume.text.split(":")[0] or volume["source"].text
        path = (base / source).as_posix() if source.startswith("./") else ""
        if path and PurePosixPath(path).suffix and path not in names:
            draft.find(
                "warning",
                "mounted-file-missing",
                volume.file,
                volume.line,
                f"{source} is mounted but not in this folder: Docker makes an empty directory of that name",
                "add the file",
            )
