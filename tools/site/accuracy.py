"""What the model was checked against, counted anew whenever the documentation is built.

Recorded cases are replayed by `novamodel verify`'s own rooms; measured stacks are read from their page, which
`tools.measured_stack` writes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import novamodel
from novamodel.verify import Replayed, recorded_files, replay
from novamodel.verify.replaying import read_cases

DOCS = Path(__file__).parents[2] / "docs"
STACK_PAGE = DOCS / "measured-stack.md"
STACK = "measured_stack.json"
PAGES = ("accuracy", "measured-stack")
"""Pages on accuracy, those that are there."""
HEAD = (
    "| recorded cases | of | how they were had | compared | agree | differ | without a rule | tolerance |",
    "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |",
)
JUDGED = {"aws_examples": "half a cent, or what the source rounds by"}
"""What agreement means where a file's cases have no tolerance of their own (`verify.aws.agrees`)."""
ROUNDING = 1e-6
"""A relative tolerance up to this is rounding."""


class StackCase(NamedTuple):
    """A line of the page of measured stacks: what is outside when replayed, and with arrivals of our own."""

    name: str
    replayed_outside: str
    own_outside: str


@cache
def replayed() -> dict[str, Replayed]:
    """Every file of recorded cases but the stacks, by its name without ending."""
    files = [file for file in recorded_files() if file.name != STACK]
    return {one.name.partition(".")[0]: one for one in replay(files, novamodel.load)}


@cache
def tolerance(stem: str) -> str:
    """The widest tolerance among a file's cases, in words."""
    (file,) = [one for one in recorded_files() if one.name.partition(".")[0] == stem]
    said = [case["tolerance"] for case in read_cases(file) if isinstance(case.get("tolerance"), dict)]
    if not said:
        return JUDGED.get(stem, "every decision equal")
    every = [one for case in said for one in case.values() if isinstance(one, dict)]
    widest = max((float(one.get("rel", 0.0)) for one in every), default=0.0)
    words = [f"up to {100 * widest:.3g} %"] if widest > ROUNDING else []
    words += ["a bound of its own in the figure's unit"] if any(one.get("abs", 0.0) > ROUNDING for one in every) else []
    return ", or ".join(words) if words else "exact, or up to rounding"


def of_files(stems: list[str]) -> str:
    """A table of the named files; an unknown name is a KeyError."""
    return "\n".join([*HEAD, *(_row(stem, replayed()[stem]) for stem in stems)]) + "\n"


def of_all(lines: list[str]) -> str:
    """A table of all files, and their sum."""
    every = replayed()
    counted = [sum(one.count(what) for one in every.values()) for what in ("agreed", "differed", "not_modelled")]
    total = sum(len(one.verdicts) for one in every.values())
    words = f"\n{counted[0]} of {total} recorded cases agree, {counted[1]} differ, {counted[2]} are without a rule.\n"
    return of_files(list(every)) + words


def _row(stem: str, one: Replayed) -> str:
    agreed, differed, left = (one.count(what) for what in ("agreed", "differed", "not_modelled"))
    cells = [f"`{one.name}`", one.record.version, one.record.obtained]
    return f"| {' | '.join([*cells, *map(str, (len(one.verdicts), agreed, differed, left))])} | {tolerance(stem)} |"


@cache
def stack_cases() -> tuple[StackCase, ...]:
    """The lines of the page of measured stacks."""
    rows = [line.split("|")[1:-1] for line in STACK_PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| E"]
    found = tuple(StackCase(row[0].strip(), row[4].strip(), row[7].strip()) for row in rows)
    if not found:
        raise ValueError(f"{STACK_PAGE.name} holds no measured stacks in the form that this reads")
    return found


def of_stack(experiments: list[str]) -> str:
    """How measured stacks of some experiments (E1 ...) agree: counts, and by name what is outside its tolerance."""
    chosen = [case for case in stack_cases() if case.name.partition("-")[0] in experiments]
    if not chosen:
        raise ValueError(f"no measured stack of {experiments}")
    replayed_well = sum(not case.replayed_outside for case in chosen)
    own_well = sum(not case.own_outside for case in chosen)
    lines = [
        f"Measured stacks ({', '.join(experiments)} of [measured stacks](/measured-stack.md)): of {len(chosen)}, "
        f"{replayed_well} agree in every compared figure when their recorded requests are replayed, {own_well} with "
        "arrivals of our own of the same laws and rates.",
        "",
    ]
    for case in chosen:
        if case.replayed_outside:
            lines.append(f"* Replayed outside its tolerance: {case.name} ({case.replayed_outside}).")
    return "\n".join(lines) + "\n"


def pages(lines: list[str]) -> str:
    """A table of contents of the pages on accuracy."""
    names = [name for name in PAGES if (DOCS / f"{name}.md").is_file()]
    return "```{toctree}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n"
