"""`novamodel diff`: what a change does to latency, errors, replicas and cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from novamodel.cli.options import Demo, Engine, EngineChoice, Json, Replications, Seed, Strict

if TYPE_CHECKING:
    from novamodel.scenario import Scenario
    from novamodel.workflows.compare import Difference

WORSE = 99
UNBROKEN = 100_000
"""Columns of what is no terminal: a table is as wide as its cells, so nothing is wrapped."""
STYLES = dict.fromkeys(("better", "cheaper"), "green") | dict.fromkeys(("worse", "dearer"), "red")

A = Annotated[
    str,
    typer.Argument(metavar="A", show_default=False, help="What is now: a scenario file, a bundled name, or a folder."),
]
B = Annotated[
    str,
    typer.Argument(metavar="[B]", show_default=False, help="What is wanted; left out, A with the changes of --set."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", show_default=False, help="Change one value of B (run.... of both); repeatable."
    ),
]


def diff(
    a: A,
    b: B = "",
    sets: Sets = None,
    seed: Seed = None,
    replications: Replications = None,
    engine: EngineChoice = Engine.auto,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, as a pull request's comment.")] = False,
    fail_on_worse: Annotated[
        bool, typer.Option("--fail-on-worse", help="Exit 99 when B misses an objective that A does not miss.")
    ] = False,
    strict: Strict = False,
    demo: Demo = False,
    json: Json = False,
) -> int:
    """Simulate and price two deployments with the same callers, and show what changes from A to B.

    Latency, errors, replicas and cost with the interval of each difference, the objectives, and the settings that
    differ, each with the file and line that says it, and what each does by itself. It opens with what both rest on.

    \b
    Examples:
      novamodel diff novabank novabank-ecs
      novamodel diff mine.yaml --set services.core-api.autoscaler.min_replicas=5
      novamodel diff main/deploy branch/deploy --markdown > comment.md
    """
    from novamodel.cli.output import say, say_json
    from novamodel.cli.overrides import changes_from, load
    from novamodel.cli.progress import progress
    from novamodel.errors import UserError
    from novamodel.scenario import rests_on
    from novamodel.workflows.compare import diff as compare

    if not b and not changes_from(sets):
        raise UserError(
            "only one deployment is given", valid="novamodel diff A B, or novamodel diff A --set PATH=VALUE"
        )
    if markdown and json:
        raise UserError("--markdown and --json are two forms of the same output", valid="one of them")
    shared = [text for text in sets or () if text.strip().startswith("run.")]  # how to simulate: the same for both
    first, second = (load(target, own, strict=strict, demo=demo) for target, own in ((a, shared), (b or a, sets)))
    with progress("comparing") as tell:
        found = compare(first, second, engine=engine.value, seed=seed, replications=replications, progress=tell)
    if json:
        rests = {"a": rests_on(first).to_dict(), "b": rests_on(second).to_dict()}
        say_json({"rests_on": rests} | found.to_dict())
    else:
        say("\n".join(_rests(first, second, markdown)))
        say(found.to_markdown() if markdown else screen(found))
    return WORSE if fail_on_worse and found.newly_missed else 0


def _rests(first: Scenario, second: Scenario, markdown: bool) -> list[str]:
    """What both rest on, as the first lines; once where it is the same."""
    from novamodel.cli.show import rests_lines

    texts = [" ".join(rests_lines(one)) if markdown else "\n   ".join(rests_lines(one)) for one in (first, second)]
    if texts[0] == texts[1]:
        return [f"A and B: {texts[0]}", ""]
    return [f"A: {texts[0]}", *([""] if markdown else []), f"B: {texts[1]}", ""]


def screen(found: Difference) -> str:
    """The difference for a terminal, with colours where standard output is one; elsewhere no cell is ever broken."""
    import sys

    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else UNBROKEN, force_terminal=terminal, highlight=False, markup=False)
    names = found.names()

    def table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], right: tuple[int, ...] = ()) -> Padding:
        shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for place, name in enumerate(columns):
            shown.add_column(name, justify="right" if place in right else "left", overflow="fold")
        for row in rows or [("none",)]:
            shown.add_row(
                *(Text(cell, style=STYLES.get(cell, "red" if cell.startswith("MISSED") else "")) for cell in row)
            )
        return Padding(shown, (0, 0, 0, 2))

    with console.capture() as captured:
        console.print(f"A  {names[0]}\nB  {names[1]}\n")
        console.print(table(("", "A", "B", "difference", ""), found.table(), right=(1, 2, 3)))
        if found.objectives:
            console.print(table(("\nobjective", "\nA", "\nB"), found.objective_table()))
        console.print(table(("\nsetting", "\nA", "\nB"), found.setting_table()))
        heads = ("\nsetting by itself", "\na month", "\nlines of the bill", "\np99")
        console.print(table(heads, found.reason_table(), right=(1, 3)))
        console.print(f"\n{found.basis()}", soft_wrap=True)
        for text in found.warnings():
            console.print(f"warning: {text}", soft_wrap=True)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
