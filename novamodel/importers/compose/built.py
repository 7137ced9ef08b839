"""Services of a folder that no file deploys: what its Dockerfiles build and its Procfile starts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from novamodel.importers.compose.merging import Merged
from novamodel.importers.compose.project import Project
from novamodel.importers.report import Draft
from novamodel.yamlfile import Lines

_SIDE = re.compile(
    r"(^|[._/-])(dev|devel|development|test|tests|ci|debug|local|e2e|base|builder|devcontainer|docs?)([._/-]|$)"
)
_PROCESS = re.compile(r"([A-Za-z0-9_-]{1,40}):[ \t]*(\S.*)")
MOST = 20
"""Services that Dockerfiles make at most, those nearest to the top first."""


def with_built(
    project: Project | None, dockerfiles: Iterable[str], procfile: str | None, draft: Draft
) -> Project | None:
    """The project with a service for each process of a Procfile, else for each Dockerfile that is not for development.

    ``dockerfiles``: their names; ``procfile``: the text of the one at the top.
    """
    names = sorted(
        (name for name in dockerfiles if not _SIDE.search(name.lower())), key=lambda one: (one.count("/"), one)
    )
    made = _processes(procfile or "", "Dockerfile" in names) or _images(names[:MOST])
    if not made:
        return project
    values: dict[str, Any] = dict(project.whole.value) if project is not None else {}
    before = dict(values.get("services") or {})
    lines: Lines = dict(project.whole.lines) if project is not None else {}
    files = dict(project.whole.files) if project is not None else {}
    for name, (service, file, line) in made.items():
        if name in before:
            continue
        before[name] = service
        lines[("services", name)], files[("services", name)] = line, file
        for key in service:
            lines[("services", name, key)], files[("services", name, key)] = line, file
    first = next(iter(made.values()))
    message = "no file deploys a service: what this file builds or starts is taken for the services"
    draft.find("note", "nothing-deployed", first[1], first[2], message, "add the files that deploy them")
    values["services"] = before
    shown = project.whole.file if project is not None else first[1]
    return Project(Merged(values, shown, lines, (), files), project.variables if project is not None else {})


def _images(names: list[str]) -> Mapping[str, tuple[dict[str, Any], str, int]]:
    made: dict[str, tuple[dict[str, Any], str, int]] = {}
    for name in names:
        path = PurePosixPath(name)
        own = re.sub(r"^dockerfile[._-]?|[._-]?dockerfile$", "", path.name.lower())
        folder = next(
            (part for part in reversed(path.parts[:-1]) if part not in ("docker", "build", "deploy", ".")), ""
        )
        called = re.sub(r"[^a-z0-9-]+", "-", (own or folder or "app").lower()).strip("-")
        made.setdefault(called, ({"build": {"context": ".", "dockerfile": path.name}}, name, 1))
    return made


def _processes(text: str, has_image: bool) -> Mapping[str, tuple[dict[str, Any], str, int]]:
    made: dict[str, tuple[dict[str, Any], str, int]] = {}
    for number, line in enumerate(text.splitlines()[:100], 1):
        match = _PROCESS.fullmatch(line.strip())
        if match:
            build: dict[str, Any] = {"build": {"context": ".", "dockerfile": "Dockerfile"}} if has_image else {}
            name = match[1].lower().replace("_", "-")
            if name != "release":  # it runs once, before the others start
                made.setdefault(name, (build | {"command": match[2]}, "Procfile", number))
    return made
