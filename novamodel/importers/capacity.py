"""Pools and runtimes: what code, settings and variables of each service say about them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from novamodel.importers.compose.read import names_of as compose_names
from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.links import Link
from novamodel.importers.graph.system import MAIN
from novamodel.importers.names import match
from novamodel.importers.node import Node
from novamodel.importers.pools.capacity_words import of_variables, of_words
from novamodel.importers.pools.profiles import by_profile
from novamodel.importers.pools.runtimes import with_runtime
from novamodel.importers.pools.said import Row, row_of_variable, rows_of_command, rows_of_variables
from novamodel.importers.reading import services_below
from novamodel.importers.report import Draft, Said
from novamodel.importers.sources import Sources

_SHARED = re.compile(r"(^|/)(common|shared|libs?|packages|core|db|database|config)/|^src/[^/]+$")
_TESTS = re.compile(r"(^|/)(src/test|tests?|specs?|e2e|__tests__|mocks?)/")
_AT_ONCE = ("celery concurrency", "sidekiq concurrency")


def say_capacity(sources: Sources, services: list[str], draft: Draft) -> None:
    """Write the pools of services; what has no place in the model is listed with its value."""
    system = sources.system
    said: dict[str, list[Row]] = {service: [] for service in services}
    for service in services:
        box = system.boxes.get(service)
        if box is None:
            continue
        own = [*rows_of_variables(box.env), *rows_of_command(box.words)]
        for row in own:
            if row.what in _AT_ONCE and service in system.workers:
                system.concurrency[service] = Text(str(row.value), row.file, row.line)
            else:
                said[service].append(row)
        _list_others(service, box, own, sources, draft)
    pools = [row for row in sources.pools if not _TESTS.search(row.file)]
    for row in sources.pools:
        if row.path not in (None, "pool") and _TESTS.search(row.file):
            draft.leave(row.file, row.line, _shown(row), "in a folder of tests")
    owned = {file: _owners(file, sources, services) for file in _by_file(pools)}
    for file, rows in _by_file(pools).items():
        owners = owned[file]
        if not owners and all(row.what.startswith("PHP-FPM") for row in rows):
            owners = [name for name in services if name in system.boxes and _runs_php(system.boxes[name])]
        elif not owners and (not any(owned.values()) or _SHARED.search(file) or "/" not in file):
            owners = _users(sources, services)
        for service in owners:
            said[service] += rows
            if any(row.path == "pool" for row in rows):
                _use_database(service, rows, sources)
        if not owners:
            for row in rows:
                if row.path != "pool":
                    draft.leave(
                        row.file, row.line, _shown(row), row.sentence or "no service is known that it belongs to"
                    )
        for row in rows:
            if "pgbouncer" in row.host.lower() or row.host.endswith(":6432"):
                why = "evident intent: the pool points at PgBouncer"
                draft.say(Said("database.pgbouncer", None, row.file, row.line, why))
    for service, rows in said.items():
        box = system.boxes.get(service)
        rows = [_given(row, box.env) if box is not None else row for row in by_profile(rows, box, draft)]
        for row in rows if service in system.workers else with_runtime(rows):
            _say(row, service, box.env if box is not None else {}, sources, draft)


def _given(row: Row, env: Mapping[str, Text]) -> Row:
    """A row of a runtime with the value of its variable where that is set."""
    given = env.get(row.by) if row.by and row.path is None else None
    if given is None or not (given.value or "").isdecimal():
        return row
    return row._replace(value=given.value, file=given.file, line=given.line, sentence=f"environment variable {row.by}")


def _list_others(service: str, box: Box, own: list[Row], sources: Sources, draft: Draft) -> None:
    """Variables and flags that say how much and that no reader knows."""
    used = {(one.file, one.line) for one in draft.origins.values() if one.file in sources.dotenv}
    named = {row.what.partition(" ")[0] for row in own}
    numbers = {(row.file, row.line, _digits(row.value)) for row in own}
    others = [(what, text) for what, text in of_variables(box.env) if what.partition(":")[0] not in named]
    others += [
        (what, text) for what, text in of_words(box.words) if (text.file, text.line, _digits(what)) not in numbers
    ]
    for row in rows_of_command(box.replaced):
        draft.leave(row.file, row.line, f"{service} {_shown(row)}", "another command takes the place of this one")
    for what, text in others:
        if (text.file, text.line) in used:
            continue  # Compose puts it into another value
        draft.leave(text.file, text.line, f"{service} {what}", "read, not modelled")


def _digits(value: object) -> str:
    return re.sub(r"\D", "", str(value))


def _by_file(rows: list[Row]) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.file, []).append(row)
    return dict(sorted(found.items(), key=lambda pair: (pair[0].count("/") == 0, pair[0])))


def _say(row: Row, service: str, env: Mapping[str, Text], sources: Sources, draft: Draft) -> None:
    """Write one row for one service; a variable that is set wins over the fallback in the code."""
    given = env.get(row.by) if row.by else None
    if given is not None and given.value and row.path is not None:
        known = row_of_variable("DB_POOL_MAX", given.value, given.file, given.line) if row.path == "pool.max" else []
        if known:
            row = known[0]._replace(sentence=f"environment variable {row.by}")
    if row.path is None:
        draft.leave(row.file, row.line, _shown(row), row.sentence or "read, not modelled")
        return
    kind = "documented" if row.sentence.startswith("documented") else "file"
    if row.path.startswith("runtime"):
        draft.say(Said(f"services.{service}.{row.path}", row.value, row.file, row.line, row.sentence, kind))
        return
    database = sources.system.database_of(service)
    own = "pool" if database == MAIN else f"pools.{database}"
    path = f"services.{service}.{own}{row.path.removeprefix('pool')}"
    before = next((one for one in draft.fields if one["path"] == path), None)
    if before is not None and kind == "file" and row.value is not None and before["value"] != row.value:
        why = f"{service} has the value of {before['file']}:{before['line']}"
        draft.leave(row.file, row.line, _shown(row), why)
        return
    draft.say(Said(path, row.value, row.file, row.line, row.sentence if row.value is not None else "", kind))


def _shown(row: Row) -> str:
    return f"{row.what}: {row.value}" if str(row.value) else row.what


def _use_database(service: str, rows: list[Row], sources: Sources) -> None:
    """A service whose source makes a pool uses a database, though no variable names it."""
    system = sources.system
    if system.used(service, system.databases):
        return
    place = next(row for row in rows if row.path == "pool")
    link = Link(service, MAIN, Text(None, place.file, place.line), f"its source makes a pool ({place.sentence})")
    store = system.databases.get(MAIN)
    if store is not None:
        store.users[service] = link


def _owners(file: str, sources: Sources, services: list[str]) -> list[str]:
    """The services that a source file belongs to: by the folder they are built from, else by its path."""
    names = compose_names(sources.project) if sources.project is not None else {}
    found = [one for one in services_below(file, sources.boxes["compose"], names) if one in services]
    if found:
        return found
    for box in sources.boxes["compose"]:
        volumes = box.node["volumes"] if box.node is not None else ()
        if names.get(box.name) in services and any(_mounts(volume, file) for volume in volumes):
            found.append(names[box.name])
    if found:
        return list(dict.fromkeys(found))
    for part in file.split("/"):
        named = match(part.split(".")[0], services)
        if named is not None:
            return [named]
    return [name for name in services if _bare(name) == _bare(file.split("/")[0])]


def _mounts(volume: Node, file: str) -> bool:
    """Whether a volume of a compose service brings a file, or a folder around it, into the container."""
    source = (volume.text.split(":")[0] or volume["source"].text).removeprefix("./").rstrip("/")
    base = volume.file.rpartition("/")[0]
    path = f"{base}/{source}" if base else source
    return bool(source) and source[0] not in "/~$." and (file == path or file.startswith(f"{path}/"))


def _runs_php(box: Box) -> bool:
    return "php" in f"{box.name} {box.image_name} {box.command}".lower()


def _users(sources: Sources, services: list[str]) -> list[str]:
    """Services that use a database, as far as files say; all where none is known to."""
    users = {name for store in sources.system.databases.values() for name in store.users}
    return [name for name in services if name in users or name not in sources.system.boxes] or services


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
