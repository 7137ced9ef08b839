"""All rules over a folder's files, whichever platform is chosen."""

from __future__ import annotations

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


def judged(report: ImportReport) -> tuple[list[Finding], list[NotChecked]]:
    """All findings of an import, those of its reading too, each once, and what the files do not say enough to know."""
    seen = Seen(report.sources, report.platform)
    findings: list[Finding] = []
    unknown: list[NotChecked] = []
    for one in report.tree.findings:
        if one["code"] == "service-not-deployed" and seen.unread:
            unknown.append(NotChecked(one["code"], one["file"], one["line"], f"{one['message']}: {seen.unread}"))
        else:
            findings.append(one)
    for rule in _RULES:
        for found in rule(seen):
            if isinstance(found, NotChecked):
                unknown.append(found)
            elif found not in findings:
                findings.append(found)
    return findings, list(dict.fromkeys(unknown))
