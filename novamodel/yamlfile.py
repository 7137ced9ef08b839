"""Read YAML as plain values with the line of every entry, and refuse what would surprise.

Duplicate keys, aliases by the dozen, tags that build objects, binary and empty files are one clear
``UserError`` each. Used for scenarios and for the configuration files that importers read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from novamodel.errors import UserError

MAX_BYTES = 2_000_000
MAX_ALIASES = 30
MAX_DEPTH = 40

Lines = dict[tuple[str | int, ...], int]


def read_text(path: Path) -> str:
    """The text of a file the user named; a missing, unreadable, huge or binary file is a ``UserError``."""
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, not a file")
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB, not a configuration file")
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text (a binary file?)") from None
    except OSError as problem:
        raise UserError(f"{path} cannot be read: {problem.strerror}") from None
    if "\x00" in text:
        raise UserError(f"{path} is not text (a binary file?)")
    return text


def read_documents(path: Path) -> list[tuple[Any, Lines]]:
    """All documents of a YAML file as (plain value, line of every path)."""
    text = read_text(path)
    reader = YAML(typ="rt", pure=True)
    try:
        aliases = sum(isinstance(event, AliasEvent) for event in YAML(typ="rt", pure=True).parse(text))
        if aliases > MAX_ALIASES:
            raise UserError(f"{path} uses {aliases} YAML aliases; at most {MAX_ALIASES} are accepted")
        documents = list(reader.load_all(text))
    except YAMLError as problem:
        raise UserError(f"{path}{_where(problem)}: not valid YAML: {_reason(problem)}") from None
    except (RecursionError, ValueError) as problem:
        raise UserError(f"{path}: not valid YAML: {problem}") from None
    result = []
    for document in documents:
        if document is None:
            continue
        lines: Lines = {}
        result.append((_plain(document, (), lines, path, 1), lines))
    return result


def read_mapping(path: Path) -> tuple[dict[str, Any], Lines]:
    """The single mapping that a YAML file holds, with the line of every path."""
    documents = read_documents(path)
    if not documents:
        raise UserError(f"{path} is empty; a mapping of keys to values is needed")
    if len(documents) > 1:
        raise UserError(f"{path} holds {len(documents)} YAML documents; one is needed")
    value, lines = documents[0]
    if not isinstance(value, dict):
        raise UserError(f"{path}:1: a mapping of keys to values is needed, not {type(value).__name__}")
    return value, lines


def _plain(node: Any, path: tuple[str | int, ...], lines: Lines, file: Path, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise UserError(f"{file}: nested deeper than {MAX_DEPTH} levels at {'.'.join(map(str, path[:4]))}")
    if isinstance(node, CommentedMap):
        result = {}
        for key, value in node.items():
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise UserError(f"{file}:{node.lc.line + 1}: key {key!r} is not a word")
            lines[(*path, str(key))] = node.lc.key(key)[0] + 1 if key in (node.lc.data or {}) else node.lc.line + 1
            result[str(key)] = _plain(value, (*path, str(key)), lines, file, depth + 1)
        return result
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            lines[(*path, index)] = node.lc.item(index)[0] + 1 if node.lc.data else node.lc.line + 1
        return [_plain(value, (*path, index), lines, file, depth + 1) for index, value in enumerate(node)]
    if node is None or isinstance(node, bool):
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    if hasattr(node, "isoformat"):
        return node.isoformat()
    raise UserError(f"{file}: value {node!r} at {'.'.join(map(str, path))} is not plain YAML")


def _where(problem: YAMLError) -> str:
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _reason(problem: YAMLError) -> str:
    text = getattr(problem, "problem", None) or str(problem)
    return str(text).strip().split("\n")[0]
