"""PgBouncer between the services and PostgreSQL: pgbouncer.ini, or the environment of its container."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from novamodel.errors import UserError
from novamodel.importers.kubernetes.read import WORKLOADS, Cluster, main_container
from novamodel.importers.names import is_image_of
from novamodel.importers.node import Node
from novamodel.importers.quantity import seconds, whole
from novamodel.importers.report import Draft, Said
from novamodel.scenario.not_modelled import NOT_MODELLED
from novamodel.yamlfile import read_text

SECTION = re.compile(r"^[ \t]*\[pgbouncer\][ \t\r]*$", re.M)
_COUNTS = {"default_pool_size", "max_client_conn"}
_OTHERS = {
    "pool_mode", "query_wait_timeout", "min_pool_size", "reserve_pool_size", "reserve_pool_timeout",
    "max_db_connections",
    "max_user_connections", "server_lifetime", "server_idle_timeout", "server_connect_timeout", "client_idle_timeout",
    "query_timeout", "idle_transaction_timeout", "max_prepared_statements",
}  # fmt: skip
"""Settings that images take from variables, with ``PGBOUNCER_`` before them or not."""
_QUIET = {"listen_addr", "listen_port", "auth_type", "auth_file", "auth_query", "auth_user", "admin_users",
          "stats_users", "logfile", "pidfile", "unix_socket_dir", "user"}  # fmt: skip
"""Settings that say nothing about load."""


class Setting(NamedTuple):
    """One ``key = value`` line with its section."""

    section: str
    key: str
    value: str
    file: str
    line: int


def read_settings(paths: Iterable[tuple[Path, str]]) -> list[Setting]:
    """The settings of all files in order; a line that is no setting is a ``UserError`` with its line."""
    settings = []
    for path, shown in paths:
        section = ""
        for number, line in enumerate(read_text(path).splitlines(), 1):
            text = line.strip()
            if not text or text[0] in ";#" or text.startswith("%include"):
                continue
            if text.startswith("[") and text.endswith("]"):
                section = text[1:-1].strip().lower()
                continue
            key, sign, value = text.partition("=")
            if not sign:
                raise UserError(f"not a PgBouncer setting: {text[:60]!r}", file=path, line=number, valid="key = value")
            settings.append(Setting(section, key.strip().lower(), value.strip(), shown, number))
    return settings


def say_deployed(cluster: Cluster, compose: Node | None, draft: Draft) -> None:
    """Write PgBouncer as the first workload that runs its image gives it, in variables such as DEFAULT_POOL_SIZE."""
    boxes = [(found.at("spec", "replicas"), main_container(found)) for found in cluster.of(*WORKLOADS)]
    boxes += [(box.at("deploy", "replicas"), box) for _, box in (compose["services"].entries() if compose else [])]
    for replicas, box in boxes:
        if not is_image_of(box["image"].text, "pgbouncer"):
            continue
        draft.say(Said("database.pgbouncer", None, box.file, box["image"].line))
        said = _of_environment(box)
        say_pgbouncer(said, draft)
        if not said:
            _say_default_mode(box.file, box["image"].line, draft)
        if isinstance(whole(replicas.value), int) and whole(replicas.value) > 1:
            draft.leave(replicas.file, replicas.line, f"{replicas.text} replicas of PgBouncer", "one is modelled")
        return


def _of_environment(box: Node) -> list[Setting]:
    entries = [(entry["name"].text, entry["value"].text, entry["value"]) for entry in box["env"]]
    entries += [(name, node.text, node) for name, node in box["environment"].entries()]
    entries += [(*_split(entry.text), entry) for entry in box["environment"]]
    named = [(name.lower().removeprefix("pgbouncer_"), value, node) for name, value, node in entries]
    known = _COUNTS | _OTHERS
    return [Setting("pgbouncer", key, value, node.file, node.line) for key, value, node in named if key in known]


def _split(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def say_pgbouncer(settings: Iterable[Setting], draft: Draft) -> None:
    """Write PgBouncer as its file says; what the model has no place for is listed."""
    own = [each for each in settings if each.section == "pgbouncer"]
    if own:
        draft.say(Said("database.pgbouncer", None, own[0].file, own[0].line))
        if not any(each.key == "pool_mode" for each in own):
            _say_default_mode(own[0].file, own[0].line, draft)
    for each in own:
        path = f"database.pgbouncer.{each.key}"
        number = whole(each.value)
        if each.key in _COUNTS:
            draft.say(Said(path, number, each.file, each.line))
        elif each.key == "query_wait_timeout" and isinstance(number, int):
            _say_wait(path, number, each, draft)
        elif each.key == "pool_mode":
            _say_mode(path, each, draft)
        elif each.key not in _QUIET:
            draft.leave(each.file, each.line, f"{each.key} = {each.value[:40]}", "read, not modelled")
    for each in settings:
        if each.section == "databases" and re.search(r"\bpool_size\s*=", each.value):
            why = f"not modelled: {NOT_MODELLED['statement mode']}"
            draft.leave(each.file, each.line, f"pool_size of {each.key}", why)


def _say_default_mode(file: str, line: int, draft: Draft) -> None:
    """PgBouncer's own default, which is not the mode that scenarios assume."""
    why = "documented: PgBouncer's default where no pool_mode is set"
    draft.say(Said("database.pgbouncer.pool_mode", "session", file, line, why, "documented"))


def _say_wait(path: str, number: int, setting: Setting, draft: Draft) -> None:
    if number == 0:
        draft.leave(setting.file, setting.line, "query_wait_timeout = 0", "a wait without end is not modelled: 120 s")
    else:
        draft.say(Said(path, seconds(number), setting.file, setting.line))


def _say_mode(path: str, setting: Setting, draft: Draft) -> None:
    if setting.value != "statement":  # the scenario refuses what is no mode
        draft.say(Said(path, setting.value, setting.file, setting.line))
        return
    draft.find(
        "warning",
        "pgbouncer-pool-mode",
        setting.file,
        setting.line,
        "pool_mode is statement: the simulation holds a server connection for a transaction",
        "statement mode refuses transactions of several statements; set pool_mode = transaction where there are some",
    )
