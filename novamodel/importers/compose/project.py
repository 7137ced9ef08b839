"""The compose project that ``docker compose up`` would run: which files, laid over each other how."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from novamodel.importers.graph.boxes import Text
from novamodel.importers.node import Node
from novamodel.importers.report import Draft
from novamodel.yamlfile import Lines

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""Names that Compose looks for in a folder, in this order (docs.docker.com, the Compose file)."""
_OTHER = re.compile(
    r"(^|[._-])(dev|devel|development|debug|test|tests|testing|ci|e2e|local|example|sample|override|tools?)([._-]|$)"
)
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\}|(\w+))")
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


@dataclass
class Project:
    """A compose project: its whole as one node, the values of ``.env``, and the profiles that are on."""

    whole: Node
    variables: dict[str, Text]

    def value(self, node: Node, draft: Draft | None = None) -> Any:
        """The value with variables replaced; None (and listed) where one is set elsewhere."""
        if not isinstance(node.value, str) or "$" not in node.value:
            return node.value
        text, unknown = interpolated(node.value, self.variables)
        if unknown is not None:
            if draft is not None:
                draft.leave(node.file, node.line, f"{node.path[-1]}: {node.value[:60]}", f"{unknown} is set elsewhere")
            return None
        return text

    def text(self, node: Node) -> Text:
        """The text with variables replaced and its place: that of ``.env`` where it is one of its values."""
        if not isinstance(node.value, str) or "$" not in node.value:
            return Text(node.text if node else None, node.file, node.line)
        alone = re.fullmatch(r"\$\{?(\w+)\}?", node.value)
        if alone and alone[1] in self.variables:
            return self.variables[alone[1]]
        text, unknown = interpolated(node.value, self.variables)
        return Text(None if unknown is not None and text == "" else text, node.file, node.line)


