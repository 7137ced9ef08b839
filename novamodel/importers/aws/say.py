"""What declared resources say to the scenario, and the list of all that are billed or limit."""

from __future__ import annotations

from collections import Counter
from typing import Any

from novamodel.importers.aws.estate import Estate
from novamodel.importers.aws.platform import say_platform
from novamodel.importers.aws.scaling import leave_all, say_unlinked
from novamodel.importers.aws.stores import CACHES, DATABASE, primaries_of, say_stores
from novamodel.importers.declared import Resource, is_free
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft
from novamodel.scenario import gp3_striped_from

MOST_LISTED = 300
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
            values = ", ".join(f"{key} {value}" for key, value in list(one.scalars().items())[:8])
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


def find_faults(estate: Estate, cache_named: bool, draft: Draft) -> None:
    """Note what a bank would not want. ``cache_named``: whether a service is given the address of a cache."""
    for one in primaries_of(estate)[0]:
        if one.get("multi_az") not in (True, "true") and "multi_az" not in {
            what.split(" = ")[0] for what, *_ in one.gaps
        }:
            draft.find(
                "warning",
                "database-single-az",
                one.file,
                one.line,
                f"{one.name} runs in one availability zone: a lost zone or a broken machine stops everything",
                "set multi_az = true (it doubles the price of the instance)",
            )
    for one in estate.of(DATABASE):
        size = whole(one.get("allocated_storage"))
        small = isinstance(size, int) and size * 2**30 < gp3_striped_from()
        if one.text("storage_type") == "gp3" and small and one.get("iops") is not None:
            draft.find(
                "error",
                "gp3-iops-too-small",
                *one.place("iops"),
                "gp3 of PostgreSQL takes no iops below 400 GiB: they are fixed at 3000",
                "leave iops out, or allocate 400 GiB",
            )
    if cache_named and estate.of(DATABASE) and not estate.of(*CACHES):
        one = estate.of(DATABASE)[0]
        draft.find(
            "warning",
            "cache-not-provisioned",
            one.file,
            one.line,
            "Terraform makes a database and no cache: what REDIS_URL names must come from elsewhere",
            "add an aws_elasticache_replication_group",
        )
