"""What the files of a replay say: how much is recorded, how long it took, which routes were asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from novamodel.errors import UserError
from novamodel.scenario.graph import place_of
from novamodel.scenario.origin import Origin, Tree
from novamodel.scenario.service import Service
from novamodel.scenario.traffic import Traffic
from novamodel.scenario.traffic_parts import Replay


class Recorded(NamedTuple):
    """What files hold, as they are recorded (neither stretched in time nor in load)."""

    digest: str
    """SHA-256 over the contents."""
    requests: int
    length: float
    """Seconds from the first request to the last."""
    routes: Mapping[str, int]
    """How often each route was asked for."""


Inspect = Callable[[list[Path], Replay, list[str]], Recorded]
"""Reads the files of a replay; the last argument names every route that there is."""


class Recordings:
    """Reads recordings, each only once for a scenario and its variants."""

    def __init__(self, inspect: Inspect) -> None:
        self._inspect = inspect
        self._known: dict[str, Recorded] = {}

    def read(self, files: list[Path], replay: Replay, routes: list[str]) -> Recorded:
        """What the files hold."""
        read_so = replay.model_dump_json(exclude={"time_factor", "load_factor", "digest", "requests", "length"})
        key = f"{[str(file) for file in files]} {routes} {read_so}"
        if key not in self._known:
            self._known[key] = self._inspect(files, replay, routes)
        return self._known[key]


def files_of(replay: Replay) -> list[Path]:
    """The files of a replay, beside the scenario's file."""
    return [Path(replay.folder) / name for name in replay.files]


def recorded_tree(
    traffic: Traffic, services: Mapping[str, Service], tree: Tree, recordings: Recordings | None
) -> Tree | None:
    """Digest, requests, length and mix of every replay, as values that follow from the files; None without a replay."""
    routes = list(dict.fromkeys(route for service in services.values() for route in service.routes))
    result = Tree()
    for name, source in traffic.sources.items():
        if source.loop != "replay" or source.replay is None:
            continue
        path = place_of("sources", name)
        if source.mix:
            raise _mistake("the files of a replay say the mix; leave it out", tree, *path, "mix")
        if recordings is None:
            raise _mistake("a replay needs the reader of recordings, which this call does not have", tree, *path)
        for number, file in enumerate(files_of(source.replay)):
            if not os.path.isfile(file):
                where = (*path, "replay", "files", str(number))
                raise _mistake(f"there is no file {source.replay.files[number]} beside the scenario", tree, *where)
        found = recordings.read(files_of(source.replay), source.replay, routes)
        total = sum(found.routes.values())
        mix = {route: count / total for route, count in found.routes.items() if count}
        facts = {"digest": found.digest, "requests": found.requests, "length": f"{found.length!r} s"}
        _put(result, path, {"mix": mix, "replay": facts})
    return result if result.values else None


def _put(tree: Tree, path: tuple[str, ...], facts: Mapping[str, Any]) -> None:
    node = tree.values
    for word in path:
        node = node.setdefault(word, {})
    node.update(facts)
    origin = Origin("derived", "derived from the files of the replay", None, None)
    for words in _leaves(facts, path):
        tree.origins[".".join(words)] = origin


def _leaves(facts: Any, path: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    if not isinstance(facts, dict):
        return [path]
    return [leaf for key, inner in facts.items() for leaf in _leaves(inner, (*path, key))]


def _mistake(message: str, tree: Tree, *path: str) -> UserError:
    prefixes = (".".join(path[:size]) for size in range(len(path), 0, -1))
    origin = next((tree.origins[one] for one in prefixes if one in tree.origins), None)
    return UserError(
        message, file=origin.file if origin else None, line=origin.line if origin else None, path=".".join(path)
    )
