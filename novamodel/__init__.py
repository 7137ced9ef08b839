"""novamodel: from a backend's own configuration files to a sized, priced answer.

import novamodel as nm
scenario = nm.load("novabank")          # a scenario file, a bundled name, or a folder of configuration files
result = nm.simulate(scenario)          # the peak, with intervals; nm.figures.overview(result) draws it
nm.size(scenario), nm.bill(scenario, result)
nm.answer(scenario)                     # all of it
nm.audit("deploy/")                     # what is wrong in configuration files, the dearest first
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from novamodel.errors import UserError

if TYPE_CHECKING:
    from novamodel import analytic, audit, batch, figures, questions
    from novamodel.batch import sweep
    from novamodel.loading import load
    from novamodel.parameters import checked_parameters
    from novamodel.scenario import Scenario
    from novamodel.simulation import Comparison, Result, compare, simulate
    from novamodel.sizing import Knee, Sizing, knee, size
    from novamodel.widgets import explorer
    from novamodel.workflows.answer import Answer, answer
    from novamodel.workflows.compare import Difference, diff
    from novamodel.workflows.month import MonthlyCost, bill
    from novamodel.workflows.report import write_report

__version__ = "0.1.0"

_HOMES = {
    "Answer": "novamodel.workflows.answer",
    "Comparison": "novamodel.simulation",
    "Difference": "novamodel.workflows.compare",
    "Knee": "novamodel.sizing",
    "MonthlyCost": "novamodel.workflows.month",
    "Result": "novamodel.simulation",
    "Scenario": "novamodel.scenario",
    "Sizing": "novamodel.sizing",
    "answer": "novamodel.workflows.answer",
    "bill": "novamodel.workflows.month",
    "checked_parameters": "novamodel.parameters",
    "compare": "novamodel.simulation",
    "diff": "novamodel.workflows.compare",
    "explorer": "novamodel.widgets",
    "knee": "novamodel.sizing",
    "load": "novamodel.loading",
    "simulate": "novamodel.simulation",
    "size": "novamodel.sizing",
    "sweep": "novamodel.batch",
    "write_report": "novamodel.workflows.report",
}

__all__ = [
    "Answer",
    "Comparison",
    "Difference",
    "Knee",
    "MonthlyCost",
    "Result",
    "Scenario",
    "Sizing",
    "UserError",
    "__version__",
    "analytic",
    "answer",
    "audit",
    "batch",
    "bill",
    "checked_parameters",
    "compare",
    "diff",
    "explorer",
    "figures",
    "knee",
    "load",
    "questions",
    "simulate",
    "size",
    "sweep",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Import a front door when it is first used, so that `import novamodel` is quick."""
    if name in ("analytic", "audit", "batch", "figures", "questions"):
        return importlib.import_module(f"novamodel.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'novamodel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
