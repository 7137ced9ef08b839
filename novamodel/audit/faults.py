"""All rules over a folder's files, whichever platform is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from novamodel.audit import (
    across,
    code,
    compose,
    ecs,
    ingress,
    kubernetes,
    monitoring,
    needs,
    nginx,
    scaling,
    scripts,
    stores,
    terraform,
    workflow,
)
from novamodel.audit.form import NotChecked
from novamodel.audit.seen import Seen
from novamodel.importers import ImportReport
from novamodel.importers.kubernetes.objects import ROUTES
from novamodel.scenario import Finding

_RULES: tuple[Callable[[Seen], Iterator[Finding | NotChecked]], ...] = (
    scaling.find,
    ingress.find,
    kubernetes.find,
    compose.find,
    stores.find,
    ecs.find,
    terraform.find,
    nginx.find,
    monitoring.find,
    scripts.find,
    workflow.find,
    code.find,
    across.find,
    needs.find,
)


def judged(report: ImportReport, priced: bool = False) -> tuple[list[Finding], list[NotChecked]]:
    """All findings of an import, those of its reading too, each once, and what the files do not say enough to know."""
    seen = Seen(report.sources, report.platform, priced)
    findings: list[Finding] = []
    unknown: list[NotChecked] = []
    for one in report.tree.findings:
        why = why_open(one, seen)
        if why:
            unknown.append(NotChecked(one["code"], one["file"] or "", one["line"] or 1, f"{one['message']}: {why}"))
        else:
            findings.append(one)
    for rule in _RULES:
        for found in rule(seen):
            if isinstance(found, NotChecked):
                unknown.append(found)
            elif found not in findings:
                findings.append(found)
    return findings, list(dict.fromkeys(unknown))


def why_open(one: Finding, seen: Seen) -> str:
    """Why a finding of the reading need not be a fault of the files; empty where it is one."""
    if one["code"] == "value-left-out" and re.search(r"\$|\{\{", one["message"]):
        return "a template fills it in"
    if one["code"] == "value-left-out" and str(one["file"]).endswith(".tf"):
        return "Terraform checks its own values, this is how they were read here"
    routes = {route.file for route in seen.sources.cluster.of(*ROUTES)}
    if one["code"] == "service-not-deployed" and (seen.unread or one["file"] in routes):
        return seen.unread or "it may be deployed elsewhere"
    return ""
