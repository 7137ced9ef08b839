"""Docker Compose: services with replicas and limits, the database and cache beside them."""

from __future__ import annotations

import re
from typing import Any

from novamodel.importers.compose.project import Project
from novamodel.importers.names import short_name
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
    counts = [_replicas(service) for _, service in members]
    said = []
    places = [place for _, place in counts if place is not None]
    if places or len(members) > 1:
        numbers = [number for number, _ in counts]
        total: Any = (
            sum(numbers) if all(isinstance(n, int) and not isinstance(n, bool) for n in numbers) else numbers[0]
        )
        place = places[0] if places else first
        said.append(Said("replicas", total, place.file, place.line))
    grace = first["stop_grace_period"]
    if grace:
        said.append(Said("termination_grace", duration(grace.text), grace.file, grace.line))
    _list_others(raw, first, draft)
    return Workload(
        name,
        raw,
        first.file,
        first.line,
        tuple(said + _resources(first) + _health(first)),
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


def _replicas(service: Node) -> tuple[Any, Node | None]:
    for place in (service.at("deploy", "replicas"), service["scale"]):
        if place:
            return whole(place.value), place
    return 1, None


def _resources(service: Node) -> list[Said]:
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
            value = plain(node.value) if node else None
            if value is None:
                continue
            derived = what == "request" and node.path == limit.path
            why = "derived: without a reservation the limit is taken" if derived else ""
            kind = "derived" if derived else "file"
            said.append(Said(f"resources.{key}_{what}", value, node.file, node.line, why, kind))
        if key == "memory" and limit and not part["reservations"][word] and not service[old_reserved]:
            why = "derived: without a reservation the limit is taken"
            said.append(Said("resources.memory_request", plain(limit.value), limit.file, limit.line, why, "derived"))
    if said:
        said.insert(0, Said("resources", None, service.file, (part["limits"] or part or service).line))
    return said


_HEALTH = (("interval", "period"), ("timeout", "timeout"), ("start_period", "initial_delay"), ("retries", "failures"))


def _health(service: Node) -> list[Said]:
    check = service["healthcheck"]
    off = check["disable"].value is True or [word.text for word in check["test"]] == ["NONE"]
    if check and not off:
        said = [Said("readiness", None, check.file, check.line)]
        for key, path in _HEALTH:
            if check[key]:
                value = whole(check[key].value) if key == "retries" else duration(check[key].text)
                said.append(Said(f"readiness.{path}", value, check[key].file, check[key].line))
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
