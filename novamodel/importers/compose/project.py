"""The compose project that ``docker compose up`` would run: which files, laid over each other how."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from novamodel.importers.compose.merging import Merging
from novamodel.importers.compose.variables import giver, interpolated, is_variable
from novamodel.importers.graph.boxes import Text, words_of
from novamodel.importers.node import Node
from novamodel.importers.pools.capacity_words import of_words
from novamodel.importers.report import Draft


class Asked(NamedTuple):
    """What the user chose: compose files, named from the top of the folder, and profiles."""

    files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


NOT_ASKED = Asked()
NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""Names that Compose looks for in a folder, in this order (docs.docker.com, the Compose file)."""
ENVIRONMENT_FILES = (
    ".env", ".env.example", ".env.sample", ".env.template", ".env.dist", ".env.defaults", ".env.default",
    ".env-example", "example.env", "sample.env", "env.example", "env.sample", "env.template", "env.dist",
    "dotenv.example", ".env.production", ".env.prod",
)  # fmt: skip
"""Compose's own file of variables, then the names under which a pattern of it is kept."""
_OTHER = re.compile(
    r"(^|[._-])(dev|devel|development|debug|test|tests|testing|ci|e2e|local|example|sample|override|tools?)([._-]|$)"
)


@dataclass
class Project:
    """A compose project: its whole as one node, the values of ``.env``, and the profiles that are on."""

    whole: Node
    variables: dict[str, Text]

    def text(self, node: Node) -> Text:
        """The text with variables replaced and its place: that of ``.env`` where it is one of its values."""
        if not isinstance(node.value, str) or "$" not in node.value:
            return Text(node.text if node else None, node.file, node.line)
        return self.filled(node.value, node)

    def filled(self, written: str, node: Node) -> Text:
        """A text of a node with its variables replaced; None where it is nothing but one that is set elsewhere."""
        text, unknown = interpolated(written, self.variables)
        place = giver(written, self.variables) if is_variable(written) else None
        file, line = (place.file, place.line) if place is not None else (node.file, node.line)
        return Text(None if unknown is not None and text == "" else text, file, line)


def choose(
    documents: list[Node], dotenv: Mapping[str, dict[str, Text]], draft: Draft, asked: Asked = NOT_ASKED
) -> Project | None:
    """The project that is taken, others named with what in them could matter.

    ``dotenv``: variables by the name of the file that says them. ``asked``: the files and profiles to take, if any.
    """
    if not documents:
        return None
    by_file = {found.file: found for found in documents}
    folders: dict[str, list[Node]] = {}
    for found in documents:
        folders.setdefault(str(PurePosixPath(found.file).parent), []).append(found)
    files = asked.files or _of_variable(dotenv.get(".env", {}), by_file)
    if files:
        first, *over = (by_file[name] for name in files)
        folder = str(PurePosixPath(first.file).parent)
    else:
        folder = min(folders, key=lambda one: _rank(one, folders[one]))
        first, over = _files_of(folders[folder])
    variables = dict(_variables(folder, dotenv))
    merging = Merging(by_file, variables, dotenv, draft)
    merging.lay(first)
    for found in over:
        merging.lay(found)
    said = variables.get("COMPOSE_PROFILES")
    on = asked.profiles or re.split(r"[,\s]+", (said.value if said else "") or "")
    whole = merging.whole(first, on)
    others = [found for found in documents if found.file not in merging.used]
    _name_others(first, others, 1 if files else len(folders), draft)
    return Project(whole, variables)


def _of_variable(variables: Mapping[str, Text], by_file: Mapping[str, Node]) -> list[str]:
    """The files that COMPOSE_FILE in ``.env`` names, where all of them are there (docs.docker.com, the variable)."""
    named = variables.get("COMPOSE_FILE")
    mark = variables.get("COMPOSE_PATH_SEPARATOR")
    parts = ((named.value if named else "") or "").split((mark.value if mark else "") or ":")
    names = [PurePosixPath(one).as_posix() for one in parts]
    return names if all(name in by_file for name in names) else []


def _rank(folder: str, files: list[Node]) -> tuple[Any, ...]:
    """Folders where Compose finds a file of its own first, then those near the top, then those with most services."""
    named = any(PurePosixPath(found.file).name in NAMES for found in files)
    most = max(len(found["services"].entries()) + 5 * len(list(found["include"])) for found in files)
    depth = len(PurePosixPath(folder).parts)
    side = any(_OTHER.search(part) for part in PurePosixPath(folder).parts)
    side = side or all(_OTHER.search(PurePosixPath(found.file).name) for found in files)
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
    for name in ENVIRONMENT_FILES:
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
        for what, text in of_words(words_of(service["command"], service["entrypoint"])):
            draft.leave(text.file, text.line, f"{raw} {what}", "this file is not taken")
        for place in places:
            if place:
                words = ".".join(str(word) for word in place.path[2:])
                draft.leave(place.file, place.line, f"{raw} {words}: {place.text[:60]}", "this file is not taken")
