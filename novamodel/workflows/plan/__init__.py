"""The plan: what gives out first and at which load, the size, the fixes, the bill, and what they rest on, made once.

`make_plan` makes all of it; `find_knee`, `find_size` and `tried_fixes` make its parts, and nothing else does: screens,
notebooks, reports and JSON show parts of a plan, so that one question has one answer. `Plan.figures` names every figure
with the window that it is of.
"""

from novamodel.workflows.plan.fixes import busiest_service, tried_fixes
from novamodel.workflows.plan.load_runs import LoadRuns
from novamodel.workflows.plan.made import Plan, find_size, make_plan
from novamodel.workflows.plan.named import STEADY, Figure, bill_window, run_window

__all__ = [
    "STEADY",
    "Figure",
    "LoadRuns",
    "Plan",
    "bill_window",
    "busiest_service",
    "find_size",
    "make_plan",
    "run_window",
    "tried_fixes",
]
