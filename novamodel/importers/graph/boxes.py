"""Containers as files deploy them, whatever the format: names, image, words of the command, environment, ports."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import NamedTuple

from novamodel.importers.node import Node
from novamodel.yamlfile import WORD


class Text(NamedTuple):
    """A text with its place. ``value`` None: it is set elsewhere, such as in a Secret."""

    value: str | None
    file: str
    line: int


@dataclass(frozen=True)
class Box:
    """One container that a file deploys, with the names by which others reach it.

    ``context``: the folder that it is built from; ``built``: its image is the one that its Dockerfile begins with;
    ``replaced``: the words of the Dockerfile's command where another one takes its place.
    """

    name: str
    file: str
    line: int
    image: Text | None
    hosts: frozenset[str] = frozenset()
    words: tuple[Text, ...] = ()
    env: dict[str, Text] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    published: Text | None = None
    needs: tuple[Text, ...] = ()
    context: str = ""
    built: bool = False
    replaced: tuple[Text, ...] = ()
    job: str = ""
    space: str = ""
    node: Node | None = None
    owner: Node | None = None

    @property
    def image_name(self) -> str:
        """Image, or an empty text where it is built."""
        return (self.image.value or "") if self.image else ""

    @property
    def command(self) -> str:
        """The words of entrypoint, command and arguments in one text."""
        return " ".join(word.value or "" for word in self.words)


def text_of(node: Node) -> Text:
    """The text of a node with its place."""
    return Text(node.text if node else None, node.file, node.line)


def words_of(*nodes: Node) -> tuple[Text, ...]:
    """The words of commands and arguments, written as a text or as a list."""
    found: list[Text] = []
    for node in nodes:
        for part in node if isinstance(node.value, list) else [node]:
            number = 0
            for word in _split(part.text):
                found.append(Text(word, part.file, part.lines.get((*part.path, WORD, number), part.line)))
                number += len(word.split())
    return tuple(found)


def _split(text: str) -> list[str]:
    if len(text) > 20_000:
        return text.split()
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
