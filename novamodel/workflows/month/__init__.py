"""From a scenario and its simulated peak to a month's use, and to its bill.

The replica curve of the day is the autoscaler's steady state hour by hour; the hours of the simulated window take
what was simulated. Low and high are the same month with the traffic lower and higher by `pricing.uncertainty`.
`operations` of the scenario happen every day of the month: replicas that a simulated rolling update adds are billed
for as long as they were there, from their creation to their end (`days.Surge`).
"""

from novamodel.workflows.month.bill_of_run import MonthlyCost, bill, monthly_total

__all__ = ["MonthlyCost", "bill", "monthly_total"]
