"""Who causes a bill: its amounts shared out over the routes by what each asks of the tier that is paid.

Compute goes by CPU, databases and caches by their CPU, balancers and transfer by bytes, logs by lines. What no route
asks for (secrets, alarms, the registry) stays with the deployment. Routes that only other services ask for stand under
their own name.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from novamodel.analytic import mean_rates, route_demands
from novamodel.analytic.flow import flow
from novamodel.analytic.route_demand import RouteDemand, route_key
from novamodel.cost import Bill, Line, per_million
from novamodel.cost.forms import tier_of
from novamodel.cost.money import CENT, to_decimal
from novamodel.scenario import Scenario
from novamodel.workflows.month.network import REQUEST_BYTES

DEPLOYMENT = "the deployment, of no route"
BY_CPU = ("compute",)
BY_BYTES = ("edge", "network")


def by_route(scenario: Scenario, bill: Bill) -> dict[str, Decimal]:
    """USD of a month by route, the largest first, and of the deployment; they add up to the bill's total."""
    weights = _weights(scenario)
    exact: dict[str, Decimal] = {}
    for line in bill.lines:
        own = weights.get(_weight_of(line), {})
        whole = sum(own.values())
        if not whole:
            own, whole = {DEPLOYMENT: 1.0}, 1.0
        for route, weight in own.items():
            share = line.amount * to_decimal(weight) / to_decimal(whole)
            exact[route] = exact.get(route, Decimal(0)) + share
    return _in_cents(exact, bill.total)


def route_requests(scenario: Scenario) -> dict[str, Decimal]:
    """Visits of every route in a month."""
    seconds = scenario.pricing.hours_per_month * 3600
    demands = route_demands(scenario)
    visits = flow(scenario, mean_rates(scenario)).visits
    return {route_key(demands, at): to_decimal(per_s * seconds) for at, per_s in visits.items() if per_s > 0}


def per_million_of(amounts: dict[str, Decimal], requests: dict[str, Decimal]) -> dict[str, Decimal | None]:
    """USD per million requests of each route."""
    return {name: per_million(amount, requests.get(name, Decimal(0))) for name, amount in amounts.items()}


def _weight_of(line: Line) -> str:
    tier = tier_of(line)
    if tier in BY_CPU:
        return "cpu"
    if tier in BY_BYTES and line.key not in ("vpc.public_ipv4", "route53.hosted_zone", "waf.web_acl", "waf.rule"):
        return "bytes"
    if ".logs." in line.key or (tier == "observability" and line.key.startswith("opensearch")):
        return "logs"
    return tier


def _weights(scenario: Scenario) -> dict[str, dict[str, float]]:
    """What each route asks of each thing that is paid, in any unit that all routes share."""
    rates = mean_rates(scenario)
    demands = route_demands(scenario, sources=rates)
    found: dict[str, dict[str, float]] = {"cpu": {}, "database": {}, "cache": {}, "bytes": {}, "logs": {}}
    for at, per_s in flow(scenario, rates).visits.items():
        if not per_s > 0:
            continue
        service = scenario.services[at.service]
        name = route_key(demands, at)
        one = demands.get(name, RouteDemand(at.service))
        found["cpu"][name] = per_s * (one.loop_busy + one.thread_s)
        found["database"][name] = per_s * _everywhere(one, "database_busy", "databases")
        found["cache"][name] = per_s * _everywhere(one, "cache_busy", "caches")
        found["bytes"][name] = per_s * (service.response_bytes.get(at.route, 0) + REQUEST_BYTES)
        found["logs"][name] = per_s * service.log_bytes
    return found


def _everywhere(one: RouteDemand, amount: str, others: str) -> float:
    return float(getattr(one, amount) + sum(getattr(other, amount) for other in getattr(one, others).values()))


def _in_cents(exact: dict[str, Decimal], total: Decimal) -> dict[str, Decimal]:
    """Amounts in cents that add up to the total: rounded down, the cents left over to the largest remainders."""
    cents = {name: amount.quantize(CENT, ROUND_DOWN) for name, amount in exact.items()}
    left = int((total - sum(cents.values(), Decimal(0))) / CENT)
    for name in sorted(exact, key=lambda name: cents[name] - exact[name])[:left]:
        cents[name] += CENT
    return dict(sorted(cents.items(), key=lambda pair: (pair[0] == DEPLOYMENT, -pair[1])))
