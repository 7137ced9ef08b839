"""Read YAML as plain values with the line of every entry, and refuse what would surprise.

Duplicate keys, aliases that make too much, tags that build objects, binary and empty files are one clear
``UserError`` each. Used for scenarios and for the configuration files that importers read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import yaml
from ruamel.yaml.resolver import implicit_resolvers
from yaml import YAMLError
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from novamodel.errors import UserError

MAX_BYTES = 2_000_000
MAX_REPEATED = 50_000
"""Values that aliases make again."""
MAX_OPEN = 1000
"""Brackets that may be open at once, also those inside texts: more takes the scanner too long."""
MAX_DEPTH = 40

MAX_WORD_LINES = 40
"""Lines of a text of several whose words have a line each."""
COMMANDS = frozenset({"command", "args", "entrypoint", "entryPoint", "Command", "EntryPoint"})
"""Keys of texts whose words have a line each: those of commands."""
WORD = "\n"
"""Stands for the words of a text in the paths of lines; no key of a mapping is one line break."""
MERGE = "tag:yaml.org,2002:merge"

_PLAIN_TAGS = {MappingNode: "tag:yaml.org,2002:map", SequenceNode: "tag:yaml.org,2002:seq"}
_BRACKET = re.compile(r"[\[\]{}]")
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


def read_documents(path: Path, functions: bool = False) -> list[tuple[Any, Lines]]:
    """All documents of a YAML file as (plain value, line of every path).

    ``functions``: a tag of its own (``!Ref x``) becomes CloudFormation's long form (``{"Ref": "x"}``), and of a key
    that is given twice the last one counts, as there; else each is a ``UserError``.
    """
    return documents_in(read_text(path), path, functions)


def documents_in(text: str, path: Path, functions: bool = False) -> list[tuple[Any, Lines]]:
    """The documents of a text; ``path`` names it in errors."""
    result = []
    if _most_open(text) > MAX_OPEN:
        raise UserError(f"{path}: nested deeper than {MAX_DEPTH} levels")
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except YAMLError as problem:
        raise UserError(f"{path}{_where(problem)}: not valid YAML: {_reason(problem)}") from None
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as problem:
        reason = str(problem) if isinstance(problem, ValueError) else "it cannot be parsed"
        raise UserError(f"{path}: not valid YAML: {reason}") from None
    maker = _Maker(path, functions, text.splitlines())
    for node in nodes:
        if node is None:
            continue
        maker.lines = {}
        value = maker.plain(node, (), 1)
        if value is not None:
            result.append((value, maker.lines))
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


def _most_open(text: str) -> int:
    """How many brackets are open at once at most."""
    count = most = 0
    for match in _BRACKET.finditer(text):
        count = count + 1 if match[0] in "[{" else max(count - 1, 0)
        most = max(most, count)
    return most


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml's parser, some twenty times as fast as one in Python, with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _versions, _tag, _pattern, _first in implicit_resolvers:
    if (1, 2) in _versions:
        _Loader.add_implicit_resolver(_tag, _pattern, _first)


class _Maker:
    """Makes plain values of YAML's nodes, with the line of every path; what aliases make is counted."""

    def __init__(self, file: Path, functions: bool, written: list[str]) -> None:
        self.file, self.functions, self.lines, self.written = file, functions, Lines(), written
        self.seen: set[int] = set()
        self.repeated = 0

    def plain(self, node: Any, path: tuple[str | int, ...], depth: int) -> Any:
        """The value of a node."""
        self.repeated += id(node) in self.seen
        self.seen.add(id(node))
        if self.repeated > MAX_REPEATED:
            raise UserError(f"{self.file}: its aliases make more than {MAX_REPEATED} values")
        if depth > MAX_DEPTH:
            raise UserError(f"{self.file}: nested deeper than {MAX_DEPTH} levels at {'.'.join(map(str, path[:4]))}")
        tag = str(node.tag or "")
        if tag.startswith("!") and tag != "!":
            return self._tagged(node, tag, path, depth)
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self.lines[(*path, index)] = item.start_mark.line + 1
            return [self.plain(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        if node.end_mark.line > node.start_mark.line and any(word in COMMANDS for word in path[-2:]):
            self._words(node, path)
        return self._scalar(node, tag, path)

    def _words(self, node: Any, path: tuple[str | int, ...]) -> None:
        """Lines of the words of a text that is written over several lines: at ``(*path, WORD, number)``."""
        first, last = node.start_mark.line, node.end_mark.line
        block = node.style in ("|", ">")
        number = 0
        for line in range(first + block, min(last + 1, first + MAX_WORD_LINES, len(self.written))):
            begin = 0 if line > first else node.start_mark.column
            end = len(self.written[line]) if line < last else node.end_mark.column
            for _ in self.written[line][begin:end].split():
                self.lines[(*path, WORD, number)] = line + 1
                number += 1

    def _tagged(self, node: Any, tag: str, path: tuple[str | int, ...], depth: int) -> Any:
        if tag in ("!override", "!reset"):  # Compose's own
            node.tag = _PLAIN_TAGS.get(type(node), "tag:yaml.org,2002:str")
            return self.plain(node, path, depth) if tag == "!override" else None
        if not self.functions:
            raise UserError(f"{self.file}:{node.start_mark.line + 1}: tag {tag[:40]} is not plain YAML")
        name = tag[1:] if tag in ("!Ref", "!Condition") else f"Fn::{tag[1:]}"
        node.tag = _PLAIN_TAGS.get(type(node), "tag:yaml.org,2002:str")
        self.lines[(*path, name)] = node.start_mark.line + 1
        return {name: self.plain(node, (*path, name), depth + 1)}

    def _mapping(self, node: Any, path: tuple[str | int, ...], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[Any] = []
        written: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == MERGE:
                merged += value.value if isinstance(value, SequenceNode) else [value]
                continue
            if not isinstance(key, ScalarNode):
                raise UserError(f"{self.file}:{line}: a key is not a word")
            word = self._scalar(key, str(key.tag), path)
            if isinstance(word, bool):
                word = str(key.value)
            name = str(word)
            if name in written and not self.functions:
                message = f"not valid YAML: found duplicate key {name[:60]!r}"
                raise UserError(f"{self.file}:{line}: {message}")
            written.add(name)
            self.lines[(*path, name)] = line
            result[name] = self.plain(value, (*path, name), depth + 1)
        for source in merged:
            if not isinstance(source, MappingNode):
                raise UserError(f"{self.file}:{source.start_mark.line + 1}: not valid YAML: << takes mappings")
            self._merge(source, result, path, depth)
        return result

    def _merge(self, source: Any, result: dict[str, Any], path: tuple[str | int, ...], depth: int) -> None:
        """Keys of a mapping that ``<<`` names, where they are not written already."""
        inner = _Maker(self.file, self.functions, self.written)
        inner.seen, inner.repeated = self.seen, self.repeated
        found = inner.plain(source, path, depth + 1)
        self.repeated = inner.repeated
        new = {name: value for name, value in found.items() if name not in result}
        result |= new
        at = len(path)
        self.lines.update({place: line for place, line in inner.lines.items() if place[at] in new})

    def _scalar(self, node: Any, tag: str, path: tuple[str | int, ...]) -> Any:
        """Text, number, true, false or null."""
        text = str(node.value)
        kind = tag.rpartition(":")[2]
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return text.lower() in ("true", "yes", "on")
            if kind == "int":
                return _whole(text)
            if kind == "float":
                return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return text
        if kind in ("str", "timestamp", "value", "!"):
            return text
        where = ".".join(map(str, path))
        raise UserError(f"{self.file}:{node.start_mark.line + 1}: {tag[:40]} at {where} is not plain YAML")


def _whole(text: str) -> int | str:
    """A whole number in any of YAML's forms; one of more digits than any number needs stays text."""
    digits = text.replace("_", "")
    if len(digits) > 30:
        return text
    sign, bare = (-1, digits[1:]) if digits.startswith("-") else (1, digits.removeprefix("+"))
    base = {"0x": 16, "0o": 8, "0b": 2}.get(bare[:2].lower(), 10)
    return sign * int(bare[2:] if base != 10 else bare, base)


def _where(problem: YAMLError) -> str:
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _reason(problem: YAMLError) -> str:
    text = getattr(problem, "problem", None) or str(problem)
    return str(text).strip().split("\n")[0]
