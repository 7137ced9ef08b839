"""JSON with the line of every entry; broken JSON and a key given twice are one clear ``UserError``."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.yamlfile import MAX_DEPTH, Lines, read_text

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[^\s,\]}]+")


def read_json(path: Path) -> tuple[Any, Lines]:
    """The value a JSON file holds, with the line of every path."""
    return read_json_text(read_text(path), path)


def read_json_text(text: str, path: Path) -> tuple[Any, Lines]:
    """The value of a text with the line of every path; ``path`` names it in errors."""
    try:
        json.loads(text)
    except json.JSONDecodeError as problem:
        raise UserError(f"not valid JSON: {problem.msg}", file=path, line=problem.lineno) from None
    except (RecursionError, ValueError) as problem:
        raise UserError(f"not valid JSON: {problem}", file=path) from None
    reader = _Reader(text, path)
    value, _ = reader.value(_skip(text, 0), ())
    return value, reader.lines


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


class _Reader:
    """Reads JSON that is known to be valid, with the line of every path."""

    def __init__(self, text: str, file: Path) -> None:
        self.text, self.file = text, file
        self.lines: Lines = {}
        self._starts = [match.end() for match in re.finditer("\n", text)]

    def line(self, at: int) -> int:
        """Line of a position, from 1."""
        return bisect_right(self._starts, at) + 1

    def value(self, at: int, path: tuple[str | int, ...]) -> tuple[Any, int]:
        """Value and end of the JSON value at a position."""
        text = self.text
        if len(path) > MAX_DEPTH:
            raise UserError(f"nested deeper than {MAX_DEPTH} levels", file=self.file, line=self.line(at))
        if text[at] == "{":
            return self._mapping(at, path)
        if text[at] == "[":
            items: list[Any] = []
            at = _skip(text, at + 1)
            while text[at] != "]":
                inner = (*path, len(items))
                self.lines[inner] = self.line(at)
                item, at = self.value(at, inner)
                items.append(item)
                at = self._comma(at)
            return items, at + 1
        if text[at] == '"':
            found, end = scanstring(text, at + 1)
            return found, end
        match = _WORD.match(text, at)
        word = match[0] if match else ""
        return json.loads(word), at + len(word)

    def _mapping(self, at: int, path: tuple[str | int, ...]) -> tuple[Any, int]:
        text = self.text
        result: dict[str, Any] = {}
        at = _skip(text, at + 1)
        while text[at] != "}":
            line = self.line(at)
            key, at = scanstring(text, at + 1)
            if key in result:
                raise UserError(f"key {key[:60]!r} is given twice", file=self.file, line=line)
            self.lines[(*path, key)] = line
            at = _skip(text, _skip(text, at) + 1)
            result[key], at = self.value(at, (*path, key))
            at = self._comma(at)
        return result, at + 1

    def _comma(self, at: int) -> int:
        at = _skip(self.text, at)
        return _skip(self.text, at + 1) if self.text[at] == "," else at
