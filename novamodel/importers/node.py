"""A place in a file that was read: a plain value with its line, safe to walk whatever it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from novamodel.yamlfile import Lines


@dataclass(frozen=True)
class Node:
    """A value inside a YAML or JSON document. Going where nothing is gives a node without a value.

    ``files``: where some parts stand in another file (a patch laid over a manifest), by their paths.
    """

    value: Any
    file: str
    lines: Lines
    path: tuple[str | int, ...] = ()
    files: Mapping[tuple[str | int, ...], str] = field(default_factory=dict)

    def __getitem__(self, word: str | int) -> Node:
        """The node below, by key or index."""
        inner = None
        if isinstance(self.value, dict):
            inner = self.value.get(str(word))
        elif isinstance(self.value, list) and isinstance(word, int) and 0 <= word < len(self.value):
            inner = self.value[word]
        below = (*self.path, word)
        file = self.files.get(below, self.file) if self.files else self.file
        return Node(inner, file, self.lines, below, self.files)

    def at(self, *words: str | int) -> Node:
        """The node at the end of several words."""
        node = self
        for word in words:
            node = node[word]
        return node

    def __bool__(self) -> bool:
        """Whether the file says something here."""
        return self.value is not None

    def __iter__(self) -> Iterator[Node]:
        """The items of a list; nothing where no list is."""
        return iter([self[index] for index in range(len(self.value))] if isinstance(self.value, list) else [])

    def entries(self) -> list[tuple[str, Node]]:
        """The (key, node) pairs of a mapping; none where no mapping is."""
        return [(str(key), self[key]) for key in self.value] if isinstance(self.value, dict) else []

    @property
    def text(self) -> str:
        """The value where it is a word or a number, else an empty text."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return str(self.value) if isinstance(self.value, str | int | float) else ""

    @property
    def line(self) -> int:
        """Line of this place, or of the nearest place around it that has one."""
        for size in range(len(self.path), 0, -1):
            if self.path[:size] in self.lines:
                return self.lines[self.path[:size]]
        return 1
