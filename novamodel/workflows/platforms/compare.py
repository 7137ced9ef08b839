"""ECS and EKS on Fargate and on EC2, Docker Compose on one machine, x86 and ARM: sized for the SLO, then priced.

A platform is first made legal (Fargate sells sizes), then sized by `sizing.size` for the same traffic and objectives; a
machine of Compose grows until they hold. ARM takes the sizes of x86: a vCPU is taken to be as fast (`ARM_SPEED`), which
no measurement here says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from novamodel.cost import PriceBook, fargate_sizes, load_book
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.sizing import Candidate, size
from novamodel.workflows.month import MonthlyCost, bill

KINDS = ("ECS on Fargate", "EKS on Fargate", "EKS on EC2", "ECS on EC2", "Compose on EC2")
PLATFORMS = dict(
    zip(
        KINDS, (("ecs", "fargate"), ("eks", "fargate"), ("eks", "ec2"), ("ecs", "ec2"), ("compose", "ec2")), strict=True
    )
)
ARM_OF = {"m5": "m6g", "m6i": "m6g", "m7i": "m7g", "c6i": "c6g", "c7i": "c7g", "r6i": "r6g", "r7i": "r7g", "t3": "t4g"}
"""ARM family of an x86 family: as much memory a vCPU, of the same time."""
ARM_SPEED = "a vCPU of ARM is taken to be as fast as one of x86"
ON_ONE_MACHINE = "databases and caches stand on the same machine, and nothing stands in for it when it fails"
LARGER = ("large", "xlarge", "2xlarge", "4xlarge")
GIB = 1024.0**3
BUDGET, REPLICATIONS, DURATION_S = 4, 2, 60.0
"""Effort of one sizing: candidates, runs of each, seconds around the peak."""
Tell = Callable[[float, str], None]
Settings = dict[str, dict[str, float]]


class PlatformRow(NamedTuple):
    """One platform: what the cheapest found size costs, and whether it keeps the SLO; `why` it cannot be.

    USD a month. `slo` is what sizing for the objectives adds to, or takes off, the size as given; nan where the given
    size cannot be.
    """

    platform: str
    arch: str
    met: bool
    cost: MonthlyCost | None
    slo: float
    changes: str
    why: str
    scenario: Scenario | None = None
    """As it was sized; None where the platform cannot be."""

    @property
    def usd(self) -> float:
        """USD a month; infinite where the platform cannot be."""
        return float("inf") if self.cost is None else float(self.cost.mid.total)


def platforms(
    scenario: Scenario,
    *,
    engine: str = "auto",
    budget: int = BUDGET,
    duration_s: float = DURATION_S,
    progress: Tell | None = None,
) -> tuple[PlatformRow, ...]:
    """Every platform with its cheapest size that keeps the objectives: those that keep them first, then by price."""
    rows = []
    for number, name in enumerate(KINDS):
        if progress:
            progress(number / len(KINDS), f"sizing {name}")
        rows += list(_rows(scenario, name, engine, budget, duration_s))
    return tuple(sorted(rows, key=lambda row: (not row.met, row.usd)))


def _rows(scenario: Scenario, name: str, engine: str, budget: int, duration_s: float) -> Iterator[PlatformRow]:
    try:
        best, given = _sized(scenario, name, engine, budget, duration_s)
    except UserError as problem:
        yield PlatformRow(name, "x86", False, None, float("nan"), "", str(problem))
        return
    book = load_book(scenario.pricing.region)
    for arch in ("x86", "arm64"):
        try:
            there = best.scenario if arch == "x86" else on_arm(best.scenario, book)
            cost = bill(there)
        except UserError as problem:
            yield PlatformRow(name, arch, False, None, float("nan"), best.changes, str(problem))
            continue
        more = best.cost_month - given.cost_month
        why = ON_ONE_MACHINE if name == "Compose on EC2" else ""
        yield PlatformRow(name, arch, best.met, cost, more, best.changes, why if best.met else best.why, there)


def _sized(scenario: Scenario, name: str, engine: str, budget: int, duration_s: float) -> tuple[Candidate, Candidate]:
    """The cheapest size that keeps the objectives, else the one nearest to them; and the size as given."""
    tries = [variant(scenario, name)]
    if name == "Compose on EC2":
        tries += list(_larger(tries[0]))
    else:
        tries += tries  # what keeps nothing yet is looked at again with more effort
    found = None
    for number, one in enumerate(tries):
        effort = budget * (1 if name == "Compose on EC2" else 1 + 2 * number)
        sizing = size(one, engine=engine, budget=effort, replications=REPLICATIONS, duration_s=duration_s)
        found = found or sizing
        if sizing.met:
            return sizing.chosen, sizing.now
    return found.chosen, found.now  # type: ignore[union-attr]  # there is a first try


def _larger(scenario: Scenario) -> Iterator[Scenario]:
    family, _, now = scenario.platform.node_type.partition(".")
    for larger in LARGER[LARGER.index(now) + 1 :] if now in LARGER else ():
        yield scenario.override({"platform.node_type": f"{family}.{larger}"}, said_by="platform")


def variant(scenario: Scenario, name: str) -> Scenario:
    """The scenario on a platform; on ECS with Fargate each task takes the smallest size that is sold for it."""
    kind, compute = PLATFORMS[name]
    changes: dict[str, Any] = {"platform.kind": kind, "platform.compute": compute}
    if (kind, compute) == ("ecs", "fargate"):
        for service, settings in scenario.services.items():
            own = settings.resources
            cores, memory = own.cpu_limit or own.cpu_request, (own.memory_limit or own.memory_request) / GIB
            fits = [one for one in fargate_sizes() if one.vcpu >= cores and one.memory_gib >= memory]
            sold = min(fits, key=lambda one: (one.vcpu, one.memory_gib))
            for path, value in (("cpu", sold.vcpu), ("memory", f"{sold.memory_gib:g} GiB")):
                changes |= {f"services.{service}.resources.{path}_{end}": value for end in ("request", "limit")}
    return scenario.override(changes, said_by="platform")


def on_arm(scenario: Scenario, book: PriceBook) -> Scenario:
    """The scenario with tasks or nodes of ARM; `UserError` where there is no such family or no price of it."""
    platform = scenario.platform
    if platform.compute == "fargate" and platform.kind != "compose":
        return scenario.override(
            {f"services.{name}.task.architecture": "arm64" for name in scenario.services}, said_by="platform"
        )
    family, _, instance = platform.node_type.partition(".")
    if family not in ARM_OF:
        raise UserError(f"no ARM family is known beside {family}", valid=", ".join(ARM_OF))
    book.price(f"ec2.linux.{ARM_OF[family]}.{instance}")
    return scenario.override({"platform.node_type": f"{ARM_OF[family]}.{instance}"}, said_by="platform")
