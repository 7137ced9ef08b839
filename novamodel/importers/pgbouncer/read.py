"""PgBouncer between the services and PostgreSQL: pgbouncer.ini, or the environment of its container."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from novamodel.errors import UserError
from novamodel.importers.graph.boxes import Box
from novamodel.importers.graph.stores import say_pod
from novamodel.importers.kubernetes.read import WORKLOADS, Cluster, main_container
from novamodel.importers.names import is_image_of
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said
from novamodel.yamlfile import read_text

# fmt: off
SECTION = re.compile(r"^[ \t]*\[pgbouncer\][ \t\r]*$", re.M)
_COUNTS = {"default_pool_size", "max_client_conn", "min_pool_size", "reserve_pool_size", "max_db_connections",
           "max_user_connections"}
_TIMES = {"reserve_pool_timeout", "query_wait_timeout", "query_timeout", "idle_transaction_timeout",
          "client_idle_timeout", "client_login_timeout", "server_connect_timeout", "server_login_retry",
          "server_idle_timeout", "server_lifetime"}
_WORDS = {"pool_mode"}
_SWITCHES = {"server_round_robin"}
KNOWN = _COUNTS | _TIMES | _WORDS | _SWITCHES
"""Settings that the scenario has a place for, under the same name."""
_OF_DATABASE = {"pool_size": "default_pool_size", "min_pool_size": "min_pool_size", "pool_mode": "pool_mode",
                "reserve_pool": "reserve_pool_size", "reserve_pool_size": "reserve_pool_size",
                "max_db_connections": "max_db_connections", "server_lifetime": "server_lifetime",
                "query_wait_timeout": "query_wait_timeout"}
"""Words of a line under [databases], which go before those of [pgbouncer] -> settings."""
_QUIET = {"listen_addr", "listen_port", "auth_type", "auth_file", "auth_query", "auth_user", "admin_users",
          "stats_users", "logfile", "pidfile", "unix_socket_dir", "user"}  # fmt: skip
"""Settings that say nothing about load."""


# fmt: on


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
    boxes = [(found.at("spec", "replicas"), main_container(found)) for found in cluster.of(*WORKLOADS, "Pooler")]
    boxes += [(box.at("deploy", "replicas"), box) for _, box in (compose["services"].entries() if compose else [])]
    for replicas, box in boxes:
        if not is_image_of(box["image"].text, "pgbouncer"):
            continue
        draft.say(Said("database.pgbouncer", None, box.file, box["image"].line))
        said = _of_environment(box)
        say_pgbouncer(said, draft)
        if not said:
            _say_default_mode(box.file, box["image"].line, draft)
        version = re.search(r":v?(1\.\d+)", box["image"].text)
        if version:
            draft.say(Said("database.pgbouncer.version", version[1], box.file, box["image"].line))
        if box.at("resources").value or box.at("deploy", "resources").value:
            say_pod("database.pgbouncer", Box("pgbouncer", box.file, box["image"].line, None, node=box), draft)
        if isinstance(whole(replicas.value), int) and whole(replicas.value) > 1:
            draft.leave(replicas.file, replicas.line, f"{replicas.text} replicas of PgBouncer", "one is modelled")
        return


def _of_environment(box: Node) -> list[Setting]:
    entries = [(entry["name"].text, entry["value"].text, entry["value"]) for entry in box["env"]]
    entries += [(name, node.text, node) for name, node in box["environment"].entries()]
    entries += [(*_split(entry.text), entry) for entry in box["environment"]]
    named = [(name.lower().removeprefix("pgbouncer_"), value, node) for name, value, node in entries]
    return [Setting("pgbouncer", key, value, node.file, node.line) for key, value, node in named if key in KNOWN]


def _split(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def say_pgbouncer(settings: Iterable[Setting], draft: Draft) -> None:
    """Write PgBouncer as its file says; what the model has no place for is listed."""
    settings = list(settings)
    own = [each for each in settings if each.section == "pgbouncer"]
    if own:
        draft.say(Said("database.pgbouncer", None, own[0].file, own[0].line))
    databases = [each for each in settings if each.section == "databases"]
    special = _of_database(databases[0]) if databases else []
    said = {each.key for each in special}
    if own and not any(each.key == "pool_mode" for each in [*own, *special]):
        _say_default_mode(own[0].file, own[0].line, draft)
    for each in [*special, *(each for each in own if each.key not in said)]:
        path = f"database.pgbouncer.{each.key}"
        if each.key in KNOWN:
            draft.say(Said(path, _value(each), each.file, each.line))
        elif each.key not in _QUIET:
            draft.leave(each.file, each.line, f"{each.key} = {each.value[:40]}", "read, not modelled")
    for each in databases[1:]:
        if any(word in _OF_DATABASE for word in _words(each)):
            draft.leave(each.file, each.line, f"pool of {each.key}", "PgBouncer's first database is the one modelled")


def _value(setting: Setting) -> Any:
    """As the scenario writes it; what is no number stays as it is, and the scenario refuses it."""
    if setting.key in _WORDS:
        return setting.value
    number = whole(setting.value)
    if setting.key in _SWITCHES:
        return setting.value not in ("0", "off", "false", "no")
    if setting.key in _TIMES:
        return f"{setting.value} s" if re.fullmatch(r"\d+(\.\d+)?", setting.value) else setting.value
    return number


def _say_default_mode(file: str, line: int, draft: Draft) -> None:
    """PgBouncer's own default, which is not the mode that scenarios assume."""
    why = "documented: PgBouncer's default where no pool_mode is set"
    draft.say(Said("database.pgbouncer.pool_mode", "session", file, line, why, "documented"))


def _words(setting: Setting) -> dict[str, str]:
    """The words of a database's line, such as ``pool_size=20``."""
    return dict(re.findall(r"(?<!\w)(\w+)[ \t]*=[ \t]*('[^']*'|[^\s']\S*)", setting.value))


def _of_database(setting: Setting) -> list[Setting]:
    found = _words(setting)
    return [
        Setting("pgbouncer", name, found[word].strip("'"), setting.file, setting.line)
        for word, name in _OF_DATABASE.items()
        if word in found
    ]
