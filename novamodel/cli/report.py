"""`novamodel report`: the whole answer as a notebook, a page, a bill and a JSON file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from novamodel.cli.options import (
    ComposeFiles,
    Demo,
    Engine,
    EngineChoice,
    Json,
    Profiles,
    Replications,
    Seed,
    Sets,
    Strict,
    Target,
)

FAULT = 1


def report(
    target: Target,
    out: Annotated[
        str,
        typer.Option("--out", "-o", metavar="DIR", show_default="reports/NAME", help="Folder for the four files."),
    ] = "",
    files: ComposeFiles = None,
    profiles: Profiles = None,
    sets: Sets = None,
    seed: Seed = None,
    replications: Replications = None,
    engine: EngineChoice = Engine.auto,
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute's window, to see that all works; too little to believe.")
    ] = False,
    strict: Strict = False,
    demo: Demo = False,
    json: Json = False,
) -> int:
    """Does it hold, what breaks first, how many replicas, what does it cost: all of it.

    Imports, simulates, sizes, prices and executes the report notebook. Leaves notebook.ipynb, report.html,
    bill.csv and answer.json in DIR, all or none, and shows the answer on one screen. It opens with what the answer
    rests on. A part that cannot be made says why, and the others are there all the same (exit 1 where that is a
    fault of novamodel).

    \b
    Examples:
      novamodel report novabank --out reports/novabank
      novamodel report PATH/TO/YOUR/CONFIGURATION --out reports/mine
      novamodel report mine.yaml --set 'traffic.peak=900 requests/s' --json > answer.json
    """
    from novamodel.cli.output import note, say_json
    from novamodel.cli.overrides import changes_from, load
    from novamodel.cli.progress import progress
    from novamodel.workflows.report import write_report

    chosen = {"files": files, "profiles": profiles}
    compose = {name: tuple(values) for name, values in chosen.items() if values}
    scenario = load(
        target,
        sets,
        seed,
        replications,
        strict=strict,
        demo=demo,
        files=compose.get("files", ()),
        profiles=compose.get("profiles", ()),
    )
    folder = Path(out) if out else Path("reports") / _safe(scenario.name)
    changes = changes_from(sets) | ({} if replications is None else {"run.replications": replications})
    with progress("reading the configuration") as tell:
        made = write_report(
            target,
            folder,
            overrides=changes,
            seed=seed,
            engine=engine.value,
            quick=quick,
            compose=compose,
            progress=tell,
        )
    faults = [row for row in made.answer.get("failed") or [] if row["fault"]]
    for row in faults:
        note(f"fault: {row['part']}: {row['why']} (a fault of novamodel: please report it with the command)")
    if json:
        say_json(made.to_dict())
        note(f"wrote {folder}")
        return FAULT if faults else 0
    from rich.console import Console

    from novamodel.report import print_screen

    following = ("make lab", "novamodel run --help", "novamodel import YOUR_FOLDER")
    print_screen(made.to_dict(), Console(), wrote=[str(folder / "report.html")], following=following)
    return FAULT if faults else 0


def _safe(name: str) -> str:
    """A scenario's name as the name of a folder."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "report"
