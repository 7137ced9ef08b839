"""Compose files laid over each other as Compose does it, keeping file and line of every value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from novamodel.importers.compose.variables import giver, interpolated
from novamodel.importers.dotenv import named
from novamodel.importers.graph.boxes import Text
from novamodel.importers.node import Node
from novamodel.importers.report import Draft
from novamodel.yamlfile import WORD, Lines

_CAPACITY = (
    "deploy", "cpus", "mem_limit", "mem_reservation", "scale", "healthcheck", "shm_size", "pids_limit", "cpu_shares",
    "cpuset", "memswap_limit", "ulimits", "sysctls", "stop_grace_period",
)  # fmt: skip
"""Parts of a service that say how much it has and how it is asked whether it is ready."""
_SIZES = (
    ("cpus",), ("mem_limit",), ("mem_reservation",), ("memswap_limit",),
    *(("deploy", "resources", kind, key) for kind in ("limits", "reservations") for key in ("cpus", "memory")),
)  # fmt: skip
"""Sizes of which 0 means that there is no limit."""
_USUAL = ("default", "prod", "production", "all", "full", "app", "web")
_LISTS = ("ports", "expose", "dns", "tmpfs", "volumes", "cap_add", "profiles")
_NAMED_LISTS = ("environment", "labels", "depends_on", "extra_hosts")
MAX_EXTENDS = 20


@dataclass(frozen=True)
class Merged(Node):
    """A node of a mapping that several files make up together."""

    files: Mapping[tuple[str | int, ...], str] = field(default_factory=dict)

    def __getitem__(self, word: str | int) -> Node:
        """The node below, with the file that says it."""
        inner = super().__getitem__(word)
        return Merged(inner.value, self.files.get(inner.path, self.file), self.lines, inner.path, self.files)


class Merging:
    """Lays compose files over each other, with ``include`` and ``extends``, keeping file and line of every value."""

    def __init__(self, by_file: Mapping[str, Node], variables: dict[str, Text], dotenv: Mapping[str, dict[str, Text]],
                 draft: Draft) -> None:  # fmt: skip
        self.by_file, self.variables, self.dotenv, self.draft = by_file, variables, dict(dotenv), draft
        self.used: set[str] = set()
        self.values: dict[str, Any] = {}
        self.lines: Lines = {}
        self.files: dict[tuple[str | int, ...], str] = {}

    def whole(self, first: Node, profiles: Collection[str]) -> Node:
        """All files as one node, without the services of profiles that are off. ``profiles``: those that are on."""
        services = self.values.get("services", {})
        on, known = set(profiles) - {""}, set()
        node = Merged(self.values, first.file, self.lines, (), self.files)
        on |= self._only_profile(node) if not on else set()
        for name in list(services) if isinstance(services, dict) else []:
            service = node["services"][name]
            own = [profile.text for profile in service["profiles"]]
            known |= {*own}
            if own and not on & {*own} and "*" not in on:
                why = f"profile {own[0]} is not on (--profile {own[0]})"
                self.draft.leave(service.file, service.line, f"service {name}", why)
                services = {key: value for key, value in services.items() if key != name}
        for name in sorted(on - known - {"*", ""}):
            message = f"no service has the profile {name}"
            self.draft.find("note", "compose-profile", first.file, 1, message, "correct the name")
        whole = Merged({**self.values, "services": services}, first.file, self.lines, (), self.files)
        for _, service in whole["services"].entries():
            for key in _CAPACITY:
                self._fill(service[key])
            for words in _SIZES:
                size = whole.at(*service.path, *words)
                if re.fullmatch(r"0(\.0+)?[bkmgBKMG]?", size.text):
                    self.draft.leave(size.file, size.line, f"{'.'.join(words)}: {size.text}", "no limit")
                    self._at(size.path[:-1])[size.path[-1]] = None
        return whole

    def _only_profile(self, node: Node) -> set[str]:
        """The profile to take where every service has one: the usual one, else that of most services."""
        named = [[profile.text for profile in service["profiles"]] for _, service in node["services"].entries()]
        counts = Counter(profile for own in named for profile in own)
        if not counts or not all(named):
            return set()
        chosen = min(counts, key=lambda one: ([*_USUAL, one].index(one), -counts[one], one))
        first = node["services"].entries()[0][1]
        message = f"every service has a profile and none is on: {chosen} is taken"
        self.draft.find("note", "compose-profile", first.file, first.line, message, "choose by --profile")
        return {chosen}

    def _fill(self, node: Node) -> None:
        """Replace the variables of what bounds a container; a value that is set elsewhere is listed and left out."""
        for word, inner in node.entries():
            if word != "test":
                self._fill(inner)
        if not isinstance(node.value, str) or "$" not in node.value:
            return
        text, unknown = interpolated(node.value, self.variables)
        if unknown is not None:
            what = f"{node.path[-1]}: {node.value[:60]}"
            self.draft.leave(node.file, node.line, what, f"{unknown} is set elsewhere")
        place = giver(node.value, self.variables)
        if place is not None:
            self.lines[node.path], self.files[node.path] = place.line, place.file
        self._at(node.path[:-1])[node.path[-1]] = None if unknown is not None else text

    def lay(self, document: Node) -> None:
        """Lay one file over what is there, after what it includes."""
        if document.file in self.used:
            return
        self.used.add(document.file)
        for entry in document["include"]:
            paths = [entry] if isinstance(entry.value, str) else list(entry["path"]) or [entry["path"]]
            for path in paths:
                self._include(document, path, entry["env_file"])
        for key, part in document.entries():
            if key == "services":
                for name, service in part.entries():
                    self._service(name, service)
            else:
                self._put((key,), part)

    def _include(self, document: Node, path: Node, env_file: Node) -> None:
        """Lay an included file, whose own variables hold where the project says none of their names."""
        name, _ = interpolated(path.text, self.variables)
        other = self._beside(document.file, name)
        folder = PurePosixPath(document.file).parent
        files = [one.text for one in env_file] or [env_file.text or str(PurePosixPath(name).parent / ".env")]
        for file in files:
            for key, said in named(self.dotenv, str(folder / file.removeprefix("./"))).items():
                self.variables.setdefault(key, said)
        if other is None:
            self.draft.leave(path.file, path.line, f"include {name}", "not in this folder")
        else:
            self.lay(other)

    def _beside(self, file: str, name: str) -> Node | None:
        parts: list[str] = []
        for part in (*PurePosixPath(file).parent.parts, *PurePosixPath(name).parts):
            if part == "..":
                if not parts:
                    return None
                parts.pop()
            elif part != ".":
                parts.append(part)
        return self.by_file.get("/".join(parts))

    def _service(self, name: str, service: Node) -> None:
        chain = [service]
        while chain[-1]["extends"] and len(chain) <= MAX_EXTENDS:
            base = self._base(chain[-1])
            if base is None:
                break
            chain.append(base)
        for part in reversed(chain):
            if isinstance(part.value, dict):
                for key, inner in part.entries():
                    if key != "extends":
                        self._put(("services", name, key), inner, key)
            self._sign(("services", name), part)
        if service.value is None or service.value == {}:
            self._place(("services", name), {}, service)

    def _base(self, service: Node) -> Node | None:
        extends = service["extends"]
        named, file = (extends["service"], extends["file"]) if isinstance(extends.value, dict) else (extends, None)
        other = (
            self._beside(service.file, interpolated(file.text, self.variables)[0])
            if file
            else self.by_file[service.file]
        )
        base = other["services"][named.text] if other is not None else None
        if base is None or not base:
            where = f" of {file.text}" if file else ""
            self.draft.leave(extends.file, extends.line, f"extends {named.text}{where}", "not in this folder")
            return None
        if other is not None:
            self.used.add(other.file)
        return base

    def _put(self, path: tuple[str | int, ...], node: Node, key: str = "") -> None:
        """Set a part: mappings merge key by key, lists of some keys grow, everything else is replaced."""
        before = self._at(path)
        value = node.value
        if key in _NAMED_LISTS and isinstance(value, list) and isinstance(before, dict | list):
            return self._named(path, node)
        if isinstance(before, list) and isinstance(value, list) and key in _LISTS:
            for number, inner in enumerate(node):
                self._place((*path, len(before) if number == 0 else len(self._at(path))), inner.value, inner)
            return None
        if isinstance(before, dict) and isinstance(value, dict):
            for word, inner in node.entries():
                self._put((*path, word), inner, word if word in _LISTS else "")
            return None
        if isinstance(before, list) and key in _NAMED_LISTS and isinstance(value, dict):
            return self._named(path, node)
        return self._place(path, value, node)

    def _named(self, path: tuple[str | int, ...], node: Node) -> None:
        """Lists of ``NAME=value`` and mappings laid over each other by name."""
        before = Merged(self.values, "", self.lines, (), self.files).at(*path)
        rows: dict[str, tuple[Any, Node]] = {}
        for part in (before, node):
            for inner in part:
                name, sign, value = inner.text.partition("=")
                rows[name] = (value if sign else None, inner)
            for name, inner in part.entries():
                rows[name] = (inner.value, inner)
        self._place(path, {}, node)
        for name, (value, inner) in rows.items():
            self._place((*path, name), value, inner)

    def _at(self, path: tuple[str | int, ...]) -> Any:
        here: Any = self.values
        for word in path:
            try:
                here = here[word]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def _place(self, path: tuple[str | int, ...], value: Any, node: Node) -> None:
        here: Any = self.values
        for word in path[:-1]:
            if not isinstance(here.get(word), dict | list):
                here[word] = {}
            here = here[word]
        if isinstance(here, list):
            here.append(_copied(value))
        else:
            here[path[-1]] = _copied(value)
        self._sign_all(path, node)

    def _sign_all(self, path: tuple[str | int, ...], node: Node) -> None:
        self._sign(path, node)
        for word, inner in node.entries():
            self._sign_all((*path, word), inner)
        for number, inner in enumerate(node):
            self._sign_all((*path, number), inner)

    def _sign(self, path: tuple[str | int, ...], node: Node) -> None:
        self.lines[path], self.files[path] = node.line, node.file
        number = 0
        while (*node.path, WORD, number) in node.lines:
            self.lines[(*path, WORD, number)] = node.lines[(*node.path, WORD, number)]
            number += 1


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
