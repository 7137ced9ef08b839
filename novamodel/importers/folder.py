"""Which files a folder holds and which reader each one gets, told by content rather than by name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.importers.jsonfile import read_json
from novamodel.importers.node import Node
from novamodel.importers.pgbouncer import read as pgbouncer
from novamodel.yamlfile import MAX_BYTES, read_documents, read_text

MAX_FILES = 2000
SKIPPED_FOLDERS = {"node_modules", "__pycache__", "venv", "dist", "build", "vendor", "coverage"}
KINDS = {
    "nginx": "nginx configuration",
    "kubernetes": "Kubernetes manifest",
    "compose": "Docker Compose file",
    "ecs": "ECS task definition",
    "terraform": "Terraform",
    "prometheus": "Prometheus configuration",
    "grafana": "Grafana dashboard",
    "pool": "node-postgres pool",
    "pgbouncer": "PgBouncer settings",
    "script": "shell script",
    "postgres": "PostgreSQL settings",
    "workflow": "deploy workflow",
}
_LEAST_KNOWN = "at least one of: " + ", ".join(KINDS.values())
_NGINX = re.compile(r"^\s*(http|server|upstream|events|limit_req_zone|location)\b[^=\n]*[{;]", re.M)
_POSTGRES = re.compile(
    r"^\s*(wal_level|max_connections|shared_buffers|max_wal_senders)\s*=?\s*\S|^\s*host(ssl)?\s+\S+\s+\S+",
    re.M,
)
_REPLICATION = re.compile(r"\b(replication|alter\s+system|create\s+(user|role))\b", re.I)
_MARKER = re.compile(
    r"""^[\s-]*["']?(apiVersion|kind|services|scrape_configs|jobs|containerDefinitions)["']?\s*:""", re.M
)
_TAG = re.compile(r"(^|[\s:-])!{1,2}[\w:./]+")


@dataclass
class Found:
    """The files of a folder by kind of reader, and those that were not read with the reason."""

    folder: Path
    documents: dict[str, list[Node]] = field(default_factory=dict)
    paths: dict[str, list[Path]] = field(default_factory=dict)
    not_read: list[tuple[str, str]] = field(default_factory=list)
    names: frozenset[str] = frozenset()

    def relative(self, path: Path) -> str:
        """The path inside the folder, with forward slashes."""
        return path.relative_to(self.folder).as_posix()

    def text(self, name: str) -> str | None:
        """The text of a file inside the folder, named from its top; None where there is none or it leads outside."""
        path = self.folder / name
        try:
            inside = path.resolve().is_relative_to(self.folder.resolve())
            return read_text(path) if inside and path.is_file() else None
        except (OSError, ValueError, UserError):
            return None

    def all(self, kind: str) -> list[Node]:
        """The documents of a kind (YAML and JSON)."""
        return self.documents.get(kind, [])

    @property
    def files(self) -> dict[str, str]:
        """What each file that was read is."""
        result = {self.relative(path): KINDS[kind] for kind, paths in self.paths.items() for path in paths}
        return dict(sorted(result.items()))


def find_files(folder: Path) -> Found:
    """Read a folder. A missing folder, one without any known file, or a known file that is broken is "
    "a ``UserError``."""
    if not folder.exists():
        raise UserError(f"{folder}: no such folder", valid=f"a folder that holds {_LEAST_KNOWN}")
    if not folder.is_dir():
        raise UserError(f"{folder} is a file, not a folder", valid="the folder that holds the configuration files")
    paths = _walk(folder)
    found = Found(folder, names=frozenset(path.relative_to(folder).as_posix() for path in paths))
    for path in paths:
        reader = _READERS.get(path.suffix.lower(), _other)
        reader(path, found)
    if not found.paths:
        raise UserError(_nothing_known(folder, found), valid=_LEAST_KNOWN)
    return found


def _nothing_known(folder: Path, found: Found) -> str:
    broken = next((f"{name}: {why}" for name, why in found.not_read if why.startswith("not valid")), None)
    reason = f" ({broken})" if broken else "" if found.not_read else " (it is empty)"
    return f"{folder} holds no configuration file that is known{reason}"


def _walk(folder: Path) -> list[Path]:
    paths: list[Path] = []

    def stop(problem: OSError) -> None:
        raise UserError(f"{problem.filename} cannot be read: {problem.strerror}")

    for top, folders, files in os.walk(folder, onerror=stop):
        folders[:] = sorted(
            name for name in folders if name not in SKIPPED_FOLDERS and (not name.startswith(".") or name == ".github")
        )
        paths += [Path(top) / name for name in sorted(files) if not name.startswith(".")]
        if len(paths) > MAX_FILES:
            raise UserError(f"{folder} holds more than {MAX_FILES} files; name the folder of the configuration files")
    return [path for path in paths if path.is_file()]


