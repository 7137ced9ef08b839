"""Configuration files that ConfigMaps carry, as files of their own whose lines are those of the manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from novamodel.importers.kubernetes.objects import Cluster
from novamodel.importers.node import Node

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("pgbouncer", re.compile(r"^[ \t]*\[pgbouncer\][ \t]*$", re.M)),
    ("nginx", re.compile(r"^[ \t]*(http|server|upstream|events|location)\b[^=\n]{0,200}\{", re.M)),
    ("redis", re.compile(r"^[ \t]*(maxmemory|maxmemory-policy|appendonly)[ \t]", re.M)),
    ("postgres", re.compile(r"^[ \t]*(max_connections|shared_buffers|wal_level)[ \t]*=", re.M)),
)
_FILES = re.compile(r"\.(conf|ini|cfg|template)$|^(nginx|redis|pgbouncer|postgresql)", re.I)
MOST = 50


class Embedded(NamedTuple):
    """A file inside a ConfigMap: kind of reader, name, text padded to the manifest's lines, and the manifest."""

    kind: str
    name: str
    text: str
    shown: str


def embedded_files(cluster: Cluster) -> list[Embedded]:
    """The files of all ConfigMaps that are of a kind that is read."""
    result: list[Embedded] = []
    shown: set[tuple[str, str]] = set()
    for name, node in _texts(cluster):
        kind = next((kind for kind, pattern in _KINDS if pattern.search(node.text)), None)
        if kind is None or len(result) >= MOST or not _FILES.search(name):
            continue
        place = node.file if (kind, node.file) not in shown else f"{node.file} ({name})"
        shown.add((kind, place))
        safe = re.sub(r"[^\w.-]", "_", name)[:80]
        result.append(Embedded(kind, safe, "\n" * node.line + node.text, place))
    return result


def _texts(cluster: Cluster) -> Iterator[tuple[str, Node]]:
    for found in cluster.of("ConfigMap"):
        for name, node in found["data"].entries():
            if isinstance(node.value, str) and "\n" in node.value and len(node.value) < 500_000:
                yield name, node
