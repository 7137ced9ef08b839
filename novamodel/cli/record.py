"""`novamodel record`: drives a living component on loopback and writes the cases that `verify --cases` replays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from novamodel.cli.options import Json

Component = Annotated[str, typer.Argument(metavar="COMPONENT", help="nginx, pgbouncer or redis, as it is installed.")]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the file of cases (created if it is missing).")
]


def record(component: Component, out: Out = Path("recordings"), json: Json = False) -> int:
    """Record decisions of a component that is installed here: nginx, PgBouncer (with PostgreSQL) or Redis.

    It is started on loopback in a temporary folder, driven for up to a minute, and ended; no running server is touched.

    \b
    Examples:
      novamodel record redis --out recordings
      novamodel record nginx
      novamodel record pgbouncer --json
      novamodel verify --cases recordings
    """
    from novamodel.cli.output import say, say_json
    from novamodel.cli.progress import progress
    from novamodel.recording import record as recorded

    with progress(f"recording {component}"):
        file, version, cases = recorded(component, out)
    if json:
        say_json({"file": str(file), "version": version, "cases": cases})
    else:
        say(f"{cases} cases of {version} in {file}")
    return 0
