"""The containers of Kubernetes manifests and ECS task definitions."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

from novamodel.importers.ecs.read import main_container as main_of_task
from novamodel.importers.graph.boxes import Box, Text, text_of, words_of
from novamodel.importers.kubernetes.read import Cluster, main_container, name_of
from novamodel.importers.node import Node

JOBS = {"Job", "CronJob"}


def cluster_boxes(cluster: Cluster) -> list[Box]:
    """One box for every container of every object that has a pod template; the main one has the object's name."""
    data = _data(cluster)
    boxes: dict[str, Box] = {}
    for kind, objects in cluster.objects.items():
        for found in objects:
            template = _template(found, kind)
            own = [box for box in template.at("spec", "containers") if isinstance(box.value, dict)]
            main = main_container(found).path if kind not in ("CronJob", "Pod") else own[0].path if own else ()
            for container in own:
                box = _cluster_box(found, kind, template, container, container.path == main, cluster, data)
                boxes.setdefault(box.name, box)
    return list(boxes.values())


def _template(found: Node, kind: str) -> Node:
    if kind == "CronJob":
        return found.at("spec", "jobTemplate", "spec", "template")
    return found if kind == "Pod" else found.at("spec", "template")


def _cluster_box(found: Node, kind: str, template: Node, box: Node, main: bool, cluster: Cluster,
                 data: dict[str, dict[str, Text]]) -> Box:  # fmt: skip
    services = services_of(found, template, cluster)
    outside = [
        service.at("spec", "type")
        for service in services
        if service.at("spec", "type").text in ("LoadBalancer", "NodePort")
    ]
    hosts = {name_of(found), *(name_of(service) for service in services)} if main else set()
    ports = [port["containerPort"].value for port in box["ports"]]
    return Box(
        name_of(found) if main else f"{name_of(found)}/{box['name'].text}",
        found.file,
        found.at("metadata", "name").line,
        text_of(box["image"]) if box["image"] else None,
        frozenset(hosts),
        words_of(box["command"], box["args"]),
        _environment(box, data),
        tuple(port for port in ports if isinstance(port, int)),
        text_of(outside[0]) if outside and main else None,
        job=kind if kind in JOBS else "",
        space=found.at("metadata", "namespace").text,
        node=box,
        owner=found,
    )


def services_of(found: Node, template: Node, cluster: Cluster) -> list[Node]:
    """The Kubernetes Services that select the pods of a workload."""
    labels = template.at("metadata", "labels").value
    selected = []
    for service in cluster.of("Service"):
        selector = service.at("spec", "selector").value
        if isinstance(selector, dict) and isinstance(labels, dict) and selector and selector.items() <= labels.items():
            selected.append(service)
    return selected


def _data(cluster: Cluster) -> dict[str, dict[str, Text]]:
    """Values of ConfigMaps and Secrets by ``kind/name``; those of Secrets are never shown, only looked into."""
    result: dict[str, dict[str, Text]] = {}
    for kind in ("ConfigMap", "Secret"):
        for found in cluster.of(kind):
            values = {key: text_of(node) for key, node in (*found["data"].entries(), *found["stringData"].entries())}
            if kind == "Secret":
                own = {key for key, _ in found["stringData"].entries()}
                values = {
                    key: one if key in own else one._replace(value=_decoded(one.value)) for key, one in values.items()
                }
            result.setdefault(f"{kind}/{name_of(found)}", {}).update(values)
    return result


def _decoded(value: str | None) -> str | None:
    try:
        return base64.b64decode(value or "", validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def _environment(box: Node, data: dict[str, dict[str, Text]]) -> dict[str, Text]:
    env: dict[str, Text] = {}
    for source in box["envFrom"]:
        for kind, word in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            name = source[word]["name"].text
            env |= data.get(f"{kind}/{name}", {}) if name else {}
    for entry in box["env"]:
        name = entry["name"].text
        if entry["value"]:
            env[name] = text_of(entry["value"])
            continue
        said = Text(None, entry.file, entry.line)
        for kind, word in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            place = entry.at("valueFrom", word)
            said = data.get(f"{kind}/{place['name'].text}", {}).get(place["key"].text, said) if place else said
        env[name] = said
    for name, one in list(env.items()):
        if one.value and "$(" in one.value:
            env[name] = one._replace(value=_expanded(one.value, env))
    return env


def _expanded(value: str, env: dict[str, Text]) -> str:
    """``$(NAME)`` replaced, as Kubernetes does with the variables of the same container."""

    def inner(match: re.Match[str]) -> str:
        known = env.get(match[1])
        return match[0] if known is None or known.value is None else known.value

    return re.sub(r"\$\((\w+)\)", inner, value)[:10_000]


def task_boxes(tasks: Iterable[Node]) -> list[Box]:
    """One box for every container of ECS task definitions."""
    boxes = []
    for task in tasks:
        main = main_of_task(task).path
        for box in task["containerDefinitions"]:
            env = {entry["name"].text: text_of(entry["value"]) for entry in box["environment"]}
            env |= {entry["name"].text: Text(None, entry.file, entry.line) for entry in box["secrets"]}
            own = box["name"].text
            name = (task["family"].text or own) if box.path == main else f"{task['family'].text}/{own}"
            ports = [port["containerPort"].value for port in box["portMappings"]]
            boxes.append(
                Box(
                    name,
                    task.file,
                    box.line,
                    text_of(box["image"]) if box["image"] else None,
                    frozenset({name, own} - {""}) if box.path == main else frozenset(),
                    words_of(box["entryPoint"], box["command"]),
                    env,
                    tuple(port for port in ports if isinstance(port, int)),
                    node=box,
                    owner=task,
                )
            )
    return boxes
