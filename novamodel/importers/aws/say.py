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


def say(estate: Estate, kind: str, services: list[str], stores: bool, draft: Draft, on_aws: bool = True) -> None:
    """Write what they say of stores (where ``stores``), platform (where it is AWS) and scaling; list the rest."""
    if stores:
        say_stores(estate, draft)
    say_platform(estate, kind, on_aws, draft)
    if kind == "ecs":
        say_unlinked(estate, services, draft)
    else:
        leave_all(estate, kind, draft)
    told = {(row["file"], row["line"]) for row in draft.fields}
    for one in estate.resources:
        rest = one.with_lines(told=told) if one.modelled and one.type != "provider" and not is_free(one.type) else ""
        if rest:
            draft.leave(one.file, one.line, f"{one.label}: {rest}", "the rest of it has no place in the model")
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
            values = one.with_lines()
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
