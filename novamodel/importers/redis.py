"""redis.conf: memory and policy of the cache; everything else that bounds it is listed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from novamodel.importers.graph.boxes import Text
from novamodel.importers.graph.stores import path_of
from novamodel.importers.graph.system import System
from novamodel.importers.quantity import compose_memory, whole
from novamodel.importers.report import Draft, Said
from novamodel.yamlfile import read_text

_LINE = re.compile(r"[ \t]*([a-z][\w-]*)[ \t]+(\S.*)")
_SAID = {"maxmemory": "memory", "maxmemory-policy": "maxmemory_policy", "maxmemory-samples": "maxmemory_samples"}
_LIMITS = {"maxclients", "timeout", "save", "io-threads", "tcp-backlog", "replicaof",
           "cluster-enabled",
           "lazyfree-lazy-eviction", "active-expire-effort", "hz", "databases",
           "client-output-buffer-limit"}  # fmt: skip


def read_redis(pair: tuple[Path, str]) -> list[tuple[str, Text]]:
    """(name, value with its place) of every setting of a file."""
    path, shown = pair
    found = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        match = _LINE.match(line)
        if match:
            found.append((match[1].lower(), Text(match[2].strip().strip('"'), shown, number)))
    return found


def say_redis(settings: Iterable[tuple[str, Text]], system: System, draft: Draft) -> None:
    """Write what the files say: for the cache that a file is mounted into or lies beside, else for the main one."""
    settings = list(settings)
    synced = {text.file: text.value for name, text in settings if name == "appendfsync"}
    for name, text in settings:
        below = _path(text.file, system)
        value = text.value or ""
        if name == "maxmemory" and value.rstrip("bBkKmMgG") == "0":
            draft.leave(text.file, text.line, "maxmemory 0", "no limit: what is assumed holds")
        elif name == "appendonly":
            often = synced.get(text.file, "everysec")
            when = often if value == "yes" and often in ("always", "everysec") else "off"
            draft.say(Said(f"{below}.appendfsync", when, text.file, text.line))
        elif name in _SAID:
            plain = compose_memory(value) if name == "maxmemory" else whole(value)
            draft.say(Said(f"{below}.{_SAID[name]}", plain, text.file, text.line))
        elif name in _LIMITS:
            draft.leave(text.file, text.line, f"{name} {value[:60]}", "read, not modelled")


def _path(file: str, system: System) -> str:
    file_name = PurePosixPath(file).name
    for store in system.caches.values():
        for box in store.boxes:
            node = box.node
            mounted = [volume.text or volume["source"].text for volume in (node["volumes"] if node is not None else ())]
            if any(source.split(":")[0].endswith(file_name) for source in mounted) and box.name in file:
                return path_of(store)
    named = [store for store in system.caches.values() for box in store.boxes if box.name in file.split("/")]
    return path_of(named[0]) if named else "cache"
