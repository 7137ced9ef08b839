"""Terraform's JSON form (``.tf.json``, ``.tfvars.json``) rewritten in its native language, line by line.

Source: Terraform documentation, "JSON Configuration Syntax". Which nested objects are blocks and which are maps depends
on the provider's schema; here those inside of resources and providers are blocks, all others maps.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from novamodel.importers.jsonfile import read_json
from novamodel.yamlfile import Lines

LABELS = {"resource": 2, "data": 2, "module": 1, "provider": 1, "variable": 1, "output": 1}
"""Labels of each kind of block at the top."""
WITH_BLOCKS = ("resource", "data", "provider", "terraform")
"""Kinds whose nested objects are blocks."""
_Path = tuple[str | int, ...]
MAPS = ("for_each", "tags", "tags_all", "variables", "default_tags", "providers")


def as_native(path: Path) -> str:
    """The text of a JSON file in Terraform's native language, each entry on the line that it stands on in the file."""
    value, lines = read_json(path)
    writer = _Writer(lines)
    if path.name.endswith(".tfvars.json"):
        for key, inner in value.items() if isinstance(value, dict) else ():
            writer.attribute(key, inner, (key,))
        return writer.text
    for part, number in value.items() if isinstance(value, dict) else ():
        for place, one in _each(number, (part,)):
            if part == "locals":
                writer.block(part, [], one, place, False)
            else:
                _labelled(writer, part, [], one, place, LABELS.get(part, 0))
    return writer.text


def _each(value: Any, path: _Path) -> list[tuple[_Path, Any]]:
    """A thing or each of a list of things, with its path."""
    if isinstance(value, list):
        return [((*path, number), one) for number, one in enumerate(value)]
    return [(path, value)]


def _labelled(writer: _Writer, part: str, labels: list[str], value: Any, path: _Path, more: int) -> None:
    if not isinstance(value, dict):
        return
    if not more:
        writer.block(part, labels, value, path, part in WITH_BLOCKS)
        return
    for label, inner in value.items():
        for place, one in _each(inner, (*path, label)):
            _labelled(writer, part, [*labels, label], one, place, more - 1)


class _Writer:
    """Writes entries one after the other, each on its own line where the file has one for it."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.text = ""
        self.at = 1

    def _put(self, text: str, path: _Path) -> None:
        target = self.lines.get(path, self.at)
        gap = max(0, target - self.at)
        self.text += ("\n" * gap or " ") + text
        self.at += gap

    def block(self, kind: str, labels: list[str], value: Any, path: _Path, blocks: bool) -> None:
        """One block with its attributes, and its nested blocks where it may have some."""
        head = " ".join([kind, *(_quoted(label) for label in labels)])
        self._put(f"{head} {{", path)
        for key, inner in value.items() if isinstance(value, dict) else ():
            below = (*path, key)
            if key == "//":
                continue
            if key == "dynamic" and isinstance(inner, dict):
                for name, content in inner.items():
                    for place, one in _each(content, (*below, name)):
                        self.block("dynamic", [name], one, place, True)
            elif blocks and key not in MAPS and _is_block(inner):
                for place, one in _each(inner, below):
                    self.block(key, [], one, place, True)
            else:
                self.attribute(key, inner, below)
        self._put("}", ())

    def attribute(self, key: str, value: Any, path: _Path) -> None:
        """``key = value``, on one line."""
        self._put(f"{key} = {_native(value)}", path)


def _is_block(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) for one in value)
    return isinstance(value, dict)


def _native(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(str(key))} = {_native(one)}" for key, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_native, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    """A text in quotes; what stands inside of ``${...}`` is an expression and stays as it is."""
    made, depth, at = "", 0, 0
    while at < len(text):
        if text.startswith("${", at) and not (depth == 0 and at and text[at - 1] == "$"):
            depth += 1
            made += "${"
            at += 2
            continue
        sign = text[at]
        if depth:
            depth += (sign == "{") - (sign == "}")
            made += sign
        else:
            made += json.dumps(sign, ensure_ascii=False)[1:-1]
        at += 1
    return f'"{made}"'
