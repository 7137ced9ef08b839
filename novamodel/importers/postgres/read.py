"""PostgreSQL settings, pg_hba lines and replication roles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said
from novamodel.yamlfile import read_text

_SETTING = re.compile(r"(\w+)(?:[ \t]*=[ \t]*|[ \t]+)'?([^'#\s][^'#\n]*)'?[ \t]*(#.*)?")


def read_settings(paths: Iterable[tuple[Path, str]]) -> list[tuple[str, int, str]]:
    """(file, line, text) of every line that says something."""
    found = []
    for path, shown in paths:
        for number, line in enumerate(read_text(path).splitlines(), 1):
            if line.strip() and not line.lstrip().startswith(("#", "--")):
                found.append((shown, number, line))
    return found


def say_settings(lines: list[tuple[str, int, str]], own_server: bool, draft: Draft) -> None:
    """Write ``max_connections`` where PostgreSQL runs on a machine of our own; list the rest."""
    for shown, number, line in lines:
        match = _SETTING.match(line.strip()) if shown.endswith(".conf") else None
        if own_server and match and match[1] == "max_connections":
            draft.say(Said("database.max_connections", whole(match[2]), shown, number))
        else:
            what = f"{match[1]} = {match[2].strip()[:60]}" if match else line.split()[0].rstrip(";")
            draft.leave(shown, number, what, "read, not modelled")


def find_faults(lines: list[tuple[str, int, str]], has_replica: bool, draft: Draft) -> None:
    """Note replication that is prepared for a replica nobody deploys, and weak settings."""
    for shown, number, line in lines:
        if re.search(r"\bwal_level\s*=\s*replica|^\s*host(ssl)?\s+replication\b", line) and not has_replica:
            draft.find(
                "warning",
                "replica-not-deployed",
                shown,
                number,
                "streaming replication is configured, and no file deploys a replica",
                "deploy one, or leave the settings out",
            )
        if re.search(r"synchronous_commit\s*=\s*on", line):
            named = any("synchronous_standby_names" in other for _, _, other in lines)
            if not named:
                draft.find(
                    "note",
                    "replication-asynchronous",
                    shown,
                    number,
                    "synchronous_commit = on without synchronous_standby_names waits for no replica: "
                    "a failover loses the newest transactions",
                    "name the standby in synchronous_standby_names",
                )
        if re.match(r"\s*host(ssl)?\s", line) and re.search(r"\bmd5\s*$", line):
            message = "md5 passwords are deprecated"
            draft.find("note", "md5-password", shown, number, message, "write scram-sha-256")
        if re.match(r"\s*host(ssl)?\s", line) and re.search(r"\s[a-z]\w*_ip\b", line):
            message = "the address is a placeholder: PostgreSQL does not load the file"
            draft.find("error", "placeholder", shown, number, message, "write the replica's address")
        if re.search(r"\bPASSWORD\s+'", line, re.I):
            message = "a password stands in the file"
            draft.find("warning", "password-in-file", shown, number, message, "set it from a secret")
        if re.search(r"CONNECTION\s+LIMIT", line.upper().partition("REPLICATION")[2]):
            draft.find(
                "note",
                "replication-connection-limit",
                shown,
                number,
                "CONNECTION LIMIT does not count replication connections: max_wal_senders limits them",
                "leave it out",
            )
