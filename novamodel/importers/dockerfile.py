"""Dockerfiles: the image that the last stage begins with, and the command that it runs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from novamodel.importers.node import Node
from novamodel.yamlfile import Lines, read_text

_INSTRUCTION = re.compile(r"[ \t]*(FROM|CMD|ENTRYPOINT|ENV|EXPOSE)[ \t]+(.*)", re.I)
_PAIR = re.compile(r"(?<!\w)([A-Za-z_]\w{0,100})=(\"[^\"]*\"|'[^']*'|\S*)")


@dataclass
class _Stage:
    """What a stage says: image, entrypoint, command and ports with their lines, and its variables."""

    said: dict[str, tuple[Any, int]] = field(default_factory=dict)
    env: dict[str, tuple[str, int]] = field(default_factory=dict)


def read_dockerfile(path: Path, shown: str) -> Node:
    """A node with ``image`` (stages followed back), ``command`` (entrypoint and command), ``env`` and ``ports``.

    It is that of the last stage; ``stages`` has the same of every stage that has a name.
    """
    stages: dict[str, _Stage] = {}
    now = _Stage()
    for number, line in _joined(read_text(path)):
        match = _INSTRUCTION.match(line)
        if not match:
            continue
        word, rest = match[1].upper(), match[2].strip()
        if word == "FROM":
            image, name = _from(rest)
            before = stages.get(image.lower())
            now = _Stage(dict(before.said), dict(before.env)) if before else _Stage({"image": (image, number)})
            if before and "image" in now.said:
                now.said["image"] = (now.said["image"][0], number)
            stages[name.lower() or image] = now
        elif word == "ENV":
            pairs = _PAIR.findall(rest) or [rest.partition(" ")[::2]]
            now.env |= {key: (value.strip().strip("\"'"), number) for key, value in pairs}
        elif word == "EXPOSE":
            now.said["ports"] = ([port.split("/")[0] for port in rest.split()], number)
        else:
            if word == "ENTRYPOINT":
                now.said.pop("cmd", None)  # Docker drops the command of the stage before
            now.said[word.lower()] = (_words(rest), number)
    values, lines = _written(now, ())
    for name, stage in stages.items():
        inner, places = _written(stage, ("stages", name))
        values.setdefault("stages", {})[name] = inner
        lines |= places
    return Node(values, shown, lines)


def _written(stage: _Stage, above: tuple[str, ...]) -> tuple[dict[str, Any], Lines]:
    said = stage.said
    values: dict[str, Any] = {}
    lines: Lines = {}
    if stage.env:
        values["env"] = {key: value for key, (value, _) in stage.env.items()}
        lines |= {(*above, "env", key): line for key, (_, line) in stage.env.items()}
    for key in ("ports", "image"):
        if key in said:
            values[key], lines[(*above, key)] = said[key]
    words = [(each, said[key][1]) for key in ("entrypoint", "cmd") if key in said for each in said[key][0]]
    if words:
        values["command"] = [word for word, _ in words]
        lines[(*above, "command")] = words[-1][1]
        lines |= {(*above, "command", number): line for number, (_, line) in enumerate(words)}
    return values, lines


def _joined(text: str) -> list[tuple[int, str]]:
    """Lines with those that end in a backslash joined, each with the number of its first."""
    result: list[tuple[int, str]] = []
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        stripped = line.rstrip()
        parts.append(stripped.removesuffix("\\"))
        if not stripped.endswith("\\"):
            result.append((first, " ".join(parts)))
            parts, first = [], 0
    return [*result, (first, " ".join(parts))] if parts else result


def _from(rest: str) -> tuple[str, str]:
    words = [word for word in rest.split() if not word.startswith("--")]
    image = words[0] if words else ""
    return image, words[2] if len(words) > 2 and words[1].lower() == "as" else ""


def _words(rest: str) -> list[str]:
    if rest.startswith("["):
        try:
            parsed = json.loads(rest)
        except ValueError:
            return rest.split()
        return [str(word) for word in parsed] if isinstance(parsed, list) else []
    return rest.split()
