"""A tree as scenario YAML: each imported value with the file and line that says it in a comment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.files import write_whole
from novamodel.scenario import Origin, Tree

_PLAIN = re.compile(r"[A-Za-z][\w./%()<>-]*(?: [\w./%()<>-]+)*|\d+(?:\.\d+)? ?(?:[A-Za-z%][\w/%]*)")
_RESERVED = re.compile(r"(?i:true|false|yes|no|on|off|null|y|n|\d+e\d+|\.?inf|nan|0x[\da-f_]+|0o[0-7_]+)")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_COLUMN = 56


def to_yaml(tree: Tree) -> str:
    """Scenario YAML of a tree, ready for ``load_scenario``.

    A value that a file says carries ``# nginx/nginx.conf:21``; what is assumed, documented or derived stands
    in ``sources``, so that the file read again still knows it. What the import found, and what it saw without a model
    for it, stands in ``findings`` and ``not_modelled``.
    """
    lines: list[str] = []
    sources: dict[str, str] = {}
    for key, value in tree.values.items():
        _entry(key, value, key, 0, tree, lines, sources)
    if sources:
        lines.append("sources:")
        lines += [f"  {_scalar(path)}: {_quoted(text)}" for path, text in sources.items()]
    for key, rows in (("findings", tree.findings), ("not_modelled", tree.not_modelled)):
        if rows:
            lines += [f"{key}:", *(f"  - {_flow(row)}" for row in rows)]
    return "\n".join(lines) + "\n"


def write_yaml(tree: Tree, path: Path, overwrite: bool = False) -> None:
    """Write ``to_yaml`` to a file, whole or not at all; an existing file is kept unless ``overwrite``."""
    if path.exists() and not overwrite:
        raise UserError(f"{path} exists already and is left as it is", valid="another name, or remove the file first")
    write_whole(path, to_yaml(tree))


def _entry(key: str, value: Any, path: str, depth: int, tree: Tree, lines: list[str], sources: dict[str, str]) -> None:
    indent = "  " * depth
    comment = _note(path, _own_origin(path, tree), sources)
    if isinstance(value, dict) and value:
        lines.append(_commented(f"{indent}{_scalar(key)}:", comment))
        for inner, below in value.items():
            _entry(str(inner), below, f"{path}.{inner}", depth + 1, tree, lines, sources)
    elif isinstance(value, list) and value:
        lines.append(_commented(f"{indent}{_scalar(key)}:", comment))
        lines += [f"{indent}  - {_flow(item)}" for item in value]
    else:
        lines.append(_commented(f"{indent}{_scalar(key)}: {_flow(value)}", comment))


def _own_origin(path: str, tree: Tree) -> Origin | None:
    """The origin of a value, unless the part around it says the same of all its values."""
    origin = tree.origins.get(path)
    words = path.split(".")
    for size in range(len(words) - 1, 0, -1):
        around = tree.origins.get(".".join(words[:size]))
        if around is not None:
            same = origin is not None and origin.kind != "file" and origin[:3] == around[:3]
            return None if same else origin
    return origin


def _note(path: str, origin: Origin | None, sources: dict[str, str]) -> str:
    """The comment of a value; what no file says goes to ``sources`` too."""
    if origin is None:
        return ""
    if origin.kind not in ("file", "override"):
        text = origin.source or origin.kind
        sources[path] = text if text.startswith(origin.kind) else f"{origin.kind}: {text}"
    place = " ".join(f"{origin.file}:{origin.line}".split()) if origin.file and origin.line else origin.file or ""
    words = path.split(".")
    if origin.kind == "file" and any(".".join(words[:size]) in sources for size in range(1, len(words))):
        sources[path] = f"file: {place}"  # the part around it says that it is assumed
    return place if origin.kind == "file" else origin.kind


def _commented(line: str, comment: str) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in comment)
    return f"{line:<{_COLUMN}}  # {shown}" if comment else line


def _flow(value: Any) -> str:
    """A value on one line, in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text)
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    """A double-quoted YAML text; what does not print is escaped."""
    return '"' + "".join(_ESCAPES.get(char, char if char.isprintable() else _escape(char)) for char in text) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
