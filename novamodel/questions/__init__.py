"""One folder a question: it asks the other rooms and answers in tables and sentences.

`nm.questions.replicas(scenario)` answers "how many replicas". Every answer is a frozen dataclass of tidy tables
with `headline()` (its figures by name) and `conclusion()` (Markdown); `novamodel.figures` draws the tables.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "AccuracyAnswer": "novamodel.questions.model_accuracy.answer",
    "CacheAnswer": "novamodel.questions.cache_size.answer",
    "ConnectionsAnswer": "novamodel.questions.pool_sizes.answer",
    "CostAnswer": "novamodel.questions.monthly_cost.answer",
    "Explored": "novamodel.questions.explore_point.answer",
    "LimitsAnswer": "novamodel.questions.requests_limits.answer",
    "OperationsAnswer": "novamodel.questions.operations_day.answer",
    "ReplicasAnswer": "novamodel.questions.replica_count.answer",
    "accuracy": "novamodel.questions.model_accuracy.answer",
    "cache": "novamodel.questions.cache_size.answer",
    "connections": "novamodel.questions.pool_sizes.answer",
    "cost": "novamodel.questions.monthly_cost.answer",
    "edge": "novamodel.questions.edge_limits.answer",
    "explore": "novamodel.questions.explore_point.answer",
    "explore_settings": "novamodel.questions.explore_point.answer",
    "limits": "novamodel.questions.requests_limits.answer",
    "operations": "novamodel.questions.operations_day.answer",
    "operations_met": "novamodel.questions.operations_day.agenda",
    "planned_operations": "novamodel.questions.operations_day.agenda",
    "replicas": "novamodel.questions.replica_count.answer",
    "what_breaks_first": "novamodel.questions.first_break.answer",
    "swept": "novamodel.questions.sweep.answer",
}
"""Front door -> the module that holds it; one line each, in alphabetical order.

No front door has the name of a folder: importing a folder puts it under its name into the package.
"""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a question when it is first asked."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'novamodel.questions' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_HOMES)
