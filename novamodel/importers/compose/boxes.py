"""The containers of a compose project, with the environment that each of them is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from novamodel.importers.compose.project import Project
from novamodel.importers.compose.variables import giver, interpolated
from novamodel.importers.dotenv import named
from novamodel.importers.graph.boxes import Box, Text, text_of, words_of
from novamodel.importers.node import Node


def project_boxes(project: Project, dotenv: Mapping[str, dict[str, Text]], built: Mapping[str, Node]) -> list[Box]:
    """One box for every service of a project.

    ``built``: what the Dockerfile of a folder says (``image``, ``command``), by the folder.
    """
    boxes = []
    ended = _ended(project)
    for raw, service in project.whole["services"].entries():
        context = _context(service, project)
        dockerfile = _dockerfile(service, context, project, built)
        image = service["image"] if service["image"] and not service["build"] else dockerfile["image"]
        if not image and service["image"]:
            image = service["image"]
        command = service["command"] or ("" if service["entrypoint"] else dockerfile["command"])
        boxes.append(
            Box(
                raw,
                service.file,
                service.line,
                project.text(image) if image else None,
                frozenset(_hosts(raw, service, project)),
                _words(project, service["entrypoint"], command),
                {key: text_of(node) for key, node in dockerfile["env"].entries()}
                | environment(service, project, dotenv),
                tuple(
                    _inside_ports(service, project) or [int(p.text) for p in dockerfile["ports"] if p.text.isdecimal()]
                ),
                _published(service, project),
                tuple(_needs(service)),
                _source(context, service, project),
                bool(service["build"]) and bool(dockerfile["image"]),
                words_of(dockerfile["command"]) if service["command"] or service["entrypoint"] else (),
                job="container that others wait for to end" if raw in ended else "",
                node=service,
                owner=service,
            )
        )
    return boxes


def _words(project: Project, *nodes: Node | str) -> tuple[Text, ...]:
    words = words_of(*(node for node in nodes if isinstance(node, Node) and node))
    return tuple(_filled(word, project) if word.value and "$" in word.value else word for word in words)


def _filled(word: Text, project: Project) -> Text:
    """A word of a command with its variables replaced, and the place of the one that gives it its value."""
    place = giver(word.value or "", project.variables) or word
    return Text(interpolated(word.value or "", project.variables)[0], place.file, place.line)


def _context(service: Node, project: Project) -> str:
    """The folder that a service is built from, inside the folder that is imported."""
    build = service["build"]
    where = project.text(build["context"] if isinstance(build.value, dict) else build).value
    if not build or where is None or "://" in where:
        return ""
    base = PurePosixPath(build.file).parent
    parts: list[str] = []
    for part in (*base.parts, *PurePosixPath(where or ".").parts):
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", "..", "/"):
            parts.append(part)
    return "/".join(parts) or "."


def _ended(project: Project) -> set[str]:
    """Services that others only start after they have ended well."""
    return {
        name
        for _, service in project.whole["services"].entries()
        for name, node in service["depends_on"].entries()
        if node["condition"].text == "service_completed_successfully"
    }


def _source(context: str, service: Node, project: Project) -> str:
    """Where the source of a service lies: the folder of its Dockerfile where it is built from the top."""
    dockerfile = PurePosixPath(project.text(service.at("build", "dockerfile")).value or "Dockerfile")
    return str(dockerfile.parent) if context == "." and str(dockerfile.parent) not in (".", "/") else context


def _dockerfile(service: Node, context: str, project: Project, built: Mapping[str, Node]) -> Node:
    if not service["build"]:
        return Node(None, service.file, {})
    name = project.text(service.at("build", "dockerfile")).value or "Dockerfile"
    path = name if context in ("", ".") else f"{context}/{name}"
    whole = built.get(str(PurePosixPath(path)), Node(None, service.file, {}))
    target = project.text(service.at("build", "target")).value or ""
    return whole["stages"][target.lower()] or whole


def _hosts(raw: str, service: Node, project: Project) -> set[str]:
    names = {raw}
    for place in (service["container_name"], service["hostname"]):
        names |= {project.text(place).value or ""}
    for _, network in service["networks"].entries():
        names |= {alias.text for alias in network["aliases"]}
    return names - {""}


def environment(service: Node, project: Project, dotenv: Mapping[str, dict[str, Text]]) -> dict[str, Text]:
    """The variables that a service is given: those of its files, then its own."""
    env: dict[str, Text] = {}
    files = service["env_file"]
    for entry in list(files) or [files]:
        name = interpolated((entry["path"] if isinstance(entry.value, dict) else entry).text, project.variables)[0]
        if name:
            base = PurePosixPath(entry.file).parent
            env |= named(dict(dotenv), str(base / name.removeprefix("./")))
    part = service["environment"]
    for key, node in part.entries():
        env[key] = project.text(node) if node else project.variables.get(key, Text(None, node.file, node.line))
    for entry in part:
        key, sign, value = entry.text.partition("=")
        if not sign:
            env[key] = project.variables.get(key, Text(None, entry.file, entry.line))
            continue
        env[key] = project.filled(value, entry)
    return env


def _inside_ports(service: Node, project: Project) -> list[int]:
    found = []
    for entry in [*service["ports"], *service["expose"]]:
        target = entry["target"].text or (project.text(entry).value or "").split("/")[0].rpartition(":")[2]
        if target.isdecimal() and len(target) < 6:
            found.append(int(target))
    return found


def _published(service: Node, project: Project) -> Text | None:
    """The first port that the host shows to others; one bound to the host's own loopback is none."""
    for entry in service["ports"]:
        text = project.text(entry).value or ""
        loop = text.startswith(("127.", "localhost:", "[::1]")) or entry["host_ip"].text.startswith("127.")
        if (text or entry["published"]) and not loop:
            return Text(text or project.text(entry["published"]).value or "", entry.file, entry.line)
    if service["network_mode"].text == "host":
        return Text("host", service.file, service["network_mode"].line)
    for _, label in _labels(service):
        if re.search(r"traefik\.http\.routers\.|^caddy$|VIRTUAL_HOST", label.value or ""):
            return label
    return None


def _labels(service: Node) -> list[tuple[str, Text]]:
    part = service["labels"]
    found = [(key, Text(key, node.file, node.line)) for key, node in part.entries()]
    return found + [(entry.text, Text(entry.text, entry.file, entry.line)) for entry in part]


def _needs(service: Node) -> list[Text]:
    """Services that must be there first, and those it is linked to."""
    found = []
    for part in (service["depends_on"], service["links"]):
        for entry in part:
            found.append(Text(entry.text.split(":")[0], entry.file, entry.line))
        for name, node in part.entries():
            if node["condition"].text != "service_completed_successfully":
                found.append(Text(name, node.file, node.line))
    return found
