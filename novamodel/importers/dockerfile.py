"""Dockerfiles: the image that the last stage begins with, and the command that it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from novamodel.importers.node import Node
from novamodel.yamlfile import Lines, read_text

_INSTRUCTION = re.compile(r"[ \t]*(FROM|CMD|ENTRYPOINT|ENV|EXPOSE)[ \t]+(.*)", re.I)
_PAIR = re.compile(r"(?<!\w)([A-Za-z_]\w{0,100})=(\"[^\"]*\"|'[^']*'|\S*)")


def read_dockerfile(path: Path, shown: str) -> Node:
    """A node with ``image`` (that of the last stage, stages followed back) and ``command`` (entrypoint and command)."""
    stages: dict[str, str] = {}
    said: dict[str, tuple[Any, int]] = {}
    env: dict[str, tuple[str, int]] = {}
    for number, line in _joined(read_text(path)):
        match = _INSTRUCTION.match(line)
        if not match:
            continue
        word, rest = match[1].upper(), match[2].strip()
        if word == "FROM":
            image, name = _from(rest)
            image = stages.get(image.lower(), image)
            stages[name.lower() or image] = image
            said = {"image": (image, number)}
            env = {}
        elif word == "ENV":
            pairs = _PAIR.findall(rest) or [rest.partition(" ")[::2]]
            env |= {key: (value.strip().strip("\"'"), number) for key, value in pairs}
        elif word == "EXPOSE":
            said["ports"] = ([port.split("/")[0] for port in rest.split()], number)
        else:
            said[word.lower()] = (_words(rest), number)
    values: dict[str, Any] = {}
    lines: Lines = {}
    words = [each for key in ("entrypoint", "cmd") if key in said for each in said[key][0]]
    if env:
        values["env"] = {key: value for key, (value, _) in env.items()}
        lines |= {("env", key): line for key, (_, line) in env.items()}
    if "ports" in said:
        values["ports"], lines[("ports",)] = said["ports"]
    if "image" in said:
        values["image"], lines[("image",)] = said["image"]
    if words:
        values["command"] = words
        lines[("command",)] = said.get("cmd", said.get("entrypoint", ([], 1)))[1]
        for index in range(len(words)):
            lines[("command", index)] = lines[("command",)]
    return Node(values, shown, lines)


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