def interpolated(value: str, variables: Mapping[str, Text]) -> tuple[str, str | None]:
    """The text with its variables replaced, and the first one that has no value (replaced by nothing)."""
    unknown: list[str] = []

    def one(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        name, sign, rest = match[2] or match[5], match[3] or "", match[4] or ""
        known = variables.get(name)
        said = known.value if known is not None else None
        if sign.endswith("+"):
            return rest if said else ""
        if said is not None and (said or not sign.startswith(":")):
            return said
        if sign.endswith("-"):
            return interpolated(rest, variables)[0] if len(rest) < len(value) else rest
        unknown.append(name)
        return ""

    return _VARIABLE.sub(one, value), (unknown[0] if unknown else None)


def choose(documents: list[Node], dotenv: Mapping[str, dict[str, Text]], draft: Draft) -> Project | None:
    """The project that is taken, others named with what in them could matter.

    ``dotenv``: variables by the name of the file that says them.
    """
    if not documents:
        return None
    by_file = {found.file: found for found in documents}
    folders: dict[str, list[Node]] = {}
    for found in documents:
        folders.setdefault(str(PurePosixPath(found.file).parent), []).append(found)
    folder = min(folders, key=lambda one: _rank(one, folders[one]))
    first, over = _files_of(folders[folder])
    variables = _variables(folder, dotenv)
    merging = _Merging(by_file, variables, draft)
    merging.lay(first)
    for found in over:
        merging.lay(found)
    whole = merging.whole(first, variables)
    _name_others(first, [found for found in documents if found.file not in merging.used], len(folders), draft)
    return Project(whole, variables)


def _rank(folder: str, files: list[Node]) -> tuple[Any, ...]:
    """Folders where Compose finds a file of its own first, then those near the top, then those with most services."""
    named = any(PurePosixPath(found.file).name in NAMES for found in files)
    most = max(len(found["services"].entries()) + 5 * len(list(found["include"])) for found in files)
    depth = len(PurePosixPath(folder).parts)
    side = any(_OTHER.search(part) for part in PurePosixPath(folder).parts)
    return (side, depth, not named, -most, folder)


def _files_of(files: list[Node]) -> tuple[Node, list[Node]]:
    """The file that Compose takes in a folder, with its override; without one, that of production."""
    names = {PurePosixPath(found.file).name: found for found in files}
    for name in NAMES:
        if name in names:
            stem, _, ending = name.rpartition(".")
            over = [names[each] for each in (f"{stem}.override.{ending}",) if each in names]
            over = over or [names[each] for each in (f"{stem}.override.yml", f"{stem}.override.yaml") if each in names]
            return names[name], over
    sizes = {name: len(found["services"].entries()) for name, found in names.items()}
    first = min(names, key=lambda name: ("prod" not in name, bool(_OTHER.search(name)), -sizes[name], len(name), name))
    return names[first], []


def _variables(folder: str, dotenv: Mapping[str, dict[str, Text]]) -> dict[str, Text]:
    """Values of ``.env`` beside the file; where there is none, of the pattern that is kept for it."""
    base = "" if folder == "." else f"{folder}/"
    for name in (".env", ".env.example", ".env.sample", ".env.template", ".env.dist", "example.env", "sample.env"):
        if base + name in dotenv:
            return dotenv[base + name]
    return {}


def _name_others(first: Node, others: Iterable[Node], folders: int, draft: Draft) -> None:
    for other in others:
        draft.leave(
            other.file, 1, "compose file", f"{first.file} is taken, as docker compose does (its -f takes others)"
        )
        if PurePosixPath(other.file).parent == PurePosixPath(first.file).parent:
            _list_capacity(other, draft)
    if folders > 1:
        message = f"{folders} folders hold compose files: {first.file} is taken"
        fix = "import the folder of the project that is meant"
        draft.find("note", "compose-projects", first.file, 1, message, fix)


def _list_capacity(other: Node, draft: Draft) -> None:
    """What a file that is not taken says about numbers and sizes."""
    for raw, service in other["services"].entries():
        deploy = service["deploy"]
        places = [deploy["replicas"], service["scale"], service["cpus"], service["mem_limit"]]
        places += [
            deploy.at("resources", kind, key) for kind in ("limits", "reservations") for key in ("cpus", "memory")
        ]
        for place in places:
            if place:
                words = ".".join(str(word) for word in place.path[2:])
                draft.leave(place.file, place.line, f"{raw} {words}: {place.text[:60]}", "this file is not taken")


class _Merging:
    """Lays compose files over each other, with ``include`` and ``extends``, keeping file and line of every value."""

    def __init__(self, by_file: Mapping[str, Node], variables: Mapping[str, Text], draft: Draft) -> None:
        self.by_file, self.variables, self.draft = by_file, variables, draft
        self.used: set[str] = set()
        self.values: dict[str, Any] = {}
        self.lines: Lines = {}
        self.files: dict[tuple[str | int, ...], str] = {}

    def whole(self, first: Node, variables: Mapping[str, Text]) -> Node:
        """All files as one node, without the services of profiles that are off."""
        services = self.values.get("services", {})
        on = set(
            re.split(r"[,\s]+", (variables["COMPOSE_PROFILES"].value or "") if "COMPOSE_PROFILES" in variables else "")
        )
        node = Merged(self.values, first.file, self.lines, (), self.files)
        for name in list(services) if isinstance(services, dict) else []:
            service = node["services"][name]
            profiles = [profile.text for profile in service["profiles"]]
            if profiles and not on & {*profiles} and "*" not in on:
                self.draft.leave(service.file, service.line, f"service {name}", f"profile {profiles[0]} is not on")
                services = {key: value for key, value in services.items() if key != name}
        return Merged({**self.values, "services": services}, first.file, self.lines, (), self.files)

    def lay(self, document: Node) -> None:
        """Lay one file over what is there, after what it includes."""
        if document.file in self.used:
            return
        self.used.add(document.file)
        for entry in document["include"]:
            paths = [entry] if isinstance(entry.value, str) else list(entry["path"]) or [entry["path"]]
            for path in paths:
                self._include(document, path)
        for key, part in document.entries():
            if key == "services":
                for name, service in part.entries():
                    self._service(name, service)
            else:
                self._put((key,), part)

    def _include(self, document: Node, path: Node) -> None:
        name, _ = interpolated(path.text, self.variables)
        other = self._beside(document.file, name)
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


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value
