"""What declared resources say to the scenario, and the list of all that are billed or limit."""

from __future__ import annotations

from collections import Counter
from typing import Any

from novamodel.importers.aws.estate import Estate
from novamodel.importers.aws.platform import say_platform
from novamodel.importers.aws.scaling import leave_all, say_unlinked
from novamodel.importers.aws.stores import say_stores
from novamodel.importers.declared import Resource, is_free
from novamodel.importers.report import Draft

MOST_LISTED = 2_000
"""Resources that are listed one by one."""


MOST_VALUES = 24
"""Values of a resource without a place that are listed."""


def _with_lines(one: Resource) -> list[str]:
    """The values of a resource, each with its line where it is another than the resource's."""
    shown = []
    for key, value in list(one.scalars().items())[:MOST_VALUES]:
        line = one.body.at(*_words(key)).line if not key.endswith(".count") else one.line
        shown.append(f"{key} {value}" + (f" (:{line})" if line not in (1, one.line) else ""))
    return shown


def _words(key: str) -> list[str | int]:
    """A dotted path as the words of a node: the first block of a list has no number."""
    words: list[str | int] = []
    for word in key.split("."):
        if words and isinstance(words[-1], str) and not word.isdecimal():
            words.append(0)
        words.append(int(word) if word.isdecimal() else word)
    return words


def say(estate: Estate, kind: str, services: list[str], stores: bool, draft: Draft, on_aws: bool = True) -> None:
    """Write what they say of stores (where ``stores``), platform (where it is AWS) and scaling; list the rest."""
    if stores:
        say_stores(estate, draft)
    say_platform(estate, kind, on_aws, draft)
    if kind == "ecs":
        say_unlinked(estate, services, draft)
    else:
        leave_all(estate, kind, draft)
    free: Counter[str] = Counter()
    first: dict[str, Resource] = {}
    rows: list[dict[str, Any]] = []
    for one in estate.resources:
        for what, why, line in [] if is_free(one.type) else one.open_values():
            if "is made when Terraform runs" not in why:
                draft.leave(one.file, line, what, f"not resolved: {why}"[:160])
        if is_free(one.type):
            free[one.type] += one.count
            first.setdefault(one.type, one)
            continue
        if len(rows) < MOST_LISTED:
            rows.append(one.row())
        if one.modelled is None and one.type != "provider" and not one.listed:
            values = ", ".join(_with_lines(one))
            count = f"{one.count} x " if one.count > 1 else ""
            draft.leave(
                one.file, one.line, f"{count}{one.label}" + (f": {values}" if values else ""), "no place in the model"
            )
    for kind_of, number in free.items():
        one = first[kind_of]
        draft.leave(one.file, one.line, f"{number} x {kind_of}", "neither billed nor a limit")
    if len(rows) == MOST_LISTED and len(estate.resources) > MOST_LISTED:
        draft.leave(estate.resources[-1].file, 1, "declared resources", f"the first {MOST_LISTED} are listed")
    if rows:
        draft.declare(rows)
