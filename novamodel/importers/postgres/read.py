"""PostgreSQL settings, pg_hba lines and replication roles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from novamodel.importers.postgres.memory import memory_said
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft, Said
from novamodel.yamlfile import read_text

_SETTING = re.compile(r"(\w[\w-]*)(?:[ \t]*=[ \t]*|[ \t]+)'?([^'#\s][^'#\n]*)'?[ \t]*(#.*)?")


def read_settings(paths: Iterable[tuple[Path, str]]) -> list[tuple[str, int, str]]:
    """(file, line, text) of every line that says something."""
    found = []
    for path, shown in paths:
        for number, line in enumerate(read_text(path).splitlines(), 1):
            if line.strip() and not line.lstrip().startswith(("#", "--")):
                found.append((shown, number, line))
    return found


def say_settings(lines: list[tuple[str, int, str]], own_server: bool, draft: Draft) -> None:
    """Write ``max_connections`` and memory where PostgreSQL runs on a machine of our own; list the rest."""
    for shown, number, line in lines:
        match = None if shown.endswith(".sql") else _SETTING.match(line.strip())
        if line.lstrip().startswith("["):
            continue  # a section of MySQL's file
        name = match[1].replace("-", "_") if match else ""
        said = memory_said("database", name, match[2], shown, number) if match else None
        if own_server and match and name == "max_connections":
            draft.say(Said("database.max_connections", whole(match[2]), shown, number))
        elif own_server and said is not None:
            draft.say(said)
        else:
            what = f"{match[1]} = {match[2].strip()[:60]}" if match else line.split()[0].rstrip(";")
            draft.leave(shown, number, what, "read, not modelled")
