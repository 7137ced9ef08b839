"""Source that makes connection pools: what it reads from its environment, and how it ends a query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from novamodel.audit.form import NotChecked, Place, fault, open_question
from novamodel.audit.seen import Seen
from novamodel.importers.graph.boxes import Box
from novamodel.importers.graph.roles import role_of
from novamodel.importers.reading import services_below
from novamodel.scenario import Finding
from novamodel.yamlfile import read_text

_READ = re.compile(
    r"process\.env\.([A-Z][A-Z0-9_]*)\b(?!\s*(\|\||\?\?|\?|=(?!=)|!==?\s|===?\s))"
    r"|os\.environ\[[\"']([A-Z][A-Z0-9_]*)[\"']\](?!\s*=)|ENV\.fetch\([\"']([A-Z][A-Z0-9_]*)[\"']\)(?!\s*(\{|do\b))"
)
_TESTS = re.compile(r"(^|/)(tests?|specs?|e2e|__tests__|mocks?)/")
_MOST_NAMES = 50
_OPTIONAL = 8
"""Names that a file may read without any of them being given; one that reads more has defaults somewhere."""
_USUAL = {"NODE_ENV", "PATH", "HOME", "HOSTNAME", "PORT", "TZ", "CI", "PWD", "USER"}
_SLOW = re.compile(r"statement_timeout|query_timeout|statementTimeout|queryTimeout|command_timeout|max_execution_time")


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of sources with a pool."""
    for path, shown in seen.sources.found.pairs("pool"):
        if _TESTS.search(shown):
            continue
        text = read_text(path)
        yield from _variables(shown, text, seen)
        yield from _patience(shown, text, seen)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith(("//", "*", "#")):
            yield number, line


def _users(shown: str, seen: Seen) -> list[Box]:
    """The containers that may run a source: those built from a folder around it; all, where no folder is known."""
    boxes = [box for box in seen.boxes() if role_of(box).what in ("service", "worker")]
    below = services_below(shown, boxes, {box.name: box.name for box in boxes})
    if not below and any(box.context in seen.sources.found.folders for box in boxes):
        return []  # it lies outside of all that is built here
    return [box for box in boxes if not below or box.name in below]


def _variables(shown: str, text: str, seen: Seen) -> Iterator[Finding | NotChecked]:
    """A variable without a fallback that no container which may run the source is given."""
    users = _users(shown, seen)
    if not users:
        return
    given = {name for box in seen.boxes() for name in box.env}
    given |= {name for file in seen.sources.dotenv.values() for name in file}
    told: dict[str, int] = {}
    for number, line in _lines(text):
        for match in _READ.finditer(line):
            name = next(group for group in (match[1], match[3], match[4]) if group)
            if len(told) > _MOST_NAMES or name in given or name in told or name in _USUAL or _is_checked(name, text):
                continue
            told[name] = number
    hidden = _hidden(users) or _env_file(shown, text, seen) or seen.unread
    hidden = hidden or (f"{len(told)} names are read here, most of them are optional" if len(told) > _OPTIONAL else "")
    for name, number in told.items():
        if hidden:
            yield open_question("variable-never-set", Place(shown, number), f"who sets {name}: {hidden}")
            continue
        names = ", ".join(dict.fromkeys(box.name for box in users))
        message = f"{name} is read here, and no file gives it to {names}: it is undefined"
        yield fault("variable-never-set", Place(shown, number), message, f"set {name}, or read what is given")


def _is_checked(name: str, text: str) -> bool:
    """Whether the source itself asks if the variable is there."""
    return (
        re.search(
            rf"(!\s*process\.env\.{name}\b|if\s*\(\s*process\.env\.{name}\b|\b{name}\b.*required"
            rf"|(?<!parseInt)\(\s{{0,80}}process\.env\.{name}\s{{0,80}},\s{{0,80}}[^)\s])",
            text,
        )
        is not None
    )


def _env_file(shown: str, text: str, seen: Seen) -> str:
    """Whether the program may read variables from a file that is kept out of the repository."""
    folders = [parent.as_posix() for parent in PurePosixPath(shown).parents]
    lists = [seen.text(f"{folder}/{name}") for folder in folders for name in ("package.json", "requirements.txt")]
    return "the program reads a .env file" if any("dotenv" in one for one in [text, *lists]) else ""


def _hidden(users: list[Box]) -> str:
    for box in users:
        for key in ("envFrom", "environmentFiles", "env_file"):
            if box.node is not None and box.node[key]:
                return f"{key} gives {box.name} more"
    return ""


def _patience(shown: str, text: str, seen: Seen) -> Iterator[Finding]:
    """nginx gives a request up, and its query goes on: each one given up keeps a connection of the pool."""
    if seen.sources.nginx is None or not seen.sources.nginx.targets or _SLOW.search(text):
        return
    waits = next((one.args[0] for one in seen.sources.nginx.find("proxy_read_timeout") if one.args), "60s")
    elsewhere = [line for _, _, line in seen.sources.settings if "statement_timeout" in line]
    words = " ".join(f"{box.command} {' '.join(text.value or '' for text in box.env.values())}" for box in seen.boxes())
    if elsewhere or _SLOW.search(words):
        return
    for number, line in _lines(text):
        if re.search(r"new\s+([\w.]+\.)?Pool\s*\(", line):
            message = f"no statement_timeout: nginx gives a request up after {waits}, its query goes on and keeps its "
            fix = "set statement_timeout (and query_timeout) below what the proxy waits"
            yield fault("query-outlives-request", Place(shown, number), f"{message}connection", fix)
            return
