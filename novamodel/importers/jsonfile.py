"""JSON with the line of every entry; broken JSON and a key given twice are one clear ``UserError``."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.yamlfile import MAX_DEPTH, Lines, read_text

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[^\s,\]}]+")


def read_json(path: Path) -> tuple[Any, Lines]:
    """The value a JSON file holds, with the line of every path."""
    text = read_text(path)
    try:
        json.loads(text)
    except json.JSONDecodeError as problem:
        raise UserError(f"not valid JSON: {problem.msg}", file=path, line=problem.lineno) from None
    except (RecursionError, ValueError) as problem:
        raise UserError(f"not valid JSON: {problem}", file=path) from None
    lines: Lines = {}
    value, _ = _value(text, _skip(text, 0), (), lines, path)
    return value, lines


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _value(text: str, at: int, path: tuple[str | int, ...], lines: Lines, file: Path) -> tuple[Any, int]:
    """Value and end of the JSON value at a position; the text is known to be valid."""
    if len(path) > MAX_DEPTH:
        raise UserError(f"nested deeper than {MAX_DEPTH} levels", file=file, line=_line(text, at))
    if text[at] == "{":
        return _mapping(text, at, path, lines, file)
    if text[at] == "[":
        items: list[Any] = []
        at = _skip(text, at + 1)
        while text[at] != "]":
            inner = (*path, len(items))
            lines[inner] = _line(text, at)
            item, at = _value(text, at, inner, lines, file)
            items.append(item)
            at = _comma(text, at)
        return items, at + 1
    if text[at] == '"':
        found, end = scanstring(text, at + 1)
        return found, end
    match = _WORD.match(text, at)
    word = match[0] if match else ""
    return json.loads(word), at + len(word)


def _mapping(text: str, at: int, path: tuple[str | int, ...], lines: Lines, file: Path) -> tuple[Any, int]:
    result: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while text[at] != "}":
        line = _line(text, at)
        key, at = scanstring(text, at + 1)
        if key in result:
            raise UserError(f"key {key!r} is given twice", file=file, line=line)
        lines[(*path, key)] = line
        at = _skip(text, _skip(text, at) + 1)
        result[key], at = _value(text, at, (*path, key), lines, file)
        at = _comma(text, at)
    return result, at + 1


def _comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at
