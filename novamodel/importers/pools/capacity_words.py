"""Names that speak of sizes, counts and times, in variables and flags that no reader knows: listed with their value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from novamodel.importers.graph.boxes import Text

_WORDS = frozenset({
    "max", "min", "limit", "limits", "pool", "worker", "workers", "thread", "threads", "process", "processes",
    "processors", "concurrency", "connection", "connections", "conn", "conns", "timeout", "timeouts", "rate", "burst",
    "heap", "memory", "mem", "buffer", "buffers", "batch", "backlog", "partitions", "replicas", "replication",
    "retention", "retries", "retry", "ttl", "cpu", "cpus", "prefetch", "lifetime", "idle", "keepalive", "shards",
    "capacity", "parallelism", "parallel", "maxmemory", "maxclients", "quota", "throttle", "inflight", "pending",
    "queue", "ratio", "rps", "qps", "expiration", "forks", "children", "maxconn", "instances",
    "tries", "attempts",
})  # fmt: skip
_SIZED = frozenset({"cache", "queue", "pool", "buffer", "batch", "heap", "memory", "disk", "storage", "page", "volume"})
_NEVER = frozenset({
    "port", "password", "secret", "token", "key", "id", "uid", "gid", "version", "log", "level", "debug", "date",
    "year", "test", "host", "url",
})  # fmt: skip
_VALUE = re.compile(r"-?\d{1,15}(\.\d{1,6})?[ ]?(%|[kKmMgGtT]i?[bB]?|ms|s|sec|seconds|m|min|h|d|days|r/s|r/m)?")
_FLAG = re.compile(r"(?:^|\s)-{1,2}(?:D)?([A-Za-z][\w.-]{1,60})(?:=|\s+)(\S{1,30})(?=\s|$)")
MOST = 60
"""Values of one container that are listed."""


def speaks(name: str, value: str) -> bool:
    """Whether a name and its value say how much, how many or how long."""
    if not _VALUE.fullmatch(value.strip().strip("\"'")):
        return False
    words = set(re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower()))
    if words & _NEVER:
        return False
    return bool(words & _WORDS) or ("size" in words and bool(words & _SIZED))


def of_variables(env: Mapping[str, Text]) -> list[tuple[str, Text]]:
    """Variables that say how much: (name and value, place)."""
    found = [(f"{name}: {text.value}", text) for name, text in env.items() if text.value and speaks(name, text.value)]
    return found[:MOST]


def of_words(words: Iterable[Text]) -> list[tuple[str, Text]]:
    """Flags of a command that say how much: (flag and value, place)."""
    joined, places = "", []
    for word in words:
        if word.value:
            places.append((len(joined), word))
            joined += f"{word.value} "
    found = []
    for match in _FLAG.finditer(joined[:20_000]):
        if speaks(match[1], match[2]):
            place = next(word for start, word in reversed(places) if start <= match.start(2))
            found.append((f"{match[1]}: {match[2]}", place))
    return found[:MOST]
