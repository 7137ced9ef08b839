"""The arguments and options that commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

MOST_REPLICATIONS = 1000


class Engine(StrEnum):
    """How requests are simulated; both engines give the same requests."""

    auto = "auto"
    simpy = "simpy"
    compiled = "compiled"


Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        show_default=False,
        help="A scenario file, a bundled scenario's name (novabank), or a folder of configuration files.",
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        show_default=False,
        help="Change one value, such as database.max_connections=200 or 'traffic.peak=600 requests/s'; repeatable.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, show_default=False, help="Seed in place of the scenario's."),
]
Replications = Annotated[
    int | None,
    typer.Option(
        "--replications",
        metavar="N",
        min=1,
        max=MOST_REPLICATIONS,
        show_default=False,
        help="Independent runs in place of the scenario's; more narrow the intervals.",
    ),
]
ComposeFiles = Annotated[
    list[str] | None,
    typer.Option(
        "-f",
        "--file",
        metavar="FILE",
        show_default=False,
        help="Compose file of the folder to take, as docker compose -f; repeatable, each laid over those before.",
    ),
]
Profiles = Annotated[
    list[str] | None,
    typer.Option(
        "--profile", metavar="NAME", show_default=False, help="Profile of the compose file that is on; repeatable."
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit 3 where the service itself or its load is assumed, not stated.")
]
Demo = Annotated[
    bool, typer.Option("--demo", help="Answer for the assumed service where the files hold none; all of it is marked.")
]
EngineChoice = Annotated[
    Engine, typer.Option("--engine", help="auto takes the compiled engine; simpy is the readable reference.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else there.")]
