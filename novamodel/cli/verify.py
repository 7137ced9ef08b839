"""`novamodel verify`: recorded decisions of the real components against the rules that runs call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from novamodel.cli.options import Json

if TYPE_CHECKING:
    from novamodel.verify import Replayed

Component = Annotated[
    str | None,
    typer.Argument(metavar="[COMPONENT]", show_default=False, help="One component only, such as pgbouncer or nginx."),
]
Cases = Annotated[
    Path | None,
    typer.Option(
        "--cases",
        metavar="PATH",
        show_default=False,
        help="A file of recorded cases, or a folder of such files, in place of those that travel with novamodel.",
    ),
]
MOST_SHOWN = 160
FAILED = 1


def verify(component: Component = None, cases: Cases = None, json: Json = False) -> int:
    """Replay recorded cases of the real components: exit 0 when all agree, 1 when any differs.

    Only graded cases count. A case without a rule is counted as not modelled, with its reason; it does not fail.

    \b
    Examples:
      novamodel verify
      novamodel verify pgbouncer
      novamodel verify nginx --json
      novamodel verify --cases my-recordings/ --json > verify.json
    """
    import novamodel
    from novamodel.cli.output import say, say_json
    from novamodel.cli.progress import progress
    from novamodel.verify import as_mapping, differs, recorded_files, replay

    files = recorded_files(component, cases)
    with progress("replaying recorded cases") as tell:
        replayed = list(replay(files, novamodel.load, lambda share: tell(share, "replaying recorded cases")))
    if json:
        say_json(as_mapping(replayed))
    else:
        say("\n".join([*table(replayed), *details(replayed), verdict(replayed)]))
    return FAILED if differs(replayed) else 0


def table(replayed: list[Replayed]) -> list[str]:
    """A line a file: what it is replayed with, how it was had, and what became of its cases."""
    head = ("file", "component and version", "how it was recorded", "cases", "agreed", "differed", "not modelled")
    rows: list[tuple[Any, ...]] = [head]
    for one in replayed:
        counts = [one.count(outcome) for outcome in ("agreed", "differed", "not_modelled")]
        rows.append((one.name, one.record.version, one.record.obtained, len(one.verdicts), *counts))
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(head))]
    return [
        "  ".join(
            f"{cell:<{width}}" if column < 3 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def details(replayed: list[Replayed]) -> list[str]:
    """Every difference, and every case without a rule, by name."""
    lines = []
    for one in replayed:
        for verdict in one.verdicts:
            if verdict.outcome == "differed":
                lines.append(f"{one.name} {verdict.id}: recorded {short(verdict.expected)}, got {short(verdict.got)}")
            elif verdict.outcome == "not_modelled":
                lines.append(f"{one.name} {verdict.id}: not modelled: {short(verdict.reason)}")
    return ["", *lines] if lines else []


def short(value: Any) -> str:
    """A value in one line, cut where it is long."""
    text = " ".join(str(value).split())
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]} ..."


def verdict(replayed: list[Replayed]) -> str:
    """The last line."""
    total = sum(len(one.verdicts) for one in replayed)
    agreed, differed, left = (
        sum(one.count(outcome) for one in replayed) for outcome in ("agreed", "differed", "not_modelled")
    )
    return f"{agreed} of {total} recorded cases agree, {differed} differ, {left} are not modelled"
