"""From a scenario and its simulated peak to a month's use, and to its bill.

The replica curve of the day is the autoscaler's steady state hour by hour; the hours of the simulated window take
what was simulated. Low and high are the ends of the range in which nine of ten months lie, from the assumed inputs
(`uncertain`). A month may have weekends and paydays (`calendar`); commitments are applied to a year hour by hour.
`operations` of the scenario happen every day of the month: replicas that a simulated rolling update adds are billed
for as long as they were there, from their creation to their end (`days.Surge`).
"""

from novamodel.workflows.month.bill_of_run import MonthlyCost, bill, monthly_total, steady_bill
from novamodel.workflows.month.commitments import Choice, Committed, best_commitments, commit
from novamodel.workflows.month.routes import by_route, per_million_of, route_requests
from novamodel.workflows.month.spot import OnSpot, on_spot
from novamodel.workflows.month.worth import Idle, InTime

__all__ = [
    "Choice",
    "Committed",
    "Idle",
    "InTime",
    "MonthlyCost",
    "OnSpot",
    "best_commitments",
    "bill",
    "by_route",
    "commit",
    "monthly_total",
    "on_spot",
    "per_million_of",
    "route_requests",
    "steady_bill",
]
