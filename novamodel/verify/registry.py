"""Which rules replay which file of recorded cases."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from novamodel.verify import (
    analytic,
    aws,
    cpu,
    fields,
    hpa,
    measured_figures,
    measured_run,
    nginx,
    nginx_proxy,
    pg_pool,
    pgbouncer,
    postgres_rds,
    recovery,
    redis,
    retry,
    turns,
)
from novamodel.verify.judging import AGREED, DIFFERED, NOT_MODELLED, Verdict, judged

Case = Mapping[str, Any]


class Record(NamedTuple):
    """One kind of file: its component, what is replayed, how the cases were had, and how one is judged."""

    component: str
    version: str
    obtained: str
    judge: Callable[[Case], Verdict]


def uniform(*modules: ModuleType) -> Callable[[Case], Verdict]:
    """A judge of cases in the uniform form, answered by the first module that has the kind."""

    def judge(case: Case) -> Verdict:
        kind, given = case["kind"], case["input"]
        module = next((one for one in modules if kind in one.kinds()), None)
        if module is None:
            return Verdict(case["id"], NOT_MODELLED, reason=f"no rule for kind {kind}")
        rule = module._KINDS[kind]
        try:
            inspect.signature(rule).bind(**given)
        except TypeError as error:
            return Verdict(case["id"], NOT_MODELLED, reason=f"{kind}: {error}")
        try:
            answered = module.answer(kind, given)
        except (KeyError, TypeError) as error:  # a setting or a word that no rule knows
            return Verdict(case["id"], NOT_MODELLED, reason=f"{kind}: no rule for {error}")
        return judged(case, answered)

    return judge


def by_disagreements(module: ModuleType, known: fields.Fields) -> Callable[[Case], Verdict]:
    """A judge for modules that say in words where they differ."""

    def judge(case: Case) -> Verdict:
        fields.check_fields(case, known)
        wrong = module.disagreements(case)
        name = case.get("id") or case.get("name")
        return Verdict(str(name), DIFFERED, "as recorded", wrong[:5]) if wrong else Verdict(str(name), AGREED)

    return judge


def _hpa(case: Case) -> Verdict:
    fields.check_fields(case, fields.HPA)
    answered = hpa.answer(case)
    agreed = hpa.agrees(case["expected"], answered)
    return Verdict(case["id"], AGREED) if agreed else Verdict(case["id"], DIFFERED, case["expected"], answered)


def _aws(case: Case) -> Verdict:
    answered = aws.answer(case)
    if aws.agrees(case, answered):
        return Verdict(case["id"], AGREED)
    stated = {"total": case["stated_total"], "lines": [line["amount"] for line in case["stated_lines"]]}
    given = {"total": float(answered.total), "lines": [float(amount) for amount in answered.lines.values()]}
    return Verdict(case["id"], DIFFERED, stated, given)


def measured(folder: Path, load: measured_run.Load) -> Callable[[Case], Verdict]:
    """A judge of measured stacks, whose recorded requests lie in a folder."""

    def judge(case: Case) -> Verdict:
        fields.check_fields(case, fields.STACK)
        found = measured_run.figures(case, measured_run.trace_of(case, folder), load)[0]
        wrong = [text.partition(":")[0] for text in measured_figures.outside(case, found)]
        if not wrong:
            return Verdict(case["id"], AGREED)
        expected = {name: case["expected"][name] for name in wrong}
        return Verdict(case["id"], DIFFERED, expected, {name: found.get(name) for name in wrong})

    return judge


CONTROLLER = "the controller's own tests, documentation and issues"
RECORDS: dict[str, Record] = {
    "nginx_limit_req": Record("nginx", "nginx 1.22.1", "measured on loopback", by_disagreements(nginx, fields.NGINX)),
    "nginx_upstream": Record("nginx", "nginx 1.22.1", "measured on loopback", by_disagreements(nginx, fields.NGINX)),
    "nginx_proxy": Record("nginx", "nginx 1.22.1", "measured on loopback", uniform(nginx_proxy)),
    "hpa_replica_calculator": Record("hpa", "Kubernetes HPA", CONTROLLER, _hpa),
    "hpa_behavior": Record("hpa", "Kubernetes HPA", CONTROLLER, _hpa),
    "pg_pool": Record(
        "pg_pool", "pg-pool 3.14.0", "run under a virtual clock", by_disagreements(pg_pool, fields.PG_POOL)
    ),
    "pgbouncer": Record("pgbouncer", "PgBouncer 1.18.0", "measured, own tests", uniform(pgbouncer)),
    "postgres_rds": Record("postgres", "PostgreSQL 15, RDS", "measured, documented", uniform(postgres_rds)),
    "cfs_node": Record("node", "CFS quota, Node 20", "computed, measured", uniform(cpu)),
    "turns": Record("node", "Linux 6.18", "measured", uniform(turns)),
    "cache": Record("cache", "closed forms, Redis 7.0", "computed, measured", uniform(analytic, redis)),
    "redis": Record("redis", "Redis 7.0.15", "measured, documented", uniform(redis)),
    "queueing": Record("queueing", "closed forms", "computed", uniform(analytic)),
    "retry": Record("retry", "callers' rules", "computed", uniform(retry)),
    "backup": Record("backup", "PostgreSQL 15, RDS, Redis", "measured, documented", uniform(recovery)),
    "aws_examples": Record("aws", "AWS's worked bills", "stated by AWS", _aws),
}
"""By file name without its ending."""
STACK = "measured_stack"
STACK_VERSION = ("stack", "nginx, Node, PgBouncer, PostgreSQL", "measured on loopback, requests replayed")


def record_of(stem: str, folder: Path, load: measured_run.Load) -> Record | None:
    """How a file of that name is replayed; None where nothing is known of it."""
    if stem == STACK:
        traces = next((folder / name for name in (STACK, "stack_traces") if (folder / name).is_dir()), folder)
        return Record(*STACK_VERSION, measured(traces, load))
    return RECORDS.get(stem)


def components() -> tuple[str, ...]:
    """Words that choose files."""
    return tuple(dict.fromkeys([*(record.component for record in RECORDS.values()), STACK_VERSION[0]]))
