"""What an answer rests on, said first: one sentence for every screen, a table for the notebook, one mark for figures.

Drawn from ``rests_on`` in the dictionary of ``answer.json`` (`novamodel.scenario.RestsOn.to_dict`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

import pandas as pd

from novamodel.report.tables import Table

MARK = "*"
MARKED = f"figures marked {MARK} are those of the assumptions"
MARKED_LINES = f"lines marked {MARK} follow use, which is that of the assumptions"
NEVER_SILENT = ("load", "mix", "demands", "SLO")
"""What is said to be stated where it is not assumed."""


def rests_sentence(rests: Mapping[str, Any], marked: str | None = None) -> str:
    """``"READ 38 values from 16 files; ASSUMED 316: load 100 requests/s, 9 demands, SLO: figures marked * ..."``.

    ``marked``: what a mark means on this screen (nothing: nothing is marked); left out, that figures are marked.
    """
    if marked is None:
        marked = MARKED if rests["marks"] else ""
    moving = list(rests["moving"])
    stated = [name for name in NEVER_SILENT if all(one["what"] != name for one in moving)]
    read = f"READ {_count(rests['read'], 'value')} from {_files(rests['files'])}"
    given = f"; SET {rests['set']} by override" if rests["set"] else ""
    text = f"{read}{given}; ASSUMED {rests['assumed']}"
    if len(stated) == len(NEVER_SILENT):
        text += ", of load, mix, demands and SLO nothing"
    if moving:
        text += f": {', '.join(one['text'] for one in moving)}"
    return f"{text}: {marked}" if marked else text


def rests_table(rests: Mapping[str, Any]) -> Table:
    """The sentence as a title, and a row for each group of assumed values that moves the answer."""
    rows = [
        (f"{one['text']}{MARK if one['marks'] else ''}", len(one["paths"]), one["why"].partition(":")[2].strip())
        for one in rests["moving"]
    ]
    frame = pd.DataFrame(rows, columns=["assumed, and moves the answer", "values", "why"])
    note = f"{MARK} verdicts, limits and advice that rest on these are marked: they are figures of the assumptions."
    title = rests_sentence(rests).partition("; ASSUMED")[0]
    return Table(f"{title}; ASSUMED {rests['assumed']}", frame, (note,) if rests["marks"] else (), right=("values",))


def mark_of(assumed: Iterable[str] | None) -> str:
    """The mark of a figure that rests on something assumed."""
    return MARK if assumed else ""


def _files(names: Iterable[str]) -> str:
    found = list(names)
    return PurePath(found[0]).name if len(found) == 1 else f"{len(found)} files" if found else "no file"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
