"""Patches of manifests as Kustomize applies them: strategic merges and JSON patches, each value with its own file."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from novamodel.importers.node import Node
from novamodel.yamlfile import Lines

_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "imagePullSecrets": "name",
}
"""Lists that merge by a key of their items; all others are replaced."""
Path = tuple[str | int, ...]


class Manifest:
    """An object that patches are laid over."""

    def __init__(self, base: Node) -> None:
        size = len(base.path)
        self.value = copy.deepcopy(base.value)
        self.file = base.file
        self.lines: Lines = {path[size:]: line for path, line in base.lines.items() if path[:size] == base.path}
        self.files = {path[size:]: file for path, file in base.files.items() if path[:size] == base.path}

    @property
    def node(self) -> Node:
        """The object as it is now."""
        return Node(self.value, self.file, self.lines, (), self.files)

    def is_meant(self, kind: str, name: str) -> bool:
        """Whether the object has this kind and name; an empty one is any."""
        return (not kind or self.node["kind"].text == kind) and (
            not name or self.node.at("metadata", "name").text == name
        )

    def put(self, path: Path, value: Any, source: Node) -> None:
        """Set a value that stands in another file."""
        target: Any = self.value
        for word, after in itertools.pairwise(path):
            target = _step(target, word, [] if isinstance(after, int) else {})
            if target is None:
                return
        last = path[-1]
        if isinstance(target, dict):
            target[str(last)] = copy.deepcopy(value)
        elif isinstance(target, list) and isinstance(last, int) and 0 <= last < len(target):
            target[last] = copy.deepcopy(value)
        elif isinstance(target, list):
            target.append(copy.deepcopy(value))
            path = (*path[:-1], len(target) - 1)
        else:
            return
        self._sign(path, source)

    def _sign(self, path: Path, source: Node) -> None:
        self.lines[path], self.files[path] = source.line, source.file
        size = len(source.path)
        for other, line in source.lines.items():
            if len(other) > size and other[:size] == source.path:
                self.lines[(*path, *other[size:])] = line

    def remove(self, path: Path) -> None:
        """Take a value away."""
        target: Any = self.value
        for word in path[:-1]:
            target = target.get(word) if isinstance(target, dict) else _item(target, word)
        if isinstance(target, dict):
            target.pop(str(path[-1]), None)
        elif isinstance(target, list) and isinstance(path[-1], int) and 0 <= path[-1] < len(target):
            del target[path[-1]]

    def merge(self, patch: Node, path: Path = ()) -> None:
        """Lay a strategic merge patch over the object."""
        for key, inner in patch.entries():
            below = (*path, key)
            now = self.node.at(*below)
            if key == "$patch":
                continue
            if inner.value is None:
                self.remove(below)
            elif isinstance(inner.value, dict) and isinstance(now.value, dict) and inner["$patch"].text != "replace":
                self.merge(inner, below)
            elif isinstance(inner.value, list) and isinstance(now.value, list) and key in _KEYS:
                self._merge_list(inner, below, _KEYS[key])
            else:
                self.put(below, inner.value, inner)

    def _merge_list(self, patch: Node, path: Path, key: str) -> None:
        for item in patch:
            now = self.node.at(*path)
            place = next((at for at, one in enumerate(now) if one[key].value == item[key].value), None)
            if item["$patch"].text == "delete":
                if place is not None:
                    self.remove((*path, place))
            elif place is None:
                self.put((*path, len(now.value)), item.value, item)
            else:
                self.merge(item, (*path, place))

    def change(self, operation: Node) -> None:
        """Apply one operation of a JSON patch (add, replace, remove)."""
        words = [word.replace("~1", "/").replace("~0", "~") for word in operation["path"].text.split("/")[1:]]
        path: list[str | int] = []
        value: Any = self.value
        for word in words:
            place: str | int = word
            if isinstance(value, list):
                place = len(value) if word == "-" else int(word) if word.isdecimal() and len(word) < 6 else len(value)
            path.append(place)
            value = value.get(word) if isinstance(value, dict) else _item(value, place)
        if not path:
            return
        if operation["op"].text == "remove":
            self.remove(tuple(path))
        elif operation["op"].text in ("add", "replace"):
            self.put(tuple(path), operation["value"].value, operation["value"])


def _item(value: Any, place: Any) -> Any:
    return value[place] if isinstance(value, list) and isinstance(place, int) and 0 <= place < len(value) else None


def _step(target: Any, word: str | int, empty: Any) -> Any:
    if isinstance(target, dict):
        if not isinstance(target.get(str(word)), dict | list):
            target[str(word)] = empty
        return target[str(word)]
    return _item(target, word)