def _add(found: Found, kind: str, path: Path, documents: list[Node] | None = None) -> None:
    found.paths.setdefault(kind, []).append(path)
    found.documents.setdefault(kind, []).extend(documents or [])


def _skip(found: Found, path: Path, why: str) -> None:
    found.not_read.append((found.relative(path), why))


def _yaml(path: Path, found: Found) -> None:
    text = read_text(path)
    marked = _MARKER.search(text)
    if ("{{" in text and not marked) or re.search(r"^\s*\{\{-?\s|:\s*\{\{-?\s", text, re.M):
        return _skip(found, path, "a template: render it first (helm template) and import the result")
    if not marked and _TAG.search(text):
        return _skip(found, path, "no kind of YAML that is known")
    documents = [Node(value, found.relative(path), lines) for value, lines in read_documents(path)]
    if not documents:
        raise UserError("the file is empty", file=path)
    kind = next((kind for kind, test in _YAML_KINDS if any(test(node) for node in documents)), None)
    if kind is None:
        return _skip(found, path, "no kind of YAML that is known")
    _add(found, kind, path, documents)


def _has(node: Node, *words: str) -> bool:
    return isinstance(node.value, dict) and all(word in node.value for word in words)


_YAML_KINDS: tuple[tuple[str, Callable[[Node], bool]], ...] = (
    ("kubernetes", lambda node: _has(node, "apiVersion", "kind")),
    ("prometheus", lambda node: _has(node, "scrape_configs")),
    ("workflow", lambda node: _has(node, "jobs") and (_has(node, "on") or _has(node, "true"))),
    ("ecs", lambda node: _has(node, "containerDefinitions")),
    ("compose", lambda node: isinstance(node["services"].value, dict)),
)


def _json(path: Path, found: Found) -> None:
    text = read_text(path)
    named = "task" in path.name.lower() and "def" in path.name.lower()
    try:
        value, lines = read_json(path)
    except UserError as problem:
        if named or re.search(r'"(containerDefinitions|apiVersion|panels|dashboard)"', text):
            raise
        return _skip(found, path, problem.message)
    node = Node(value, found.relative(path), lines)
    inner = node["taskDefinition"] or node
    if inner["containerDefinitions"]:
        return _add(found, "ecs", path, [inner])
    if named:
        raise UserError(
            "this is no ECS task definition: it has no containerDefinitions",
            file=path,
            line=1,
            valid="family, cpu, memory and containerDefinitions, as aws ecs register-task-definition takes them",
        )
    if _has(node, "apiVersion", "kind"):
        return _add(found, "kubernetes", path, [node])
    if node["dashboard"] or node["panels"]:
        return _add(found, "grafana", path, [node])
    _skip(found, path, "no kind of JSON that is known")


def _conf(path: Path, found: Found) -> None:
    text = read_text(path)
    if path.name.startswith("nginx") or _NGINX.search(text):
        _add(found, "nginx", path)
    elif _POSTGRES.search(text):
        _add(found, "postgres", path)
    else:
        _skip(found, path, "no kind of configuration that is known")


def _code(path: Path, found: Found) -> None:
    if path.stat().st_size <= MAX_BYTES and re.search(rb"new\s+(\w+\s*\.\s*)?Pool\s*\(", path.read_bytes()):
        _add(found, "pool", path)
    else:
        _skip(found, path, "source without a node-postgres pool")


def _sql(path: Path, found: Found) -> None:
    if path.stat().st_size <= MAX_BYTES and _REPLICATION.search(read_text(path)):
        _add(found, "postgres", path)
    else:
        _skip(found, path, "SQL that says nothing about replication or roles")


def _ini(path: Path, found: Found) -> None:
    if path.stat().st_size <= MAX_BYTES and pgbouncer.SECTION.search(read_text(path)):
        _add(found, "pgbouncer", path)
    else:
        _skip(found, path, "no kind of settings that is known")


def _other(path: Path, found: Found) -> None:
    _skip(found, path, "no kind of file that is known")


_READERS: dict[str, Callable[[Path, Found], Any]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": _json,
    ".conf": _conf,
    ".nginx": _conf,
    ".ini": _ini,
    ".tf": lambda path, found: _add(found, "terraform", path),
    ".tfvars": lambda path, found: _add(found, "terraform", path),
    ".js": _code,
    ".mjs": _code,
    ".cjs": _code,
    ".ts": _code,
    ".sh": lambda path, found: _add(found, "script", path),
    ".sql": _sql,
}
