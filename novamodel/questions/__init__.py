"""One module a question: it asks the other rooms and answers in tables and sentences.

`nm.questions.replicas(scenario)` answers "how many replicas". Every answer is a frozen dataclass of tidy tables
with `headline()` (its figures by name) and `conclusion()` (Markdown); `novamodel.figures` draws the tables.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "CacheAnswer": "novamodel.questions.cache_size",
    "ConnectionsAnswer": "novamodel.questions.pool_sizes",
    "CostAnswer": "novamodel.questions.monthly_cost",
    "Explored": "novamodel.questions.explore_point",
    "LimitsAnswer": "novamodel.questions.requests_limits",
    "OperationsAnswer": "novamodel.questions.operations_day",
    "ReplicasAnswer": "novamodel.questions.replica_count",
    "cache": "novamodel.questions.cache_size",
    "connections": "novamodel.questions.pool_sizes",
    "cost": "novamodel.questions.monthly_cost",
    "edge": "novamodel.questions.edge_limits",
    "explore": "novamodel.questions.explore_point",
    "explore_settings": "novamodel.questions.explore_point",
    "limits": "novamodel.questions.requests_limits",
    "operations": "novamodel.questions.operations_day",
    "operations_met": "novamodel.questions.operations_agenda",
    "planned_operations": "novamodel.questions.operations_agenda",
    "replicas": "novamodel.questions.replica_count",
    "what_breaks_first": "novamodel.questions.first_break",
    "swept": "novamodel.questions.sweep_answer",
}
"""Front door -> the module that holds it; one line each, in alphabetical order.

No front door has the name of its module: importing a module puts it under its name into the package.
"""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a question when it is first asked."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'novamodel.questions' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_HOMES)
