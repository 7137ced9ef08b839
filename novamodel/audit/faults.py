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
from novamodel.importers.sources import Sources
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


def faults_of(sources: Sources, kind: str) -> tuple[list[Finding], list[NotChecked]]:
    """What the files get wrong, each once, and what they do not say enough about to know."""
    seen = Seen(sources, kind)
    findings: list[Finding] = []
    open_questions: list[NotChecked] = []
    for rule in _RULES:
        for one in rule(seen):
            if isinstance(one, NotChecked):
                if one not in open_questions:
                    open_questions.append(one)
            elif one not in findings:
                findings.append(one)
    return findings, open_questions
